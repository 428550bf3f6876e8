// The page's announcements: shown for a moment over the drawing, or only read by screen readers.

import { byId } from "./dom.js";

let fading = 0;

/**
 * Have screen readers read a text that is not shown.
 * @param {string} text
 */
export function speak(text) {
  byId("live").textContent = text;
}

/**
 * Show a text for a moment, and have screen readers read it.
 * @param {string} text
 */
export function say(text) {
  speak(text);
  const toast = byId("toast");
  toast.textContent = text;
  toast.classList.add("on");
  clearTimeout(fading);
  fading = setTimeout(() => toast.classList.remove("on"), 2600);
}
