// What every page of the site needs.

import { heard, say } from "./messages.js";

// --- the interactive pages in frames are light or dark as the site is; each says when it is ready to be told ---

const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

/** @param {HTMLIFrameElement} frame */
const tell = (frame) => frame.contentWindow && say(frame.contentWindow, "theme", theme());

const frames = () => [...document.querySelectorAll("iframe")];

window.addEventListener("message", (event) => {
  const from = frames().find((frame) => heard(event, frame.contentWindow)?.kind === "ready");
  if (from) tell(from);
});
new MutationObserver(() => frames().forEach(tell)).observe(document.documentElement, {
  attributeFilter: ["data-theme"],
});
frames().forEach(tell); // those that were ready before this script was

// --- what the theme and Sphinx leave out for those who do not see, or have no mouse ---

for (const summary of document.querySelectorAll("div.cell summary")) summary.removeAttribute("aria-label"); // it has text
for (const toggle of document.querySelectorAll("nav .toctree-toggle")) {
  const item = toggle.closest("li")?.querySelector("a");
  toggle.parentElement?.setAttribute("aria-label", `Pages below ${item?.textContent}`);
}

// Elements that are wider than the screen can be scrolled by keyboard.
const wide = ".math, .output, figure.drawing, figure.figure";
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries)
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
});
for (const element of document.querySelectorAll(wide)) watch.observe(element);
