// Rooms as the page shows them: items and edges with their places, and which scalars each of them stands for. How they
// are drawn and what they say is not known here.

import { layered } from "./layered.js";
import { clip, plural } from "./numbers.js";

/**
 * @import { Data, Layout, Pair } from "./data.d.ts"
 * @import { Engine } from "./engine.js"
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Box Around a centre.
 * @typedef {Box & { elsewhere: boolean }} Standing What may stand in a room: something of it, or a neighbour.
 *
 * @typedef {Standing & { kind: "node", node: number }} NodeItem A node of the graph.
 * @typedef {Standing & { kind: "room", room: number, nodes: number[] }} RoomItem A room with nodes inside.
 * @typedef {Standing & { kind: "product", pair: Pair, dot: number, number: number }} ProductItem Inside a fused dot.
 * @typedef {Standing & { kind: "rest", dot: number, number: number, count: number, next: string }} RestItem All the
 *   products that are not shown; `next` is the key of the view of the next ones.
 * @typedef {NodeItem | RoomItem | ProductItem | RestItem} Item
 *
 * @typedef {object} Edge
 * @property {number} from a place, as `to`
 * @property {number} to
 * @property {number[]} members the engine's edges that it stands for
 * @property {number} [dot] from a product of this dot to its sum
 * @property {string} path as SVG
 * @property {Pair} [label] where its numbers stand, if there is space
 *
 * @typedef {object} View A room, or the inside of a fused dot, ready to be drawn.
 * @property {number} room
 * @property {number} [dot]
 * @property {Item[]} items
 * @property {Edge[]} edges
 * @property {Int32Array} itemOf for every node of the graph the place of the item that shows it; -1 if none does
 * @property {Map<string, number>} places of the items by their keys
 * @property {number[][]} touching for each item its edges
 * @property {Pair} size
 * @property {boolean} bank many things side by side, and edges that pass behind them
 */

const PRODUCTS = 64; // so many products of a fused dot are shown together
const NOWHERE = { x: 0, y: 0, width: 0, height: 0 }; // until the layout is there

/**
 * What the state calls an item.
 * @param {Item} item
 */
export const keyOf = (item) =>
  item.kind === "node" ? `${item.node}` : item.kind === "room" ? `r${item.room}` : `p${item.dot}.${item.number}`;

export class House {
  /**
   * @param {Data} data
   * @param {Engine} engine
   */
  constructor(data, engine) {
    this.engine = engine;
    this.names = data.names;
    this.sizes = data.sizes;
    this.layouts = data.layouts;
    this.rooms = data.rooms;
    this.home = new Int32Array(engine.size); // the room that shows a node
    this.rooms.forEach((room, r) => {
      for (const code of room.items) if (code >= 0) this.home[code] = r;
    });
    this.byName = new Map(this.rooms.map((room, r) => [room.name, r]));
    this.counts = this.rooms.map(() => ({ nodes: 0, leaves: 0 }));
    for (let i = 0; i < engine.size; i++) {
      for (let r = this.home[i]; r >= 0; r = this.rooms[r].parent) {
        this.counts[r].nodes++;
        if (engine.isLeaf(i)) this.counts[r].leaves++;
      }
    }
  }

  /**
   * The view with a key: a room's name, or "·12" for the inside of the dot at 12, which goes on as "·12.1", "·12.2", ...
   * @param {string} key
   */
  find(key) {
    const dot = /^·(\d+)(?:\.(\d+))?$/.exec(key);
    if (dot && !this.byName.has(key) && this.opens(Number(dot[1])))
      return this.inside(Number(dot[1]), Number(dot[2] ?? 0));
    return this.room(this.byName.get(key) ?? 0);
  }

  /**
   * Whether a node can be opened: a fused dot with at least two products.
   * @param {number} i
   */
  opens(i) {
    return i < this.engine.size && this.engine.rows[i].op === "dot" && this.engine.operandsOf(i).length >= 4;
  }

  /** @param {number} r */
  title(r) {
    const room = this.rooms[r];
    return clip(room.title, 24);
  }

  /** @param {number} r */
  subtitle(r) {
    const { nodes, leaves } = this.counts[r];
    const inner = this.rooms[r].items.filter((code) => code < 0).length;
    return inner
      ? `${plural(inner, "room")} · ${plural(nodes, "node")}`
      : leaves === nodes
        ? plural(leaves, "leaf").replace("leafs", "leaves")
        : plural(nodes, "node");
  }

  /**
   * The way from the outermost room to a view.
   * @param {View} view
   */
  path(view) {
    const found = [];
    for (let r = view.room; r >= 0; r = this.rooms[r].parent)
      found.unshift({ key: this.rooms[r].name, title: this.title(r) });
    if (view.dot !== undefined) found.push({ key: `·${view.dot}`, title: clip(this.names[view.dot], 16) });
    return found;
  }

