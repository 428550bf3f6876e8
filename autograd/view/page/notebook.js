// The notebook's side of a live page: what anywidget runs in Jupyter, VS Code, Colab or marimo. It puts the page into a
// frame of its own and hands on what page and program say to each other. The program's side is a model whose fields are
// the latest messages of their kind, so that a view that is opened later, or again, finds all it needs.

import { heard, say } from "./messages.js";

const TALLEST = 720; // pixels; on a small screen it is less, so that drawing and player are seen together
const LOWEST = 420;

/**
 * @param {{ model: any, el: HTMLElement }} view as anywidget hands it over
 * @returns {() => void} what ends it
 */
export function render({ model, el }) {
  const view = crypto.getRandomValues(new Uint32Array(2)).join("-"); // which of several views of one model said something
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  Object.assign(frame.style, {
    width: "100%",
    height: `${height()}px`,
    border: "1px solid #8884",
    borderRadius: "8px",
  });

  let ready = false;
  // Hand on what the model says; but a page that goes on changing is not told what it said itself a moment ago.
  const tell = (/** @type {"numbers" | "leaves"} */ kind, again = false) => {
    const payload = model.get(`_${kind}`);
    if (ready && frame.contentWindow && payload?.basis !== undefined && (again || payload.view !== view))
      say(frame.contentWindow, kind, payload);
  };
  const dress = () => {
    if (ready && frame.contentWindow) say(frame.contentWindow, "theme", isDark(el) ? "dark" : "light");
  };
  const load = () => {
    ready = false;
    frame.title = model.get("_title");
    frame.srcdoc = model.get("_page");
  };
  const hear = (/** @type {MessageEvent} */ event) => {
    const message = heard(event, frame.contentWindow);
    if (message?.kind === "ready") {
      ready = true;
      dress();
      tell("numbers", true);
      tell("leaves", true);
    } else if (message?.kind === "leaves" || message?.kind === "selected") {
      model.set(`_${message.kind}`, { ...message.payload, view });
      model.save_changes();
    }
  };

  /** @type {[string, () => void][]} */
  const changes = [
    ["change:_page", load],
    ["change:_numbers", () => tell("numbers")],
    ["change:_leaves", () => tell("leaves")],
  ];
  for (const [name, action] of changes) model.on(name, action);
  window.addEventListener("message", hear);
  const looks = new MutationObserver(dress);
  for (const element of [document.documentElement, document.body]) looks.observe(element, { attributes: true });
  load();
  el.append(frame);
  return () => {
    for (const [name, action] of changes) model.off(name, action);
    window.removeEventListener("message", hear);
    looks.disconnect();
  };
}

// The window says nothing of it: in some notebooks it is a frame that is as tall as what is in it.
const height = () => Math.round(Math.max(LOWEST, Math.min(TALLEST, 0.8 * window.screen.availHeight)));

/**
 * Whether a notebook is dark: its text is light. Whatever a colour is written like, a canvas knows its red, green, blue.
 * @param {HTMLElement} element
 */
function isDark(element) {
  const ink = document.createElement("canvas").getContext("2d");
  if (ink === null) return false;
  ink.fillStyle = getComputedStyle(element).color;
  ink.fillRect(0, 0, 1, 1);
  const [red, green, blue] = ink.getImageData(0, 0, 1, 1).data;
  return 0.3 * red + 0.6 * green + 0.1 * blue > 127;
}
