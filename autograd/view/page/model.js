// The model: what is true, without the screen. The graph's engine, rooms and timeline, the state, the room in view with
// its stops, which item is at work, what stands out, what the quiz hides. Parts of the page read it and change it through
// `state`, `leaves` and the actions in actions.js; it brings itself up to date before any of them is told.

import { Engine } from "./engine.js";
import { fromFragment, LOOKS } from "./fields.js";
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
 * @typedef {{ place: number, edges: Set<number>, phase: Phase | "" }} Active The item at work, -1 if none is in view, and
 *   the edges along which something flows.
 * @typedef {{ items: boolean[], edges: boolean[] }} Highlight What is on the way.
 */

// What another view is found by.
const SHOWN = new Set(["room", "example", "constants", "stage"]);

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
    this.leaves.begin(leaves);
    this.house = new House(data, this.engine);
    this.timeline = new Timeline(this.engine);
    this.narrow = false; // whether the stage is higher than wide
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
    // Whoever does something else than stepping is past the invitation, and wants to see all of it.
    const begins = !state.get("begun") && !changes.has("begun") && [...changes].some((name) => !LOOKS.has(name));
    if (begins) state.set(changes.has("time") ? { begun: true } : { begun: true, time: null });
    const another = [...changes].some((name) => SHOWN.has(name));
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
   * What a room shows of the graph, as it is looked at now.
   * @param {string} key
   */
  findView(key = this.state.get("room")) {
    const { house, narrow, state } = this;
    const choice = { example: state.get("example"), constants: state.get("constants"), narrow };
    return house.find(key, choice);
  }

  /**
   * The stage has another shape.
   * @param {boolean} narrow
   */
  reshape(narrow) {
    if (narrow === this.narrow) return;
    this.narrow = narrow;
    this.state.announce("stage");
  }

  /**
   * Begin anew at another point of the graph: what was changed before cannot be undone. The reader stays where they are.
   * @param {Point} point
   */
  begin({ data, partials, names, since }) {
    this.engine.begin(data, partials);
    for (const [i, name] of names) this.names[i] = name;
    this.reading.since = since;
    this.takeLeaves(new Map());
  }

  /**
   * Take over leaves that were not changed here.
   * @param {Map<number, number>} changed
   */
  takeLeaves(changed) {
    this.leaves.begin(changed);
    this.state.announce("numbers", "committed");
  }

  // --- the selection ---

  // The place of the selected item in the room; -1 if it is none of it.
  get selectedPlace() {
    return this.view.places.get(this.state.get("selected")) ?? -1;
  }

  // The selected node, in view or not; -1 if it is none.
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
   * Hide every gradient but that of what is differentiated and of nodes that have been answered; more may follow.
   * @param {Set<number>} answered
   */
  hide(answered) {
    this.answered = answered;
  }

  // Show all of them again.
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

  // The present stop; -1 when nothing is being played and all is known.
  get at() {
    const time = this.state.get("time");
    return time === null ? -1 : stopAt(this.stops, time);
  }

  // Where the story is: on its way forward or backward; an empty text when it is not told, and all is known.
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
   * The items and edges on a way from the selected node to what is differentiated; null if nothing is to stand out.
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