  /** @param {number} r */
  room(r) {
    const room = this.rooms[r];
    const codes = [...room.items, ...room.neighbours];
    const items = codes.map((code, place) => {
      const standing = { ...NOWHERE, elsewhere: place >= room.items.length };
      /** @type {Item} */
      const item =
        code >= 0
          ? { kind: "node", node: code, ...standing }
          : { kind: "room", room: -code - 1, nodes: [], ...standing };
      return item;
    });
    const edges = room.edges.map(([from, to]) => {
      /** @type {Edge} */
      const edge = { from, to, members: [], path: "" };
      return edge;
    });
    const itemOf = this.itemsOf(r, codes);
    itemOf.forEach((place, i) => {
      const item = items[place];
      if (item?.kind === "room") item.nodes.push(i);
    });
    const edgeOf = new Map(edges.map((edge) => [edge.from * items.length + edge.to, edge]));
    const { consumers, operands } = this.engine;
    for (let e = 0; e < operands.length; e++) {
      const [from, to] = [itemOf[operands[e]], itemOf[consumers[e]]];
      if (from >= 0 && to >= 0 && from !== to) edgeOf.get(from * items.length + to)?.members.push(e);
    }
    return this.placed({ room: r, items, edges, itemOf }, this.layouts[room.layout]);
  }

  /**
   * For every node of the graph the place of the item that shows it in a room; -1 if none does.
   * @param {number} shown the room
   * @param {number[]} codes its items and neighbours
   */
  itemsOf(shown, codes) {
    const found = new Int32Array(this.engine.size).fill(-1);
    /** @type {Map<number, number>} */
    const roomItems = new Map();
    codes.forEach((code, place) => {
      if (code >= 0) found[code] = place;
      else roomItems.set(-code - 1, place);
    });
    /** @type {Map<number, number>} */
    const known = new Map();
    /** @type {(r: number) => number} */
    const climb = (r) => {
      if (r < 0 || r === shown) return -1;
      const place = known.get(r) ?? roomItems.get(r) ?? climb(this.rooms[r].parent);
      known.set(r, place);
      return place;
    };
    const all = roomItems.get(0); // where too much is elsewhere, one item stands for all of it
    for (let i = 0; i < found.length; i++) {
      if (found[i] >= 0) continue;
      found[i] = climb(this.home[i]);
      if (found[i] < 0 && all !== undefined && this.home[i] !== shown) found[i] = all;
    }
    return found;
  }

  /**
   * The inside of a fused dot: its products, or as many as fit into a room, and their sum.
   * @param {number} dot
   * @param {number} part which of them
   */
  inside(dot, part) {
    const { engine } = this;
    const operands = engine.operandsOf(dot);
    const pairs = operands.length >> 1;
    const parts = Math.ceil(pairs / PRODUCTS);
    const shown = { first: PRODUCTS * (part % parts), end: Math.min(pairs, PRODUCTS * ((part % parts) + 1)) };
    const first = engine.starts[dot];
    /** @type {Item[]} */
    const items = [];
    /** @type {Edge[]} */
    const edges = [];
    const itemOf = new Int32Array(engine.size).fill(-1);
    const here = { ...NOWHERE, elsewhere: false };
    /** @param {number} node */
    const item = (node) => {
      if (itemOf[node] < 0) {
        itemOf[node] = items.length;
        items.push({ kind: "node", node, ...here });
      }
      return itemOf[node];
    };
    const sum = item(dot);
    /** @type {(from: number, to: number, members: number[], dot?: number) => void} */
    const join = (from, to, members, dot) => edges.push({ from, to, members, dot, path: "" });
    if (operands.length % 2) join(item(operands[2 * pairs]), sum, [first + 2 * pairs]);
    for (let k = shown.first; k < shown.end; k++) {
      const [w, x] = [item(operands[k]), item(operands[pairs + k])];
      const product = items.length;
      items.push({ kind: "product", pair: [operands[k], operands[pairs + k]], dot, number: k, ...here });
      join(w, product, [first + k]);
      join(x, product, [first + pairs + k]);
      join(product, sum, [], dot);
    }
    if (parts > 1) {
      join(items.length, sum, [], dot);
      items.push({
        ...here,
        kind: "rest",
        dot,
        number: pairs - 1,
        count: pairs - (shown.end - shown.first),
        next: `·${dot}.${(part + 1) % parts}`,
        elsewhere: true,
      });
    }
    return this.placed({ room: this.home[dot], dot, items, edges, itemOf });
  }

  /**
   * Everything at its place.
   * @param {Pick<View, "room" | "dot" | "items" | "edges" | "itemOf">} view
   * @param {Layout} [given] if there is one
   * @returns {View}
   */
  placed(view, given) {
    const { items, edges } = view;
    const sizes = items.map((item) => this.sizes[item.kind === "room" ? "room" : "scalar"]);
    /** @type {Pair[]} */
    const pairs = edges.map((edge) => [edge.from, edge.to]);
    const { size, at, paths, labels } = given ?? layered(sizes, pairs, view.dot === undefined);
    items.forEach((item, place) => {
      [item.x, item.y] = at[place];
      [item.width, item.height] = sizes[place];
    });
    /** @type {number[][]} */
    const touching = items.map(() => []);
    edges.forEach((edge, k) => {
      edge.path = paths[k];
      edge.label = labels[k];
      touching[edge.from].push(k);
      if (edge.to !== edge.from) touching[edge.to].push(k);
    });
    const places = new Map(items.map((item, place) => [keyOf(item), place]));
    return { ...view, places, touching, size, bank: !given && view.dot === undefined };
  }
}
