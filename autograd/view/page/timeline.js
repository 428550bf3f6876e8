// The forward and the backward pass as points in time. The N nodes that the differentiated node depends on, itself
// included, are ordered by their distance from it, the farthest first: a topological order in which the layers of a
// network stay together. The node at place r of this order is computed at time r + 1; at N + 1 the differentiated node
// gets its gradient, 1; and the node at place r hands its gradient on at 2N + 1 - r. The products inside a fused dot
// have their turns at fractional times. A time has the same meaning in every room, but each room has its own stops, the
// times at which something happens in it.

/**
 * @import { Engine } from "./engine.js"
 * @import { View } from "./rooms.js"
 *
 * @typedef {"start" | "forward" | "seed" | "backward"} Phase
 * @typedef {{ time: number, place: number, phase: Phase }} Stop A moment at which something happens in a room, and the
 *   place of the item that it happens to; -1 if that item is not in the room.
 */

const SOON = 1e-9;

export class Timeline {
  /** @param {Engine} engine */
  constructor(engine) {
    this.engine = engine;
    this.matters = engine.ancestors(); // 1 for each node that the differentiated node depends on
    /** @type {number[]} */
    this.order = [];
    this.place = new Int32Array(engine.size); // of each node in `order`; -1 if it is not in it
    this.count = 0;
    this.end = 0;
    this.refresh();
  }

  // Update the order after another node was chosen to be differentiated.
  refresh() {
    const { engine } = this;
    this.matters = engine.ancestors();
    const distances = engine.distances();
    this.order = [];
    for (let i = 0; i <= engine.of; i++) if (this.matters[i]) this.order.push(i);
    this.order.sort((a, b) => distances[b] - distances[a] || a - b);
    this.count = this.order.length;
    this.end = 2 * this.count + 1;
    this.place.fill(-1);
    this.order.forEach((i, r) => {
      this.place[i] = r;
    });
  }

  /** @param {number} time */
  isBackward(time) {
    return time >= this.count + 1 - SOON;
  }

  /**
   * @param {number} i
   * @param {number} time
   */
  isComputed(i, time) {
    return this.engine.isLeaf(i) || (this.matters[i] === 1 && time >= this.place[i] + 1 - SOON);
  }

  /**
   * The edges to those consumers of a node through which it reaches the differentiated node.
   * @param {number} i
   */
  usesThatMatter(i) {
    return [...this.engine.usesOf(i)].filter((e) => this.matters[this.engine.consumers[e]]);
  }

  /**
   * The time at which a node has just been computed, or at which its gradient has just become complete.
   * @param {number} i
   * @param {"forward" | "backward"} step
   */
  moment(i, step) {
    if (step === "forward" || i === this.engine.of) return step === "forward" ? this.place[i] + 1 : this.count + 1;
    const handed = this.usesThatMatter(i).map((e) => this.end - this.place[this.engine.consumers[e]]);
    return Math.max(this.count + 1, ...handed);
  }

  /**
   * Whether node i has handed its gradient on to its operands.
   * @param {number} i
   * @param {number} time
   */
  hasHanded(i, time) {
    return this.matters[i] === 1 && time >= this.end - this.place[i] - SOON;
  }

  /**
   * @param {number} dot
   * @param {number} k
   * @param {number} time
   */
  productComputed(dot, k, time) {
    return this.matters[dot] === 1 && time >= this.place[dot] + this.fraction(dot, k + 1) - SOON;
  }

  /**
   * Whether a dot has handed its gradient to its products. After that, each product hands it on to its two factors.
   * @param {number} dot
   * @param {number} time
   */
  sumHanded(dot, time) {
    return this.matters[dot] === 1 && time >= this.end - this.place[dot] - 1 + this.fraction(dot, 1) - SOON;
  }

  /**
   * @param {number} dot
   * @param {number} k
   * @param {number} time
   */
  productHanded(dot, k, time) {
    return this.matters[dot] === 1 && time >= this.end - this.place[dot] - 1 + this.fraction(dot, k + 2) - SOON;
  }

