// What an item and an edge say at the present moment: their numbers as text, their colours and their state. How that is
// drawn is not known here.

import { number } from "./engine.js";
import { clip, show, signed, tint } from "./numbers.js";

const SIGNS = { logsumexp: "LSE", "*": "×", "-": "−", "/": "÷", "**": "xⁿ", "·": "w·x" };

export const keyOf = (item) =>
  item.kind === "node" ? `${item.node}` : item.kind === "room" ? `r${item.room}` : `p${item.dot}.${item.number}`;

export class Reading {
  constructor(page) {
    this.page = page;
    this.version = 0;
    this.since = new Map(Object.entries(page.data.since).map(([i, x]) => [Number(i), number(x)]));
  }

  // The numbers, or what may be seen of them, are others than before. The largest gradient is what colours measure by.
  refresh() {
    this.version++;
    const { engine } = this.page;
    let largest = 0;
    for (let i = 0; i < engine.of; i++) {
      const size = Math.abs(engine.grad[i]);
      if (size > largest && size < Infinity) largest = size;
    }
    this.largest = largest || 1;
  }

  symbol(i) {
    const { engine, data } = this.page;
    const row = engine.rows[i];
    if (row.op === null) return row.label && !row.constant && data.roles[i] === "input" ? "input" : "";
    const symbol = data.operations[`${row.op}/${row.operands.length}`].symbol;
    return clip(SIGNS[symbol] ?? symbol, 7);
  }

  // What stands on a card: the name, or for a leaf without one its role.
  title(i, length) {
    const row = this.page.engine.rows[i];
    if (!row.label) return row.op === null ? this.page.data.roles[i] : this.name(i, length);
    return clip(row.label, length);
  }

  name(i, length = 12) {
    return clip(this.page.data.names[i], length);
  }

  // What the program has done to a leaf since it computed the graph; an empty text if nothing.
  setSince(i) {
    return this.since.has(i) ? `set to ${show(this.since.get(i), 10)} since the graph was computed` : "";
  }

  // "dE/dw" for the gradient of w.
  gradientName(i, length = 12) {
    return `d${this.name(this.page.engine.of, length)}/d${this.name(i, length)}`;
  }

  // What was said before holds as long as its moment does: stepping changes few items of many.
  item(item) {
    const moment = this.momentOf(item);
    if (item.version !== this.version || item.moment !== moment || item.kind === "room") {
      item.version = this.version;
      item.moment = moment;
      item.said = this[item.kind](item);
    }
    return item.said;
  }

  // A number that tells apart the states of a scalar: not computed yet, or so many contributions to its gradient given.
  momentOf(item) {
    const { state, timeline, view } = this.page;
    const time = state.get("time");
    if (time === null) return -2;
    if (item.kind === "node")
      return timeline.isComputed(item.node, time) ? timeline.gathered(item.node, time, view).given : -1;
    if (item.kind !== "room")
      return timeline.productComputed(item.dot, item.number, time) ? Number(timeline.sumHanded(item.dot, time)) : -1;
    return 0;
  }

  node({ node: i, moment }) {
    const { engine, state, timeline, view, quiz } = this.page;
    const symbol = this.symbol(i);
    const computed = moment !== -1;
    const unknown = engine.unknown[i] === 1;
    const value = unknown ? "unknown" : computed ? show(engine.data[i]) : "";
    const change = engine.data[i] - engine.original.data[i];
    const delta =
      engine.changed.size && !Object.is(engine.data[i], engine.original.data[i]) ? `Δ ${signed(change, 3)}` : "";
    const row = engine.rows[i];
    // Name and sign share a line; the name comes first.
    const title = this.title(i, symbol ? Math.max(6, 9 - symbol.length) : 9);
    return {
      unnamed: row.op === null && !row.label,
      title,
      symbol: clip(symbol, Math.max(3, 9 - title.length)),
      value,
      delta: computed && !unknown ? delta : "",
      unusual: computed && !unknown && !Number.isFinite(engine.data[i]),
      state: computed && !unknown ? "computed" : "waiting",
      openable: view.dot !== i && this.page.house.opens(i),
      ...this.gradient(quiz.hides(i), engine.grad[i], timeline.matters[i], () =>
        timeline.gathered(i, state.get("time"), view),
      ),
    };
  }

