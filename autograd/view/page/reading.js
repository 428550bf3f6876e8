// What the cards and edges show at the present moment: their numbers as text, their colours and their states. Drawing
// them is left to drawing.js.

import { number } from "./engine.js";
import { clip, fitted, named, short, show, signed, tint } from "./numbers.js";
import { aloud, filled } from "./written.js";

/**
 * @import { Model } from "./model.js"
 * @import { Edge, Item, NodeItem, ProductItem, RestItem, RoomItem } from "./rooms.js"
 *
 * @typedef {{ gradient: string, tint: string }} Flow
 * @typedef {object} Card The content of a card.
 * @property {string} title
 * @property {string} symbol
 * @property {string} value
 * @property {string} delta
 * @property {boolean} [unnamed]
 * @property {boolean} [unlabelled]
 * @property {boolean} unusual
 * @property {boolean} openable
 * @property {"computed" | "waiting"} state
 * @property {string[]} [inside] the colours of the values in a room
 * @typedef {Card & Flow} Said
 * @typedef {{ local: string, flow: string, tint: string, carried: boolean }} SaidOfEdge
 */

// The width in pixels that a card has for the title and the symbol, and the approximate width of a letter of each:
// TITLE for labels, UNLABELLED for other titles.
const LINE = 82;
const TITLE = 9.6;
const UNLABELLED = 8.2;
const SYMBOL = 7.4;
// The most letters of a title that has its line to itself; of a number; and of a number beside the arrow of a card that
// can be opened.
const NAME = 12;
const [NUMBER, BESIDE] = [10, 9];
const CELLS = 32; // the most values that a room's card shows as colours
const CALL = 10; // the most letters of a call that is written on a card
/** @type {Said} */
const NOTHING = {
  title: "",
  symbol: "",
  value: "",
  delta: "",
  gradient: "",
  tint: "empty",
  unusual: false,
  openable: false,
  state: "waiting",
};

