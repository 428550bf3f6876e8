// The panel that answers "why": the selected node's numbers, its rule, and where its gradient comes from: the sum over
// its consumers, and the products along all paths from the differentiated node. While the player steps, it explains the
// item at work.

import { pathsTo } from "./chain.js";
import { byId, fill, html, math } from "./dom.js";
import { chainRule, derivative, equation, line, mi, mn, mo, name, piece, row, ruled, wholePaths } from "./formula.js";
import { layerForm } from "./layer.js";
import { legend } from "./legend.js";
import { clip, isolated, plural, show } from "./numbers.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 * @import { Child } from "./dom.js"
 * @import { Item, ProductItem, RestItem, RoomItem } from "./rooms.js"
 * @import { Changed } from "./state.js"
 */

const DIGITS = 10;
const HANDFUL = 5; // at most this many terms of a sum, consumers or paths are written out
const CONSUMERS = 200; // at most this many consumers are listed

const KINDS = {
  graph: "the whole graph",
  layer: "a layer, found by what it computes",
  neuron: "a neuron, found by what it computes",
  step: "a step of a recurrence",
  steps: "steps, one after another",
  alike: "nodes that play the same part",
  sum: "the additions of a long sum",
  parameters: "parameters that all steps share",
  block: "a stretch of the graph",
};

