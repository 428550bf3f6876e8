// The arithmetic over a flat graph: forward, backward, central differences, gradient descent. It knows nothing of the
// screen. Nodes are numbered in topological order. There is an edge for each operand of each node; edges are numbered
// by consumer, then by the place of the operand.

import { Along } from "./along.js";

/**
 * @import { Numeral, Row } from "./data.d.ts"
 * @import { Computed } from "./operations.d.ts"
 */

/**
 * A number of the page's data, where inf, -inf and nan are strings because JSON lacks them.
 * @param {Numeral} x
 */
export const number = (x) => (typeof x === "string" ? Number(x.replace("inf", "Infinity")) : x);

export class Engine {
  /**
   * @param {Row[]} rows the nodes of a graph in its JSON form
   * @param {Record<string, Computed | null>} operations by name and number of operands; null where the page cannot
   *   compute an operation
   */
  constructor(rows, operations) {
    const size = rows.length;
    this.size = size;
    this.rows = rows;
    this.starts = new Int32Array(size + 1); // the edges of node i are starts[i] ... starts[i + 1] - 1
    rows.forEach((row, i) => {
      this.starts[i + 1] = this.starts[i] + (row.op === null ? 0 : row.operands.length);
    });
    const edges = this.starts[size];
    this.operands = new Int32Array(edges);
    this.consumers = new Int32Array(edges);
    this.data = new Float64Array(size);
    this.grad = new Float64Array(size);
    this.partials = new Float64Array(edges);
    this.rules = rows.map((row, i) => (row.op === null ? null : (operations[this.keyOf(i)] ?? null)));
    rows.forEach((row, i) => {
      this.data[i] = number(row.data);
      if (row.op === null) return;
      for (let e = this.starts[i], k = 0; e < this.starts[i + 1]; e++, k++) {
        this.operands[e] = row.operands[k];
        this.consumers[e] = i;
        this.partials[e] = number(row.partials[k]);
      }
    });
    this.useStarts = new Int32Array(size + 1); // the edges to the consumers of node i are uses[useStarts[i]] ...
    for (const operand of this.operands) this.useStarts[operand + 1]++;
    for (let i = 0; i < size; i++) this.useStarts[i + 1] += this.useStarts[i];
    this.uses = new Int32Array(edges);
    const filled = this.useStarts.slice();
    for (let e = 0; e < edges; e++) this.uses[filled[this.operands[e]]++] = e;

    this.original = { data: this.data.slice(), partials: this.partials.slice() };
    /** @type {number[]} */
    this.point = []; // the operands' values of the node that is being computed
    this.unknown = new Uint8Array(size); // results that cannot be computed again here
    /** @type {Map<number, number>} */
    this.changed = new Map(); // leaves that were set here, with their new values
    this.of = size - 1; // the node that is differentiated
    this.backward();
  }

  /**
   * Take over the numbers of another point of the same graph as the original ones; then no leaf counts as changed.
   * @param {Float64Array} data
   * @param {Float64Array} partials
   */
  rebase(data, partials) {
    this.original.data.set(data);
    this.original.partials.set(partials);
    this.setLeaves(new Map());
  }

  /** @param {number} i */
  isLeaf(i) {
    return this.rows[i].op === null;
  }

  /** @param {number} i */
  isConstant(i) {
    const row = this.rows[i];
    return row.op === null && row.constant === true;
  }

  /**
   * The key of a node's operation in the page's data: its name and its number of operands, as in "tanh/1".
   * @param {number} i
   */
  keyOf(i) {
    return `${this.rows[i].op}/${this.starts[i + 1] - this.starts[i]}`;
  }

  /**
   * The edges to the operands of a node; `usesOf` has the edges to its consumers.
   * @param {number} i
   */
  edgesOf(i) {
    return Array.from({ length: this.starts[i + 1] - this.starts[i] }, (_, k) => this.starts[i] + k);
  }

  /** @param {number} i */
  usesOf(i) {
    return this.uses.subarray(this.useStarts[i], this.useStarts[i + 1]);
  }

  /** @param {number} i */
  operandsOf(i) {
    return this.operands.subarray(this.starts[i], this.starts[i + 1]);
  }

  /**
   * What flows back along an edge: the consumer's gradient times the local derivative.
   * @param {number} e
   */
  flow(e) {
    return this.partials[e] * this.grad[this.consumers[e]];
  }

  /**
   * Set leaves to these numbers, and all others back to their original ones; then compute everything again.
   * @param {Map<number, number>} changed
   */
  setLeaves(changed) {
    const { data, original } = this;
    const dirty = new Uint8Array(this.size);
    for (const i of new Set([...this.changed.keys(), ...changed.keys()])) {
      const x = changed.get(i) ?? original.data[i];
      if (!Object.is(data[i], x)) {
        data[i] = x;
        dirty[i] = 1;
      }
    }
    this.changed = new Map([...changed].filter(([i, x]) => !Object.is(x, original.data[i])));
    if (this.changed.size === 0) {
      this.data.set(original.data);
      this.partials.set(original.partials);
      this.unknown.fill(0);
    } else {
      this.forward(dirty);
    }
    this.backward();
  }