  product({ pair: [w, x], dot, moment }) {
    const { engine, timeline, quiz } = this.page;
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
      ...this.gradient(quiz.hides(dot), engine.grad[dot], timeline.matters[dot], () => ({
        sum: engine.grad[dot],
        given: moment,
        total: 1,
      })),
    };
  }

  // Whether a number is not to be had, because an operation on its way cannot be computed again.
  isUnknown(x) {
    return x !== x && this.page.engine.unknown[this.page.engine.of] === 1;
  }

  rest({ count, dot, moment }) {
    const { engine, timeline, quiz } = this.page;
    return {
      title: `${count.toLocaleString("en")} more`,
      symbol: "×",
      value: "products",
      delta: "",
      unusual: false,
      state: moment === -1 ? "waiting" : "computed",
      openable: true,
      ...this.gradient(quiz.hides(dot), engine.grad[dot], timeline.matters[dot], () => ({
        sum: engine.grad[dot],
        given: moment,
        total: 1,
      })),
    };
  }

  gradient(hidden, grad, matters, gathered) {
    const time = this.page.state.get("time");
    if (hidden) return { gradient: "?", tint: "hidden" };
    if (this.isUnknown(grad)) return { gradient: "unknown", tint: "hidden" };
    if (!matters) return { gradient: "0", tint: "aside" };
    if (time === null) return { gradient: show(grad, 4), tint: tint(grad, this.largest) };
    const { sum, given, total } = gathered();
    if (given <= 0) return { gradient: "", tint: "empty" };
    const text = given < total ? `${show(sum, 3)} (${given} of ${total})` : show(sum, 4);
    return { gradient: text, tint: tint(sum, this.largest) };
  }

  room(item) {
    const { engine, house, state, timeline, quiz } = this.page;
    const time = state.get("time");
    let [square, computed, handed, results, marks] = [0, 0, 0, 0, false];
    const leaves = item.nodes.some((i) => engine.isLeaf(i));
    for (const i of item.nodes) {
      if (engine.isLeaf(i) === leaves) square += engine.grad[i] ** 2; // where there are no leaves, of its results
      if (engine.changed.size && !Object.is(engine.data[i], engine.original.data[i])) marks = true;
      if (time === null || engine.isLeaf(i) || !timeline.matters[i]) continue;
      results++;
      computed += timeline.isComputed(i, time) ? 1 : 0;
      handed += timeline.hasHanded(i, time) ? 1 : 0;
    }
    const waiting = time !== null && computed < results;
    const norm = Math.sqrt(square);
    const full = time === null || (timeline.isBackward(time) && handed === results);
    const size = full ? `‖∇‖ ${show(norm, 3)}` : handed ? `${handed} of ${results}` : "";
    return {
      title: clip(house.title(item.room), 16),
      symbol: "",
      value: waiting && computed ? `${computed} of ${results} computed` : house.subtitle(item.room),
      delta: marks ? "changed" : "",
      unusual: false,
      state: waiting ? "waiting" : "computed",
      openable: true,
      gradient: quiz.active ? "?" : size,
      tint: quiz.active ? "hidden" : full ? tint(norm, this.largest).replace("positive", "size") : "empty",
    };
  }

  // An edge: the local derivative, and the product that flows back along it.
  edge(edge) {
    const moment = this.momentOfEdge(edge);
    if (edge.version !== this.version || edge.moment !== moment) {
      edge.version = this.version;
      edge.moment = moment;
      edge.said = this.saidOfEdge(edge, moment > 0, moment > 1);
    }
    return edge.said;
  }

  // 0 before its consumer is computed, 1 then, 2 when the product has arrived at the operand.
  momentOfEdge(edge) {
    const { engine, state, timeline, view } = this.page;
    const time = state.get("time");
    if (time === null) return 2;
    if (edge.dot !== undefined) {
      return timeline.sumHanded(edge.dot, time)
        ? 2
        : timeline.productComputed(edge.dot, view.items[edge.from].number, time)
          ? 1
          : 0;
    }
    const to = view.items[edge.to];
    let moment = 2;
    for (const e of edge.members) {
      if (!timeline.hasArrived(e, time, view)) moment = 1;
      const consumer = engine.consumers[e];
      const computed =
        to.kind === "product" ? timeline.productComputed(to.dot, to.number, time) : timeline.isComputed(consumer, time);
      if (!computed) return 0;
    }
    return moment;
  }

  saidOfEdge(edge, carried, arrived) {
    const { engine, timeline, view, quiz } = this.page;
    if (edge.dot !== undefined) {
      const flow = engine.grad[edge.dot];
      const shown = arrived && !quiz.hides(edge.dot);
      return {
        local: carried ? "×1" : "",
        flow: shown ? show(flow, 3) : "",
        tint: shown ? tint(flow, this.largest) : "empty",
        carried,
      };
    }
    const scalar = view.items[edge.from].kind !== "room" && view.items[edge.to].kind !== "room";
    let [local, flow, hidden] = [0, 0, false];
    for (const e of edge.members) {
      local += engine.partials[e];
      flow += scalar ? engine.flow(e) : Math.abs(engine.flow(e));
      hidden ||= quiz.hides(engine.operands[e]) || quiz.hides(engine.consumers[e]);
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
      local: carried && !this.isUnknown(local) ? `×${show(local, 4)}` : "",
      flow: shown ? show(flow, 3) : "",
      tint: colour,
      carried,
    };
  }

  // A sentence about an item, for those who do not see it.
  spoken(item) {
    const said = this.item(item);
    if (item.kind === "room" || item.kind === "rest") return `${said.title}, ${said.value}. Press Enter to open.`;
    const { engine, data } = this.page;
    const kind = item.kind === "product" ? "product" : (engine.rows[item.node].op ?? `leaf, ${data.roles[item.node]}`);
    const opens = said.openable ? ". Press Enter to open" : "";
    const value = said.value || "not yet computed";
    const since = item.kind === "node" && this.setSince(item.node);
    return (
      `${said.title}, ${kind}: value ${value}, gradient ${said.gradient || "not yet known"}` +
      `${since ? `; ${since}` : ""}${opens}`
    );
  }
}
