// What a room does, as a textbook says it: the matrix form of a layer, the chain rule of one of its units with numbers,
// or a plain sentence if the room is not a layer. The page's data list the layers (layers.py finds them by structure).
// A formula is a list of tokens, which can be printed as a line of text or as MathML.

import { html, math } from "./dom.js";
import { factor, line, mi, mn, mo, piece, row } from "./formula.js";
import { clip, inside, isolated, plural, show } from "./numbers.js";

/**
 * @import { Layer, Use } from "./data.d.ts"
 * @import { Child } from "./dom.js"
 * @import { Model } from "./model.js"
 * @import { Item, RoomItem } from "./rooms.js"
 *
 * @typedef {object} Letter A vector or a matrix of a layer; with an index, one of its numbers.
 * @property {string} letter
 * @property {number} [layer]
 * @property {string} [index]
 * @property {boolean} [turned] transposed
 * @property {boolean} [slope] the derivative of a function
 * @typedef {string | number | Letter | { above: Token[], below: Token[] }} Token A sign, a number, a letter, a fraction.
 * @typedef {{ layer: Layer, number: number, use: Use, unit: number, uses: number }} Found A unit of a layer in one of
 *   its uses, and the number of uses.
 */

const TERMS = 3; // at most this many terms of a sum are written out
const NAMED = 4; // at most this many kinds of operations are named

// --- which layer ---

/** @type {WeakMap<Layer[], Map<number, Found>>} */
const known = new WeakMap();

/**
 * Maps every sum and every activation of a layer to its unit.
 * @param {Layer[]} layers
 */
function units(layers) {
  const found = known.get(layers) ?? new Map();
  if (known.has(layers)) return found;
  layers.forEach((layer, l) => {
    for (const use of layer.uses) {
      use.sums.forEach((z, unit) => {
        const place = { layer, number: l + 1, use, unit, uses: layer.uses.length };
        found.set(z, place);
        found.set(use.outputs[unit], place);
      });
    }
  });
  known.set(layers, found);
  return found;
}

/**
 * The layers that an item is or contains, each with one unit as an example: the first whose gradient is not zero, if
 * any.
 * @param {Model} model
 * @param {Item} item
 */
function layersOf({ data, engine }, item) {
  const nodes = item.kind === "room" ? item.nodes : item.kind === "node" ? [item.node] : [];
  const all = units(data.layers);
  /** @type {Map<number, Found>} */
  const found = new Map();
  for (const i of nodes) {
    const unit = all.get(i);
    if (!unit) continue;
    const other = found.get(unit.number);
    if (!other || (!engine.grad[sumOf(other)] && engine.grad[sumOf(unit)])) found.set(unit.number, unit);
  }
  return [...found.values()].sort((a, b) => a.number - b.number);
}

/** @param {Found} found */
const sumOf = ({ use, unit }) => use.sums[unit];

// --- its formulas ---

// The textbook's symbols for the parts of a layer, and the nodes of the graph that they stand for.
class Form {
  /**
   * @param {Model} model
   * @param {Found} found
   */
  constructor(model, found) {
    const { data, engine } = model;
    const { layer, number, use, unit } = found;
    this.engine = engine;
    this.timeline = model.timeline;
    this.layer = layer;
    this.use = use;
    this.unit = unit;
    this.z = use.sums[unit];
    this.a = use.outputs[unit];
    this.active = this.a !== this.z;
    this.function = this.active ? data.operations[engine.keyOf(this.a)].mark : "";
    this.before = use.before && data.layers[use.before[0]];
    this.after = use.after && data.layers[use.after[0]].uses[use.after[1]];
    this.alone = data.layers.length === 1;
    this.number = number;
    this.next = use.after ? use.after[0] + 1 : 0;
    const [from, n] = use.before ?? [0, 0];
    const inner = use.before && data.layers[from].uses[n];
    this.inputNumber = use.before
      ? from + 1
      : data.layers.filter(({ uses }) => !uses[0].before).length > 1
        ? number
        : 0;
    this.inputLetter = inner ? (inner.sums[0] === inner.outputs[0] ? "z" : "a") : "x";
    const { rows, of } = engine;
    this.loss = rows[of].label && rows[of].op !== null ? clip(model.names[of], 8) : "L";
    this.inputs = (engine.operandsOf(this.z).length - Number(layer.bias)) / 2;
  }

  /**
   * A symbol of this layer.
   * @param {string} letter
   * @param {string} [index]
   * @returns {Letter}
   */
  own(letter, index) {
    return { letter, layer: this.alone ? 0 : this.number, index };
  }

