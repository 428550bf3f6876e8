// A simple layered layout, for rooms that Graphviz did not lay out. The longest path from a source decides the column
// of an item, and the mean place of its neighbours its place in the column. An edge that passes columns has a place of
// its own in each, so that it does not run behind cards. With too many items for that, edges are not routed, and long
// columns may be broken into several.

import { rounded } from "./routes.js";

/** @import { Layout, Pair } from "./data.d.ts" */

const GAP = { across: 120, between: 18, beside: 26 };
export const ROUTED = 60; // with more items than these, edges are not led around cards
const LANE = 10; // the height that an edge takes in a column that it passes, or above all columns

/**
 * A layout in the form of those that Graphviz makes.
 * @param {Pair[]} sizes width and height of each item
 * @param {Pair[]} edges between places
 * @param {boolean} broken whether long columns are broken
 * @returns {Layout}
 */
export function layered(sizes, edges, broken = false) {
  if (sizes.length <= ROUTED) return routed(sizes, edges);
  const ranks = rankings(sizes.length, edges);
  const { at, width, height } = placed(ranks, sizes, edges, broken);
  const paths = edges.map(([a, b]) => curve(at[a], sizes[a], at[b], sizes[b]));
  return { size: [width, height], at, paths, labels: [], plates: [], bundles: [] };
}

/**
 * A layout in which each edge is led around the cards.
 * @param {Pair[]} sizes
 * @param {Pair[]} edges
 * @returns {Layout}
 */
function routed(sizes, edges) {
  const ranks = rankings(sizes.length, edges);
  const extents = [...sizes];
  /** @type {Pair[]} */
  const links = [];
  // The places along each edge: its ends, and between them one in every column that it passes; null if it leads back.
  const ways = edges.map(([a, b]) => {
    if (ranks[a] >= ranks[b]) return null;
    const way = [a];
    for (let rank = ranks[a] + 1; rank < ranks[b]; rank++) {
      way.push(extents.length);
      ranks.push(rank);
      extents.push([0, LANE]);
    }
    way.push(b);
    for (let k = 1; k < way.length; k++) links.push([way[k - 1], way[k]]);
    return way;
  });
  const { at, width, height, sides } = placed(ranks, extents, links, false);
  const back = ways.filter((way) => way === null).length;
  const above = back ? LANE * (back + 1) : 0;
  for (const point of at) point[1] += above;

  let lane = 0;
  /** @type {Pair[]} */
  const labels = [];
  const paths = edges.map(([a, b], k) => {
    const way = ways[k];
    const [x1, x2] = [at[a][0] + sizes[a][0] / 2, at[b][0] - sizes[b][0] / 2];
    if (way === null) {
      const y = LANE * ++lane - LANE / 2;
      const [out, into] = [sides[ranks[a]][1] + GAP.across / 4, sides[ranks[b]][0] - GAP.across / 4];
      labels.push([(out + into) / 2, y]);
      return rounded([
        [x1, at[a][1]],
        [out, at[a][1]],
        [out, y],
        [into, y],
        [into, at[b][1]],
        [x2, at[b][1]],
      ]);
    }
    let path = `M${x1},${at[a][1]}`;
    for (let j = 1; j < way.length; j++) {
      const [from, to] = [sides[ranks[way[j - 1]]][1], sides[ranks[way[j]]][0]];
      const [y, next, middle] = [at[way[j - 1]][1], at[way[j]][1], (from + to) / 2];
      path += `L${from},${y}C${middle},${y} ${middle},${next} ${to},${next}`;
      if (j === way.length - 1) labels.push([middle, (y + next) / 2]);
    }
    return `${path}L${x2},${at[b][1]}`;
  });
  return {
    size: [width, height + above],
    at: at.slice(0, sizes.length),
    paths,
    labels: edges.length <= 48 ? labels : [],
    plates: [],
    bundles: [],
  };
}

/**
 * Put everything into columns: returns the centres, the whole size, and the left and right side of every column.
 * @param {number[]} ranks
 * @param {Pair[]} sizes
 * @param {Pair[]} edges
 * @param {boolean} broken
 */
function placed(ranks, sizes, edges, broken) {
  /** @type {number[][]} */
  const columns = Array.from({ length: Math.max(-1, ...ranks) + 1 }, () => []);
  ranks.forEach((rank, place) => {
    columns[rank].push(place);
  });
  arrange(columns, edges);

  /** @type {Pair[]} */
  const at = [];
  /** @type {Pair[]} */
  const sides = [];
  let x = 0;
  /** @type {number[][]} */
  const before = ranks.map(() => []);
  for (const [a, b] of edges) if (ranks[a] < ranks[b]) before[b].push(a);
  for (const column of columns) {
    const left = x;
    const pile = broken ? pieces(column) : [column];
    for (const piece of pile) {
      const width = Math.max(0, ...piece.map((place) => sizes[place][0]));
      const wanted = piece.map((place) => (pile.length === 1 ? mean(before[place].map((a) => at[a][1])) : NaN));
      for (const [k, y] of heights(piece, sizes, wanted, pile[0]).entries()) at[piece[k]] = [x + width / 2, y];
      x += width + GAP.beside;
    }
    sides.push([left, x - GAP.beside]);
    x += GAP.across - GAP.beside;
  }
  const top = Math.min(0, ...at.map(([, y], place) => y - sizes[place][1] / 2));
  for (const point of at) point[1] -= top;
  const height = Math.max(0, ...at.map(([, y], place) => y + sizes[place][1] / 2));
  return { at, width: Math.max(0, x - GAP.across), height, sides };
}

