// The model: the facts about the page, independent of the screen. It holds the graph's engine, rooms and timeline, the
// state, the room in view with its stops, the item at work, the highlighted path and what the quiz hides. The parts of
// the page read it and change it through `state`, `leaves` and the actions in actions.js. It is the first listener of
// `state`, so it is up to date when they are told of a change.

import { Engine } from "./engine.js";
import { APPEARANCE, fromFragment } from "./fields.js";
import { Leaves } from "./leaves.js";
import { Reading } from "./reading.js";
import { House } from "./rooms.js";
import { State } from "./state.js";
import { stopAt, Timeline } from "./timeline.js";

/**
 * @import { Data } from "./data.d.ts"
 * @import { Point } from "./host.js"
 * @import { Computed } from "./operations.d.ts"
 * @import { Changed } from "./state.js"
 * @import { Phase } from "./timeline.js"
 *
 * @typedef {{ place: number, edges: Set<number>, phase: Phase | "" }} Active The place of the item at work, -1 if none
 *   is in view, and the positions of the edges along which something flows.
 * @typedef {{ items: boolean[], edges: boolean[] }} Highlight For each item and edge of the view, whether it lies on
 *   the path that is highlighted.
 */

// The fields and events whose change leads to another view.
const VIEW_CHANGES = new Set(["room", "example", "constants", "stage"]);

export class Model {
  /**
   * @param {Data} data
   * @param {Record<string, Computed | null>} operations
   * @param {string} fragment of the address that the page was opened with
   */
  constructor(data, operations, fragment) {
    this.data = data;
    this.names = data.names;
    this.engine = new Engine(data.graph.nodes, operations);
    const { values, leaves } = fromFragment(fragment, this);
    this.engine.differentiate(values.of);
    this.state = new State(values);
    this.leaves = new Leaves(this.engine, this.state);
    this.leaves.rebase(leaves);
    this.house = new House(data, this.engine);
    this.timeline = new Timeline(this.engine);
    this.narrow = false; // whether the stage gets the narrow layout, see `isUpright` in drawing.js
    this.view = this.findView();
    this.stops = this.timeline.stops(this.view);
    /** @type {Set<number> | null} */
    this.answered = null;
    this.reading = new Reading(this);
    this.active = this.findActive();
    this.highlighted = this.findPath();
    this.state.listen((changes) => this.changed(changes));
  }

  /** @param {Changed} changes */
  changed(changes) {
    const { state, engine, timeline } = this;
    // Any action other than stepping or a change of looks ends the invitation and shows the complete graph.
    const begins = !state.get("begun") && !changes.has("begun") && [...changes].some((name) => !APPEARANCE.has(name));
    if (begins) state.set(changes.has("time") ? { begun: true } : { begun: true, time: null });
    const another = [...changes].some((name) => VIEW_CHANGES.has(name));
    if (another) this.view = this.findView();
    if (changes.has("of")) {
      engine.differentiate(state.get("of"));
      timeline.refresh();
    }
    if (another || changes.has("of")) this.stops = timeline.stops(this.view);
    if ([...changes].every((name) => name === "camera")) return;
    // Stepping and selecting change no number.
    if ([...changes].some((name) => name !== "time" && name !== "selected")) this.reading.refresh();
    this.active = this.findActive();
    this.highlighted = this.findPath();
  }

  /**
   * The view of a room or of the inside of a dot, for the present example, constants and shape of the stage.
   * @param {string} key
   */
  findView(key = this.state.get("room")) {
    const { house, narrow, state } = this;
    const choice = { example: state.get("example"), constants: state.get("constants"), narrow };
    return house.find(key, choice);
  }

  /**
   * Tell the listeners if the stage has changed between wide and narrow.
   * @param {boolean} narrow
   */
  reshape(narrow) {
    if (narrow === this.narrow) return;
    this.narrow = narrow;
    this.state.announce("stage");
  }