  /**
   * @param {string} [index]
   * @returns {Letter}
   */
  input(index) {
    return { letter: this.inputLetter, layer: this.inputNumber, index };
  }

  /**
   * The derivative of the loss with respect to a symbol.
   * @param {Letter} letter
   * @returns {Token}
   */
  slopeBy(letter) {
    return { above: ["∂", { letter: this.loss }], below: ["∂", letter] };
  }

  /** @returns {Token[]} */
  weighted() {
    return [this.own("W"), " ", this.input(), ...(this.layer.bias ? [" + ", this.own("b")] : [])];
  }

  // z = W x + b, and a = f(z).
  forward() {
    /** @type {Token[][]} */
    const lines = [[this.own("z"), " = ", ...this.weighted()]];
    if (this.active) lines.push([this.own("a"), " = ", { letter: this.function }, "(", this.own("z"), ")"]);
    return lines;
  }

  // The forward formulas in one.
  short() {
    const sum = this.weighted();
    return this.active
      ? [this.own("a"), " = ", { letter: this.function }, "(", ...sum, ")"]
      : [this.own("z"), " = ", ...sum];
  }

  // δ = ∂L/∂z from the gradient that comes back, and from δ the gradients of weights and biases.
  backward() {
    /** @type {Token[]} */
    const back = this.after
      ? [{ letter: "W", layer: this.next, turned: true }, " ", { letter: "δ", layer: this.next }]
      : [this.slopeBy(this.own(this.active ? "a" : "z"))];
    /** @type {Token[]} */
    const slope = this.active ? [" ⊙ ", { letter: this.function, slope: true }, "(", this.own("z"), ")"] : [];
    const sum = this.layer.uses.length > 1 ? ["∑ "] : [];
    /** @type {Token[][]} */
    const lines = [
      [this.own("δ"), " = ", ...back, ...slope],
      [this.slopeBy(this.own("W")), " = ", ...sum, this.own("δ"), " ", { ...this.input(), turned: true }],
    ];
    if (this.layer.bias) lines.push([this.slopeBy(this.own("b")), " = ", ...sum, this.own("δ")]);
    return lines;
  }

  // --- one unit, with its numbers ---

  /** @param {number} k which input */
  edges(k) {
    const start = this.engine.starts[this.z];
    const [w, x] = this.layer.first ? [start + k, start + this.inputs + k] : [start + this.inputs + k, start + k];
    return { w, x };
  }

  // z_j = w_j1 x_1 + ... + b_j = ... and a_j = f(z_j) = ...
  unitForward() {
    const { engine, unit } = this;
    const j = unit + 1;
    /** @type {Token[]} */
    const symbols = [];
    /** @type {Token[]} */
    const numbers = [];
    for (let k = 0; k < Math.min(TERMS, this.inputs); k++) {
      const { w, x } = this.edges(k);
      if (k) for (const line of [symbols, numbers]) line.push(" + ");
      symbols.push(this.own("w", pair(j, k + 1)), " ", this.input(`${k + 1}`));
      numbers.push(engine.data[engine.operands[w]], " · ", engine.data[engine.operands[x]]);
    }
    if (this.inputs > TERMS) for (const line of [symbols, numbers]) line.push(" + …");
    if (this.layer.bias) {
      symbols.push(" + ", this.own("b", `${j}`));
      numbers.push(" + ", engine.data[engine.operands[engine.starts[this.z] + 2 * this.inputs]]);
    }
    const lines = [
      [this.own("z", `${j}`), " = ", ...symbols],
      [" = ", ...numbers, " = ", engine.data[this.z]],
    ];
    if (this.active) {
      const called = { letter: this.function };
      lines.push([this.own("a", `${j}`), " = ", called, "(", this.own("z", `${j}`), ") = ", engine.data[this.a]]);
    }
    return lines;
  }

