// Rooms as the page shows them: items and edges with their positions, and the nodes that each of them stands for. Of a
// batch one example is shown, in the place of the first one, which the data's rooms contain; constants get cards of
// their own only on request. Neither the drawing nor the texts on the cards are made here.

import { Batches } from "./batches.js";
import { layered, ROUTED } from "./layered.js";
import { clip, plural } from "./numbers.js";
import { around, throughBundle } from "./routes.js";

/**
 * @import { Data, Layout, Pair, Plate } from "./data.d.ts"
 * @import { Engine } from "./engine.js"
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Box `x` and `y` are its centre.
 * @typedef {Box & { elsewhere: boolean }} Standing An item in a room; `elsewhere` if it is a neighbour, outside the
 *   room.
 *
 * @typedef {Standing & { kind: "node", node: number }} NodeItem A node of the graph.
 * @typedef {Standing & { kind: "room", room: number, nodes: number[] }} RoomItem A room with nodes inside.
 * @typedef {Standing & { kind: "product", pair: Pair, dot: number, number: number }} ProductItem One product inside a
 *   fused dot.
 * @typedef {Standing & { kind: "rest", dot: number, number: number, count: number, next: string }} RestItem The
 *   products that are not shown; `next` is the key of the view of the next ones.
 * @typedef {Standing & { kind: "absent", number: number }} AbsentItem A place for which the shown example has no node.
 * @typedef {NodeItem | RoomItem | ProductItem | RestItem | AbsentItem} Item
 *
 * @typedef {object} Edge
 * @property {number} from the place of an item, as is `to`
 * @property {number} to
 * @property {number[]} members the engine's edges that it stands for
 * @property {number} others the number of edges in other examples of the batch that it stands for, too
 * @property {number} [dot] set if it leads from a product of this dot to its sum
 * @property {string} path as SVG
 * @property {Pair | null} [label] where its numbers stand, if there is space
 * @property {boolean} quiet drawn only while it stands out
 * @property {number} bundle the position of the bundle that is drawn instead of it; -1 if there is none
 *
 * @typedef {Edge & { edges: number[] }} Strand Many edges drawn as one; it has the ends of the first of them.
 *
 * @typedef {object} Choice The reader's choices of what is shown, and the shape of the stage.
 * @property {number} example the one shown of each batch, from 0
 * @property {boolean} constants whether constants have cards of their own
 * @property {boolean} narrow whether the stage gets the narrow layout
 *
 * @typedef {object} View A room, or the inside of a fused dot, ready to be drawn.
 * @property {number} room
 * @property {number} [dot]
 * @property {Item[]} items
 * @property {Edge[]} edges
 * @property {Int32Array} itemOf for every node of the graph the place of the item that shows it; -1 if none does
 * @property {Map<string, number>} places of the items by their keys
 * @property {number[][]} touching for each item the positions of its edges
 * @property {Strand[]} bundles
 * @property {Plate[]} plates grids and rows that items stand in
 * @property {number} example the one that is shown
 * @property {number} examples how many there are to choose from; 0 if there is no batch in it
 * @property {Pair} size
 * @property {boolean} bank whether many items stand side by side, with edges that pass behind them
 */

const PRODUCTS = 64; // at most this many products of a fused dot are shown together
const ABSENT = -Infinity; // stands for a place that an example has no node for
const NOWHERE = { x: 0, y: 0, width: 0, height: 0 }; // until the layout is known

/**
 * The key by which the state refers to an item.
 * @param {Item} item
 */
export function keyOf(item) {
  if (item.kind === "node") return `${item.node}`;
  if (item.kind === "room") return `r${item.room}`;
  return item.kind === "absent" ? `a${item.number}` : `p${item.dot}.${item.number}`;
}

/**
 * @param {number} from
 * @param {number} to
 * @returns {Edge}
 */