export class Why {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "goTo" | "openRoom" | "differentiate">} callbacks
   */
  constructor(model, { goTo, openRoom, differentiate }) {
    this.model = model;
    this.goTo = goTo;
    this.openRoom = openRoom;
    this.differentiate = differentiate;
    this.panel = byId("panel-why");
    this.computed = false; // whether to show the formulas that are computed instead of the textbook's
    this.following = false; // whether the item at work is explained instead of the selected one
  }

  /** @param {Changed} changes */
  update(changes) {
    const { view, active, selectedPlace } = this.model;
    // The reader's last action decides whether the item at work (a step) or the selected item (a selection) is
    // explained.
    if (changes.has("time")) this.following = active.place >= 0;
    if (changes.has("selected") || active.place < 0) this.following = false;
    const place = this.following || selectedPlace < 0 ? active.place : selectedPlace;
    fill(this.panel, place < 0 ? this.overview() : this.about(view.items[place]));
  }

  /**
   * @param {Item} item
   * @returns {Child[]}
   */
  about(item) {
    if (item.kind === "node") return [...this.node(item.node), ...layerForm(this.model, item)];
    if (item.kind === "room") return this.room(item);
    if (item.kind === "absent") return this.overview();
    return item.kind === "product" ? this.product(item) : this.rest(item);
  }

  overview() {
    const { engine, data, reading, state } = this.model;
    const leaves = data.roles.filter((role) => role !== "").length;
    const facts = [
      ["value", show(engine.data[engine.of], DIGITS)],
      ["nodes", engine.size.toLocaleString("en")],
      ["leaves", leaves.toLocaleString("en")],
      ["parameters", state.get("trained").size.toLocaleString("en")],
    ];
    return [
      html("h2", {}, isolated(reading.name(engine.of, 30))),
      html("p", { class: "lead" }, isolated(data.story.text)),
      html(
        "p",
        { class: "lead" },
        "This is the result that is differentiated. Select a node to see where its gradient comes from, or press play and " +
          "watch it being computed.",
      ),
      this.facts(facts),
      ...reading.notes.map((note) => html("p", { class: "note" }, note)),
      legend(),
    ];
  }

  /** @param {(string[] | null | false)[]} pairs of a term and its text */
  facts(pairs) {
    const given = pairs.filter((pair) => pair !== null && pair !== false);
    return html(
      "dl",
      { class: "facts" },
      given.flatMap(([term, text]) => [html("dt", {}, term), html("dd", {}, text)]),
    );
  }

  /** @param {RoomItem} item */
  room(item) {
    const { direction, house, engine, hiding, state } = this.model;
    const room = house.rooms[item.room];
    const leaves = item.nodes.filter((i) => engine.isLeaf(i));
    const trained = leaves.filter((i) => state.get("trained").has(i)).length;
    const norm = Math.sqrt(leaves.reduce((sum, i) => sum + engine.grad[i] ** 2, 0));
    return [
      html("h2", {}, isolated(house.title(item.room))),
      html("p", { class: "where" }, room.kind === "module" ? isolated(clip(room.name, 60)) : KINDS[room.kind]),
      ...layerForm(this.model, item),
      this.facts([
        ["nodes", house.counts[item.room].nodes.toLocaleString("en")],
        ["leaves", leaves.length.toLocaleString("en")],
        ["parameters", trained.toLocaleString("en")],
        leaves.length > 0 && direction !== "forward" && ["‖gradient of the leaves‖", hiding ? "?" : show(norm, 6)],
      ]),
      html("button", { class: "primary", onclick: () => this.openRoom(room.name) }, "Open"),
    ];
  }

  /** @param {RestItem} item */
  rest({ count, dot, next }) {
    return [
      html("h2", {}, plural(count, "more product")),
      html("p", { class: "where" }, `of ${clip(this.model.names[dot], 30)}`),
      html("button", { class: "primary", onclick: () => this.openRoom(next) }, "Show the next ones"),
    ];
  }

  /** @param {ProductItem} item */
  product({ pair, dot }) {
    const { engine, names, reading } = this.model;
    const [w, x] = pair;
    return [
      html("h2", {}, isolated(`${reading.name(w)} · ${reading.name(x)}`)),
      html("p", { class: "where" }, `one product of ${clip(names[dot], 30)}`),
      this.facts([
        ["value", show(engine.data[w] * engine.data[x], DIGITS)],
        ["gradient", this.shown(dot)],
      ]),
      html("p", {}, "A sum hands its own gradient on to each of its terms unchanged."),
    ];
  }

  /**
   * A gradient as text; "?" while the quiz hides it.
   * @param {number} i
   */
  shown(i) {
    return this.model.hides(i) ? "?" : show(this.model.engine.grad[i], DIGITS);
  }

  /** @param {number} i */
  node(i) {
    const { engine, data, names, house, reading, state, timeline, view } = this.model;
    const { op, scope } = engine.rows[i];
    const role = op === null ? data.roles[i] : `result of ${op}`;
    const since = reading.setSince(i);
    const result = engine.size - 1;
    const time = state.get("time");
    const forward = time !== null && !timeline.isBackward(time);
    const arrived = time === null || timeline.gathered(i, time, view);
    const complete = arrived === true || arrived.given === arrived.total;
    const buttons = [
      house.opens(i) &&
        view.dot !== i &&
        html("button", { onclick: () => this.openRoom(`·${i}`) }, "Open into products"),
      op !== null &&
        i !== engine.of &&
        html("button", { onclick: () => this.differentiate(i) }, "Differentiate this node"),
      engine.of !== result &&
        html("button", { onclick: () => this.differentiate(result) }, `Back to ${clip(names[result], 12)}`),
    ];
    return [
      html("h2", {}, isolated(clip(names[i], 40))),
      html("p", { class: "where" }, [role, scope && isolated(clip(scope, 60))].filter(Boolean).join(" · ")),
      this.facts([
        ["value", this.value(i)],
        engine.changed.size > 0 &&
          !Object.is(engine.data[i], engine.original.data[i]) && ["before", show(engine.original.data[i], DIGITS)],
        !forward && !engine.isConstant(i) && [isolated(reading.gradientName(i)), complete ? this.shown(i) : "…"],
      ]),
      since && html("p", { class: "note" }, `It has been ${since}.`),
      data.story.notes[i] && html("p", { class: "note told" }, isolated(data.story.notes[i])),
      // What happens at this moment comes first: an audience cannot scroll.
      time !== null && op !== null && timeline.hasHanded(i, time) && this.handedOn(i),
      op !== null && this.rule(i, !forward),
      !forward && (engine.isConstant(i) ? this.constant() : this.chain(i, complete)),
      time === null && this.check(i),
      time === null && html("div", { class: "row" }, buttons),
    ];
  }

  /** @param {number} i */
  value(i) {
    const { engine, state, timeline } = this.model;
    const time = state.get("time");
    if (engine.unknown[i]) return "unknown";
    return time === null || timeline.isComputed(i, time) ? show(engine.data[i], DIGITS) : "not computed yet";
  }

  constant() {
    return html(
      "p",
      { class: "quiet" },
      "A number of the program. It is not a variable, so nothing is differentiated with respect to it.",
    );
  }

  /**
   * A node's rule: the textbook's formulas, or those that are computed.
   * @param {number} i
   * @param {boolean} slopes whether to show the local derivatives
   */
  rule(i, slopes) {
    const { engine, data, names } = this.model;
    const operands = [...engine.operandsOf(i)];
    const { rule: textbook, computed } = data.operations[engine.keyOf(i)];
    const rule = (this.computed && computed) || textbook;
    if (!rule) {
      return html(
        "section",
        {},
        html("h3", {}, "Rule"),
        html(
          "p",
          { class: "note" },
          `The rule of ${engine.rows[i].op} is written with functions that take numbers only, so it cannot be shown, and ` +
            "the page cannot compute it again. Write it with autograd's functions to change that.",
        ),
      );
    }
    const short = rule.general ? [] : operands.map((k) => () => this.operandName(k));
    const out = () => (rule.general ? mi("out") : name(names[i]));
    const partials = rule.partials.flatMap((partial, k) => {
      if (!rule.general && engine.isConstant(operands[k])) return []; // no derivative with respect to constants
      const below = rule.general ? ruled(rule.operands[k], [], out) : this.operandName(operands[k]);
      const left = math("mfrac", {}, row(mi("∂"), out()), row(mi("∂"), below));
      return [equation([left], ruled(partial, short, out))];
    });
    return html(
      "section",
      { class: "rule" },
      html("h3", {}, rule.general ? "Rule, in general" : "Rule", computed && this.switchRules()),
      equation([out()], ruled(rule.forward, short, out)),
      slopes && partials.slice(0, HANDFUL),
      slopes && partials.length > HANDFUL && html("p", { class: "quiet" }, "and so on"),
    );
  }

  switchRules() {
    const change = () => {
      this.computed = !this.computed;
      this.update(new Set());
    };
    return html(
      "button",
      {
        class: "switch",
        "aria-pressed": String(this.computed),
        onclick: change,
        title: "The formula of the textbook, or the one that is computed, which keeps all digits",
      },
      "as computed",
    );
  }

  /** @param {number} k */
  operandName(k) {
    const { engine, names } = this.model;
    return engine.isConstant(k) ? mn(engine.data[k], DIGITS) : name(names[k]);
  }

  /**
   * dL/dnode as the explicit sum over the node's consumers.
   * @param {number} i
   * @param {boolean} complete whether all contributions have arrived
   */
  chain(i, complete) {
    const { engine, names, timeline } = this.model;
    const of = names[engine.of];
    /** @param {Child[]} content */
    const section = (...content) => html("section", { class: "chain" }, html("h3", {}, "Chain rule"), content);
    const left = piece(derivative(of, names[i]), mo("="));
    if (i === engine.of)
      return section(line(left, piece(mn(1))), html("p", {}, "This is where the backward pass starts."));
    if (!timeline.matters[i])
      return section(line(left, piece(mn(0))), html("p", {}, `${clip(of, 20)} was not made from this node.`));
    if (this.model.hides(i)) return section(html("p", { class: "note" }, "Hidden while the quiz asks for it."));
    const uses = timeline.usesThatMatter(i);
    const { symbols, numbers } = chainRule(engine, names, i, uses, HANDFUL);
    if (!complete) return section(line(symbols), html("p", { class: "quiet" }, this.missing(i)));
    return section(
      line(symbols),
      line(numbers),
      line(piece(mo("="), mn(engine.grad[i], DIGITS))),
      ...uses.slice(0, HANDFUL).map((e) => this.local(e)),
      this.consumers(uses),
      ...this.path(i, uses),
    );
  }

  /**
   * How much of a gradient's sum has arrived.
   * @param {number} i
   */
  missing(i) {
    const { timeline, state, view } = this.model;
    const { given, total } = timeline.gathered(i, state.get("time") ?? 0, view);
    return given === 0 ? "Nothing has arrived yet." : `${given} of ${total} contributions have arrived.`;
  }

  /** @param {number[]} uses */
  consumers(uses) {
    const listed = uses.slice(0, CONSUMERS);
    const head = ["through", "its gradient", "local", "product"].map((text) => html("th", { scope: "col" }, text));
    const caption = uses.length === 1 ? "One consumer" : `A sum over ${plural(uses.length, "consumer")}`;
    /** @param {string} title */
    const table = (title) =>
      html(
        "div",
        { class: "wide" },
        html(
          "table",
          { class: "terms" },
          title && html("caption", {}, title),
          html("tr", {}, head),
          listed.map((e) => this.term(e)),
        ),
      );
    const more = uses.length - listed.length;
    const rest = more > 0 && html("p", { class: "quiet" }, `and ${more.toLocaleString("en")} more`);
    return uses.length <= HANDFUL ? table(caption) : html("details", {}, html("summary", {}, caption), table(""), rest);
  }

  /**
   * The product of local derivatives along each path from the differentiated node to node i, and the sum of these
   * products. If there are more than HANDFUL paths, only a sentence that refers to the gradients of the consumers.
   * @param {number} i
   * @param {number[]} uses
   */
  path(i, uses) {
    const { engine, names } = this.model;
    if (uses.every((e) => engine.consumers[e] === engine.of)) return []; // the sum above shows the whole paths
    const of = names[engine.of];
    const paths = pathsTo(this.model, i, HANDFUL);
    const title = html("h4", {}, paths?.length === 1 ? "The whole path" : "All paths");
    if (paths === null)
      return [
        title,
        html(
          "p",
          { class: "quiet" },
          `More than ${HANDFUL} paths lead from ${clip(of, 20)} to here, too many to write out. The gradient of a consumer ` +
            "is the sum over those that lead through it: go on from there.",
        ),
      ];
    const { symbols, numbers } = wholePaths(engine, names, paths, this.goTo);
    return [
      title,
      line(piece(derivative(of, names[i]), mo("=")), symbols),
      line(piece(mo("=")), numbers),
      line(piece(mo("="), mn(engine.grad[i], DIGITS))),
    ];
  }

  /**
   * The products that a node hands on to its operands in the backward pass.
   * @param {number} i
   */
  handedOn(i) {
    const { engine, names } = this.model;
    const of = names[engine.of];
    const edges = engine.edgesOf(i).filter((e) => !engine.isConstant(engine.operands[e]));
    if (edges.some((e) => this.model.hides(engine.operands[e]))) return null;
    const lines = edges
      .slice(0, HANDFUL)
      .map((e) =>
        line(
          piece(derivative(of, names[engine.operands[e]]), mo("←")),
          piece(derivative(of, names[i])),
          piece(mo("·"), derivative(names[i], names[engine.operands[e]], "∂")),
          piece(mo("="), mn(engine.grad[i], 5)),
          piece(mo("·"), mn(engine.partials[e], 5)),
          piece(mo("="), mn(engine.flow(e), 5)),
        ),
      );
    const more = edges.length - lines.length;
    return html(
      "section",
      {},
      html("h3", {}, "Hands on"),
      lines,
      more > 0 && html("p", { class: "quiet" }, `and to ${more.toLocaleString("en")} more`),
    );
  }

  /**
   * A row of the table of consumers: the contribution that comes along one edge.
   * @param {number} e
   */
  term(e) {
    const { engine, names } = this.model;
    const consumer = engine.consumers[e];
    const hidden = this.model.hides(consumer);
    return html(
      "tr",
      {},
      html(
        "td",
        {},
        html("button", { class: "link", onclick: () => this.goTo(consumer) }, isolated(clip(names[consumer], 12))),
      ),
      html("td", {}, hidden ? "?" : show(engine.grad[consumer], 6)),
      html("td", {}, show(engine.partials[e], 6)),
      html("td", {}, hidden ? "?" : show(engine.flow(e), 6)),
    );
  }

  /**
   * A local derivative as a formula and as a number; null if the formula would only be a number, or cannot be shown.
   * @param {number} e
   */
  local(e) {
    const { engine, data, names } = this.model;
    const consumer = engine.consumers[e];
    const operands = [...engine.operandsOf(consumer)];
    const { rule, slopes } = data.operations[engine.keyOf(consumer)];
    const k = e - engine.starts[consumer];
    const slope = slopes?.[k] ?? null;
    if (typeof slope === "number") return null;
    const left = derivative(names[consumer], names[engine.operands[e]], "∂");
    const number = piece(mo("="), mn(engine.partials[e], 6));
    if (slope !== null) {
      const operand = operands[Number(slope)];
      return engine.isConstant(operand) ? null : line(piece(left, mo("="), name(names[operand])), number);
    }
    if (!rule || rule.general) return null;
    const named = operands.map((node) => () => this.operandName(node));
    const made = equation(
      [left],
      ruled(rule.partials[k], named, () => name(names[consumer])),
    );
    made.append(number);
    return made;
  }

  /**
   * Central differences against the chain rule.
   * @param {number} i
   */
  check(i) {
    const { engine, timeline } = this.model;
    if (i >= engine.of || !timeline.matters[i] || this.model.hides(i)) return null;
    const answer = html("div", { class: "answer", role: "status" });
    const run = () => {
      const { h, above, below, slope } = engine.centralDifference(i);
      const error = Math.abs(slope - engine.grad[i]);
      const relative = error / Math.max(Math.abs(slope), Math.abs(engine.grad[i]), 1e-300);
      answer.replaceChildren(
        this.facts([
          ["h", show(h, 4)],
          ["f(x + h)", show(above, 12)],
          ["f(x − h)", show(below, 12)],
          ["(f(x + h) − f(x − h)) / 2h", show(slope, DIGITS)],
          ["by the chain rule", show(engine.grad[i], DIGITS)],
          ["error", error === 0 ? "0" : `${show(error, 2)} (relative ${show(relative, 2)})`],
        ]),
        html(
          "p",
          { class: "quiet" },
          Number.isNaN(slope)
            ? "The page cannot compute the graph again from here, or the result is not a number."
            : relative < 1e-5 || error < 1e-9
              ? "They agree."
              : "They differ: there may be a kink nearby, or numbers of very different size.",
        ),
      );
    };
    return html("section", {}, html("button", { class: "check", onclick: run }, "Check numerically"), answer);
  }
}
