// The differentiated node as a function of one node alone, everything else staying as it is: its value anywhere
// (Along), and enough values to draw it as a curve (Samples). It knows nothing of the screen. Only the nodes on paths
// between the two are computed, in an array of its own; the engine's numbers stay as they are.

/**
 * @import { Engine } from "./engine.js"
 *
 * @typedef {[x: number, y: number]} Point
 */

export class Along {
  /**
   * @param {Engine} engine
   * @param {number} i
   */
  constructor(engine, i) {
    this.engine = engine;
    this.node = i;
    this.of = engine.of;
    const marks = engine.between(i);
    this.matters = marks[this.of] === 1;
    /** @type {number[]} */
    this.order = []; // the nodes that are computed for each value
    for (let k = i + 1; k <= this.of; k++) if (marks[k]) this.order.push(k);
    this.unreadable = this.order.find((k) => engine.rules[k] === null) ?? -1; // the first whose rule cannot be read
    this.data = engine.data.slice();
    this.refresh();
  }

  // Take over the engine's present numbers.
  refresh() {
    const { engine, order } = this;
    this.data.set(engine.data);
    const on = new Set([this.node, ...order]);
    const isUnknown = (/** @type {number} */ k) => engine.unknown[k] === 1 && !on.has(k);
    // If a computed node has another operand that is unknown, the whole function is.
    this.known = this.unreadable < 0 && !order.some((k) => engine.operandsOf(k).some(isUnknown));
  }

  /**
   * The differentiated node's value if the node had the value x; nan where it cannot be known.
   * @param {number} x
   */
  at(x) {
    const { engine, data, order } = this;
    if (this.node === this.of) return x;
    if (!this.matters) return data[this.of];
    if (!this.known) return NaN;
    data[this.node] = x;
    for (const k of order) data[k] = engine.ruleOf(k).forward(engine.pointOf(k, data));
    return data[this.of];
  }
}

const BISECTIONS = 30; // to find the border of a gap or a jump
const SEARCHED = 12; // at most this many borders are looked for
const STEEP = 0.25; // neighbours that differ by this share of the curve's height may be beside a jump
const FLAT = 1e-9; // differences below this share of the numbers' size are round-off

/**
 * A curve's points between two numbers, from coarse to fine, so that it can be drawn before it is complete. It has a
 * gap where its value is not finite, and where it jumps: no line is drawn across a pole.
 */
export class Samples {
  /**
   * @param {Along} along
   * @param {number} low
   * @param {number} high
   * @param {number} count the number of pieces of the curve, a power of two
   */
  constructor(along, low, high, count) {
    this.along = along;
    this.low = low;
    this.high = high;
    /** @type {Point[]} */
    this.points = [];
    this.even = count + 1; // the number of evenly spaced points, which come first
    /** @type {Point[]} */
    this.sorted = [];
    this.complete = false;
    this.work = this.compute(count);
  }

  /**
   * Continue computing until `enough` says so, or the curve is complete.
   * @param {() => boolean} enough
   */
  advance(enough) {
    do this.complete = this.work.next().done === true;
    while (!this.complete && !enough());
  }

  // The points in the order of x; in gaps, y is not finite.
  get line() {
    if (this.sorted.length < this.points.length) this.sorted = [...this.points].sort(([a], [b]) => a - b);
    return this.sorted;
  }

  // The range of the curve's values, without the few that shoot up beside a pole. Points added near borders do not
  // count, because they lie close together.
  get extent() {
    const ys = this.points
      .slice(0, this.even)
      .flatMap(([, y]) => (Number.isFinite(y) ? [y] : []))
      .sort((a, b) => a - b);
    if (ys.length === 0) return null;
    const at = (/** @type {number} */ share) => ys[Math.round(share * (ys.length - 1))];
    const reach = 1.5 * (at(0.9) - at(0.1));
    return { low: Math.max(ys[0], at(0.1) - reach), high: Math.min(at(1), at(0.9) + reach) };
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  add(x, y) {
    this.points.push([x, y]);
    return y;
  }

  /**
   * @param {number} count
   * @returns {Generator<void, void, void>}
   */
  *compute(count) {
    const { along, low, high } = this;
    const at = (/** @type {number} */ k) =>
      this.add(low + ((high - low) * k) / count, along.at(low + ((high - low) * k) / count));
    at(0);
    at(count);
    for (let step = count; step > 1; step /= 2) {
      for (let k = step / 2; k < count; k += step) {
        at(k);
        yield;
      }
    }
    const extent = this.extent;
    if (!extent) return;
    const suspects = this.suspects(extent.low, extent.high);
    for (const [a, b] of suspects) yield* this.border(a, b);
  }

  /**
   * Neighbours between which the curve may begin, end or jump, unless both are above `high` or both below `low`.
   * @param {number} low
   * @param {number} high
   */
  suspects(low, high) {
    const { line } = this;
    const least = Math.max(STEEP * (high - low), FLAT * Math.max(Math.abs(low), Math.abs(high)));
    const jump = (/** @type {Point} */ [, a], /** @type {Point} */ [, b]) => {
      if (!Number.isFinite(a) && !Number.isFinite(b)) return 0;
      if ((a > high && b > high) || (a < low && b < low)) return 0;
      return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Infinity;
    };
    return line
      .flatMap((point, k) => (k > 0 ? [/** @type {[Point, Point]} */ ([line[k - 1], point])] : []))
      .filter(([a, b]) => jump(a, b) > least)
      .sort((p, q) => (jump(...q) > jump(...p) ? 1 : -1))
      .slice(0, SEARCHED);
  }

  /**
   * Halve an interval towards a border: an end of the finite values, or a jump. At a jump the difference of the values
   * stays as large, however small the interval; at a merely steep place it becomes small.
   * @param {Point} a
   * @param {Point} b
   * @returns {Generator<void, void, void>}
   */
  *border(a, b) {
    const finite = ([, y] = a) => Number.isFinite(y);
    const size = Math.abs(a[1] - b[1]);
    for (let k = 0; k < BISECTIONS; k++) {
      const x = a[0] + (b[0] - a[0]) / 2;
      if (x === a[0] || x === b[0]) break;
      /** @type {Point} */
      const middle = [x, this.add(x, this.along.at(x))];
      yield;
      if (!finite(middle) && finite(a) && finite(b)) return; // a gap has been found between them
      const first =
        finite(a) && finite(b)
          ? Math.abs(middle[1] - a[1]) >= Math.abs(b[1] - middle[1])
          : finite(a) !== finite(middle);
      if (first) b = middle;
      else a = middle;
      if (finite(a) && finite(b) && Math.abs(a[1] - b[1]) <= 0.51 * size) return;
    }
    if (finite(a) && finite(b)) this.add(a[0] + (b[0] - a[0]) / 2, NaN);
  }
}
