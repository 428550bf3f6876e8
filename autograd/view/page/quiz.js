// The quiz: gradients are hidden, and the reader works them out from the loss back, with a second try and a hint; every
// answer is explained by the chain rule. The numbers given with a question never reveal the answer to a later one.

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
 * @typedef {{ right: boolean, given: number | null, hint: string }} Result The outcome of a question; `given` is the
 *   reader's answer, null if there was none.
 * @typedef {{ nodes: number[] }} Question The first of the nodes is asked for; the others have the same gradient.
 * @typedef {{ right: number, second: number, of: number }} Score The numbers of right answers, of those among them that
 *   came at the second try, and of questions.
 */

const TOLERANCE = 0.01;
const GIVEN = 6; // at most this many consumers and operands are given with their numbers

/**
 * Whether an answer is right, to within one per cent of the true number; a true 0, inf or nan must be met exactly.
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
   * @param {Pick<Actions, "goTo"> & { say: (text: string) => void, speak: (text: string) => void, pause: () => void }}
   *   callbacks `pause` stops the player, which would reveal the answers
   */
  constructor(model, { goTo, say, speak, pause }) {
    this.model = model;
    this.goTo = goTo;
    this.say = say;
    this.speak = speak;
    this.pause = pause;
    this.panel = byId("panel-quiz");
    /** @type {Question[]} */
    this.questions = [];
    this.at = 0;
    /** @type {Set<number>} */
    this.answered = new Set(); // the nodes whose gradients may be seen
    /** @type {(0 | 1 | 2)[]} */
    this.tries = []; // for each question so far, at which try the answer was right; 0 if at none
    this.hint = ""; // after a wrong answer to the present question
    /** @type {Result | null} */
    this.result = null; // of the present question
    this.of = -1; // what was differentiated when the quiz began
    /** @type {Score | null} */
    this.done = null; // of the last quiz that was finished
  }

  start() {
    const { engine } = this.model;
    const questions = questionsOf(this.model);
    if (questions.length === 0) {
      this.say("There is nothing to ask about in this room; open one that shows single nodes.");
      return;
    }
    Object.assign(this, { questions, at: 0, answered: new Set(), tries: [], hint: "", result: null, of: engine.of });
    this.enter();
  }

  // The nodes that are asked for, in the order of the questions.
  get order() {
    return this.questions.map(({ nodes }) => nodes[0]);
  }

  // Whether a quiz was left unfinished, so that the reader can go back to it.
  get begun() {
    return this.at < this.questions.length && this.of === this.model.engine.of;
  }

  // Begin the quiz, or go on where the reader left it.
  enter() {
    const { model } = this;
    this.pause();
    model.hide(this.answered);
    model.state.set({ time: null });
    model.state.announce("quiz");
    this.pose();
  }

  /** @returns {Score} */
  get score() {
    const right = this.tries.filter((tries) => tries > 0).length;
    return { right, second: this.tries.filter((tries) => tries === 2).length, of: this.questions.length };
  }

  // The number of questions, up to the last one answered, that were right at the first try without a break.
  get streak() {
    return this.tries.length - 1 - this.tries.map((tries) => tries === 1).lastIndexOf(false);
  }

  pose() {
    const question = this.questions[this.at];
    if (question) this.goTo(question.nodes[0], "quiz");
    else this.finish();
    this.show();
    // Focusing the field must not scroll the question out of sight when the panel is low.
    document.getElementById(this.result ? "quiz-next" : "quiz-answer")?.focus({ preventScroll: true });
    this.panel.scrollTop = 0;
  }

  finish() {
    this.done = this.score;
    this.model.unhide();
  }

  /** @param {string | null} text null for "show me" */
  answer(text) {
    const { engine, names, state } = this.model;
    const { nodes } = this.questions[this.at];
    const i = nodes[0];
    const given = text === null ? null : parse(text);
    if (given === undefined) {
      this.say("Type a number, such as 0.25, -3e-2 or 1/3.");
      byId("quiz-answer").setAttribute("aria-invalid", "true");
      return;
    }
    const right = given !== null && isRight(given, engine.grad[i]);
    const diagnosis = given === null || right ? "" : this.diagnosis(i, given);
    if (!right && given !== null && this.hint === "") {
      this.hint = [diagnosis, this.lead(i)].filter(Boolean).join(" ");
      this.speak(`Not yet. ${this.hint}`);
      this.show();
      document.getElementById("quiz-answer")?.focus();
      return;
    }
    this.tries.push(right ? (this.hint ? 2 : 1) : 0);
    for (const node of nodes) this.answered.add(node);
    this.result = { right, given, hint: diagnosis };
    this.speak(right ? "Right." : `Not quite: ${clip(names[i], 20)} has the gradient ${show(engine.grad[i], 6)}.`);
    state.announce("quiz");
    document.getElementById("quiz-next")?.focus();
  }

  next() {
    this.at++;
    this.hint = "";
    this.result = null;
    this.pose();
  }

  /**
   * A hint after a wrong answer: the names of the consumers to look at.
   * @param {number} i
   */
  lead(i) {
    const { engine, names, timeline } = this.model;
    const uses = timeline.usesThatMatter(i);
    const name = clip(names[i], 16);
    const consumers = uses.map((e) => engine.consumers[e]);
    if (uses.length === 1) {
      const consumer = clip(names[consumers[0]], 16);
      const gradient = show(engine.grad[consumers[0]], 6);
      return `Look at ${consumer}: its gradient is ${gradient}. Multiply that by the slope of ${consumer} in ${name}.`;
    }
    const some = [...new Set(consumers)].slice(0, GIVEN).map((k) => clip(names[k], 16));
    const rest = new Set(consumers).size > GIVEN ? ", ..." : "";
    const each = `its gradient times its slope in ${name}`;
    if (some.length === 1)
      return `Look at ${some[0]}: it takes ${name} ${uses.length} times. Take ${each} for every one, and add up.`;
    return `Look at ${some.join(", ")}${rest}: take for each ${each}, and add up.`;
  }

  /**
   * The mistake that a wrong answer suggests; an empty string if none is recognised.
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
    const { hiding } = this.model;
    if (changes.has("quiz") || changes.has("tab") || changes.has("numbers") || !hiding) this.show();
  }

  show() {
    // Keep what the reader has typed so far when the panel is filled again.
    const field = document.getElementById("quiz-answer");
    const typed = field instanceof HTMLInputElement && field.dataset.question === `${this.at}` ? field.value : "";
    const focused = field !== null && document.activeElement === field;
    fill(this.panel, this.model.hiding ? this.question() : this.introduction());
    const renewed = document.getElementById("quiz-answer");
    if (!(renewed instanceof HTMLInputElement)) return;
    renewed.value = typed;
    if (focused) {
      renewed.focus();
      renewed.select();
    }
  }

  /** @returns {Child[]} */
  introduction() {
    const { names, engine } = this.model;
    const { begun, done, questions } = this;
    const of = clip(names[engine.of], 20);
    const again = "Try again, or change some leaves first: the questions use the current numbers.";
    const first =
      `The gradients of ${of} are hidden, and you work out those of this room one by one, from ${of} back. A wrong ` +
      "answer has a second try, and each is explained by the chain rule.";
    return [
      html("h2", {}, begun ? "You left the quiz" : done ? inWords(done) : "Can you predict the gradients?"),
      html(
        "p",
        { class: "lead" },
        begun ? `You are at question ${this.at + 1} of ${questions.length}.` : done ? again : first,
      ),
      html(
        "div",
        { class: "row" },
        begun && html("button", { id: "quiz-on", class: "primary", onclick: () => this.enter() }, "Go on"),
        html(
          "button",
          { id: "quiz-start", class: begun ? "" : "primary", onclick: () => this.start() },
          begun ? "Start anew" : done ? "Again" : "Start the quiz",
        ),
      ),
    ];
  }

  /** @returns {Child[]} */
  question() {
    const { engine, names, timeline } = this.model;
    const { nodes } = this.questions[this.at];
    const i = nodes[0];
    const uses = timeline.usesThatMatter(i);
    const of = names[engine.of];
    const field = html("input", {
      id: "quiz-answer",
      type: "text",
      inputmode: "text",
      autocomplete: "off",
      "data-question": this.at,
      "aria-describedby": this.hint ? "quiz-hint" : undefined,
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
        html("span", {}, `Question ${this.at + 1} of ${this.questions.length}`),
        html(
          "span",
          { id: "quiz-score" },
          `${this.score.right} right${this.streak > 2 ? `, ${this.streak} in a row` : ""}`,
        ),
      ),
      html("progress", { max: this.questions.length, value: this.at, "aria-label": "progress" }),
      html("h2", {}, "What is ", whole(derivative(of, names[i])), " ?"),
      html(
        "p",
        {},
        uses.length === 1
          ? "It has one consumer:"
          : `It has ${plural(uses.length, "consumer")}; every one contributes:`,
      ),
      html("ul", { class: "given" }, ...uses.slice(0, GIVEN).map((e) => this.given(e))),
      uses.length > GIVEN && html("p", { class: "quiet" }, `and ${(uses.length - GIVEN).toLocaleString("en")} more`),
      this.hint !== "" && this.result === null && this.secondTry(),
      this.result ? this.explanation(nodes, uses, this.result) : form,
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
    const operands = [...new Set(engine.operandsOf(consumer))].slice(0, GIVEN);
    const values = operands
      .map((k) => (engine.isConstant(k) ? null : `${clip(names[k], 10)} = ${show(engine.data[k], 6)}`))
      .filter(Boolean);
    return html(
      "li",
      {},
      html("span", { class: "asked" }, `${clip(names[consumer], 16)} = ${formula(this.model, consumer)}`),
      html(
        "span",
        { class: "quiet" },
        `${values.join(", ")}; ${clip(names[consumer], 10)} = ${show(engine.data[consumer], 6)}`,
      ),
      html("span", {}, whole(derivative(names[engine.of], names[consumer]), mo("="), mn(engine.grad[consumer], 6))),
    );
  }

  secondTry() {
    return html(
      "div",
      { class: "verdict wrong" },
      html("strong", {}, "Not yet. You have a second try."),
      html("p", { class: "hint", id: "quiz-hint" }, isolated(this.hint)),
    );
  }

  /**
   * @param {number[]} nodes the one that was asked for, and those with the same gradient
   * @param {number[]} uses
   * @param {Result} result
   */
  explanation([i, ...others], uses, { right, given, hint }) {
    const { engine, names } = this.model;
    const { symbols, numbers } = chainRule(engine, names, i, uses, GIVEN);
    const some = others.slice(0, GIVEN).map((k) => clip(names[k], 16));
    const more = others.length > some.length ? ` and ${others.length - some.length} more` : "";
    return html(
      "div",
      { class: `verdict ${right ? "right" : "wrong"}`, role: "status" },
      html("strong", {}, right ? "✓ Right." : given === null ? "Here is how." : "✗ Not quite."),
      hint ? html("p", { class: "hint" }, isolated(hint)) : null,
      line(symbols),
      line(numbers, piece(mo("="), mn(engine.grad[i], 8))),
      others.length > 0 &&
        html(
          "p",
          {},
          isolated(`The same holds for ${some.join(", ")}${more}: the consumers and the slopes are the same.`),
        ),
      html(
        "button",
        { id: "quiz-next", class: "primary", onclick: () => this.next() },
        this.at + 1 < this.questions.length ? "Next" : "Finish",
      ),
    );
  }
}

