// The panel for changing leaves: typing and dragging, with undo. It contains the curve over the selected leaf
// (curve.js) and gradient descent (descent.js). leaves.js changes the leaves and keeps their history.

import { Curve } from "./curve.js";
import { Descent } from "./descent.js";
import { byId, fill, html } from "./dom.js";
import { clip, isolated, parse, show, signed } from "./numbers.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 * @import { Changed } from "./state.js"
 *
 * @typedef {{ i: number, number: HTMLInputElement, box: HTMLInputElement, gradient: HTMLElement, line: HTMLElement }} Line
 *   A line of the list of leaves.
 * @typedef {Pick<Actions, "goTo" | "setLeaf" | "preview" | "commit" | "undo" | "redo" | "reset" | "train">} Uses
 * @typedef {Pick<Actions, "descend" | "toggleRun" | "restart" | "training">} UsesOfDescent
 */

const LISTED = 40; // at most this many leaves are listed

export class Changes {
  /**
   * @param {Model} model
   * @param {Uses & UsesOfDescent & { say: (text: string) => void }} callbacks
   */
  constructor(model, callbacks) {
    const { goTo, setLeaf, preview, commit, undo, redo, reset, train, say } = callbacks;
    this.model = model;
    this.goTo = goTo;
    this.setLeaf = setLeaf;
    this.train = train;
    this.say = say;
    /** @type {(id: string, text: string, action: () => void) => HTMLButtonElement} */
    const button = (id, text, action) => html("button", { id, onclick: action }, text);
    this.summary = html("div", { class: "summary" });
    this.curve = new Curve(model, { preview, commit });
    this.descent = new Descent(model, callbacks);
    this.undoButton = button("undo", "Undo", undo);
    this.redoButton = button("redo", "Redo", redo);
    this.resetButton = button("reset", "Reset", reset);
    this.editor = html("section", { class: "editor" });
    this.list = html("table", { class: "leaves" });
    this.listed = ""; // the leaves in the list, with their names
    /** @type {Line[]} */
    this.lines = [];
    byId("panel-change").append(
      this.summary,
      html("div", { class: "row" }, this.undoButton, this.redoButton, this.resetButton),
      this.editor,
      this.curve.element,
      this.descent.element,
      html("section", {}, html("h3", {}, "Leaves"), html("div", { class: "wide" }, this.list)),
    );

    this.editing = -1; // the leaf in the editor
    this.heading = html("h3");
    this.number = html("input", {
      id: "leaf-number",
      type: "text",
      inputmode: "decimal",
      "aria-label": "value of the selected leaf",
    });
    this.slider = html("input", {
      id: "leaf-slider",
      type: "range",
      min: -100,
      max: 100,
      step: 1,
      "aria-label": "drag the value of the selected leaf",
    });
    this.number.addEventListener("change", () => this.typed(this.number, this.editing));
    this.slider.addEventListener("input", () => {
      const { centre, half } = this.curve;
      preview(this.editing, this.curve.rounded(centre + (half * Number(this.slider.value)) / 100));
    });
    this.slider.addEventListener("change", commit);
  }

  // Put the focus on the leaf in the editor.
  focus() {
    if (this.editing < 0) return;
    this.number.focus();
    this.number.select();
  }

  /**
   * @param {HTMLInputElement} input
   * @param {number} i
   */
  typed(input, i) {
    const x = parse(input.value);
    input.setAttribute("aria-invalid", String(x === undefined));
    if (x === undefined) this.say(`"${clip(input.value, 20)}" is not a number.`);
    else this.setLeaf(i, x);
  }

