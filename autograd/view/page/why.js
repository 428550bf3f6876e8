// The panel that answers "why": the selected node's numbers, its rule, and its gradient as the sum over its consumers.

import { byId, fill, html, math } from "./dom.js";
import { chainRule, derivative, mi, mn, mo, name, row, ruled, whole } from "./formula.js";
import { layerForm } from "./layer.js";
import { clip, isolated, plural, show } from "./numbers.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 * @import { Child } from "./dom.js"
 * @import { Item, ProductItem, RestItem, RoomItem } from "./rooms.js"
 */

const DIGITS = 10;
const CONSUMERS = 12; // so many terms of a sum are written out

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
  }

  update() {
    const { view, active, selectedPlace } = this.model;
    // While the player runs and nothing is selected, it is the node at work that is explained.
    const place = selectedPlace >= 0 ? selectedPlace : active.place;
    fill(this.panel, place < 0 ? this.overview() : this.about(view.items[place]));
  }

  /**
   * @param {Item} item
   * @returns {Child[]}
   */
  about(item) {
    if (item.kind === "node") return [...this.node(item.node), ...layerForm(this.model, item)];
    if (item.kind === "room") return this.room(item);
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
        "What is differentiated here. Select a node to see where its gradient comes from, or press play and watch it " +
          "being computed.",
      ),
      this.facts(facts),
      ...data.notes.map((note) => html("p", { class: "note" }, note)),
      this.legend(),
    ];
  }

  legend() {
    /** @param {string} tint */
    const swatch = (tint) => html("span", { class: `swatch ${tint}` });
    const scale = [
      "negative level5",
      "negative level3",
      "negative level1",
      "zero",
      "positive level1",
      "positive level3",
      "positive level5",
    ];
    return html(
      "div",
      { class: "legend" },
      html("h3", {}, "Reading the drawing"),
      html(
        "p",
        {},
        "A card shows a node's value and below, in colour, its gradient. On an edge stands the local derivative (×) and " +
          "below it the product that flows back along the edge.",
      ),
      html("div", { class: "scale" }, html("span", {}, "−"), ...scale.map(swatch), html("span", {}, "+")),
    );
  }

  /** @param {(string[] | null | false)[]} pairs of a term and what is said of it */
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
      html(
        "p",
        { class: "where" },
        room.kind === "module"
          ? isolated(clip(room.name, 60))
          : { alike: "nodes that play the same part", block: "a stretch of the graph", graph: "the whole graph" }[
              room.kind
            ],
      ),
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
   * A gradient, as far as it may be seen.
   * @param {number} i
   */
  shown(i) {
    return this.model.hides(i) ? "?" : show(this.model.engine.grad[i], DIGITS);
  }

  /** @param {number} i */
  node(i) {
    const { engine, data, names, house, reading, view } = this.model;
    const { op, scope } = engine.rows[i];
    const role = op === null ? data.roles[i] : `result of ${op}`;
    const since = reading.setSince(i);
    const result = engine.size - 1;
    return [
      html("h2", {}, isolated(clip(names[i], 40))),
      html("p", { class: "where" }, [role, scope && isolated(clip(scope, 60))].filter(Boolean).join(" · ")),
      this.facts([
        ["value", engine.unknown[i] ? "unknown" : show(engine.data[i], DIGITS)],
        engine.changed.size > 0 &&
          !Object.is(engine.data[i], engine.original.data[i]) && ["before", show(engine.original.data[i], DIGITS)],
        [isolated(reading.gradientName(i)), this.shown(i)],
      ]),
      since && html("p", { class: "note" }, `It has been ${since}.`),
      data.story.notes[i] && html("p", { class: "note told" }, isolated(data.story.notes[i])),
      op !== null && this.rule(i),
      this.chain(i),
      this.check(i),
      html(
        "div",
        { class: "row" },
        house.opens(i) &&
          view.dot !== i &&
          html("button", { onclick: () => this.openRoom(`·${i}`) }, "Open into products"),
        op !== null &&
          i !== engine.of &&
          html("button", { onclick: () => this.differentiate(i) }, "Differentiate this node"),
        engine.of !== result &&
          html("button", { onclick: () => this.differentiate(result) }, `Back to ${clip(names[result], 12)}`),
      ),
    ];
  }

  /** @param {number} i */
  rule(i) {
    const { engine, data, names } = this.model;
    const operands = [...engine.operandsOf(i)];
    const { rule } = data.operations[engine.keyOf(i)];
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
    return html(
      "section",
      { class: "rule" },
      html("h3", {}, rule.general ? "Rule, in general" : "Rule"),
      whole(out(), mo("="), ruled(rule.forward, short, out)),
      ...rule.partials
        .map((partial, k) => {
          const below = rule.general ? ruled(rule.operands[k], [], out) : null;
          const left = below ? row(mi("∂"), below) : row(mi("∂"), this.operandName(operands[k]));
          return whole(math("mfrac", {}, row(mi("∂"), out()), left), mo("="), ruled(partial, short, out));
        })
        .slice(0, 5),
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
   */
  chain(i) {
    const { engine, names, timeline } = this.model;
    const of = names[engine.of];
    const title = html("h3", {}, "Chain rule");
    const left = derivative(of, names[i]);
    if (i === engine.of)
      return html(
        "section",
        {},
        title,
        whole(left, mo("="), mn(1)),
        html("p", {}, "This is where the backward pass starts."),
      );
    if (!timeline.matters[i])
      return html(
        "section",
        {},
        title,
        whole(left, mo("="), mn(0)),
        html("p", {}, `${clip(of, 20)} was not made from this node.`),
      );
    if (this.model.hides(i))
      return html("section", {}, title, html("p", { class: "note" }, "Hidden while the quiz asks for it."));
    const uses = timeline.usesThatMatter(i);
    const some = uses.slice(0, CONSUMERS);
    const more = uses.length - some.length;
    const { symbols, numbers } = chainRule(engine, names, i, uses, CONSUMERS);
    return html(
      "section",
      { class: "chain" },
      title,
      whole(left, mo("="), ...symbols),
      whole(mo("="), ...numbers),
      whole(mo("="), mn(engine.grad[i], DIGITS)),
      html(
        "table",
        { class: "terms" },
        html("caption", {}, uses.length === 1 ? "One consumer" : `A sum over ${plural(uses.length, "consumer")}`),
        html(
          "tr",
          {},
          ...["through", "its gradient", "local", "product"].map((text) => html("th", { scope: "col" }, text)),
        ),
        ...some.map((e) => this.term(e)),
      ),
      more > 0 && html("p", { class: "quiet" }, `and ${more.toLocaleString("en")} more`),
    );
  }

  /**
   * What comes through one consumer.
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
      html("td", { class: "slope" }, this.slope(e), html("span", {}, show(engine.partials[e], 6))),
      html("td", {}, hidden ? "?" : show(engine.flow(e), 6)),
    );
  }

  /**
   * The formula of a local derivative, where it is short.
   * @param {number} e
   */
  slope(e) {
    const { engine, data, names } = this.model;
    const consumer = engine.consumers[e];
    const operands = [...engine.operandsOf(consumer)];
    const { rule, slopes } = data.operations[engine.keyOf(consumer)];
    const k = e - engine.starts[consumer];
    const slope = slopes?.[k] ?? null;
    if (slope !== null) {
      return whole(typeof slope === "string" ? this.operandName(operands[Number(slope)]) : mn(slope), mo("="));
    }
    if (!rule || rule.general || rule.partials[k].length > 260) return null;
    return whole(
      ruled(
        rule.partials[k],
        operands.map((node) => () => this.operandName(node)),
        () => name(names[consumer]),
      ),
      mo("="),
    );
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
            ? "The page cannot compute the graph anew from here, or it is not a number."
            : relative < 1e-5 || error < 1e-9
              ? "They agree."
              : "They differ: a kink nearby, or numbers of very different size.",
        ),
      );
    };
    return html("section", {}, html("button", { class: "check", onclick: run }, "Check numerically"), answer);
  }
}
