// A chart with axes: a frame, ticks at round numbers, titles, and marks, which are cut off at the frame. The caller
// draws the marks.

import { svg } from "./dom.js";
import { show } from "./numbers.js";

/**
 * @import { Child } from "./dom.js"
 *
 * @typedef {object} Axis
 * @property {number} low
 * @property {number} high
 * @property {string} title
 * @property {boolean} [log] whether equal distances are equal ratios
 * @property {boolean} [whole] whether only whole numbers have a meaning
 *
 * @typedef {object} Scale Maps numbers to positions inside the frame.
 * @property {(x: number) => number} x
 * @property {(y: number) => number} y
 * @property {(points: Iterable<[number, number]>) => string} path with a gap where y is not finite
 * @property {number} width of the frame
 * @property {number} height
 */

const WIDTH = 336;
const HEIGHT = 226;
const [ABOVE, RIGHT, BELOW] = [24, 14, 36]; // around the frame; to the left is as much as the numbers need
const LETTER = 8; // the width of a digit, at its largest
const FAR = 20; // a point is drawn at most this many heights of the frame away

export class Plot {
  /** @param {string} name the class of the element */
  constructor(name) {
    this.element = svg("svg", { class: `chart ${name} off`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    this.left = 0; // of the frame, from the left of the chart
    this.low = 0; // numbers at its left and its right
    this.high = 1;
  }

  hide() {
    this.element.classList.add("off");
  }

  /**
   * @param {Axis} x
   * @param {Axis} y
   * @param {string} label what the chart shows, for screen readers
   * @param {(scale: Scale) => Child[]} marks
   */
  draw(x, y, label, marks) {
    const yTicks = ticks(y, 5);
    const left = 12 + LETTER * Math.max(3, ...yTicks.map(({ text }) => text.length));
    const [width, height] = [WIDTH - left - RIGHT, HEIGHT - ABOVE - BELOW];
    [this.left, this.low, this.high] = [left, x.low, x.high];
    const toX = (/** @type {number} */ value) => width * share(x, value);
    const toY = (/** @type {number} */ value) => height * within(1 - share(y, value), -FAR, FAR);
    const scale = { x: toX, y: toY, path: path(toX, toY), width, height };
    const xTicks = ticks(x, Math.min(6, Math.floor(width / 44)));
    this.element.setAttribute("aria-label", label);
    this.element.classList.remove("off");
    this.element.replaceChildren(
      svg("rect", { class: "ground", x: left, y: ABOVE, width, height }),
      ...xTicks.flatMap(({ value, text }) => {
        const at = left + toX(value);
        return [
          svg("path", { class: "grid", d: `M${at} ${ABOVE}v${height}` }),
          svg("text", { x: at, y: HEIGHT - BELOW + 15, "text-anchor": "middle" }, text),
        ];
      }),
      ...yTicks.flatMap(({ value, text }) => {
        const at = ABOVE + toY(value);
        return [
          svg("path", { class: "grid", d: `M${left} ${at}h${width}` }),
          svg("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, text),
        ];
      }),
      svg("svg", { x: left, y: ABOVE, width, height, class: "frame" }, marks(scale)),
      svg("text", { class: "title", x: 2, y: 13 }, y.log ? `${y.title} (log scale)` : y.title),
      svg("text", { class: "title", x: WIDTH - RIGHT, y: HEIGHT - 5, "text-anchor": "end" }, x.title),
    );
  }

  /**
   * The number on the x axis below a point on the screen.
   * @param {number} clientX
   */
  numberAt(clientX) {
    const box = this.element.getBoundingClientRect();
    const at = ((clientX - box.left) * WIDTH) / box.width;
    const part = within((at - this.left) / (WIDTH - this.left - RIGHT), 0, 1);
    return this.low + (this.high - this.low) * part;
  }
}

/**
 * @param {number} x
 * @param {number} low
 * @param {number} high
 */
const within = (x, low, high) => Math.max(low, Math.min(high, x));

const FLAT = 1e-9; // numbers that differ by less than this share of their size are equal but for round-off
const LARGEST = Number.MAX_VALUE / 4; // so that differences are finite, too

/**
 * An axis' ends: the least and the largest number, and some space around them.
 * @param {number} low
 * @param {number} high
 * @param {boolean} log
 */
export function padded(low, high, log = false) {
  if (log) {
    const factor = Math.exp(0.06 * (Math.log(high) - Math.log(low)));
    return { low: Math.max(low / factor, Number.MIN_VALUE), high: Math.min(high * factor, LARGEST) };
  }
  const size = Math.max(Math.abs(low), Math.abs(high));
  const margin = high / 4 - low / 4 > (FLAT / 4) * size ? 0.06 * (high - low) : 0.1 * size || 1;
  return { low: Math.max(low - margin, -LARGEST), high: Math.min(high + margin, LARGEST) };
}

/**
 * How far along its axis a number is: 0 at the low end, 1 at the high one.
 * @param {Axis} axis
 * @param {number} value
 */
function share({ low, high, log }, value) {
  if (log) return value > 0 ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) : -Infinity;
  return (value - low) / (high - low);
}

/** @type {(x: (value: number) => number, y: (value: number) => number) => Scale["path"]} */
const path = (x, y) => (points) => {
  let [text, pen] = ["", "M"];
  for (const [a, b] of points) {
    if (Number.isFinite(b)) text += `${pen}${x(a).toFixed(2)} ${y(b).toFixed(2)}`;
    pen = Number.isFinite(b) ? "L" : "M";
  }
  return text;
};

/**
 * Round numbers on an axis, about `count` of them.
 * @param {Axis} axis
 * @param {number} count
 */
export function ticks({ low, high, log, whole }, count) {
  const decades = log ? Math.log10(high) - Math.log10(low) : 0;
  const values = log && decades >= 1.5 ? powers(low, high, decades / count) : multiples(low, high, count, whole);
  return values.map(({ value, digits }) => ({ value, text: show(value, digits) }));
}

/**
 * Powers of ten; if there are few of them, also 2 and 5 times each.
 * @param {number} low
 * @param {number} high
 * @param {number} apart the distance between two of them, in decades
 */
function powers(low, high, apart) {
  const step = Math.max(1, Math.ceil(apart));
  const found = [];
  for (let k = Math.floor(Math.log10(low)); k <= Math.log10(high); k++) {
    if (k % step !== 0) continue;
    for (const factor of apart < 0.5 ? [1, 2, 5] : [1]) {
      const value = Number(`${factor}e${k}`);
      if (value >= low && value <= high) found.push({ value, digits: 1 });
    }
  }
  return found;
}

/**
 * Multiples of 1, 2 or 5 times a power of ten.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {boolean} [whole]
 */
function multiples(low, high, count, whole) {
  const least = (high - low) / count;
  const power = Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((factor) => factor * 10 ** power >= least) ?? 10;
  const step = whole ? Math.max(1, factor * 10 ** power) : factor * 10 ** power;
  const last = Math.floor(Math.log10(step) + 1e-9); // the place of its last digit
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) {
    const value = k * step;
    const first = k === 0 ? last : Math.floor(Math.log10(Math.abs(value)) + 1e-9);
    found.push({ value, digits: first - last + 1 });
  }
  return found;
}