  /**
   * Compute what depends on the dirty nodes.
   * @param {Uint8Array} dirty
   */
  forward(dirty) {
    const { starts, operands, data, partials, unknown, rules } = this;
    for (let i = 0; i < this.size; i++) {
      let stale = false;
      for (let e = starts[i]; e < starts[i + 1] && !stale; e++) stale = dirty[operands[e]] === 1;
      if (!stale) continue;
      dirty[i] = 1;
      if (rules[i] === null || this.hasUnknownOperand(i)) {
        unknown[i] = 1;
        data[i] = NaN;
        partials.fill(NaN, starts[i], starts[i + 1]);
        continue;
      }
      unknown[i] = 0;
      const [rule, point] = [this.ruleOf(i), this.pointOf(i, data)];
      data[i] = rule.forward(point);
      partials.set(rule.partials(point, data[i]), starts[i]);
    }
  }

  /** @param {number} i */
  hasUnknownOperand(i) {
    for (let e = this.starts[i]; e < this.starts[i + 1]; e++) if (this.unknown[this.operands[e]]) return true;
    return false;
  }

  /**
   * The rule of a result that is known to have one (in `rules` it may be null).
   * @param {number} i
   */
  ruleOf(i) {
    return /** @type {Computed} */ (this.rules[i]);
  }

  /**
   * The numbers of a node's operands, in an array that the next call uses again.
   * @param {number} i
   * @param {Float64Array} data
   */
  pointOf(i, data) {
    const { point, operands } = this;
    const [first, end] = [this.starts[i], this.starts[i + 1]];
    point.length = end - first;
    for (let e = first; e < end; e++) point[e - first] = data[operands[e]];
    return point;
  }

  backward() {
    const { starts, operands, partials, grad } = this;
    grad.fill(0);
    grad[this.of] = 1;
    for (let i = this.of; i >= 0; i--) {
      const flowing = grad[i];
      for (let e = starts[i]; e < starts[i + 1]; e++) grad[operands[e]] += partials[e] * flowing;
    }
  }

  /** @param {number} i */
  differentiate(i) {
    this.of = i;
    this.backward();
  }

  // Marks the nodes that the differentiated node depends on, itself included.
  ancestors() {
    const marks = new Uint8Array(this.size);
    marks[this.of] = 1;
    for (let i = this.of; i >= 0; i--) {
      if (marks[i]) for (let e = this.starts[i]; e < this.starts[i + 1]; e++) marks[this.operands[e]] = 1;
    }
    return marks;
  }

  // For each node the number of operations on the longest path from it to the differentiated node.
  distances() {
    const distances = new Int32Array(this.size);
    for (let i = this.of; i >= 0; i--) {
      for (let e = this.starts[i]; e < this.starts[i + 1]; e++) {
        distances[this.operands[e]] = Math.max(distances[this.operands[e]], distances[i] + 1);
      }
    }
    return distances;
  }

  /**
   * Marks the nodes that lie on a path from node i to the differentiated node.
   * @param {number} i
   */
  between(i) {
    const marks = new Uint8Array(this.size);
    if (i > this.of) return marks;
    const upward = this.ancestors();
    marks[i] = upward[i];
    for (let k = i + 1; k <= this.of; k++) {
      if (!upward[k]) continue;
      for (let e = this.starts[k]; e < this.starts[k + 1] && !marks[k]; e++) marks[k] = marks[this.operands[e]];
    }
    return marks;
  }

  /**
   * The differentiated node's value if node i had the value x, everything else staying as it is.
   * @param {number} i
   * @param {number} x
   */
  valueAt(i, x) {
    return new Along(this, i).at(x);
  }

  /**
   * (f(x + h) - f(x - h)) / 2h, with the h that balances truncation against round-off.
   * @param {number} i
   */
  centralDifference(i) {
    const x = this.data[i];
    const h = 6.055454452393343e-6 * Math.max(1, Math.abs(x));
    const along = new Along(this, i);
    const [above, below] = [along.at(x + h), along.at(x - h)];
    return { h, above, below, slope: (above - below) / (x + h - (x - h)) };
  }

  /**
   * The leaves after one step of gradient descent on `parameters`.
   * @param {Iterable<number>} parameters
   * @param {number} rate
   */
  descended(parameters, rate) {
    const changed = new Map(this.changed);
    for (const i of parameters) changed.set(i, this.data[i] - rate * this.grad[i]);
    return changed;
  }
}
