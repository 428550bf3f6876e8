// Formulas as MathML, in pieces that wrap. The rules come with the page's data, printed from the engine's table.

import { product } from "./chain.js";
import { html, math } from "./dom.js";
import { clip, inside, isolated, show } from "./numbers.js";

/**
 * @import { Way } from "./chain.js"
 * @import { Child } from "./dom.js"
 * @import { Engine } from "./engine.js"
 * @import { Digits } from "./numbers.js"
 */

const ENDS = 4; // so many factors stand at each end of a long way

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

// --- formulas that wrap ---
//
// No browser breaks a formula into lines. So a long one is a row of short ones, each with the sign before it, that wraps
// as words do; and only what is too wide by itself scrolls.

/**
 * A piece that stays together.
 * @param {Child[]} parts
 */
export const piece = (...parts) => html("span", { class: "piece" }, whole(...parts));

/**
 * The same as a button.
 * @param {() => void} onclick
 * @param {string} label what it does; its name is the formula, as it is for those who see it
 * @param {Child[]} parts
 */
export const link = (onclick, label, ...parts) =>
  html("button", { class: "piece link", onclick, title: label }, whole(...parts));

/** @param {(Child | Child[])[]} pieces */
export const line = (...pieces) => html("div", { class: "formula" }, ...pieces);

const JOINING = new Set(["+", "−", "·", "mod"]); // signs that a line may begin with
const LETTERS = 34; // about so many letters fit into a line of the panel

/**
 * How wide a formula is, in letters, more or less.
 * @param {Element} element
 * @returns {number}
 */
function letters(element) {
  const children = [...element.children].map(letters);
  if (children.length === 0) return (element.textContent ?? "").replace(/[\u2066-\u2069]/g, "").length;
  if (element.localName === "mfrac") return Math.max(...children);
  if (element.localName === "msup") return children[0] + 0.7 * children[1];
  return children.reduce((sum, width) => sum + width, 0);
}

/**
 * The parts of a formula that may stand in different lines: those that signs join, and the branches of a choice. What is
 * in parentheses is taken apart only if it is too long.
 * @param {Element[]} children
 * @returns {Child[]}
 */
function parts(children) {
  /** @type {Element[][]} */
  const pieces = [];
  /** @type {Child[]} */
  const found = [];
  let joined = false; // the last thing was a sign: what follows belongs to it
  const flush = () => found.push(...pieces.splice(0).map((some) => piece(...some)));
  for (const child of unfolded(children)) {
    if (child.classList.contains("cases")) {
      flush();
      found.push(cases(child));
      joined = false;
      continue;
    }
    const sign = JOINING.has(child.textContent ?? "");
    if (pieces.length === 0 || (sign && !joined)) pieces.push([]);
    pieces[pieces.length - 1].push(child);
    joined = sign;
  }
  flush();
  return found;
}

/**
 * Groups that are too long for a line, in pieces.
 * @param {Element[]} children
 * @returns {Element[]}
 */
const unfolded = (children) =>
  children.flatMap((child) =>
    child.localName === "mrow" && child.className === "" && letters(child) > LETTERS
      ? unfolded([...child.children])
      : [child],
  );

/**
 * The branches of a choice below each other, each with its condition.
 * @param {Element} choice
 */
function cases(choice) {
  const rows = [...choice.querySelectorAll("mtr")].filter((row) => row.closest(".cases") === choice);
  return html(
    "span",
    { class: "cases" },
    rows.map((row) => line([...row.children].flatMap((cell) => parts([...cell.children])))),
  );
}

/**
 * A formula as the right side of an equation, in lines.
 * @param {Child[]} left
 * @param {Element} formula
 */
export const equation = (left, formula) => line(piece(...left, mo("=")), parts([...formula.children]));

/**
 * The terms of a sum, each of which breaks only if it is too wide for a line.
 * @type {(count: number, term: (k: number) => Child[]) => Child[]}
 */
const summed = (count, term) =>
  Array.from({ length: count }, (_, k) => html("span", { class: "term" }, k > 0 && piece(mo("+")), term(k)));

/**
 * dL/di as the sum over its uses, so many of them: with names, and with numbers.
 * @param {Engine} engine
 * @param {string[]} names
 * @param {number} i
 * @param {number[]} uses edges of the engine's
 * @param {number} count
 */
export function chainRule(engine, names, i, uses, count) {
  const some = uses.slice(0, count);
  const rest = () => uses.length > count && piece(mo("+"), mo("…"));
  const of = names[engine.of];
  const consumer = (/** @type {number} */ k) => engine.consumers[some[k]];
  return {
    symbols: [
      piece(derivative(of, names[i]), mo("=")),
      ...summed(some.length, (k) => [
        piece(derivative(of, names[consumer(k)])),
        piece(mo("·"), derivative(names[consumer(k)], names[i], "∂")),
      ]),
      rest(),
    ],
    numbers: [
      piece(mo("=")),
      ...summed(some.length, (k) => [
        piece(factor(engine.grad[consumer(k)], 6)),
        piece(mo("·"), factor(engine.partials[some[k]], 6)),
      ]),
      rest(),
    ],
  };
}

/**
 * The product along each of some ways, added up: with names, each factor leading to its consumer, and with numbers.
 * @param {Engine} engine
 * @param {string[]} names
 * @param {Way[]} ways
 * @param {(node: number) => void} goTo
 */
export function wholeWays(engine, names, ways, goTo) {
  /** @type {(way: Way, factorOf: (e: number, k: number) => Child, folded: (edges: Way) => Child) => Child[]} */
  const along = (way, factorOf, folded) => {
    if (way.length <= 2 * ENDS + 1) return way.map(factorOf);
    const [first, middle, last] = [way.slice(0, ENDS), way.slice(ENDS, -ENDS), way.slice(-ENDS)];
    return [...first.map(factorOf), folded(middle), ...last.map((e) => factorOf(e, ENDS))];
  };
  const dot = (/** @type {number} */ k) => k > 0 && mo("·");
  return {
    symbols: summed(ways.length, (w) =>
      along(
        ways[w],
        (e, k) => {
          const [consumer, operand] = [engine.consumers[e], engine.operands[e]];
          const factor = derivative(names[consumer], names[operand], "∂");
          return link(() => goTo(consumer), `go to ${clip(names[consumer], 20)}`, dot(k), factor);
        },
        (edges) => piece(mo("·"), mo("⋯"), math("mtext", {}, ` (${edges.length.toLocaleString("en")} factors)`)),
      ),
    ),
    numbers: summed(ways.length, (w) =>
      along(
        ways[w],
        (e, k) => piece(dot(k), factor(engine.partials[e], 5)),
        (edges) => piece(mo("·"), factor(product(engine, edges), 5)),
      ),
    ),
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