  // δ_j = (w_1j δ_1 + ...) f'(z_j) = ... and ∂L/∂w_j1 = δ_j x_1 = ...
  unitBackward() {
    const { engine, unit, after } = this;
    const j = unit + 1;
    /** @type {Token[]} */
    let symbols = [this.slopeBy(this.own(this.active ? "a" : "z", `${j}`))];
    /** @type {Token[]} */
    let numbers = [engine.grad[this.a]];
    if (after) {
      const through = this.timeline.usesThatMatter(this.a);
      const shown = through.slice(0, TERMS);
      const many = through.length > 1 && this.active;
      const more = through.length > TERMS ? [" + …"] : [];
      /** @param {Token[][]} terms */
      const sum = (terms) => [
        ...(many ? ["("] : []),
        ...terms.flatMap((term, k) => (k ? [" + ", ...term] : term)),
        ...more,
        ...(many ? [")"] : []),
      ];
      const places = shown.map((e) => after.sums.indexOf(engine.consumers[e]) + 1);
      symbols = sum(
        places.map((k) => [
          { letter: "w", layer: this.next, index: pair(k, j) },
          " ",
          { letter: "δ", layer: this.next, index: `${k}` },
        ]),
      );
      numbers = sum(shown.map((e) => [engine.partials[e], " · ", engine.grad[engine.consumers[e]]]));
    }
    if (this.active) {
      symbols.push(" · ", { letter: this.function, slope: true }, "(", this.own("z", `${j}`), ")");
      numbers.push(" · ", engine.partials[engine.starts[this.a]]);
    }
    const lines = [[this.own("δ", `${j}`), " = ", ...symbols]];
    lines.push(numbers.length > 1 ? [" = ", ...numbers, " = ", engine.grad[this.z]] : [" = ", engine.grad[this.z]]);
    const inputs = Array.from({ length: this.inputs }, (_, k) => k);
    const k = inputs.find((n) => engine.data[engine.operands[this.edges(n).x]] !== 0) ?? 0;
    const { w, x } = this.edges(k);
    const weight = this.own("w", pair(j, k + 1));
    const shared = this.layer.uses.length > 1 ? [" + …"] : [];
    lines.push(
      [this.slopeBy(weight), " = ", this.own("δ", `${j}`), " ", this.input(`${k + 1}`), ...shared],
      [
        " = ",
        engine.grad[this.z],
        " · ",
        engine.data[engine.operands[x]],
        ...shared,
        " = ",
        engine.grad[engine.operands[w]],
      ],
    );
    return lines;
  }
}

/** @type {(row: number, column: number) => string} */
const pair = (row, column) => (Math.max(row, column) > 9 ? `${row},${column}` : `${row}${column}`);

// --- printing ---

const [RAISED, LOWERED] = ["⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"];

/** @type {(digits: string, text: string) => string} */
const small = (digits, text) => text.replace(/\d/g, (digit) => digits[Number(digit)]);

/**
 * Whether a number stands alone after an equals sign, so that a minus sign needs no parentheses.
 * @param {Token[]} tokens
 * @param {number} k its place
 */
const isResult = (tokens, k) => k === tokens.length - 1 && `${tokens[k - 1]}`.endsWith("= ");

/**
 * Prints tokens as a line of text.
 * @param {Token[]} tokens
 * @returns {string}
 */
function inText(tokens) {
  return tokens
    .map((token, k) => {
      if (typeof token === "string") return token;
      if (typeof token === "number") return isResult(tokens, k) ? show(token, 4) : inside(token, 4);
      if ("above" in token) return `${inText(token.above)}/\u2060${inText(token.below)}`;
      const { letter, layer, index, turned, slope } = token;
      return `${letter}${slope ? "′" : ""}${layer ? small(RAISED, `${layer}`) : ""}${turned ? "ᵀ" : ""}${small(LOWERED, index ?? "")}`;
    })
    .join("");
}

/**
 * @param {Token[]} tokens
 * @returns {Child[]}
 */
function inMath(tokens) {
  return tokens.map((token, k) => {
    if (typeof token === "number") return isResult(tokens, k) ? mn(token, 4) : factor(token, 4);
    if (typeof token === "string") return token.trim() && row(...token.trim().split(" ").map(mo));
    if ("above" in token) return math("mfrac", {}, row(...inMath(token.above)), row(...inMath(token.below)));
    const { letter, layer, index, turned, slope } = token;
    const up = [
      layer ? math("mn", {}, `${layer}`) : null,
      turned ? math("mi", {}, "⊤") : null,
      slope ? mo("′") : null,
    ].filter(Boolean);
    const base = mi(letter);
    const below = math("mn", {}, index ?? "");
    if (up.length && index) return math("msubsup", {}, base, below, row(...up));
    if (index) return math("msub", {}, base, below);
    return up.length ? math("msup", {}, base, row(...up)) : base;
  });
}

/**
 * Each formula on lines of its own, in pieces: a line may break before an equals sign, a plus or a product sign.
 * @param {Token[][]} lines
 */
const formulas = (lines) => lines.map((tokens) => line(...terms(tokens).map((term) => piece(...inMath(term)))));