const edgeBetween = (from, to) => ({ from, to, members: [], others: 0, path: "", quiet: false, bundle: -1 });

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
    this.batches = new Batches(data.copies, engine.size);
    const { standIn } = this.batches;
    this.home = new Int32Array(engine.size).fill(-1); // the room that shows a node, or its stand-in
    this.counts = this.rooms.map(() => ({ nodes: 0, leaves: 0 }));
    this.rooms.forEach((room, r) => {
      for (const code of room.items) {
        if (code < 0) continue;
        this.home[code] = r;
        for (let outer = r; outer >= 0; outer = this.rooms[outer].parent) {
          this.counts[outer].nodes++;
          if (engine.isLeaf(code)) this.counts[outer].leaves++;
        }
      }
    });
    for (let i = engine.size - 1; i >= 0; i--) {
      if (this.home[i] >= 0) continue;
      // A node that is in no room is a copy, shown where its stand-in is, or a constant, shown where its consumer is.
      const e = engine.usesOf(i)[0];
      this.home[i] = this.home[standIn[i] !== i || e === undefined ? standIn[i] : engine.consumers[e]];
    }
    this.byName = new Map(this.rooms.map((room, r) => [room.name, r]));
  }

  /**
   * The view with a key: a room's name, or "·12" for the inside of the dot at position 12, whose further parts are
   * "·12.1", "·12.2", ...
   * @param {string} key
   * @param {Choice} choice
   */
  find(key, choice) {
    const [dot, part] = this.dotOf(key);
    return dot < 0 ? this.room(this.byName.get(key) ?? 0, choice) : this.inside(dot, part);
  }

  /**
   * The dot whose inside a key names, -1 if none, and which part of it.
   * @param {string} key
   * @returns {Pair}
   */
  dotOf(key) {
    const found = /^·(\d+)(?:\.(\d+))?$/.exec(key);
    const isDot = found && !this.byName.has(key) && this.opens(Number(found[1]));
    return isDot ? [Number(found[1]), Number(found[2] ?? 0)] : [-1, 0];
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
    return clip(room.title, 27);
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
   * The path of rooms from the outermost one to a view.
   * @param {View} view
   */
  path(view) {
    const found = [];
    for (let r = view.room; r >= 0; r = this.rooms[r].parent)
      found.unshift({ key: this.rooms[r].name, title: this.title(r) });
    if (view.dot !== undefined) found.push({ key: `·${view.dot}`, title: clip(this.names[view.dot], 16) });
    return found;
  }

  /**
   * @param {number} r
   * @param {Choice} choice
   */
  room(r, choice) {
    const { batches, engine } = this;
    const { consumers, operands } = engine;
    const room = this.rooms[r];
    const codes = [...room.items, ...room.neighbours].map((code) => {
      const shown = code >= 0 ? batches.at(code, choice.example) : code;
      return code >= 0 && shown < 0 ? ABSENT : shown;
    });
    const numbers = choice.constants ? this.numbersIn(codes.slice(0, room.items.length)) : [];
    const cards = [...codes, ...numbers];
    const items = cards.map((code, place) => {
      const standing = { ...NOWHERE, elsewhere: place >= room.items.length && place < codes.length };
      /** @type {Item} */
      const item =
        code >= 0
          ? { kind: "node", node: code, ...standing }
          : code === ABSENT
            ? { kind: "absent", number: place, ...standing }
            : { kind: "room", room: -code - 1, nodes: [], ...standing };
      return item;
    });
    const itemOf = this.itemsOf(r, cards, choice);
    itemOf.forEach((place, i) => {
      const item = items[place];
      if (item?.kind === "room") item.nodes.push(i);
    });
    /** @type {Pair[]} */
    const pairs = [...room.edges];
    numbers.forEach((i, k) => {
      const users = new Set([...engine.usesOf(i)].map((e) => itemOf[consumers[e]]));
      for (const user of users) if (user >= 0 && user < room.items.length) pairs.push([codes.length + k, user]);
    });
    // An edge to or from a place that the example has no node for is not drawn either.
    const isAbsent = (/** @type {number} */ place) => items[place].kind === "absent";
    const edges = pairs.map(([from, to]) => ({ ...edgeBetween(from, to), quiet: isAbsent(from) || isAbsent(to) }));
    const edgeOf = new Map(edges.map((edge) => [edge.from * items.length + edge.to, edge]));
    let examples = 0;
    for (let e = 0; e < operands.length; e++) {
      const [from, to] = [itemOf[operands[e]], itemOf[consumers[e]]];
      if (from >= 0 && to >= 0) {
        if (from !== to) edgeOf.get(from * items.length + to)?.members.push(e);
        examples ||= Math.max(batches.count(operands[e]), batches.count(consumers[e]));
        continue;
      }
      // An edge of an example that is not shown is counted with the edge that is shown in its place.
      const ends = [operands[e], consumers[e]].map((i) => itemOf[batches.at(i, choice.example)]);
      const edge = ends[0] >= 0 && ends[1] >= 0 && edgeOf.get(ends[0] * items.length + ends[1]);
      if (edge) edge.others++;
    }
    const given = this.layouts[choice.narrow ? room.narrow : room.layout];
    return this.placed(
      { room: r, items, edges, itemOf, example: choice.example, examples },
      numbers.length ? undefined : given,
    );
  }

  /**
   * The constants that are operands of these nodes, but not among them.
   * @param {number[]} codes
   */
  numbersIn(codes) {
    const shown = new Set(codes);
    const operands = codes.flatMap((i) => (i >= 0 ? [...this.engine.operandsOf(i)] : []));
    return [...new Set(operands)].filter((i) => this.engine.isConstant(i) && !shown.has(i));
  }

  /**
   * For every node of the graph the place of the item that shows it in a room; -1 if none does.
   * @param {number} shown the room
   * @param {number[]} codes its items and neighbours
   * @param {Choice} choice
   */
  itemsOf(shown, codes, choice) {
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
    const all = roomItems.get(0); // a card of the outermost room stands for every node elsewhere, if these are too many
    for (let i = 0; i < found.length; i++) {
      if (found[i] >= 0 || this.batches.at(i, choice.example) !== i) continue;
      if (this.engine.isConstant(i) && !choice.constants && i !== this.engine.size - 1) continue;
      found[i] = climb(this.home[i]);
      if (found[i] < 0 && all !== undefined && this.home[i] !== shown) found[i] = all;
    }
    return found;
  }

  /**
   * The inside of a fused dot: its products, or as many as fit into a room, and their sum.
   * @param {number} dot
   * @param {number} part which of the groups of products that fit into a room
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
    const join = (from, to, members, dot) => edges.push({ ...edgeBetween(from, to), members, dot });
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
    const example = Math.max(0, this.batches.exampleOf(dot));
    return this.placed({ room: this.home[dot], dot, items, edges, itemOf, example, examples: this.batches.count(dot) });
  }

  /**
   * Complete a view with the layout: positions, paths, labels and bundles.
   * @param {Pick<View, "room" | "dot" | "items" | "edges" | "itemOf" | "example" | "examples">} view
   * @param {Layout} [given] the layout in the page's data; without one, the page makes its own
   * @returns {View}
   */
  placed(view, given) {
    const { items, edges } = view;
    const sizes = items.map((item) => this.sizes[item.kind === "room" ? "room" : "scalar"]);
    /** @type {Pair[]} */
    const pairs = edges.map((edge) => [edge.from, edge.to]);
    const layout = given ?? layered(sizes, pairs, view.dot === undefined);
    items.forEach((item, place) => {
      [item.x, item.y] = layout.at[place];
      [item.width, item.height] = sizes[place];
    });
    /** @type {number[][]} */
    const touching = items.map(() => []);
    edges.forEach((edge, k) => {
      edge.path = layout.paths[k];
      edge.label = layout.labels[k];
      touching[edge.from].push(k);
      if (edge.to !== edge.from) touching[edge.to].push(k);
    });
    let strands = 0;
    const bundles = layout.bundles.flatMap((bundle) => {
      const together = bundle.edges.map((k) => edges[k]);
      for (const edge of together) {
        edge.path = throughBundle(bundle, [items[edge.from], items[edge.to]], layout.plates);
      }
      const [first] = together;
      if (together.length === 1) {
        first.label = bundle.label;
        return [];
      }
      for (const edge of together) Object.assign(edge, { bundle: strands, quiet: true });
      strands++;
      const members = together.flatMap((edge) => edge.members);
      const others = together.reduce((sum, edge) => sum + edge.others, 0);
      return [{ ...first, quiet: false, members, others, path: bundle.path, label: bundle.label, edges: bundle.edges }];
    });
    for (const edge of edges) {
      if (edge.path) continue;
      edge.quiet = true;
      edge.path = around(items[edge.from], items[edge.to]);
    }
    const places = new Map(items.map((item, place) => [keyOf(item), place]));
    const { size, plates } = layout;
    return { ...view, places, touching, bundles, plates, size, bank: !given && items.length > ROUTED };
  }
}
