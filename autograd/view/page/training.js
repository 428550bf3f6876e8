// Gradient descent, by single steps or as a run that goes on by itself: how many steps between two updates of the page,
// when it stops and why. It knows nothing of the screen. When a run ends, all its steps are kept as one that can be
// undone.

import { clip, parse, plural, show } from "./numbers.js";

/**
 * @import { Model } from "./model.js"
 *
 * @typedef {object} Screen
 * @property {(text: string) => void} say
 * @property {() => void} finish end the player, with everything shown
 */

const INTERVAL = 50; // milliseconds that a run waits after each update of the page
const BUDGET = 30; // at most this many milliseconds of computing before each update
const LONGEST = 100_000; // steps of a run

export class Training {
  /**
   * @param {Model} model
   * @param {Screen} screen
   */
  constructor(model, { say, finish }) {
    this.model = model;
    this.say = say;
    this.finish = finish;
    this.running = false;
    this.pointerDown = false; // while a pointer is down, a run waits
    this.timer = 0;
    this.steps = 0; // since gradient descent was last started
    this.pace = 1; // at most this many steps between two updates, if there is time for them
    model.state.listen((changes) => {
      if (!this.running) return;
      const { hiding, leaves, state } = model;
      const [time, tab] = [state.get("time"), state.get("tab")];
      // The quiz and the player need numbers that stay as they are.
      const asks = hiding || (changes.has("tab") && tab === "quiz");
      if (!leaves.descending) this.pause("Gradient descent has ended: its leaves were set from elsewhere.");
      else if (asks || changes.has("of") || time !== null) this.pause();
    });
  }

  get rate() {
    return parse(this.model.state.get("rate")) ?? NaN;
  }

  // The name of the differentiated node, and its value.
  get loss() {
    const { engine, names } = this.model;
    return { name: clip(names[engine.of], 20), number: engine.data[engine.of] };
  }

  // Why no step can be taken now; empty if one can.
  get obstacle() {
    const { engine, hiding, state } = this.model;
    const { name, number } = this.loss;
    if (!Number.isFinite(this.rate)) return "The rate must be a number.";
    if (engine.unknown[engine.of]) return "The result that is differentiated is unknown now; undo or reset first.";
    if (hiding) return "Gradients are hidden; leave the quiz first.";
    if (state.get("trained").size === 0) return "No leaf is switched on, so nothing moves.";
    if (!Number.isFinite(number)) return `${name} is ${show(number)}, so that there is nothing to descend.`;
    return "";
  }

  /**
   * Take some steps, fewer if one of them is the last possible one.
   * @param {number} count
   */
  descend(count) {
    this.pause();
    const { obstacle } = this;
    if (obstacle) {
      this.say(obstacle);
      return;
    }
    let end = "";
    this.steps = 0;
    while (this.steps < count && !end) end = this.step();
    this.keep();
    this.say(end || this.report());
  }

  toggle() {
    if (this.running) this.pause();
    else this.run();
  }

  run() {
    const { obstacle } = this;
    if (obstacle) {
      this.say(obstacle);
      return;
    }
    this.finish();
    this.running = true;
    this.steps = 0;
    this.tick();
  }

  /**
   * End the run, if one goes on, and keep its steps.
   * @param {string} why
   */
  pause(why = "") {
    if (!this.running) return;
    this.running = false;
    clearTimeout(this.timer);
    this.keep();
    this.say(why || this.report());
  }

  keep() {
    const { leaves, state } = this.model;
    if (leaves.descending) leaves.commit();
    else state.announce("numbers");
  }

  report() {
    const { name, number } = this.loss;
    return `${plural(this.steps, "step")} of gradient descent: ${name} = ${show(number, 7)}`;
  }

  tick() {
    if (this.pointerDown) {
      this.wait();
      return;
    }
    const until = performance.now() + BUDGET;
    let end = "";
    for (let k = 0; k < this.pace && !end; k++) {
      end = this.step();
      if (this.steps >= LONGEST) end ||= `A run ends after ${plural(LONGEST, "step")}; start another to go on.`;
      if (performance.now() >= until) break;
    }
    if (end) {
      this.pause(end);
    } else {
      this.model.state.announce("numbers");
      this.wait();
    }
  }

  wait() {
    this.timer = setTimeout(() => this.tick(), INTERVAL);
  }

  // Take a step; returns why no other can follow, or an empty string.
  step() {
    const { engine, leaves, names, state } = this.model;
    const { rate } = this;
    const trained = [...state.get("trained")];
    const alarming = trained.find((i) => !Number.isFinite(engine.grad[i]));
    if (alarming !== undefined)
      return `No step can follow: the gradient of ${clip(names[alarming], 20)} is ${show(engine.grad[alarming])}.`;
    const before = trained.map((i) => engine.data[i]);
    leaves.descend(trained, rate);
    this.steps++;
    const { name, number } = this.loss;
    if (!Number.isFinite(number))
      return `${name} has become ${show(number)}: the rate ${show(rate)} is too large, a step went too far. Undo goes back.`;
    if (trained.every((i, k) => Object.is(engine.data[i], before[k])))
      return `Nothing moves any more: the steps are too small to change a number. ${name} = ${show(number, 7)}`;
    return "";
  }
}