export class Reading {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.since = new Map(Object.entries(model.data.since).map(([i, x]) => [Number(i), number(x)]));
    // Caches: what an item or edge shows stays the same as long as its moment does, and a step changes few of them.
    /** @type {WeakMap<Item, { moment: number, said: Said }>} */
    this.saidOfItems = new WeakMap();
    /** @type {WeakMap<Edge, { moment: number, said: SaidOfEdge }>} */
    this.saidOfEdges = new WeakMap();
    /** @type {WeakMap<RoomItem, number[]>} */
    this.insides = new WeakMap();
    this.largest = 1;
    this.refresh();
  }

  // Clear the caches after numbers have changed, or been hidden or shown, and find the largest gradient: colours are
  // relative to it.
  refresh() {
    this.saidOfItems = new WeakMap();
    this.saidOfEdges = new WeakMap();
    const { engine } = this.model;
    let largest = 0;
    for (let i = 0; i < engine.of; i++) {
      const size = Math.abs(engine.grad[i]);
      if (size > largest && size < Infinity) largest = size;
    }
    this.largest = largest || 1;
  }

  /** @param {number} i */
  symbol(i) {
    const { engine, data, state } = this.model;
    const row = engine.rows[i];
    if (row.op === null) return row.label && !row.constant && data.roles[i] === "input" ? "input" : "";
    const { mark, infix, line } = data.operations[engine.keyOf(i)];
    const operands = engine.operandsOf(i);
    const isWritten = (/** @type {number} */ k) => this.isWritten(operands[k]);
    if (state.get("constants") || !operands.some((_, k) => isWritten(k))) return this.mark(i);
    /** @param {number} k */
    const called = (k) => (isWritten(k) ? short(engine.data[operands[k]]) : "·");
    if (infix && (!isWritten(0) || !isWritten(1)))
      return isWritten(0) ? `${called(0)} ${mark}` : `${mark} ${called(1)}`;
    const whole = filled(line, called);
    return whole.length <= CALL && !infix ? whole : this.mark(i);
  }

  /**
   * The sign of an operation.
   * @param {number} i
   */
  mark(i) {
    const { data, engine } = this.model;
    return engine.isLeaf(i) ? "" : clip(data.operations[engine.keyOf(i)].mark, 7);
  }

  /**
   * Whether a node is a constant without a card of its own, which is written on the cards of its consumers.
   * @param {number} i
   */
  isWritten(i) {
    const { engine, view } = this.model;
    return engine.isConstant(i) && view.itemOf[i] < 0;
  }

  /**
   * The title on a card: the label; else the role of a leaf, or a name for a result.
   * @param {number} i
   * @param {number} length
   */
  title(i, length) {
    const row = this.model.engine.rows[i];
    const { known, roles } = this.model.data;
    if (!row.label) return row.op === null ? roles[i] : i in known ? clip(known[i], 11) : this.name(i, length);
    return named(row.label, length);
  }

  /**
   * @param {number} i
   * @param {number} length
   */
  name(i, length = 12) {
    return named(this.model.data.names[i], length);
  }

  // What the reader should know about the graph as a whole.
  get notes() {
    const { size } = this.since;
    return size === 0
      ? this.model.data.notes
      : [
          ...this.model.data.notes,
          `Leaves that have been set since the graph was computed: ${size.toLocaleString("en")}. They are shown as they ` +
            "were then, with a mark in the corner of their cards.",
        ];
  }

  /**
   * What the program has done to a leaf since it computed the graph; an empty text if nothing.
   * @param {number} i
   */
  setSince(i) {
    return this.since.has(i) ? `set to ${show(this.since.get(i), 10)} since the graph was computed` : "";
  }

  /**
   * "dE/dw" for the gradient of w.
   * @param {number} i
   * @param {number} length
   */
  gradientName(i, length = 12) {
    return `d${this.name(this.model.engine.of, length)}/d${this.name(i, length)}`;
  }

  /** @param {Item} item */
  item(item) {
    const moment = this.momentOf(item);
    const known = this.saidOfItems.get(item);
    if (known?.moment === moment && item.kind !== "room") return known.said;
    const said = this.saidOfItem(item, moment);
    this.saidOfItems.set(item, { moment, said });
    return said;
  }

  /**
   * @param {Item} item
   * @param {number} moment
   * @returns {Said}
   */
  saidOfItem(item, moment) {
    if (item.kind === "node") return this.node(item, moment);
    if (item.kind === "product") return this.product(item, moment);
    if (item.kind === "absent") return NOTHING;
    return item.kind === "rest" ? this.rest(item, moment) : this.room(item);
  }

  /**
   * A number that tells the states of a scalar apart: -2 when the complete graph is shown, -1 before the scalar is
   * computed, and then the number of contributions to its gradient that have arrived.
   * @param {Item} item
   */
  momentOf(item) {
    const { state, timeline, view } = this.model;
    const time = state.get("time");
    if (time === null) return -2;
    if (item.kind === "node")
      return timeline.isComputed(item.node, time) ? timeline.gathered(item.node, time, view).given : -1;
    if (item.kind === "product" || item.kind === "rest")
      return timeline.productComputed(item.dot, item.number, time) ? Number(timeline.sumHanded(item.dot, time)) : -1;
    return 0;
  }

  /**
   * @param {NodeItem} item
   * @param {number} moment
   * @returns {Said}
   */
  node({ node: i }, moment) {
    const { engine, timeline, view, house } = this.model;
    const symbol = this.symbol(i);
    const computed = moment !== -1;
    const unknown = engine.unknown[i] === 1;
    const value = unknown ? "unknown" : computed ? fitted(engine.data[i], 5, NUMBER) : "";
    const change = engine.data[i] - engine.original.data[i];
    const delta =
      engine.changed.size && !Object.is(engine.data[i], engine.original.data[i]) ? `Δ ${signed(change, 3)}` : "";
    const row = engine.rows[i];
    // Name and symbol share a line, and the name gets its space first.
    const unlabelled = !row.label;
    const title = this.title(i, symbol ? Math.max(6, 9 - symbol.length) : NAME);
    const space = Math.max(1, Math.floor((LINE - (unlabelled ? UNLABELLED : TITLE) * title.length) / SYMBOL));

    return {
      unnamed: unlabelled && (row.op === null || i in this.model.data.known),
      unlabelled,
      title,
      symbol: [symbol, symbol.replace(" ", ""), this.mark(i)].find((text) => text.length <= space) ?? "",
      value,
      delta: computed && !unknown ? delta : "",
      unusual: computed && !unknown && !Number.isFinite(engine.data[i]),
      state: computed && !unknown ? "computed" : "waiting",
      openable: view.dot !== i && house.opens(i),
      ...this.gradient(i, (time) => timeline.gathered(i, time, view)),
    };
  }

  /**
   * @param {ProductItem} item
   * @param {number} moment
   * @returns {Said}
   */
  product({ pair: [w, x], dot }, moment) {
    const { engine } = this.model;
    const computed = moment !== -1;
    const value = engine.data[w] * engine.data[x];
    return {
      title: `${this.name(w, 5)}·${this.name(x, 5)}`,
      symbol: "×",
      value: computed ? show(value) : "",
      delta: "",
      unusual: computed && !Number.isFinite(value),
      state: computed ? "computed" : "waiting",
      openable: false,
      ...this.gradient(dot, () => ({ sum: engine.grad[dot], given: moment, total: 1 })),
    };
  }

  /**
   * Whether a gradient is nan only because the page cannot compute the differentiated node again.
   * @param {number} x
   */
  isUnknown(x) {
    return Number.isNaN(x) && this.model.engine.unknown[this.model.engine.of] === 1;
  }

  /**
   * @param {RestItem} item
   * @param {number} moment
   * @returns {Said}
   */
  rest({ count, dot }, moment) {
    const { engine } = this.model;
    return {
      title: `${count.toLocaleString("en")} more`,
      symbol: "×",
      value: "products",
      delta: "",
      unusual: false,
      state: moment === -1 ? "waiting" : "computed",
      openable: true,
      ...this.gradient(dot, () => ({ sum: engine.grad[dot], given: moment, total: 1 })),
    };
  }

  /**
   * @param {number} i
   * @param {(time: number) => { sum: number, given: number, total: number }} gathered how much of the gradient has
   *   arrived by a time
   * @returns {Flow}
   */
  gradient(i, gathered) {
    const { engine, state, timeline } = this.model;
    const time = state.get("time");
    const grad = engine.grad[i];
    if (this.model.hides(i)) return { gradient: "?", tint: "hidden" };
    // While the story is being played, show only what has arrived.
    const { sum, given, total } = time === null ? { sum: grad, given: 1, total: 1 } : gathered(time);
    if (given <= 0) return { gradient: "", tint: "empty" };
    if (this.isUnknown(grad)) return { gradient: "unknown", tint: "hidden" };
    if (!timeline.matters[i]) return { gradient: "0", tint: "aside" };
    const space = this.model.house.opens(i) ? BESIDE : NUMBER;
    const text = given < total ? `${show(sum, 3)} (${given} of ${total})` : fitted(sum, 4, space);
    return { gradient: text, tint: tint(sum, this.largest) };
  }

  /**
   * @param {RoomItem} item
   * @returns {Said}
   */
  room(item) {
    const { engine, house, state, timeline, hiding } = this.model;
    const time = state.get("time");
    let [square, computed, handed, results] = [0, 0, 0, 0];
    let marks = false;
    const leaves = item.nodes.some((i) => engine.isLeaf(i));
    for (const i of item.nodes) {
      if (engine.isLeaf(i) === leaves) square += engine.grad[i] ** 2; // of the leaves, or else of the results
      if (engine.changed.size && !Object.is(engine.data[i], engine.original.data[i])) marks = true;
      if (time === null || engine.isLeaf(i) || !timeline.matters[i]) continue;
      results++;
      computed += timeline.isComputed(i, time) ? 1 : 0;
      handed += timeline.hasHanded(i, time) ? 1 : 0;
    }
    const waiting = time !== null && computed < results;
    const shown = this.inside(item);
    const largest = shown.reduce((most, i) => Math.max(most, Math.abs(engine.data[i])), 0);
    const norm = Math.sqrt(square);
    const full = time === null || (timeline.isBackward(time) && handed === results);
    const size = full ? `‖∇‖ ${show(norm, 3)}` : handed ? `${handed} of ${results}` : "";
    return {
      title: house.title(item.room),
      symbol: "",
      value: waiting && computed ? `${computed} of ${results} computed` : house.subtitle(item.room),
      delta: marks ? "changed" : "",
      unusual: false,
      state: waiting ? "waiting" : "computed",
      openable: true,
      inside: shown.map((i) =>
        time === null || timeline.isComputed(i, time) ? tint(engine.data[i], largest) : "empty",
      ),
      gradient: hiding ? "?" : size,
      tint: hiding ? "hidden" : full ? tint(norm, this.largest).replace("positive", "size") : "empty",
    };
  }

  /**
   * The nodes whose values a room's card shows as colours: the results that are used outside the room if there are
   * several, else all results, or the leaves of a room without results. At most CELLS of them, evenly chosen.
   * @param {RoomItem} item
   */
  inside(item) {
    const { engine, view } = this.model;
    const known = this.insides.get(item);
    if (known) return known;
    const results = item.nodes.filter((i) => !engine.isLeaf(i));
    const all = results.length ? results : item.nodes;
    const place = view.itemOf[all[0]];
    const given = all.filter((i) => [...engine.usesOf(i)].some((e) => view.itemOf[engine.consumers[e]] !== place));
    const chosen = given.length > 1 ? given : all;
    const count = Math.min(chosen.length, CELLS);
    const found = Array.from({ length: count }, (_, k) => chosen[Math.floor((k * chosen.length) / count)]);
    this.insides.set(item, found);
    return found;
  }

  /**
   * What an edge shows: the local derivative, and the product that flows back along it.
   * @param {Edge} edge
   */
  edge(edge) {
    const moment = this.momentOfEdge(edge);
    const known = this.saidOfEdges.get(edge);
    if (known?.moment === moment) return known.said;
    const said = this.saidOfEdge(edge, moment > 0, moment > 1, moment > 2);
    this.saidOfEdges.set(edge, { moment, said });
    return said;
  }

  /**
   * The state of an edge: 0 before its consumer is computed, 1 after that, 2 in the backward pass, 3 when the product
   * has arrived at the operand.
   * @param {Edge} edge
   */
  momentOfEdge(edge) {
    const { engine, state, timeline, view } = this.model;
    const time = state.get("time");
    if (time === null) return 3;
    const computed = timeline.isBackward(time) ? 2 : 1;
    const from = view.items[edge.from];
    if (from.kind === "product" || from.kind === "rest") {
      if (timeline.sumHanded(from.dot, time)) return 3;
      return timeline.productComputed(from.dot, from.number, time) ? computed : 0;
    }
    const to = view.items[edge.to];
    let moment = 3;
    for (const e of edge.members) {
      if (!timeline.hasArrived(e, time, view)) moment = computed;
      const consumer = engine.consumers[e];
      const known =
        to.kind === "product" ? timeline.productComputed(to.dot, to.number, time) : timeline.isComputed(consumer, time);
      if (!known) return 0;
    }
    return moment;
  }

  /**
   * @param {Edge} edge
   * @param {boolean} carried whether its consumer is computed
   * @param {boolean} backward whether the backward pass has begun, so that the local derivative is shown
   * @param {boolean} arrived whether its product has arrived
   * @returns {SaidOfEdge}
   */
  saidOfEdge(edge, carried, backward, arrived) {
    const { engine, timeline, view } = this.model;
    if (edge.dot !== undefined) {
      const flow = engine.grad[edge.dot];
      const shown = arrived && !this.model.hides(edge.dot);
      return {
        local: backward ? "×1" : "",
        flow: shown ? show(flow, 3) : "",
        tint: shown ? tint(flow, this.largest) : "empty",
        carried,
      };
    }
    // A bundle, or an edge to or from a room, shows how many edges it stands for.
    const ends = [edge.from, edge.to].map((place) => view.items[place].kind);
    const scalar = !ends.includes("room") && !("edges" in edge);
    if (edge.members.length === 0) return { local: "", flow: "", tint: "empty", carried: false };
    let [local, flow] = [0, 0];
    let hidden = false;
    for (const e of edge.members) {
      local += engine.partials[e];
      flow += scalar ? engine.flow(e) : Math.abs(engine.flow(e));
      hidden ||= this.model.hides(engine.operands[e]) || this.model.hides(engine.consumers[e]);
    }
    const matters = edge.members.some((e) => timeline.matters[engine.consumers[e]]);
    const shown = arrived && !hidden && matters && !this.isUnknown(flow);
    const colour = shown ? tint(flow, this.largest) : "empty";
    if (!scalar) {
      const count = edge.members.length;
      return {
        local: count.toLocaleString("en"),
        flow: count === 1 ? "value" : "values",
        tint: colour.replace("positive", "size"),
        carried,
      };
    }
    return {
      local: backward && !this.isUnknown(local) ? `×${show(local, 4)}` : "",
      flow: shown ? show(flow, 3) : "",
      tint: colour,
      carried,
    };
  }

  /**
   * What kind of scalar it is, in words: a leaf with its role, or the operation that made it.
   * @param {NodeItem | ProductItem} item
   */
  kind(item) {
    const { engine, data } = this.model;
    if (item.kind === "product") return "product";
    return engine.isLeaf(item.node) ? `leaf, ${data.roles[item.node]}` : aloud(this.model, item.node);
  }

  /**
   * A sentence about an item, for screen readers.
   * @param {Item} item
   */
  spoken(item) {
    const said = this.item(item);
    if (item.kind === "room" || item.kind === "rest") return `${said.title}, ${said.value}. Press Enter to open.`;
    if (item.kind === "absent") return "This example has no node here.";
    const kind = this.kind(item);
    const opens = said.openable ? ". Press Enter to open" : "";
    const value = said.value || "not yet computed";
    const since = item.kind === "node" && this.setSince(item.node);
    return (
      `${said.title}, ${kind}: value ${value}, gradient ${said.gradient || "not yet known"}` +
      `${since ? `; ${since}` : ""}${opens}`
    );
  }
}
