// The invitation: what the page opens with, over the start of the story. Its title and text come with the page's data.
// It goes away for good once the story has begun (`begun` in the state).

import { byId, onClick } from "./dom.js";
import { isolated } from "./numbers.js";

/**
 * @import { Model } from "./model.js"
 */

export class Invitation {
  /**
   * @param {Model} model
   * @param {{ play: () => void, finish: () => void, focusDrawing: () => void }} callbacks
   */
  constructor(model, { play, finish, focusDrawing }) {
    this.model = model;
    this.focusDrawing = focusDrawing;
    this.overlay = byId("invitation");
    const { title, text } = model.data.story;
    byId("title").textContent = isolated(title);
    byId("invitation-title").textContent = isolated(title);
    byId("invitation-text").textContent = isolated(text);
    onClick("begin", play);
    onClick("skip", finish);
    this.overlay.addEventListener("click", (event) => {
      if (event.target === this.overlay) finish(); // beside the text
    });
    this.overlay.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" || key === "End") finish();
    });
  }

  update() {
    const begun = this.model.state.get("begun");
    const focused = this.overlay.contains(document.activeElement);
    this.overlay.hidden = begun;
    if (begun && focused) this.focusDrawing();
    // Inside another page, the focus stays where the reader has it.
    if (!begun && window.top === window.self) byId("begin").focus({ preventScroll: true });
  }
}
