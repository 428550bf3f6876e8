// Formulas: in a line of text, and as MathML. The rules come with the page's data, printed from the engine's table.

import { math } from "./dom.js";
import { clip, inside, isolated, show } from "./numbers.js";

/**
 * @import { Parts } from "./data.d.ts"
 * @import { Child } from "./dom.js"
 * @import { Engine } from "./engine.js"
 * @import { Model } from "./model.js"
 * @import { Digits } from "./numbers.js"
 */

/**
 * Node i in terms of its operands, such as "v1·h1 + v2·h2".
 * @param {Model} model
 * @param {number} i a result
 * @param {(node: number) => string} called names a node
 */
export function formula({ engine, data, reading }, i, called = (k) => isolated(reading.name(k))) {
  const operands = engine.operandsOf(i);
  return filled(data.operations[engine.keyOf(i)].line, (k) => called(operands[k]));
}

/**
 * A text in parts with the names of the operands in their places.
 * @param {Parts} parts
 * @param {(operand: number) => string} called
 */
export const filled = (parts, called) =>
  parts.map((part) => (typeof part === "string" ? part : called(part))).join("");

// --- MathML ---

/** @param {string} text */
export const mi = (text) => math("mi", {}, isolated(text));

/**
 * @param {number} x
 * @param {Digits} [digits]
 */
export const mn = (x, digits) => math("mn", {}, show(x, digits));

/** @param {string} sign */
export const mo = (sign) => math("mo", {}, sign);

/** @param {Child[]} parts */
export const row = (...parts) => math("mrow", {}, ...parts);

/** @param {Child[]} parts */
export const whole = (...parts) => math("math", { displaystyle: "true" }, ...parts);

/**
 * A number as a factor: in parentheses if it has a sign.
 * @param {number} x
 * @param {Digits} [digits]
 */
export const factor = (x, digits) =>
  inside(x, digits).startsWith("(") ? row(mo("("), mn(x, digits), mo(")")) : mn(x, digits);

/**
 * A name such as w11 with its digits as an index.
 * @param {string} text
 */
export function name(text) {
  const parts = /^(\p{L})(\d+)$/u.exec(text);
  return parts ? math("msub", {}, mi(parts[1]), math("mn", {}, parts[2])) : mi(clip(text, 16));
}

/**
 * d a / d b, or with ∂.
 * @param {string} a
 * @param {string} b
 */
export function derivative(a, b, sign = "d") {
  return math("mfrac", {}, row(mi(sign), name(a)), row(mi(sign), name(b)));
}

/**
 * dL/di as the sum over its uses, so many of them: with names, and with numbers.
 * @param {Engine} engine
 * @param {string[]} names
 * @param {number} i
 * @param {number[]} uses edges of the engine's
 * @param {number} count
 */
export function chainRule(engine, names, i, uses, count) {
  /** @type {(term: (e: number) => Child[]) => Child[]} */
  const sum = (term) => [
    ...uses.slice(0, count).flatMap((e, k) => [...(k ? [mo("+")] : []), ...term(e)]),
    ...(uses.length > count ? [mo("+"), mo("…")] : []),
  ];
  return {
    symbols: sum((e) => {
      const consumer = names[engine.consumers[e]];
      return [derivative(names[engine.of], consumer), mo("·"), derivative(consumer, names[i], "∂")];
    }),
    numbers: sum((e) => [factor(engine.grad[engine.consumers[e]], 6), mo("·"), factor(engine.partials[e], 6)]),
  };
}

/**
 * MathML from the page's data, with the operands' names of a rule replaced by those of nodes.
 * @param {string} text
 * @param {(() => Element)[]} operands
 * @param {() => Element} out
 */
export function ruled(text, operands, out) {
  const parsed = new DOMParser().parseFromString(
    `<mrow xmlns="http://www.w3.org/1998/Math/MathML">${text}</mrow>`,
    "application/xml",
  );
  const element = document.importNode(parsed.documentElement, true);
  operands.forEach((operand, k) => {
    for (const spot of element.querySelectorAll(`.operand${k}`)) spot.replaceChildren(operand());
  });
  for (const spot of element.querySelectorAll(".out")) spot.replaceChildren(out());
  return element;
}
