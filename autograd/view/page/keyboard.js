// Every key that the page knows, in one table, from which help is made, too. A new key needs a row here, but the key of
// a panel needs a row in tabs.js.

import { byId, html, ofKind, onClick } from "./dom.js";
import { keyOf } from "./rooms.js";
import { TABS, tabs } from "./tabs.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Pair } from "./data.d.ts"
 * @import { Model } from "./model.js"
 *
 * @typedef {object} Key
 * @property {string} shown in help, with two spaces between keys
 * @property {string} does
 * @property {string[]} keys by their names in events
 * @property {(event: KeyboardEvent) => void} action
 *
 * @typedef {object} Screen What keys need of the drawing, the player, the panel and the search.
 * @property {(factor: number) => void} zoom
 * @property {(dx: number, dy: number) => void} pan
 * @property {() => void} fit
 * @property {() => void} focusDrawing
 * @property {() => void} focusSearch
 * @property {() => void} toggle
 * @property {(direction: number) => void} step
 * @property {() => void} start
 * @property {() => void} finish
 * @property {() => void} fold
 */

/** @type {Record<string, Pair>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
// The keys that step in presenter mode, wherever the focus is: the arrows, and those that a presenter's remote control
// sends.
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 };
// The keys that buttons, tabs and other controls use themselves.
const FOR_CONTROLS = ["Enter", " ", "ArrowLeft", "ArrowRight", "Home", "End", "Escape"];

export class Keyboard {
  /**
   * @param {Model} model
   * @param {Actions} actions
   * @param {Screen} screen
   */
  constructor(model, actions, screen) {
    const { select, enterSelected, leave, openTab, editLeaf, descend, toggleRun, undo, redo, nextTheme, present } =
      actions;
    const { nextExample, toggleConstants } = actions;
    const { zoom, pan, fit, focusDrawing, focusSearch, toggle, step, start, finish, fold } = screen;
    this.model = model;
    this.select = select;
    this.undo = undo;
    this.redo = redo;
    this.pan = pan;
    this.step = step;
    this.focusDrawing = focusDrawing;
    /** @type {(shown: string, does: string, keys: string[], action: (event: KeyboardEvent) => void) => Key} */
    const key = (shown, does, keys, action) => ({ shown, does, keys, action });
    this.groups = {
      "Moving about": [
        key("← → ↑ ↓", "select the next node in that direction", Object.keys(ARROWS), ({ key }) =>
          this.walk(ARROWS[key]),
        ),
        key("Enter", "open the selected room, or the products of a dot", ["Enter"], enterSelected),
        key("Backspace", "go back to the room around this one", ["Backspace"], leave),
        key("Escape", "select nothing", ["Escape"], () => select("")),
        key("/", "search by label, operation or scope", ["/"], focusSearch),
        key("+ −", "zoom", ["+", "=", "-"], ({ key }) => zoom(key === "-" ? 1 / 1.25 : 1.25)),
        key("0", "fit the room into view", ["0"], fit),
        key("[  ]", "the example before, and the next one, of a batch", ["[", "]"], ({ key }) =>
          nextExample(key === "]" ? 1 : -1),
        ),
        key("n", "numbers as cards, or in their operations", ["n"], toggleConstants),
        key("Shift + arrows", "move the drawing", [], () => {}),
      ],
      Stepping: [
        key("Space", "play and pause", [" "], toggle),
        key(".", "one step forward", ["."], () => step(1)),
        key(",", "one step back", [","], () => step(-1)),
        key("Home  End", "to the start, to the complete graph", ["Home", "End"], ({ key }) =>
          key === "Home" ? start() : finish(),
        ),
      ],
      "Looking and changing": [
        ...tabs.map((tab) => key(TABS[tab].key, TABS[tab].help, [TABS[tab].key], () => openTab(tab))),
        key("e", "edit the selected leaf", ["e"], editLeaf),
        key("g", "one step of gradient descent", ["g"], () => descend(1)),
        key("r", "let gradient descent run, and pause it", ["r"], toggleRun),
        key("u  Shift + u", "undo, redo", ["u", "U"], ({ key }) => (key === "u" ? undo() : redo())),
        key("p", "fold the panel away, and back", ["p"], fold),
        key("f", "presenter mode, for an audience, and back", ["f"], present),
        key("← →  PageUp  PageDown", "in presenter mode: one step back or forward", [], () => {}),
        key("d", "light, dark, or as the system is", ["d"], nextTheme),
        key("?", "this help", ["?"], () => this.help()),
      ],
    };
    const rows = Object.values(this.groups).flat();
    this.actions = new Map(rows.flatMap(({ keys, action }) => keys.map((name) => [name, action])));
    this.dialog = ofKind("help", HTMLDialogElement);
    byId("help-keys").append(...Object.entries(this.groups).map(([title, group]) => section(title, group)));
    document.addEventListener("keydown", (event) => this.press(event));
    onClick("help-open", () => this.help());
    onClick("help-close", () => this.dialog.close());
  }

  help() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const undo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    const within = (/** @type {string} */ kinds) => event.target instanceof Element && event.target.closest(kinds);
    const typing = within("input, select, textarea");
    const onControl = within("button, [role=tab], dialog, summary");
    if (undo && !typing) {
      event.preventDefault();
      if (event.shiftKey) this.redo();
      else this.undo();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing) {
      if (event.key === "Escape") this.focusDrawing();
      return;
    }
    if (event.key in STEPS && !event.shiftKey && this.model.state.get("present") && !within("dialog")) {
      event.preventDefault();
      this.step(STEPS[event.key]);
      return;
    }
    if (onControl && FOR_CONTROLS.includes(event.key)) return;
    if (event.shiftKey && event.key in ARROWS) {
      const [x, y] = ARROWS[event.key];
      this.pan(-80 * x, -80 * y);
      event.preventDefault();
      return;
    }
    const action = this.actions.get(event.key);
    if (!action) return;
    event.preventDefault();
    action(event);
  }

  /**
   * Select the nearest item in a direction. To the left and to the right, items that are joined to this one by an edge
   * come first, and among them those with operands.
   * @param {Pair} direction
   */
  walk([dx, dy]) {
    const { engine, view, selectedPlace: here } = this.model;
    if (here < 0) {
      const last = view.itemOf[engine.of];
      this.select(keyOf(view.items[last >= 0 ? last : view.items.length - 1]));
      return;
    }
    const from = view.items[here];
    const joined = new Set(
      view.touching[here].map((k) => (view.edges[k].from === here ? view.edges[k].to : view.edges[k].from)),
    );
    let [best, nearest] = [-1, Infinity];
    view.items.forEach((item, place) => {
      if (item.kind === "absent") return;
      const along = (item.x - from.x) * dx + (item.y - from.y) * dy;
      if (place === here || along < 8) return;
      const aside = Math.abs((item.x - from.x) * dy) + Math.abs((item.y - from.y) * dx);
      const isLeaf = item.kind === "node" && engine.isLeaf(item.node);
      const distance = along + 2.5 * aside - (dx && joined.has(place) ? 1e5 : 0) + (dx && isLeaf ? 500 : 0);
      if (distance < nearest) [best, nearest] = [place, distance];
    });
    if (best >= 0) this.select(keyOf(view.items[best]));
  }
}

/**
 * A section of the help dialog.
 * @param {string} title
 * @param {Key[]} group
 */
function section(title, group) {
  const lines = group.flatMap(({ shown, does }) => [
    html(
      "dt",
      {},
      shown.split("  ").map((key) => html("kbd", {}, key)),
    ),
    html("dd", {}, does),
  ]);
  return html("section", {}, html("h3", {}, title), html("dl", {}, lines));
}
