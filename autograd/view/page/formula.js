// Formulas as MathML, in pieces that wrap. The rules come with the page's data, made from the table of operations.

import { product } from "./chain.js";
import { html, math } from "./dom.js";
import { clip, inside, isolated, show } from "./numbers.js";

/**
 * @import { Path } from "./chain.js"
 * @import { Child } from "./dom.js"
 * @import { Engine } from "./engine.js"
 * @import { Digits } from "./numbers.js"
 */

const ENDS = 4; // at most this many factors are written at each end of a long path

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
 * A number as a factor: in parentheses if it is negative.
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
// Browsers do not break a formula into lines. So a long formula is a row of short ones, each with the sign that joins
// it to the one before. The row wraps as words do; only a piece that is too wide by itself scrolls.

/**
 * A piece that stays together.
 * @param {Child[]} parts
 */
export const piece = (...parts) => html("span", { class: "piece" }, whole(...parts));

/**
 * A piece that is a button.
 * @param {() => void} onclick
 * @param {string} label what the button does, shown as its title; its accessible name is the formula
 * @param {Child[]} parts
 */
export const link = (onclick, label, ...parts) =>
  html("button", { class: "piece link", onclick, title: label }, whole(...parts));

/** @param {(Child | Child[])[]} pieces */
export const line = (...pieces) => html("div", { class: "formula" }, ...pieces);

const JOINING = new Set(["+", "−", "·", "mod"]); // signs that a line may begin with
const LETTERS = 34; // a line of the panel holds about this many letters

/**
 * The approximate width of a formula, in letters.
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
 * The parts of a formula between which lines may break: those joined by signs, and the cases of a piecewise formula. A
 * group in parentheses is taken apart only if it is too long for a line.
 * @param {Element[]} children
 * @returns {Child[]}
 */
function parts(children) {
  /** @type {Element[][]} */
  const pieces = [];
  /** @type {Child[]} */
  const found = [];
  let joined = false; // whether the last child was a sign, which the next child belongs to
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
 * The children of a formula, with groups that are too long for a line replaced by their own children.
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
 * The cases of a piecewise formula one below the other, each with its condition.
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
 * dL/di as the sum over the uses of node i, at most `count` of them: with names, and with numbers.
 * @param {Engine} engine
 * @param {string[]} names
 * @param {number} i
 * @param {number[]} uses the engine's edges to the consumers
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
 * The products along some paths, added up: with names, each factor being a link to its consumer, and with numbers.
 * @param {Engine} engine
 * @param {string[]} names
 * @param {Path[]} paths
 * @param {(node: number) => void} goTo
 */
export function wholePaths(engine, names, paths, goTo) {
  /** @type {(path: Path, factorOf: (e: number, k: number) => Child, folded: (edges: Path) => Child) => Child[]} */
  const along = (path, factorOf, folded) => {
    if (path.length <= 2 * ENDS + 1) return path.map(factorOf);
    const [first, middle, last] = [path.slice(0, ENDS), path.slice(ENDS, -ENDS), path.slice(-ENDS)];
    return [...first.map(factorOf), folded(middle), ...last.map((e) => factorOf(e, ENDS))];
  };
  const dot = (/** @type {number} */ k) => k > 0 && mo("·");
  return {
    symbols: summed(paths.length, (w) =>
      along(
        paths[w],
        (e, k) => {
          const [consumer, operand] = [engine.consumers[e], engine.operands[e]];
          const factor = derivative(names[consumer], names[operand], "∂");
          return link(() => goTo(consumer), `go to ${clip(names[consumer], 20)}`, dot(k), factor);
        },
        (edges) => piece(mo("·"), mo("⋯"), math("mtext", {}, ` (${edges.length.toLocaleString("en")} factors)`)),
      ),
    ),
    numbers: summed(paths.length, (w) =>
      along(
        paths[w],
        (e, k) => piece(dot(k), factor(engine.partials[e], 5)),
        (edges) => piece(mo("·"), factor(product(engine, edges), 5)),
      ),
    ),
  };
}

/**
 * A rule's MathML from the page's data, with the names of nodes in place of the rule's own.
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
