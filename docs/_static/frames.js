// The interactive pages in frames are light or dark as the site is. A page says when it is ready; it is told then, and
// whenever the reader chooses otherwise. What is wider than the screen can be scrolled by keyboard.

import { heard, say } from "./messages.js";

const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

/** @param {HTMLIFrameElement} frame */
const tell = (frame) => frame.contentWindow && say(frame.contentWindow, "theme", theme());

const frames = () => [...document.querySelectorAll("iframe")];

window.addEventListener("message", (event) => {
  const from = frames().find((frame) => heard(event, frame.contentWindow)?.kind === "ready");
  if (from) tell(from);
});
new MutationObserver(() => frames().forEach(tell)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
frames().forEach(tell); // those that were ready before this script was

const wide = ".math, .output, figure.drawing, figure.figure";
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries)
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
});
for (const element of document.querySelectorAll(wide)) watch.observe(element);
