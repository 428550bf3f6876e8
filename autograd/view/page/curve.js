// The value of the differentiated node as a curve over the selected leaf, with the tangent whose slope is the gradient,
// the present point, which can be dragged along the curve, and the point after a step of gradient descent. along.js
// computes the curve, plot.js draws the axes. The curve of a large graph is computed bit by bit, from coarse to fine,
// so that the page never has to wait for it.

import { Along, Samples } from "./along.js";
import { fill, html, svg } from "./dom.js";
import { clip, isolated, parse, plural, show } from "./numbers.js";
import { Plot, padded } from "./plot.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Point } from "./along.js"
 * @import { Child } from "./dom.js"
 * @import { Model } from "./model.js"
 * @import { Scale } from "./plot.js"
 *
 * @typedef {object} Step A step of gradient descent in which only this leaf moves.
 * @property {number} x where the leaf goes
 * @property {number} y the value of the differentiated node there
 * @property {number} predicted by the tangent
 */

const PIECES = 128; // the curve is cut into this many pieces
const FEWER = 64; // ... or this many, if each point takes long to compute
const LONG = 2000; // a point takes long with more operations than this
const COARSE = 17; // a new curve with this many points is drawn in place of the old one
const BUDGET = 10; // milliseconds of computing at a time
const STEPS = 1.5; // half of a range that shows the step is this many times the step's size
const ROOM = 5; // a frame is kept while it is less than this many times as high as the curve
const NAME = 16; // the most letters of a name
const EDGE = 0.02; // a leaf that is nearer to an end than this share of the range gets another range