/** @param {Token[]} tokens */
function terms(tokens) {
  /** @type {Token[][]} */
  const found = [[]];
  for (const token of tokens) {
    const last = found[found.length - 1];
    if (last.length && typeof token === "string" && /^\)? [=+·]/.test(token)) found.push([token]);
    else last.push(token);
  }
  return found;
}

// --- for the panel and the player ---

/**
 * What an item does at the present moment of the story, for the panel; nothing if it is neither a room nor part of a
 * layer.
 * @param {Model} model
 * @param {Item} item
 * @returns {Child[]}
 */
export function layerForm(model, item) {
  const phase = model.direction;
  const found = layersOf(model, item);
  if (found.length === 0) return item.kind === "room" ? [html("p", {}, plain(model, item.nodes, phase))] : [];
  const [forward, backward] = [phase !== "backward", phase !== "forward" && !model.hiding];
  const matters = found.filter((unit) => model.timeline.matters[sumOf(unit)]);
  return found.map((unit) => {
    const form = new Form(model, unit);
    const j = unit.unit + 1;
    const count = unit.use.sums.length;
    const are = [`${inText([form.own("z", `${j}`)])} is ${isolated(clip(model.names[form.z], 16))}`];
    if (form.active) are.push(`${inText([form.own("a", `${j}`)])} is ${isolated(clip(model.names[form.a], 16))}`);
    const one = found.length === 1; // several layers are shown without numbers
    const back = backward && matters.includes(unit);
    const others = form.loss === "L" ? `, L is ${isolated(clip(model.names[model.engine.of], 16))}` : "";
    return html(
      "section",
      { class: "layer" },
      html("h3", {}, form.alone ? "The layer" : `Layer ${unit.number}`),
      unit.uses > 1 &&
        html("p", { class: "quiet" }, `Used ${unit.uses.toLocaleString("en")} times: ∑ adds up over all of them.`),
      ...(forward ? formulas(form.forward()) : []),
      ...(back ? formulas(form.backward()) : []),
      one && html("h3", {}, count > 1 ? `Unit ${j} of ${count}, with numbers` : "With numbers"),
      ...(one && forward ? formulas(form.unitForward()) : []),
      ...(one && back ? formulas(form.unitBackward()) : []),
      one && html("p", { class: "quiet" }, `Here ${are.join(", ")}${back ? others : ""}.`),
    );
  });
}

/**
 * What a room does, as a sentence.
 * @param {Model} model
 * @param {RoomItem} item
 * @param {string} phase
 */
export function layerSentence(model, item, phase) {
  const title = isolated(model.house.title(item.room));
  const found = layersOf(model, item);
  if (found.length === 0) return `${title}: ${plain(model, item.nodes, phase)}`;
  const forms = found.map((unit) => new Form(model, unit));
  if (phase !== "backward") return `${title} computes ${forms.map((form) => inText(form.short())).join(", ")}.`;
  // The layer that computes last is the first on the way back.
  const lines = forms.length === 1 ? forms[0].backward() : forms.reverse().map((form) => form.backward()[0]);
  return `Back through ${title}: ${lines.map(inText).join(", ")}.`;
}

/**
 * What nodes that form no layer do, as a sentence.
 * @param {Model} model
 * @param {number[]} nodes
 * @param {string} phase
 */
function plain({ engine }, nodes, phase) {
  const here = new Set(nodes);
  const results = nodes.filter((i) => !engine.isLeaf(i));
  const leaves = nodes.length - results.length;
  const these = plural(leaves, "leaf").replace("leafs", "leaves");
  if (results.length === 0) return `${these}; nothing is computed here.`;
  const outside = new Set(results.flatMap((i) => [...engine.operandsOf(i)].filter((k) => !here.has(k))));
  if (phase === "backward") {
    const takers = [leaves && `its ${these}`, outside.size && `${plural(outside.size, "node")} before it`];
    return (
      `each of its ${plural(results.length, "result")} multiplies its gradient by its local derivatives and hands the ` +
      `products on, at last to ${takers.filter(Boolean).join(" and ")}.`
    );
  }
  /** @type {Map<string, number>} */
  const kinds = new Map();
  for (const i of results) {
    const op = engine.rows[i].op ?? "";
    kinds.set(op, (kinds.get(op) ?? 0) + 1);
  }
  const most = [...kinds].sort((a, b) => b[1] - a[1]);
  const listed = most.slice(0, NAMED).map(([op, count]) => `${count.toLocaleString("en")} × ${op}`);
  const more = most.length > NAMED ? ", …" : "";
  return `computes ${plural(results.length, "result")} from ${plural(outside.size + leaves, "number")}: ${listed.join(", ")}${more}.`;
}
