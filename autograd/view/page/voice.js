// What the page says by itself: to everybody, for a moment over the drawing, or to those who listen only.

import { byId } from "./dom.js";

let fading = 0;

/**
 * To those who listen only.
 * @param {string} text
 */
export function speak(text) {
  byId("live").textContent = text;
}

/**
 * To everybody.
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
