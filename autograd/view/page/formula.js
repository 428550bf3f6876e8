// Formulas: in a line of text, and as MathML. The rules come with the page's data, printed from the engine's table.

import { math } from "./dom.js";
import { number } from "./engine.js";
import { clip, inside, isolated, show } from "./numbers.js";

const INFIX = { add: "+", sub: "−", mul: "·", div: "/", floor_divide: "//", remainder: "mod", pow: "^" };
const TERMS = 4; // so many operands are written out

// Node i in terms of its operands, such as "v1·h1 + v2·h2"; `called` names a node.
export function formula(engine, data, i, called) {
  const { op } = engine.rows[i];
  const operands = engine.operandsOf(i);
  const pairs = operands.length >> 1;
  // Only so many terms are made, whatever their number.
  const some = (count, term) => [
    ...Array.from({ length: Math.min(count, TERMS) }, (_, k) => term(k)),
    ...(count > TERMS ? ["…"] : []),
  ];
  const operand = (k) => called(operands[k]);
  if (op in INFIX) return `${operand(0)} ${INFIX[op]} ${operand(1)}`;
  if (op === "sum") return some(operands.length, operand).join(" + ");
  if (op === "dot") {
    const bias = operands.length % 2;
    const term = (k) => (k < bias ? operand(2 * pairs) : `${operand(k - bias)}·${operand(pairs + k - bias)}`);
    return some(pairs + bias, term).join(" + ");
  }
  const { symbol, exponent } = data.operations[`${op}/${operands.length}`];
  if (exponent !== null) return `${operand(0)}^${inside(number(exponent), "exact")}`;
  return op === "neg" ? `−${operand(0)}` : `${symbol}(${some(operands.length, operand).join(", ")})`;
}

// --- MathML ---

export const mi = (text) => math("mi", {}, isolated(text));
export const mn = (x, digits) => math("mn", {}, show(x, digits));
export const mo = (sign) => math("mo", {}, sign);
export const row = (...parts) => math("mrow", {}, ...parts);
export const whole = (...parts) => math("math", { displaystyle: "true" }, ...parts);

// A number as a factor: in parentheses if it has a sign.
export const factor = (x, digits) =>
  inside(x, digits).startsWith("(") ? row(mo("("), mn(x, digits), mo(")")) : mn(x, digits);

// A name such as w11 with its digits as an index.
export function name(text) {
  const parts = /^(\p{L})(\d+)$/u.exec(text);
  return parts ? math("msub", {}, mi(parts[1]), math("mn", {}, parts[2])) : mi(clip(text, 16));
}

// d a / d b, or with ∂.
export function derivative(a, b, sign = "d") {
  return math("mfrac", {}, row(mi(sign), name(a)), row(mi(sign), name(b)));
}

// dL/di as the sum over its uses, so many of them: with names, and with numbers. A use is an edge of the engine's.
export function chainRule(engine, names, i, uses, count) {
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

// MathML from the page's data, with the operands' names of a rule replaced by those of nodes.
export function ruled(text, operands, out) {
  const parsed = new DOMParser().parseFromString(
    `<math xmlns="http://www.w3.org/1998/Math/MathML"><mrow>${text}</mrow></math>`,
    "application/xml",
  );
  const element = document.importNode(parsed.documentElement.firstElementChild, true);
  operands.forEach((operand, k) => {
    for (const spot of element.querySelectorAll(`.operand${k}`)) spot.replaceChildren(operand());
  });
  for (const spot of element.querySelectorAll(".out")) spot.replaceChildren(out());
  return element;
}
