// The page inside a live notebook: it takes points of the graph from the program, and tells which leaves were changed
// in the page and which node is selected. It uses the page only through a few callbacks. messages.js describes the
// messages.

import { number } from "./engine.js";
import { heard, isPlain, plain, say } from "./messages.js";

const PAUSE = 50; // milliseconds between two messages of a kind; the last state is always sent

/**
 * The numbers of the graph at one point: a value for every node, and a partial for every operand of every node in
 * order.
 * @typedef {object} Point
 * @property {Float64Array} data
 * @property {Float64Array} partials
 * @property {Map<number, string>} names of the nodes whose names have changed since the page was made
 * @property {Map<number, number>} since the present numbers of leaves that have been set since the point was computed
 */

/**
 * What the page offers to its host.
 * @typedef {object} Guest
 * @property {number} size how many nodes the graph has
 * @property {number} edges how many operands its nodes have in all
 * @property {(i: number) => boolean} isLeaf
 * @property {() => Map<number, number>} leaves the leaves that differ from the point
 * @property {(changed: Map<number, number>) => void} setLeaves
 * @property {(point: Point) => void} showPoint show another point, at which no leaf counts as changed
 * @property {() => number | null} selected the selected node
 * @property {(theme: "light" | "dark") => void} setTheme the theme of the page unless the reader has chosen one
 * @property {(listener: () => void) => void} onChange add a listener, to be called when leaves or the selection may
 *   have changed
 */

/**
 * Connect a page to the window around it, if there is one.
 * @param {Guest} guest
 */
export function join(guest) {
  const host = window.parent;
  if (host === window) return;
  let basis = -1; // the number of the point that is shown; before the first, nothing is told
  let hearing = false; // whether a message is being handled: the host knows what it changes
  const leaves = new Teller(
    () => [...guest.leaves()].map(([i, x]) => [i, plain(x)]),
    (changed) => say(host, "leaves", { basis, changed }),
  );
  const selected = new Teller(
    () => guest.selected(),
    (node) => say(host, "selected", { basis, node }),
  );

  /** @type {Record<string, (payload: any) => void>} */
  const take = {
    numbers(payload) {
      const point = readPoint(payload, guest);
      basis = payload.basis;
      guest.showPoint(point);
      leaves.known();
    },
    leaves(payload) {
      if (payload?.basis !== basis) return;
      guest.setLeaves(readLeaves(payload.changed, guest));
      leaves.known();
    },
    theme(payload) {
      if (payload !== "light" && payload !== "dark") throw new TypeError("a theme is light or dark");
      guest.setTheme(payload);
    },
  };
  window.addEventListener("message", (event) => {
    const message = heard(event, host);
    if (message === null) return;
    hearing = true;
    try {
      take[message.kind]?.(message.payload);
    } catch (error) {
      console.error(
        `glassgrad: a message of the notebook is refused: ${error instanceof Error ? error.message : error}`,
      );
    } finally {
      hearing = false;
    }
  });
  guest.onChange(() => {
    if (basis < 0 || hearing) return;
    leaves.look();
    selected.look();
  });
  say(host, "ready", null);
}

/** Tells a state whenever it differs from the one that was told or heard last, but not too often. */
class Teller {
  /**
   * @param {() => any} state
   * @param {(state: any) => void} tell
   */
  constructor(state, tell) {
    this.state = state;
    this.tell = tell;
    this.pausing = false;
    this.last = JSON.stringify(state());
  }

  // The other side knows the present state.
  known() {
    this.last = JSON.stringify(this.state());
  }

  look() {
    if (this.pausing) return; // it is called again after the pause
    const state = this.state();
    const text = JSON.stringify(state);
    if (text === this.last) return;
    this.last = text;
    this.tell(state);
    this.pausing = true;
    setTimeout(() => {
      this.pausing = false;
      this.look();
    }, PAUSE);
  }
}

// --- checking what is heard ---

/**
 * @param {any} payload
 * @param {Guest} guest
 * @returns {Point}
 */
function readPoint(payload, guest) {
  if (!Number.isInteger(payload?.basis) || payload.basis < 0) throw new TypeError("a point needs a basis");
  const isNode = (/** @type {unknown} */ i) => Number.isInteger(i) && Number(i) >= 0 && Number(i) < guest.size;
  const names = pairs(payload.names, (i, name) => isNode(i) && typeof name === "string");
  return {
    data: floats(payload.data, guest.size),
    partials: floats(payload.partials, guest.edges),
    names: new Map(names),
    since: readLeaves(payload.since, guest),
  };
}

/**
 * Reads the numbers of leaves, by their positions.
 * @param {unknown} list
 * @param {Guest} guest
 * @returns {Map<number, number>}
 */
function readLeaves(list, guest) {
  const isLeaf = (/** @type {number} */ i) => Number.isInteger(i) && i >= 0 && i < guest.size && guest.isLeaf(i);
  const read = pairs(list, (i, x) => isLeaf(i) && isPlain(x));
  return new Map(read.map(([i, x]) => [i, number(x)]));
}

/**
 * A list of pairs, checked by `sound`.
 * @param {unknown} list
 * @param {(i: any, x: any) => boolean} sound
 * @returns {[number, any][]}
 */
function pairs(list, sound) {
  if (
    !Array.isArray(list) ||
    !list.every((pair) => Array.isArray(pair) && pair.length === 2 && sound(pair[0], pair[1]))
  )
    throw new TypeError("it is not a list of leaves of this graph with a number each, or of nodes with a name each");
  return /** @type {[number, any][]} */ (list);
}

/**
 * Reads `count` numbers from a view of their bytes, the lowest byte first.
 * @param {unknown} view
 * @param {number} count
 */
function floats(view, count) {
  if (!ArrayBuffer.isView(view) || view.byteLength !== 8 * count)
    throw new TypeError(`there must be ${count} numbers of 8 bytes`);
  const bytes = new DataView(view.buffer, view.byteOffset, view.byteLength);
  return Float64Array.from({ length: count }, (_, k) => bytes.getFloat64(8 * k, true));
}
