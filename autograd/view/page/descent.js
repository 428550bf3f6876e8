// Gradient descent in the panel: the rate, the buttons, the count of steps, and the losses so far as a curve.
// training.js takes the steps.

import { html, svg } from "./dom.js";
import { clip, isolated, parse, plural, show } from "./numbers.js";
import { Plot, padded } from "./plot.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Point } from "./along.js"
 * @import { Model } from "./model.js"
 */

/** @type {Record<string, number>} */
const PACES = { "1 at a time": 1, "10 at a time": 10, "100 at a time": 100 }; // steps of a run between two updates
const COLUMNS = 250; // the losses are drawn in at most this many stretches
const LOG = 100; // losses whose ratio is larger need a log scale

export class Descent {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "descend" | "toggleRun" | "restart" | "training">} callbacks
   */
  constructor(model, { descend, toggleRun, restart, training }) {
    this.model = model;
    this.training = training;
    /** @type {(id: string, text: string, action: () => void, label?: string) => HTMLButtonElement} */
    const button = (id, text, action, label) => html("button", { id, onclick: action, title: label }, text);
    this.rate = html("input", {
      id: "rate",
      type: "text",
      inputmode: "decimal",
      value: "0.5",
      size: 6,
      "aria-label": "learning rate",
    });
    this.rate.addEventListener("change", () => model.state.set({ rate: this.rate.value }));
    this.pace = html(
      "select",
      { id: "steps-a-look", "aria-label": "Steps between two updates of the page" },
      Object.keys(PACES).map((text) => html("option", {}, text)),
    );
    this.pace.addEventListener("change", () => {
      training.pace = PACES[this.pace.value];
    });
    this.run = button("run", "Run", toggleRun, "Run or pause (r)");
    this.run.classList.add("primary");
    this.again = button("restart", "Start again", restart, "Back to where gradient descent began");
    this.count = html("p", { id: "steps", class: "quiet" });
    this.plot = new Plot("plot");
    this.element = html(
      "section",
      {},
      html("h3", {}, "Gradient descent"),
      html("p", { class: "quiet" }, "Each switched-on leaf moves by −rate · gradient."),
      html("div", { class: "row" }, html("label", { for: "rate" }, "rate"), this.rate, this.run, this.again),
      html(
        "div",
        { class: "row" },
        button("descend", "One step", () => descend(1), "One step (g)"),
        button("descend10", "10 steps", () => descend(10)),
        this.pace,
      ),
      this.count,
      this.plot.element,
    );
    // While a pointer is down, a run waits: otherwise the page could change between pressing a button and releasing it.
    const hold = (/** @type {boolean} */ down) => () => {
      training.pointerDown = down;
    };
    document.addEventListener("pointerdown", hold(true), true);
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, hold(false), true);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) training.pause("Gradient descent was paused when the page was left.");
    });
  }

  update() {
    const { engine, leaves, names, state } = this.model;
    const { running } = this.training;
    const rate = state.get("rate");
    if (rate !== this.rate.value && document.activeElement !== this.rate) this.rate.value = rate;
    this.rate.setAttribute("aria-invalid", String(!Number.isFinite(parse(rate))));
    this.run.textContent = running ? "Pause" : "Run";
    const { losses } = leaves;
    this.again.disabled = losses.length === 0;
    this.count.hidden = losses.length === 0;
    const of = isolated(clip(names[engine.of], 20));
    const [first, last] = [losses[0], losses[losses.length - 1]];
    const went = last > first ? "rose" : last < first ? "fell" : "went";
    this.count.textContent =
      `${plural(losses.length - 1, "step")}: ${of} ${went} from ${show(first, 6)} to ${show(last, 6)}.` +
      (last > first ? " Where it rises the rate may be too large." : "");
    this.drawPlot(losses);
  }

  /** @param {number[]} losses */
  drawPlot(losses) {
    const { engine, names } = this.model;
    const finite = losses.filter(Number.isFinite);
    if (finite.length < 2) {
      this.plot.hide();
      return;
    }
    const last = losses.lastIndexOf(finite[finite.length - 1]);
    const low = finite.reduce((a, b) => Math.min(a, b));
    const high = finite.reduce((a, b) => Math.max(a, b));
    const log = low > 0 && high / low > LOG;
    this.plot.draw(
      { low: 0, high: losses.length - 1, title: "steps", whole: true },
      { ...padded(low, high, log), title: isolated(clip(names[engine.of], 20)), log },
      `loss over ${plural(losses.length - 1, "step")}, from ${show(losses[0], 4)} to ${show(losses.at(-1), 4)}` +
        `${log ? ", on a log scale" : ""}`,
      ({ x, y }) => {
        const points = thinned(losses).map(([k, loss]) => `${x(k).toFixed(1)},${y(loss).toFixed(1)}`);
        return [
          svg("polyline", { class: "line", points: points.join(" ") }),
          svg("circle", { class: "now", cx: x(last), cy: y(finite[finite.length - 1]), r: 4 }),
        ];
      },
    );
  }
}

/**
 * The lowest and the highest loss of each stretch, so that no peak is lost. Losses that are not finite are left out.
 * @param {number[]} losses
 * @returns {Point[]}
 */
function thinned(losses) {
  const length = Math.max(1, Math.ceil(losses.length / COLUMNS));
  /** @type {Point[]} */
  const points = [];
  for (let from = 0; from < losses.length; from += length) {
    let [low, high] = [-1, -1];
    for (let k = from; k < Math.min(from + length, losses.length); k++) {
      if (!Number.isFinite(losses[k])) continue;
      if (low < 0 || losses[k] < losses[low]) low = k;
      if (high < 0 || losses[k] > losses[high]) high = k;
    }
    for (const k of new Set([Math.min(low, high), Math.max(low, high)])) if (k >= 0) points.push([k, losses[k]]);
  }
  return points;
}