  /** @param {Changed} changes */
  update(changes) {
    const { engine, leaves, reading } = this.model;
    const known = this.model.knows(engine.of);
    const [now, before] = [engine.data[engine.of], engine.original.data[engine.of]];
    fill(
      this.summary,
      html(
        "h2",
        {},
        isolated(reading.name(engine.of, 20)),
        " = ",
        html("span", { class: "big" }, known ? (engine.unknown[engine.of] ? "unknown" : show(now, 10)) : "…"),
      ),
      html(
        "p",
        { class: "quiet" },
        engine.changed.size && known
          ? `was ${show(before, 10)}${Number.isNaN(now) ? "" : ` (Δ ${signed(now - before, 4)})`}; leaves changed: ${engine.changed.size}`
          : "Drag the number on a leaf's card, or type below.",
      ),
      engine.unknown.some(Boolean) &&
        html(
          "p",
          { class: "note" },
          "Some results depend on an operation whose rule the page cannot read; they are unknown now.",
        ),
    );
    this.undoButton.disabled = !leaves.canUndo;
    this.redoButton.disabled = !leaves.canRedo;
    this.resetButton.disabled = !leaves.canReset;
    this.updateEditor(changes);
    this.descent.update();
    this.updateList();
  }

  /** @param {Changed} changes */
  updateEditor(changes) {
    const { engine, data, names, selectedNode: i } = this.model;
    const isLeaf = i >= 0 && engine.isLeaf(i);
    this.curve.update(isLeaf ? i : -1, changes.has("committed") || !changes.has("numbers"));
    if (!isLeaf) {
      this.editing = -1;
      fill(this.editor, html("p", { class: "quiet" }, "Select a leaf to drag it here."));
      return;
    }
    if (i !== this.editing) {
      this.editing = i;
      fill(this.editor, this.heading, html("div", { class: "row" }, this.number, this.slider));
    }
    fill(this.heading, isolated(clip(names[i], 24)), html("span", { class: "quiet" }, ` ${data.roles[i]}`));
    if (document.activeElement !== this.number || changes.has("committed"))
      this.number.value = show(engine.data[i], "exact");
    const x = engine.data[i];
    this.slider.disabled = !Number.isFinite(x);
    this.slider.value = String((100 * (x - this.curve.centre)) / this.curve.half);
    this.slider.setAttribute("aria-valuetext", show(x, 6));
  }

  updateList() {
    const { engine, names, selectedNode, state, view } = this.model;
    const trained = state.get("trained");
    const here = view.items.flatMap((item) => (item.kind === "node" && engine.isLeaf(item.node) ? [item.node] : []));
    const leaves = here.slice(0, LISTED);
    const known = `leaves ${leaves.map((i) => `${i} ${names[i]}`).join()}`;
    if (this.listed !== known) {
      this.listed = known;
      this.lines = leaves.map((i) => this.line(i));
      const head = html(
        "tr",
        {},
        ...["leaf", "value", "gradient", "moves"].map((text) => html("th", { scope: "col" }, text)),
      );
      const more = here.length - leaves.length;
      const rest =
        more > 0 && html("tr", {}, html("td", { colspan: 4, class: "quiet" }, `and ${more} more in this room`));
      fill(
        this.list,
        leaves.length
          ? [head, ...this.lines.map(({ line }) => line), rest]
          : html("tr", {}, html("td", { class: "quiet" }, "Open a room to see its leaves.")),
      );
    }
    for (const { i, number, box, gradient, line } of this.lines) {
      if (document.activeElement !== number || selectedNode === i) number.value = show(engine.data[i], "exact");
      gradient.textContent = this.model.hides(i) ? "?" : this.model.knowsGradient(i) ? show(engine.grad[i], 5) : "";
      box.checked = trained.has(i);
      line.className = engine.changed.has(i) ? "changed" : "";
    }
  }

  /**
   * @param {number} i
   * @returns {Line}
   */
  line(i) {
    const { names } = this.model;
    const number = html("input", {
      type: "text",
      inputmode: "decimal",
      "data-leaf": i,
      "aria-label": `value of ${clip(names[i], 20)}`,
    });
    number.addEventListener("change", () => this.typed(number, i));
    const box = html("input", {
      type: "checkbox",
      role: "switch",
      "data-train": i,
      "aria-label": `${clip(names[i], 20)} moves in gradient descent`,
      onchange: () => this.train(i, box.checked),
    });
    const gradient = html("td", {});
    const line = html(
      "tr",
      {},
      html(
        "th",
        { scope: "row" },
        html("button", { class: "link", onclick: () => this.goTo(i) }, isolated(clip(names[i], 12))),
      ),
      html("td", {}, number),
      gradient,
      html("td", {}, box),
    );
    return { i, number, box, gradient, line };
  }
}
