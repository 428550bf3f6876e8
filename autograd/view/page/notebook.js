// The notebook's side of a live page: anywidget runs it in Jupyter, VS Code, Colab or marimo. It puts the page into a
// frame of its own and passes messages on between page and program. The program's side is a model whose fields hold the
// latest message of each kind, so that a view that is opened later, or again, finds all it needs.

import { heard, say } from "./messages.js";

const TALLEST = 720; // pixels; on a small screen it is less, so that drawing and player are seen together
const LOWEST = 420;

/**
 * @param {{ model: any, el: HTMLElement }} view as anywidget hands it over
 * @returns {() => void} a function that removes the view's listeners
 */
export function render({ model, el }) {
  const view = crypto.getRandomValues(new Uint32Array(2)).join("-"); // tells apart the views of one model
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  Object.assign(frame.style, {
    width: "100%",
    height: `${height()}px`,
    border: "1px solid #8884",
    borderRadius: "8px",
  });

  let ready = false;
  // Pass the model's latest message of a kind on to the page, unless this page sent it: it may have changed further
  // meanwhile.
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

// The window's height does not help: in some notebooks the window is a frame that is as tall as its content.
const height = () => Math.round(Math.max(LOWEST, Math.min(TALLEST, 0.8 * window.screen.availHeight)));

/**
 * Whether a notebook is dark, that is, its text is light. A canvas finds the red, green and blue of a colour in any
 * notation.
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
