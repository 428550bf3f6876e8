// The quiz: gradients are hidden, the reader works them out, and every answer is explained by the chain rule.

import { byId, html } from "./dom.js";
import { chainRule, derivative, mn, mo, whole } from "./formula.js";
import { clip, isolated, parse, plural, show } from "./numbers.js";

const EASE = { add: 0, sub: 0, sum: 0, positive: 0, neg: 0, mul: 1, dot: 1, div: 2, square: 2, pow: 2, relu: 2 };
const TOLERANCE = 0.01;

// Whether an answer is right: to one per cent, or to the digits that were given.
export function isRight(answer, truth) {
  if (truth !== truth || !Number.isFinite(truth)) return Object.is(answer, truth);
  return Math.abs(answer - truth) <= TOLERANCE * Math.abs(truth) || (truth === 0 && answer === 0);
}

export class Quiz {
  constructor(page) {
    this.page = page;
    this.active = false;
    this.panel = byId("panel-quiz");
  }

  hides(i) {
    return this.active && i !== this.page.engine.of && !this.answered.has(i);
  }

  ease(i) {
    const { engine, data } = this.page;
    const { op } = engine.rows[i];
    return data.operations[`${op}/${engine.operandsOf(i).length}`].exponent === null ? (EASE[op] ?? 4) : EASE.pow;
  }

  // The nodes of the room are asked about from easy to hard: by the operations that consume them, and their number.
  start() {
    const { engine, timeline, state, view } = this.page;
    const hardness = (i) => {
      const uses = timeline.usesThatMatter(i);
      const worst = Math.max(...uses.map((e) => this.ease(engine.consumers[e])));
      return worst + 3 * (uses.length - 1);
    };
    const here = view.items.flatMap((item) => (item.kind === "node" && !item.elsewhere ? [item.node] : []));
    const asked = here.filter((i) => i !== engine.of && timeline.matters[i] && !engine.isConstant(i));
    if (asked.length === 0) {
      this.page.say("There is nothing to ask about in this room; open one that shows single nodes.");
      return;
    }
    const hard = new Map(asked.map((i) => [i, hardness(i)]));
    asked.sort((a, b) => hard.get(a) - hard.get(b) || b - a);
    this.order = asked;
    this.answered = new Map(); // node -> right or wrong
    this.active = true;
    this.at = 0;
    this.streak = 0;
    state.set({ time: null });
    state.announce("quiz");
    this.pose();
  }

  stop() {
    this.active = false;
    this.page.state.announce("quiz");
  }

  get score() {
    return [...(this.answered?.values() ?? [])].filter(Boolean).length;
  }

  pose() {
    this.result = null;
    const i = this.order[this.at];
    if (i === undefined) this.finish();
    else this.page.goTo(i, "quiz");
    this.update();
    byId("quiz-answer")?.focus();
  }

  finish() {
    this.active = false;
    this.done = { right: this.score, of: this.order.length };
    this.page.state.announce("quiz");
  }

  answer(text) {
    const { engine, names } = this.page;
    const i = this.order[this.at];
    const given = text === null ? null : parse(text);
    if (given === undefined) {
      this.page.say("Type a number, such as 0.25, -3e-2 or 1/3.");
      byId("quiz-answer").setAttribute("aria-invalid", "true");
      return;
    }
    const right = given !== null && isRight(given, engine.grad[i]);
    this.answered.set(i, right);
    this.streak = right ? this.streak + 1 : 0;
    this.result = { right, given, hint: given === null ? "" : right ? "" : this.diagnosis(i, given) };
    this.page.speak(right ? "Right." : `Not quite: ${clip(names[i], 20)} has the gradient ${show(engine.grad[i], 6)}.`);
    this.page.state.announce("quiz");
    byId("quiz-next")?.focus();
  }

  next() {
    this.at++;
    this.pose();
  }

  // What a wrong answer looks like it came from.
  diagnosis(i, given) {
    const { engine, names } = this.page;
    const truth = engine.grad[i];
    const uses = this.page.timeline.usesThatMatter(i);
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

  update() {
    const content = this.active ? this.question() : this.introduction();
    this.panel.replaceChildren(...content.filter(Boolean));
  }

  introduction() {
    const { names, engine } = this.page;
    const done = this.done;
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

  question() {
    const { engine, names } = this.page;
    const i = this.order[this.at];
    const uses = this.page.timeline.usesThatMatter(i);
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
      this.result ? null : form,
      this.result ? this.explanation(i, uses) : null,
      html("button", { class: "link", onclick: () => this.stop() }, "Leave the quiz"),
    ];
  }

  // What the reader may use: the consumer's gradient and rule, and its operands' numbers.
  given(e) {
    const { engine, names, data } = this.page;
    const consumer = engine.consumers[e];
    const operands = [...new Set(engine.operandsOf(consumer))].slice(0, 6);
    const values = operands
      .map((k) => (engine.isConstant(k) ? null : `${clip(names[k], 10)} = ${show(engine.data[k], 6)}`))
      .filter(Boolean);
    return html(
      "li",
      {},
      html("span", { class: "formula" }, `${clip(names[consumer], 16)} = ${this.page.formula(consumer)}`),
      html(
        "span",
        { class: "quiet" },
        `${values.join(", ")}; ${clip(names[consumer], 10)} = ${show(engine.data[consumer], 6)}`,
      ),
      html("span", {}, whole(derivative(names[engine.of], names[consumer]), mo("="), mn(engine.grad[consumer], 6))),
    );
  }

  explanation(i, uses) {
    const { engine, names } = this.page;
    const { right, hint } = this.result;
    const { symbols, numbers } = chainRule(engine, names, i, uses, 6);
    return html(
      "div",
      { class: `verdict ${right ? "right" : "wrong"}`, role: "status" },
      html("strong", {}, right ? "✓ Right." : this.result.given === null ? "Here is how." : "✗ Not quite."),
      hint ? html("p", { class: "hint" }, isolated(hint)) : null,
      whole(derivative(names[engine.of], names[i]), mo("="), ...symbols),
      whole(mo("="), ...numbers, mo("="), mn(engine.grad[i], 8)),
      html(
        "button",
        { id: "quiz-next", class: "primary", onclick: () => this.next() },
        this.at + 1 < this.order.length ? "Next" : "Finish",
      ),
    );
  }
}
