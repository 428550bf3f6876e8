// The search through the whole graph.

import { byId, fill, html, ofKind } from "./dom.js";
import { clip, isolated } from "./numbers.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 */

const FOUND = 12; // at most this many nodes are listed

export class Search {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "goTo"> & { focusDrawing: () => void }} callbacks
   */
  constructor(model, { goTo, focusDrawing }) {
    this.model = model;
    this.goTo = goTo;
    this.focusDrawing = focusDrawing;
    this.field = ofKind("search", HTMLInputElement);
    this.results = byId("results");
    /** @type {number[]} */
    this.found = [];
    this.at = 0;
    this.field.addEventListener("input", () => this.look());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => this.close());
  }

  focus() {
    this.field.focus();
  }

  /**
   * Nodes whose label, operation or scope has the text in it; labels that begin with it come first.
   * @param {string} text
   */
  find(text) {
    const { engine, names } = this.model;
    const wanted = text.toLowerCase();
    /** @type {number[]} */
    const first = [];
    /** @type {number[]} */
    const then = [];
    for (let i = 0; i < engine.size && first.length < FOUND; i++) {
      const { op, scope } = engine.rows[i];
      if (names[i].toLowerCase().startsWith(wanted)) first.push(i);
      else if (then.length < FOUND && [names[i], op, scope].some((part) => part?.toLowerCase().includes(wanted)))
        then.push(i);
    }
    return [...first, ...then].slice(0, FOUND);
  }

  look() {
    const text = this.field.value.trim();
    this.found = text ? this.find(text) : [];
    this.at = 0;
    fill(
      this.results,
      this.found.map((i, k) => this.line(i, k)),
      text && !this.found.length && html("li", { class: "quiet" }, "nothing found"),
    );
    this.results.hidden = !text;
    this.field.setAttribute("aria-expanded", String(Boolean(text)));
    this.mark();
  }

  /**
   * @param {number} i
   * @param {number} k
   */
  line(i, k) {
    const { engine, names } = this.model;
    const { op, scope } = engine.rows[i];
    return html(
      "li",
      {
        id: `result${k}`,
        role: "option",
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.go(k),
      },
      html("span", {}, isolated(clip(names[i], 30))),
      html("span", { class: "quiet" }, isolated([op, scope && clip(scope, 40)].filter(Boolean).join(" · "))),
    );
  }

  mark() {
    [...this.results.children].forEach((line, k) => {
      line.setAttribute("aria-selected", String(k === this.at && this.found.length > 0));
    });
    if (this.found.length) this.field.setAttribute("aria-activedescendant", `result${this.at}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move && this.found.length) {
      this.at = (this.at + move + this.found.length) % this.found.length;
      this.mark();
    } else if (event.key === "Enter" && this.found.length) {
      this.go(this.at);
    } else if (event.key === "Escape") {
      this.field.value = "";
      this.close();
      this.focusDrawing();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {number} k */
  go(k) {
    this.goTo(this.found[k]);
    this.field.value = "";
    this.close();
    this.focusDrawing();
  }

  close() {
    this.results.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
  }
}
