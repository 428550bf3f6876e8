// Formulas: in a line of text, and as MathML. The rules come with the page's data, printed from the engine's table.

import { math } from "./dom.js";
import { number } from "./engine.js";
import { clip, inside, isolated, show } from "./numbers.js";

/**
 * @import { Child } from "./dom.js"
 * @import { Engine } from "./engine.js"
 * @import { Model } from "./model.js"
 * @import { Digits } from "./numbers.js"
 */

/** @type {Record<string, string>} */
const INFIX = { add: "+", sub: "−", mul: "·", div: "/", floor_divide: "//", remainder: "mod", pow: "^" };
const TERMS = 4; // so many operands are written out

/**
 * Node i in terms of its operands, such as "v1·h1 + v2·h2".
 * @param {Model} model
 * @param {number} i a result
 * @param {(node: number) => string} called names a node
 */
export function formula({ engine, data, reading }, i, called = (k) => isolated(reading.name(k))) {
  const op = engine.rows[i].op ?? "";
  const operands = engine.operandsOf(i);
  const pairs = operands.length >> 1;
  /**
   * Only so many terms are made, whatever their number.
   * @type {(count: number, term: (k: number) => string) => string[]}
   */
  const some = (count, term) => [
    ...Array.from({ length: Math.min(count, TERMS) }, (_, k) => term(k)),
    ...(count > TERMS ? ["…"] : []),
  ];
  /** @param {number} k */
  const operand = (k) => called(operands[k]);
  if (op in INFIX) return `${operand(0)} ${INFIX[op]} ${operand(1)}`;
  if (op === "sum") return some(operands.length, operand).join(" + ");
  if (op === "dot") {
    const bias = operands.length % 2;
    /** @param {number} k */
    const term = (k) => (k < bias ? operand(2 * pairs) : `${operand(k - bias)}·${operand(pairs + k - bias)}`);
    return some(pairs + bias, term).join(" + ");
  }
  const { symbol, exponent } = data.operations[engine.keyOf(i)];
  if (exponent !== null) return `${operand(0)}^${inside(number(exponent), "exact")}`;
  return op === "neg" ? `−${operand(0)}` : `${symbol}(${some(operands.length, operand).join(", ")})`;
}

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
