// The quiz: gradients are hidden, the reader works them out, and every answer is explained by the chain rule.

import { byId, fill, html } from "./dom.js";
import { chainRule, derivative, line, mn, mo, piece, whole } from "./formula.js";
import { clip, isolated, parse, plural, show } from "./numbers.js";
import { formula } from "./written.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 * @import { Child } from "./dom.js"
 * @import { Changed } from "./state.js"
 *
 * @typedef {{ right: boolean, given: number | null, hint: string }} Result Of an answer; null if none was given.
 */

const TOLERANCE = 0.01;

/**
 * Whether an answer is right: to one per cent, or to the digits that were given.
 * @param {number} answer
 * @param {number} truth
 */
export function isRight(answer, truth) {
  if (!Number.isFinite(truth)) return Object.is(answer, truth);
  return Math.abs(answer - truth) <= TOLERANCE * Math.abs(truth) || (truth === 0 && answer === 0);
}

export class Quiz {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "goTo"> & { say: (text: string) => void, speak: (text: string) => void }} callbacks
   */
  constructor(model, { goTo, say, speak }) {
    this.model = model;
    this.goTo = goTo;
    this.say = say;
    this.speak = speak;
    this.panel = byId("panel-quiz");
    /** @type {number[]} */
    this.order = []; // of the questions, each a node
    this.at = 0;
    /** @type {Map<number, boolean>} */
    this.answered = new Map(); // right or wrong
    this.streak = 0;
    /** @type {Result | null} */
    this.result = null; // of the present question
    /** @type {{ right: number, of: number } | null} */
    this.done = null; // the last quiz that went to its end
  }

  // The nodes of the room are asked about from easy to hard: by the operations that consume them, and their number.
  start() {
    const { data, engine, timeline, state, view } = this.model;
    /** @param {number} i */
    const hardness = (i) => {
      const uses = timeline.usesThatMatter(i);
      const worst = Math.max(...uses.map((e) => data.operations[engine.keyOf(engine.consumers[e])].hardness));
      return worst + 3 * (uses.length - 1);
    };
    const here = view.items.flatMap((item) => (item.kind === "node" && !item.elsewhere ? [item.node] : []));
    const asked = here.filter((i) => i !== engine.of && timeline.matters[i] && !engine.isConstant(i));
    if (asked.length === 0) {
      this.say("There is nothing to ask about in this room; open one that shows single nodes.");
      return;
    }
    const graded = asked.map((i) => ({ i, hard: hardness(i) }));
    graded.sort((a, b) => a.hard - b.hard || b.i - a.i);
    this.order = graded.map(({ i }) => i);
    this.answered = new Map();
    this.model.hide();
    this.at = 0;
    this.streak = 0;
    state.set({ time: null });
    state.announce("quiz");
    this.pose();
  }

  get score() {
    return [...this.answered.values()].filter(Boolean).length;
  }

  pose() {
    this.result = null;
    const i = this.order[this.at];
    if (i === undefined) this.finish();
    else this.goTo(i, "quiz");
    this.show();
    document.getElementById("quiz-answer")?.focus();
  }

  finish() {
    this.done = { right: this.score, of: this.order.length };
    this.model.unhide();
  }

  /** @param {string | null} text null for "show me" */
  answer(text) {
    const { engine, names, state } = this.model;
    const i = this.order[this.at];
    const given = text === null ? null : parse(text);
    if (given === undefined) {
      this.say("Type a number, such as 0.25, -3e-2 or 1/3.");
      byId("quiz-answer").setAttribute("aria-invalid", "true");
      return;
    }
    const right = given !== null && isRight(given, engine.grad[i]);
    this.answered.set(i, right);
    this.model.answered?.add(i);
    this.streak = right ? this.streak + 1 : 0;
    this.result = { right, given, hint: given === null ? "" : right ? "" : this.diagnosis(i, given) };
    this.speak(right ? "Right." : `Not quite: ${clip(names[i], 20)} has the gradient ${show(engine.grad[i], 6)}.`);
    state.announce("quiz");
    document.getElementById("quiz-next")?.focus();
  }

  next() {
    this.at++;
    this.pose();
  }

  /**
   * What a wrong answer looks like it came from.
   * @param {number} i
   * @param {number} given
   */
  diagnosis(i, given) {
    const { engine, names, timeline } = this.model;
    const truth = engine.grad[i];
    const uses = timeline.usesThatMatter(i);
    if (truth !== 0 && isRight(-given, truth)) return "The size is right, the sign is not.";
    if (uses.length > 1) {
      const one = uses.find((e) => isRight(given, engine.flow(e)));
      if (one !== undefined) {
        const through = clip(names[engine.consumers[one]], 16);
        return `That is the contribution through ${through} alone. Where paths meet, contributions add up.`;
      }
    }
    if (uses.some((e) => isRight(given, engine.partials[e])))
      return "That is the local derivative. It is still to be multiplied by the consumer's gradient.";
    if (uses.some((e) => isRight(given, engine.grad[engine.consumers[e]])))
      return "That is the consumer's gradient. It is still to be multiplied by the local derivative.";
    if (isRight(given, engine.data[i])) return "That is the node's value, not its gradient.";
    return "";
  }

  // --- the panel ---

  /** @param {Changed} changes */
  update(changes) {
    // What is typed already stays while other things change.
    if (changes.has("quiz") || changes.has("tab") || !this.model.hiding) this.show();
  }

  show() {
    fill(this.panel, this.model.hiding ? this.question() : this.introduction());
  }

  /** @returns {Child[]} */
  introduction() {
    const { names, engine } = this.model;
    const { done } = this;
    return [
      html("h2", {}, done ? `${done.right} of ${done.of} right` : "Do you see it coming?"),
      html(
        "p",
        { class: "lead" },
        done
          ? "Once more, or change some leaves first: the questions are about the present numbers."
          : `The gradients of ${clip(names[engine.of], 20)} are hidden, and you work out those of this room one by one, ` +
              "from easy to hard. Each answer is explained by the chain rule.",
      ),
      html(
        "button",
        { id: "quiz-start", class: "primary", onclick: () => this.start() },
        done ? "Again" : "Start the quiz",
      ),
    ];
  }

  /** @returns {Child[]} */
  question() {
    const { engine, names, timeline } = this.model;
    const i = this.order[this.at];
    const uses = timeline.usesThatMatter(i);
    const of = names[engine.of];
    const field = html("input", {
      id: "quiz-answer",
      type: "text",
      inputmode: "text",
      autocomplete: "off",
      "aria-label": `gradient of ${clip(names[i], 20)}`,
    });
    const form = html(
      "form",
      { class: "row" },
      field,
      html("button", { class: "primary", type: "submit" }, "Answer"),
      html("button", { type: "button", id: "quiz-show", onclick: () => this.answer(null) }, "Show me"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer(field.value);
    });
    return [
      html(
        "div",
        { class: "score" },
        html("span", {}, `Question ${this.at + 1} of ${this.order.length}`),
        html("span", { id: "quiz-score" }, `${this.score} right${this.streak > 2 ? `, ${this.streak} in a row` : ""}`),
      ),
      html("progress", { max: this.order.length, value: this.at, "aria-label": "progress" }),
      html("h2", {}, "What is ", whole(derivative(of, names[i])), " ?"),
      html(
        "p",
        {},
        uses.length === 1
          ? "It has one consumer:"
          : `It has ${plural(uses.length, "consumer")}; every one contributes:`,
      ),
      html("ul", { class: "given" }, ...uses.slice(0, 6).map((e) => this.given(e))),
      this.result ? this.explanation(i, uses, this.result) : form,
      html("button", { class: "link", onclick: () => this.model.unhide() }, "Leave the quiz"),
    ];
  }

  /**
   * What the reader may use: the consumer's gradient and rule, and its operands' numbers.
   * @param {number} e
   */
  given(e) {
    const { engine, names } = this.model;
    const consumer = engine.consumers[e];
    const operands = [...new Set(engine.operandsOf(consumer))].slice(0, 6);
    const values = operands
      .map((k) => (engine.isConstant(k) ? null : `${clip(names[k], 10)} = ${show(engine.data[k], 6)}`))
      .filter(Boolean);
    return html(
      "li",
      {},
      html("span", { class: "formula" }, `${clip(names[consumer], 16)} = ${formula(this.model, consumer)}`),
      html(
        "span",
        { class: "quiet" },
        `${values.join(", ")}; ${clip(names[consumer], 10)} = ${show(engine.data[consumer], 6)}`,
      ),
      html("span", {}, whole(derivative(names[engine.of], names[consumer]), mo("="), mn(engine.grad[consumer], 6))),
    );
  }

  /**
   * @param {number} i
   * @param {number[]} uses
   * @param {Result} result
   */
  explanation(i, uses, { right, given, hint }) {
    const { engine, names } = this.model;
    const { symbols, numbers } = chainRule(engine, names, i, uses, 6);
    return html(
      "div",
      { class: `verdict ${right ? "right" : "wrong"}`, role: "status" },
      html("strong", {}, right ? "✓ Right." : given === null ? "Here is how." : "✗ Not quite."),
      hint ? html("p", { class: "hint" }, isolated(hint)) : null,
      line(symbols),
      line(numbers, piece(mo("="), mn(engine.grad[i], 8))),
      html(
        "button",
        { id: "quiz-next", class: "primary", onclick: () => this.next() },
        this.at + 1 < this.order.length ? "Next" : "Finish",
      ),
    );
  }
}
