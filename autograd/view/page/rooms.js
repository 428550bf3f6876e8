// Rooms as the page shows them: items and edges with their places, and which scalars each of them stands for.

import { layered } from "./layered.js";
import { clip, plural } from "./numbers.js";

const PRODUCTS = 64; // so many products of a fused dot are shown together

// What may stand in a room: a node of the graph, a room with nodes inside, and inside a fused dot a product, or all the
// products that are not shown. An item has x, y, width, height, elsewhere, a kind ("node", "room", "product" or "rest"),
// and for its kind `node`, `room`, `pair`, or `next`.

export class House {
  constructor(data, engine) {
    this.engine = engine;
    this.names = data.names;
    this.sizes = data.sizes;
    this.layouts = data.layouts;
    this.rooms = data.rooms;
    this.home = new Int32Array(engine.size); // the room that shows a node
    this.rooms.forEach((room, r) => room.items.forEach((code) => code >= 0 && (this.home[code] = r)));
    this.byName = new Map(this.rooms.map((room, r) => [room.name, r]));
    this.counts = this.rooms.map(() => ({ nodes: 0, leaves: 0 }));
    for (let i = 0; i < engine.size; i++) {
      for (let r = this.home[i]; r >= 0; r = this.rooms[r].parent) {
        this.counts[r].nodes++;
        if (engine.isLeaf(i)) this.counts[r].leaves++;
      }
    }
  }

  find(key) {
    const dot = /^·(\d+)(?:\.(\d+))?$/.exec(key); // the inside of the dot at 12 is "·12", "·12.1", ...
    if (dot && !this.byName.has(key) && this.opens(Number(dot[1])))
      return this.inside(Number(dot[1]), Number(dot[2] ?? 0));
    return this.room(this.byName.get(key) ?? 0);
  }

  // Whether a node can be opened: a fused dot with at least two products.
  opens(i) {
    return i < this.engine.size && this.engine.rows[i].op === "dot" && this.engine.operandsOf(i).length >= 4;
  }

  title(r) {
    const room = this.rooms[r];
    return clip(room.title, 24);
  }

  subtitle(r) {
    const { nodes, leaves } = this.counts[r];
    const inner = this.rooms[r].items.filter((code) => code < 0).length;
    return inner
      ? `${plural(inner, "room")} · ${plural(nodes, "node")}`
      : leaves === nodes
        ? plural(leaves, "leaf").replace("leafs", "leaves")
        : plural(nodes, "node");
  }

  // The way from the outermost room to a view.
  path(view) {
    const found = [];
    for (let r = view.room; r >= 0; r = this.rooms[r].parent)
      found.unshift({ key: this.rooms[r].name, title: this.title(r) });
    if (view.dot !== undefined) found.push({ key: `·${view.dot}`, title: clip(this.names[view.dot], 16) });
    return found;
  }

  room(r) {
    const room = this.rooms[r];
    const codes = [...room.items, ...room.neighbours];
    const items = codes.map((code, place) => {
      const elsewhere = place >= room.items.length;
      return code >= 0 ? { kind: "node", node: code, elsewhere } : { kind: "room", room: -code - 1, elsewhere };
    });
    const view = { room: r, items, edges: room.edges.map(([from, to]) => ({ from, to, members: [] })) };
    view.itemOf = this.itemsOf(view, codes);
    for (const item of items) if (item.kind === "room") item.nodes = [];
    view.itemOf.forEach((place, i) => place >= 0 && items[place].nodes?.push(i));
    const edgeOf = new Map(view.edges.map((edge) => [edge.from * items.length + edge.to, edge]));
    const { consumers, operands } = this.engine;
    for (let e = 0; e < operands.length; e++) {
      const [from, to] = [view.itemOf[operands[e]], view.itemOf[consumers[e]]];
      if (from >= 0 && to >= 0 && from !== to) edgeOf.get(from * items.length + to)?.members.push(e);
    }
    return this.placed(view, this.layouts[room.layout]);
  }

  // For every node of the graph the place of the item that shows it here; -1 if none does.
  itemsOf(view, codes) {
    const found = new Int32Array(this.engine.size).fill(-1);
    const roomItems = new Map();
    codes.forEach((code, place) => (code >= 0 ? (found[code] = place) : roomItems.set(-code - 1, place)));
    const known = new Map();
    const climb = (r) => {
      if (r < 0 || r === view.room) return -1;
      if (!known.has(r)) known.set(r, roomItems.get(r) ?? climb(this.rooms[r].parent));
      return known.get(r);
    };
    const all = roomItems.get(0); // where too much is elsewhere, one item stands for all of it
    for (let i = 0; i < found.length; i++) {
      if (found[i] >= 0) continue;
      found[i] = climb(this.home[i]);
      if (found[i] < 0 && all !== undefined && this.home[i] !== view.room) found[i] = all;
    }
    return found;
  }

  // The inside of a fused dot: its products, or as many as fit into a room, and their sum.
  inside(dot, part) {
    const { engine } = this;
    const operands = engine.operandsOf(dot);
    const pairs = operands.length >> 1;
    const parts = Math.ceil(pairs / PRODUCTS);
    const shown = { first: PRODUCTS * (part % parts), end: Math.min(pairs, PRODUCTS * ((part % parts) + 1)) };
    const first = engine.starts[dot];
    const items = [];
    const edges = [];
    const itemOf = new Int32Array(engine.size).fill(-1);
    const item = (node) => {
      if (itemOf[node] < 0) {
        itemOf[node] = items.length;
        items.push({ kind: "node", node, elsewhere: false });
      }
      return itemOf[node];
    };
    const sum = item(dot);
    if (operands.length % 2) edges.push({ from: item(operands[2 * pairs]), to: sum, members: [first + 2 * pairs] });
    for (let k = shown.first; k < shown.end; k++) {
      const [w, x] = [item(operands[k]), item(operands[pairs + k])];
      const product = items.length;
      items.push({ kind: "product", pair: [operands[k], operands[pairs + k]], dot, number: k, elsewhere: false });
      edges.push({ from: w, to: product, members: [first + k] });
      edges.push({ from: x, to: product, members: [first + pairs + k] });
      edges.push({ from: product, to: sum, members: [], dot });
    }
    if (parts > 1) {
      edges.push({ from: items.length, to: sum, members: [], dot });
      items.push({
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

  placed(view, layout) {
    const sizes = view.items.map((item) => this.sizes[item.kind === "room" ? "room" : "scalar"]);
    const { size, at, paths, labels } =
      layout ??
      layered(
        sizes,
        view.edges.map((edge) => [edge.from, edge.to]),
        view.dot === undefined,
      );
    view.items.forEach((item, place) => {
      [item.x, item.y] = at[place];
      [item.width, item.height] = sizes[place];
    });
    view.edges.forEach((edge, k) => {
      edge.path = paths[k];
      edge.label = labels[k];
    });
    view.size = size;
    view.bank = !layout && view.dot === undefined; // many things side by side, and edges that pass behind them
    return view;
  }
}