  /**
   * Take over the numbers of another point of the graph: earlier changes of leaves can no longer be undone. The room,
   * the selection and the time stay as they are.
   * @param {Point} point
   */
  rebase({ data, partials, names, since }) {
    this.engine.rebase(data, partials);
    for (const [i, name] of names) this.names[i] = name;
    this.reading.since = since;
    this.takeLeaves(new Map());
  }

  /**
   * Take over leaves that were set elsewhere: in the notebook, or in the address.
   * @param {Map<number, number>} changed
   */
  takeLeaves(changed) {
    this.leaves.rebase(changed);
    this.state.announce("numbers", "committed");
  }

  // --- the selection ---

  // The place of the selected item in the view; -1 if it is not in view.
  get selectedPlace() {
    return this.view.places.get(this.state.get("selected")) ?? -1;
  }

  // The selected node, in view or not; -1 if no node is selected.
  get selectedNode() {
    const selected = this.state.get("selected");
    return /^\d+$/.test(selected) && Number(selected) < this.engine.size ? Number(selected) : -1;
  }

  // --- what the quiz hides ---

  /** @param {number} i */
  hides(i) {
    return this.answered !== null && i !== this.engine.of && !this.answered.has(i);
  }

  get hiding() {
    return this.answered !== null;
  }

  /**
   * Hide every gradient except that of the differentiated node and those of `answered`, a set that the quiz adds to.
   * @param {Set<number>} answered
   */
  hide(answered) {
    this.answered = answered;
  }

  // Show all gradients again.
  unhide() {
    if (!this.hiding) return;
    this.answered = null;
    this.state.announce("quiz");
  }

  // --- the present moment ---

  /**
   * Whether a node's value is known at the present moment.
   * @param {number} i
   */
  knows(i) {
    const time = this.state.get("time");
    return time === null || this.timeline.isComputed(i, time);
  }

  /**
   * Whether a node's gradient is complete at the present moment, and may be seen.
   * @param {number} i
   */
  knowsGradient(i) {
    const time = this.state.get("time");
    if (this.hides(i)) return false;
    if (time === null) return true;
    const { given, total } = this.timeline.gathered(i, time, this.view);
    return this.timeline.isBackward(time) && given === total;
  }

  // The position of the present stop; -1 when the complete graph is shown.
  get at() {
    const time = this.state.get("time");
    return time === null ? -1 : stopAt(this.stops, time);
  }

  // The pass that the present stop belongs to; an empty string when the complete graph is shown.
  get direction() {
    if (this.at < 0) return "";
    const { phase } = this.stops[this.at];
    return phase === "seed" || phase === "backward" ? "backward" : "forward";
  }

  /** @returns {Active} */
  findActive() {
    const { at, stops, view } = this;
    if (at < 0) return { place: -1, edges: new Set(), phase: "" };
    const { place, phase } = stops[at];
    if (place < 0) return { place: -1, edges: new Set(), phase };
    /** @type {Set<number>} */
    const edges = new Set();
    view.edges.forEach((edge, k) => {
      if (phase !== "seed" && edge.to === place) edges.add(k);
    });
    return { place, edges, phase };
  }

  /**
   * The items and edges on a path from the selected node to the differentiated one; null if no path is to be
   * highlighted.
   * @returns {Highlight | null}
   */
  findPath() {
    const { state, engine, view, selectedNode: i } = this;
    if (state.get("time") !== null || !["why", "quiz"].includes(state.get("tab")) || i < 0) return null;
    if (i >= engine.of || !this.timeline.matters[i]) return null;
    const marks = engine.between(i);
    const items = view.items.map((item) => {
      if (item.kind === "node") return marks[item.node] === 1;
      if (item.kind === "room") return item.nodes.some((k) => marks[k]);
      return item.kind === "product" && item.pair.some((k) => marks[k]);
    });
    const edges = view.edges.map((edge) =>
      edge.dot !== undefined
        ? items[edge.from] && marks[edge.dot] === 1
        : edge.members.some((e) => marks[engine.operands[e]] && marks[engine.consumers[e]]),
    );
    return { items, edges };
  }
}