/** @param {Score} score */
const inWords = ({ right, second, of }) =>
  `${right} of ${of} right${second ? `, ${second} of them at the second try` : ""}`;

/**
 * The questions about a room. They go from the loss back, so that a consumer's gradient, which is given, has been asked
 * for before. At the same distance from the loss, nodes come first that are easier to work out: those with few
 * consumers and simple operations. Nodes that have the same gradient, whatever the numbers are, make one question; the
 * terms of a sum are an example.
 * @param {Model} model
 * @returns {Question[]}
 */
function questionsOf({ data, engine, timeline, view }) {
  /** @param {number} i */
  const hardness = (i) => {
    const uses = timeline.usesThatMatter(i);
    const worst = Math.max(...uses.map((e) => data.operations[engine.keyOf(engine.consumers[e])].hardness));
    return worst + 3 * (uses.length - 1);
  };
  // A key for what comes through an edge: two edges with the same consumer, and with the same slope (a number or a
  // node), have the same key.
  /** @param {number} e */
  const through = (e) => {
    const consumer = engine.consumers[e];
    const slope = data.operations[engine.keyOf(consumer)].slopes?.[e - engine.starts[consumer]] ?? null;
    if (slope === null) return `edge ${e}`;
    return typeof slope === "number"
      ? `${consumer} times ${slope}`
      : `${consumer} times node ${engine.operandsOf(consumer)[Number(slope)]}`;
  };
  const here = view.items.flatMap((item) => (item.kind === "node" && !item.elsewhere ? [item.node] : []));
  const asked = here.filter((i) => i !== engine.of && timeline.matters[i] && !engine.isConstant(i));
  const distances = engine.distances();
  const graded = asked.map((i) => ({ i, far: distances[i], hard: hardness(i) }));
  graded.sort((a, b) => a.far - b.far || a.hard - b.hard || b.i - a.i);
  /** @type {Map<string, number[]>} */
  const groups = new Map();
  for (const { i } of graded) {
    const key = timeline.usesThatMatter(i).map(through).sort().join();
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()].map((nodes) => ({ nodes }));
}