/** @param {number[]} numbers */
const mean = (numbers) => numbers.reduce((sum, y) => sum + y, 0) / numbers.length;

/**
 * The centres of a column's items: in their order, each as near as possible to where it wants to be, or else around 0.
 * @param {number[]} column
 * @param {Pair[]} sizes
 * @param {number[]} wanted NaN for an item without a wish
 * @param {number[]} first the first of the pieces if a long column was broken: all pieces begin at the same height
 */
function heights(column, sizes, wanted, first) {
  /** @type {number[]} */
  const found = [];
  let free = -tall(first, sizes) / 2; // the first y that is not taken
  column.forEach((place, k) => {
    const half = sizes[place][1] / 2;
    const y = Number.isNaN(wanted[k]) ? free + half : Math.max(wanted[k], (k ? free : -Infinity) + half);
    found.push(y);
    free = y + half + GAP.between;
  });
  const shifts = wanted.flatMap((y, k) => (Number.isNaN(y) ? [] : [y - found[k]]));
  const shift = shifts.length ? mean(shifts) : 0;
  return found.map((y) => y + shift);
}

/**
 * Break a long column into pieces of equal length that, side by side, nearly form a square.
 * @param {number[]} column
 */
function pieces(column) {
  const length = Math.max(5, Math.ceil(Math.sqrt(1.6 * column.length)));
  const count = Math.ceil(column.length / length);
  return Array.from({ length: count }, (_, k) => column.slice(k * length, (k + 1) * length));
}

/**
 * @param {number} count
 * @param {Pair[]} edges
 */
function rankings(count, edges) {
  /** @type {number[][]} */
  const after = Array.from({ length: count }, () => []);
  const waiting = new Int32Array(count);
  for (const [a, b] of edges) {
    after[a].push(b);
    waiting[b]++;
  }
  /** @type {number[]} */
  const ranks = new Array(count).fill(0);
  /** @type {number[]} */
  const ready = [];
  /** @type {number[]} */
  const order = [];
  waiting.forEach((inputs, place) => {
    if (inputs === 0) ready.push(place);
  });
  for (let place = ready.pop(); place !== undefined; place = ready.pop()) {
    order.push(place);
    for (const next of after[place]) {
      ranks[next] = Math.max(ranks[next], ranks[place] + 1);
      if (--waiting[next] === 0) ready.push(next);
    }
  }
  // A source stands right before the first of its targets; items on a cycle stay where they are.
  const inputs = new Int32Array(count);
  for (const [, b] of edges) inputs[b]++;
  for (const place of order.reverse()) {
    if (inputs[place] === 0 && after[place].length)
      ranks[place] = Math.max(0, Math.min(...after[place].map((b) => ranks[b])) - 1);
  }
  return ranks;
}

/**
 * @param {number[][]} columns
 * @param {Pair[]} edges
 */
function arrange(columns, edges) {
  /** @type {Map<number, number[]>} */
  const neighbours = new Map();
  for (const [a, b] of edges) {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    neighbours.set(b, [...(neighbours.get(b) ?? []), a]);
  }
  /** @type {number[]} */
  const position = [];
  /** @param {number[]} column */
  const number = (column) => {
    for (const [k, item] of column.entries()) position[item] = (k + 0.5) / column.length;
  };
  columns.forEach(number);
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const column of sweep % 2 ? columns : [...columns].reverse()) {
      /** @type {number[]} */
      const middle = [];
      for (const item of column) {
        const others = neighbours.get(item) ?? [];
        middle[item] = others.reduce((sum, other) => sum + position[other], 0) / others.length || position[item];
      }
      column.sort((a, b) => middle[a] - middle[b]);
      number(column);
    }
  }
}

/**
 * @param {number[]} column
 * @param {Pair[]} sizes
 */
const tall = (column, sizes) => column.reduce((sum, place) => sum + sizes[place][1] + GAP.between, -GAP.between);

/**
 * @param {Pair} from
 * @param {Pair} fromSize
 * @param {Pair} to
 * @param {Pair} toSize
 */
function curve(from, fromSize, to, toSize) {
  const [x1, y1] = [from[0] + fromSize[0] / 2, from[1]];
  const [x2, y2] = [to[0] - toSize[0] / 2, to[1]];
  const bend = Math.max(30, (x2 - x1) / 2);
  return `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
}