export class Curve {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "preview" | "commit">} callbacks
   */
  constructor(model, { preview, commit }) {
    this.model = model;
    this.preview = preview;
    this.commit = commit;
    this.leaf = -1;
    this.centre = 0; // of the range
    this.half = 1; // its half width
    this.zoom = 1;
    this.dragging = false;
    /** @type {Along | null} */
    this.along = null;
    /** @type {Samples | null} */
    this.samples = null;
    /** @type {Samples | null} */
    this.drawn = null; // the samples in the picture: those of the last curve, until there are enough new ones
    /** @type {Point[]} */
    this.before = []; // the curve before the present change, which is not committed yet
    /** @type {{ low: number, high: number } | null} */
    this.height = null; // the range of values in the frame
    this.frame = 0; // the animation frame that is requested
    this.plot = new Plot("curve");
    this.words = html("ul", { class: "marks" });
    this.note = html("p", { class: "quiet" });
    /** @type {(id: string, text: string, label: string, factor: number) => HTMLButtonElement} */
    const button = (id, text, label, factor) =>
      html("button", { id, "aria-label": label, title: label, onclick: () => this.zoomBy(factor) }, text);
    this.toStep = html(
      "button",
      { id: "curve-step", title: "The range in which the step can be seen", onclick: () => this.zoomToStep() },
      "the step",
    );
    this.buttons = html(
      "div",
      { class: "row ranges" },
      html("span", { class: "quiet" }, "range"),
      button("curve-narrower", "narrower", "A narrower range of the leaf", 0.5),
      button("curve-wider", "wider", "A wider range of the leaf", 2),
      this.toStep,
    );
    this.element = html(
      "section",
      { class: "curve-section", hidden: true },
      this.plot.element,
      this.note,
      this.words,
      this.buttons,
    );
    const { element } = this.plot;
    element.addEventListener("pointerdown", (event) => this.grab(event));
    element.addEventListener("pointermove", (event) => this.dragging && this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => this.drop());
  }

  // --- the range ---

  get low() {
    return this.centre - this.half;
  }

  get high() {
    return this.centre + this.half;
  }

  /**
   * A number of the range, rounded to the digits that can be told apart in the picture.
   * @param {number} x
   */
  rounded(x) {
    const digits = Math.ceil(-Math.log10(this.half / 100));
    return digits >= 0 && digits <= 20 ? Number(x.toFixed(digits)) : Number(x.toPrecision(6));
  }

  // Half the width of the range at zoom 1: enough for the leaf's number and for the step; null if the number is not
  // finite.
  get size() {
    const x = this.model.engine.data[this.leaf];
    if (!Number.isFinite(x)) return null;
    const size = 2 * Math.max(Math.abs(x), 0.5);
    return Math.max(size, Math.min(STEPS * this.stepSize, 10 * size));
  }

  // How far the step moves the leaf; 0 if there is no step.
  get stepSize() {
    const size = this.slope === null ? 0 : Math.abs(this.rate * this.slope);
    return Number.isFinite(size) ? size : 0;
  }

  // Choose the range around the leaf's number.
  choose() {
    const { size } = this;
    if (size === null) return;
    this.centre = this.model.engine.data[this.leaf];
    this.half = this.zoom * size;
    this.restart();
  }

  /** @param {number} factor */
  zoomBy(factor) {
    this.zoom *= factor;
    this.choose();
    this.show();
  }

  zoomToStep() {
    const { size, stepSize } = this;
    if (size !== null && stepSize > 0) this.zoomBy((STEPS * stepSize) / size / this.zoom);
  }

  // Forget the last curve, which is of no use in another range.
  restart() {
    this.drawn = null;
    this.before = [];
    this.height = null;
  }

  // --- what is known ---

  // Short names of the leaf and of the differentiated node (`of`): the full name of the leaf stands above in the panel.
  get name() {
    return this.model.reading.title(this.leaf, NAME);
  }

  get of() {
    return this.model.reading.title(this.model.engine.of, NAME);
  }

  get rate() {
    return parse(this.model.state.get("rate")) ?? NaN;
  }

  // The gradient of the leaf; null if it is not known, is not finite, or the leaf is a constant.
  get slope() {
    const { engine } = this.model;
    const { leaf } = this;
    if (engine.isConstant(leaf) || !this.model.knowsGradient(leaf) || !Number.isFinite(engine.grad[leaf])) return null;
    return engine.grad[leaf];
  }

  /** @returns {Step | null} */
  get step() {
    const { slope, rate, along, leaf } = this;
    const { engine } = this.model;
    if (slope === null || !Number.isFinite(rate) || along === null) return null;
    const x = engine.data[leaf] - rate * slope;
    return { x, y: along.at(x), predicted: engine.data[engine.of] + slope * (x - engine.data[leaf]) };
  }

  // Why there is no curve; empty if there is one.
  get obstacle() {
    const { engine, timeline } = this.model;
    const { name, of } = this;
    if (this.leaf === engine.of || this.along === null) return `${of} is this leaf itself: the curve is the diagonal.`;
    if (!timeline.matters[this.leaf]) return `${of} was not made from ${name}: it stays the same, whatever ${name} is.`;
    if (this.along.unreadable >= 0) {
      const op = clip(engine.rows[this.along.unreadable].op ?? "", 20);
      return `No curve: ${of} depends on ${name} through ${op}, whose rule the page cannot read.`;
    }
    if (!this.along.known) return `No curve: ${of} depends on a number that is unknown now. Undo or reset first.`;
    if (!this.model.knows(engine.of)) return `The curve comes when ${of} has been computed.`;
    if (!Number.isFinite(engine.data[this.leaf]))
      return `${name} is ${show(engine.data[this.leaf])}: there is nothing to the left and to the right of it.`;
    return "";
  }

  // --- drawing ---

  /**
   * Show the curve over a leaf, none for -1.
   * @param {number} leaf
   * @param {boolean} committed whether the present numbers are committed, not just a preview
   */
  update(leaf, committed) {
    const { engine } = this.model;
    cancelAnimationFrame(this.frame);
    this.element.hidden = leaf < 0;
    const other = leaf !== this.leaf || this.along?.of !== engine.of;
    if (leaf !== this.leaf) this.zoom = 1;
    this.leaf = leaf;
    if (leaf < 0) return;
    if (other) this.along = new Along(engine, leaf);
    else this.along?.refresh();
    const x = engine.data[leaf];
    const margin = committed ? 2 * EDGE * this.half : 0;
    if (other || (!this.dragging && (x < this.low + margin || x > this.high - margin))) this.choose();
    else if (committed) [this.before, this.height] = [[], null];
    else if (!this.before.length && this.samples?.complete) this.before = this.samples.line;
    this.show();
  }

  // Whether the curve has moved since numbers were last committed; it has not if only this leaf has changed.
  get moved() {
    const { along, before } = this;
    const some = [0.1, 0.5, 0.9].map((part) => before[Math.floor(part * before.length)]);
    return along !== null && before.length > 0 && some.some(([x, y]) => !Object.is(along.at(x), y));
  }

  // Compute the curve and draw it: at once if that is quick, else bit by bit.
  show() {
    cancelAnimationFrame(this.frame);
    const { along, obstacle } = this;
    this.note.textContent = obstacle;
    this.buttons.hidden = obstacle !== "";
    this.toStep.disabled = this.stepSize === 0;
    if (obstacle || along === null) {
      this.plot.hide();
      fill(this.words);
      return;
    }
    const samples = new Samples(along, this.low, this.high, along.order.length > LONG ? FEWER : PIECES);
    this.samples = samples;
    const advance = () => {
      const until = performance.now() + BUDGET;
      samples.advance(() => performance.now() >= until);
      if (samples.complete || samples.points.length >= COARSE || this.drawn === null) this.drawn = samples;
      this.draw(this.drawn);
      if (!samples.complete) this.frame = requestAnimationFrame(advance);
    };
    advance();
  }

  /**
   * Choose the frame's height to fit the curve. During a preview the frame stays or grows, so that the curve can be
   * seen to move, unless the frame is ROOM times too high.
   * @param {Samples} samples
   * @param {number[]} more other values that must be in the frame
   */
  stretch(samples, more) {
    const extent = samples.extent ?? { low: 0, high: 0 };
    const all = [extent.low, extent.high, ...more.filter(Number.isFinite)];
    let { low, high } = padded(Math.min(...all), Math.max(...all));
    const { height } = this;
    if (height && height.high - height.low < ROOM * (high - low)) {
      low = Math.min(low, height.low);
      high = Math.max(high, height.high);
    }
    this.height = { low, high };
    return this.height;
  }

  /** @param {Samples} samples */
  draw(samples) {
    const { engine } = this.model;
    const { leaf, slope, step } = this;
    const [x, y] = [engine.data[leaf], engine.data[engine.of]];
    const { name, of } = this;
    const inside = step !== null && step.x >= this.low && step.x <= this.high;
    const height = this.stretch(samples, inside ? [y, step.y, step.predicted] : [y]);
    const { moved } = this;
    const words = this.describeMarks(step, inside, moved);
    /** @type {Point[]} */
    const line = [...samples.line, [x, y]];
    line.sort(([a], [b]) => a - b);
    this.plot.draw(
      { low: this.low, high: this.high, title: isolated(name) },
      { ...height, title: isolated(of) },
      `${of} as a curve over ${name}, ${this.course(samples)} ${words.map(({ text }) => text).join(" ")}`,
      (scale) => [
        moved && svg("path", { class: "before", d: scale.path(this.before) }),
        svg("path", { class: "line", d: scale.path(line) }),
        slope !== null && Number.isFinite(y) && this.tangent(scale, x, y, slope),
        Number.isFinite(y) && svg("path", { class: "guide", d: `M${scale.x(x)} ${scale.y(y)}V${scale.height}` }),
        ...(step && inside ? this.stepMarks(scale, step) : []),
        Number.isFinite(y) && svg("circle", { class: "now", cx: scale.x(x), cy: scale.y(y), r: 5 }),
        svg("circle", {
          class: "handle",
          cx: scale.x(x),
          cy: Number.isFinite(y) ? scale.y(y) : scale.height / 2,
          r: 18,
        }),
      ],
    );
    fill(
      this.words,
      words.map(({ key, text }) => html("li", {}, key, html("span", {}, text))),
    );
  }

  /**
   * The tangent at the present point, as far as it can be seen.
   * @param {Scale} scale
   * @param {number} x
   * @param {number} y
   * @param {number} slope
   */
  tangent(scale, x, y, slope) {
    const { low, high } = this.height ?? { low: 0, high: 1 };
    const reach = Math.min(2 * this.half, (4 * (high - low)) / Math.abs(slope));
    const end = (/** @type {number} */ d) => `${scale.x(x + d)} ${scale.y(y + slope * d)}`;
    return svg("path", { class: `tangent ${signOf(slope)}`, d: `M${end(-reach)}L${end(reach)}` });
  }

  /**
   * The marks of the step: what the tangent predicts, and how far off the true value is.
   * @param {Scale} scale
   * @param {Step} step
   */
  stepMarks(scale, { x, y, predicted }) {
    const at = scale.x(x);
    return [
      Number.isFinite(y) && svg("path", { class: "off-by", d: `M${at} ${scale.y(predicted)}V${scale.y(y)}` }),
      svg("circle", { class: "predicted", cx: at, cy: scale.y(predicted), r: 4 }),
      Number.isFinite(y) && svg("path", { class: "after", d: diamond(at, scale.y(y)) }),
    ];
  }

  /**
   * From where to where the curve goes, in words.
   * @param {Samples} samples
   */
  course(samples) {
    const { line } = samples;
    const finite = line.filter(([, y]) => Number.isFinite(y));
    if (finite.length === 0) return "which is nowhere finite here.";
    const least = finite.reduce((p, q) => (q[1] < p[1] ? q : p));
    const most = finite.reduce((p, q) => (q[1] > p[1] ? q : p));
    let gaps = 0;
    line.forEach(([, y], k) => {
      if (!Number.isFinite(y) && (k === 0 || Number.isFinite(line[k - 1][1]))) gaps++;
    });
    const at = (/** @type {Point} */ [x, y]) => `${show(y, 4)} at ${show(x, 4)}`;
    return (
      `from ${show(this.low, 4)} to ${show(this.high, 4)}: lowest ${at(least)}, highest ${at(most)}` +
      `${gaps ? `, with ${plural(gaps, "gap")} where it is not finite or jumps` : ""}.`
    );
  }

  /**
   * Every mark in the picture, in words and with its numbers.
   * @param {Step | null} step
   * @param {boolean} inside whether the step ends in the range
   * @param {boolean} moved whether the curve has moved
   */
  describeMarks(step, inside, moved) {
    const { engine } = this.model;
    const { leaf, slope } = this;
    const [name, of] = [isolated(this.name), isolated(this.of)];
    const [x, y] = [engine.data[leaf], engine.data[engine.of]];
    const marks = [{ key: key("line"), text: `${of}, if only ${name} changes.` }];
    if (moved) marks.push({ key: key("before"), text: "The curve before this change." });
    marks.push({ key: key("now"), text: `Now: ${name} = ${show(x, 6)}, ${of} = ${show(y, 6)}.` });
    if (slope === null) {
      marks.push({ key: key(""), text: this.noTangent() });
    } else {
      const text = `Tangent: its slope is the gradient, ${show(slope, 6)}.`;
      marks.push({ key: key(`tangent ${signOf(slope)}`), text });
    }
    if (slope !== null && step === null) marks.push({ key: key(""), text: "No step: the rate must be a number." });
    if (step !== null) {
      const digits = apart(step.y, step.predicted);
      const text =
        `After a step of ${name} alone, at the rate ${show(this.rate)}: ${name} = ${show(step.x, 6)}, ` +
        `${of} = ${show(step.y, digits)}; `;
      marks.push({ key: key("after"), text: `${text}the tangent predicts ${show(step.predicted, digits)}.` });
      if (!inside) marks.push({ key: key(""), text: "That is outside the picture; choose a wider range." });
    }
    return marks;
  }

  noTangent() {
    const { engine } = this.model;
    if (engine.isConstant(this.leaf))
      return `${this.name} is a number of the program, not a variable, so it has no gradient.`;
    if (this.model.hides(this.leaf)) return "The tangent is hidden while the quiz asks for gradients.";
    if (!this.model.knowsGradient(this.leaf)) return "The tangent comes with the gradient.";
    return `No tangent: the gradient is ${show(engine.grad[this.leaf])}.`;
  }

  // --- dragging ---

  /** @param {PointerEvent} event */
  grab(event) {
    if (!(event.target instanceof Element) || !event.target.classList.contains("handle")) return;
    this.dragging = true;
    this.plot.element.setPointerCapture(event.pointerId);
    this.plot.element.classList.add("dragging");
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  drag(event) {
    this.preview(this.leaf, this.rounded(this.plot.numberAt(event.clientX)));
  }

  drop() {
    if (!this.dragging) return;
    this.dragging = false;
    this.plot.element.classList.remove("dragging");
    this.commit();
  }
}

/** @param {number} x */
const signOf = (x) => (x > 0 ? "positive" : x < 0 ? "negative" : "zero");

/**
 * @param {number} x
 * @param {number} y
 */
const diamond = (x, y) => `M${x} ${y - 5.5}l5.5 5.5-5.5 5.5-5.5-5.5z`;

/**
 * How many digits tell two numbers apart: from 6 to 15.
 * @param {number} a
 * @param {number} b
 */
function apart(a, b) {
  let digits = 6;
  while (digits < 15 && a !== b && show(a, digits) === show(b, digits)) digits++;
  return digits;
}

/**
 * A mark as it looks in the picture.
 * @param {string} name
 * @returns {Child}
 */
function key(name) {
  const shape = {
    now: svg("circle", { class: "now", cx: 12, cy: 7, r: 5 }),
    after: svg("path", { class: "after", d: diamond(12, 7) }),
    "": svg("g"),
  }[name];
  const line = svg("path", { class: name, d: "M1 7h22" });
  return svg("svg", { class: "chart key", viewBox: "0 0 24 14", "aria-hidden": "true" }, shape ?? line);
}