  /**
   * @param {number} dot
   * @param {number} turns
   */
  fraction(dot, turns) {
    return turns / ((this.engine.operandsOf(dot).length >> 1) + 1);
  }

  /**
   * Whether the product that flows back along an edge has arrived at the operand. In the view of a dot's inside, its
   * factors receive theirs one after another.
   * @param {number} e
   * @param {number} time
   * @param {View} view
   */
  hasArrived(e, time, view) {
    const consumer = this.engine.consumers[e];
    if (view.dot !== consumer) return this.hasHanded(consumer, time);
    const pairs = this.engine.operandsOf(consumer).length >> 1;
    const slot = e - this.engine.starts[consumer];
    return slot === 2 * pairs ? this.sumHanded(consumer, time) : this.productHanded(consumer, slot % pairs, time);
  }

  /**
   * How much of a node's gradient has arrived: the sum so far, and how many contributions of how many are in it.
   * @param {number} i
   * @param {number} time
   * @param {View} view
   */
  gathered(i, time, view) {
    const { engine } = this;
    if (i === engine.of) return this.isBackward(time) ? { sum: 1, given: 1, total: 1 } : { sum: 0, given: 0, total: 1 };
    let [sum, given, total] = [0, 0, 0];
    const uses = engine.usesOf(i);
    for (let k = uses.length - 1; k >= 0; k--) {
      const e = uses[k];
      if (!this.matters[engine.consumers[e]]) continue;
      total++;
      if (this.hasArrived(e, time, view)) {
        given++;
        sum += engine.flow(e);
      }
    }
    // Once all are given, show the sum that the backward pass formed: where a consumer uses the node several times, it
    // adds these contributions in the opposite order, so the rounding may differ.
    return { sum: given === total ? engine.grad[i] : sum, given, total };
  }

  /**
   * The stops of a room.
   * @param {View} view
   */
  stops(view) {
    const { engine, count } = this;
    /** @type {Stop[]} */
    const stops = [{ time: 0, place: -1, phase: "start" }];
    const enters = new Set(view.edges.map((edge) => edge.to));
    /** @type {(time: number, place: number, phase: Phase) => void} */
    const add = (time, place, phase) => {
      const last = stops[stops.length - 1];
      const joins = last.place === place && last.phase === phase && view.items[place].kind === "room";
      if (joins) last.time = time;
      else stops.push({ time, place, phase });
    };
    /** @type {Map<number, number>} */
    const products = new Map();
    view.items.forEach((item, place) => {
      if (item.kind === "product" || item.kind === "rest") products.set(item.number, place);
    });
    this.order.forEach((i, r) => {
      const place = view.itemOf[i];
      if (engine.isLeaf(i) || place < 0 || view.items[place].elsewhere) return;
      if (i === view.dot) for (const [k, product] of products) add(r + this.fraction(i, k + 1), product, "forward");
      add(r + 1, place, "forward");
    });
    stops.push({ time: count + 1, place: view.itemOf[engine.of], phase: "seed" });
    for (let r = count - 1; r >= 0; r--) {
      const i = this.order[r];
      const place = view.itemOf[i];
      if (engine.isLeaf(i) || place < 0 || !enters.has(place)) continue;
      if (i === view.dot) {
        add(this.end - r - 1 + this.fraction(i, 1), place, "backward");
        for (const [k, product] of products) add(this.end - r - 1 + this.fraction(i, k + 2), product, "backward");
      } else {
        add(this.end - r, place, "backward");
      }
    }
    return stops;
  }
}

/**
 * The last stop that a time has reached.
 * @param {Stop[]} stops
 * @param {number} time
 */
export function stopAt(stops, time) {
  let [low, high] = [0, stops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (stops[middle].time <= time + SOON) low = middle;
    else high = middle - 1;
  }
  return low;
}
