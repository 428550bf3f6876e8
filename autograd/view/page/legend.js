// The legend: every mark that the drawing uses, each drawn with the drawing's own classes, so that it looks as it does
// there, and a sentence on what it means. A new mark in the drawing has a row here.

import { html, svg } from "./dom.js";

/**
 * @import { Child } from "./dom.js"
 *
 * @typedef {{ title?: string, symbol?: string, value?: string, gradient?: string, tint?: string, delta?: string }} Texts
 * @typedef {{ sample: () => Child, says: string }} Mark
 */

const [WIDTH, HEIGHT] = [118, 66]; // of a card

/** @param {Child[]} parts */
const picture = (...parts) =>
  svg("svg", { class: "sample", viewBox: `-10 -12 ${WIDTH + 20} ${HEIGHT + 22}`, "aria-hidden": "true" }, ...parts);

/**
 * A card as the drawing has it.
 * @param {string} kind its classes
 * @param {Texts} texts
 * @param {Child | Child[]} more
 */
function card(
  kind,
  { title = "h1", symbol = "", value = "0.5", gradient = "", tint = "empty", delta = "" },
  more = null,
) {
  const body = { x: 0, y: 0, width: WIDTH, height: HEIGHT, rx: 9 };
  const r = 8;
  const strip = `M1,43h${WIDTH - 2}v${23 - r - 1}a${r},${r} 0 0 1 ${-r},${r}h${2 * r + 2 - WIDTH}a${r},${r} 0 0 1 ${-r},${-r}z`;
  return picture(
    svg(
      "g",
      { class: `item ${kind}` },
      kind.includes("room") && svg("rect", { class: "behind", ...body, x: 4, y: -4 }),
      svg("rect", { class: "ring", x: -4, y: -4, width: WIDTH + 8, height: HEIGHT + 8, rx: 12 }),
      svg("rect", { class: "body", ...body }),
      svg("path", { class: `strip ${tint}`, d: strip }),
      more,
      svg("text", { class: "title", x: 9, y: 19 }, title),
      svg("text", { class: "symbol", x: WIDTH - 9, y: 18, "text-anchor": "end" }, symbol),
      svg("text", { class: "value", x: 9, y: 39 }, value),
      svg("text", { class: "gradient", x: 9, y: HEIGHT - 7 }, gradient),
      svg("path", { class: "opens", d: `M${WIDTH - 13},${HEIGHT - 15.5}l4,4l-4,4` }),
      svg("text", { class: "delta", x: WIDTH / 2, y: -3, "text-anchor": "middle" }, delta),
    ),
  );
}

/**
 * An edge with the numbers on it.
 * @param {string} kind its classes
 * @param {string} local
 * @param {string} flow
 */
const edge = (kind, local = "", flow = "") =>
  picture(
    svg("path", { class: `edge ${kind}`, d: `M0,33H${WIDTH}`, "marker-end": "url(#arrow)" }),
    svg(
      "g",
      { class: `label ${kind}`, transform: `translate(${WIDTH / 2} 33)` },
      svg("text", { x: 0, y: -6 }, local),
      svg("text", { x: 0, y: 15 }, flow),
    ),
  );

const SCALE = ["negative level5", "negative level3", "negative level1", "zero"];
const scale = () =>
  html(
    "span",
    { class: "scale", "aria-hidden": "true" },
    "−",
    ...[
      ...SCALE,
      ...SCALE.slice(0, 3)
        .reverse()
        .map((tint) => tint.replace("negative", "positive")),
    ].map((tint) => html("span", { class: `swatch ${tint}` })),
    "+",
  );

/** @type {Record<string, Mark[]>} */
const MARKS = {
  Cards: [
    {
      sample: () => card("", { symbol: "σ", gradient: "0.3", tint: "positive level3" }),
      says: "A node: its name and its operation, below them its value, and on colour its gradient.",
    },
    {
      sample: scale,
      says:
        "The gradient's sign and size: orange below zero, blue above, the stronger the nearer to the largest in the " +
        "graph; grey is zero.",
    },
    {
      sample: () => card("parameter", { title: "w" }),
      says: "A stronger frame: a leaf that gradient descent moves. The number on any leaf can be dragged.",
    },
    {
      sample: () => card("unnamed unlabelled", { title: "input", value: "2" }),
      says: "A pale title: a leaf without a label, named after its role. A result without one is @1, @2 and so on.",
    },
    {
      sample: () => card("unlabelled", { title: "@1", symbol: "× 2", value: "1" }),
      says:
        "A number of the program stands beside the sign of its operation, here in x × 2. The button with a framed 2, or " +
        "the key n, gives numbers cards of their own.",
    },
    {
      sample: () =>
        card(
          "room openable",
          { title: "layer1", value: "12 nodes", gradient: "‖∇‖ 0.3", tint: "size level2" },
          ["positive level4", "negative level2", "positive level1"].map((tint, k) =>
            svg("rect", { class: `cell ${tint}`, x: 9 + 15 * k, y: 31, width: 13, height: 9, rx: 1.5 }),
          ),
        ),
      says:
        "A card on another: a room, with many nodes in it. The boxes are the values inside, by colour. ‖∇‖ is the length of their gradients taken together, the " +
        "root of the sum of their squares: of its leaves, or of its results if it has no leaves. It has no sign, so it " +
        "is violet.",
    },
    {
      sample: () => card("openable", { symbol: "w·x" }),
      says: "An angle at the right: it can be opened, into a room or into the products of a sum.",
    },
    {
      sample: () => card("elsewhere", { title: "x1" }),
      says: "A finely dashed frame and a slanted title: something outside this room that is connected to it.",
    },
    {
      sample: () => card("waiting", { value: "" }),
      says: "A dashed frame on grey: not computed yet, or the page cannot compute it again.",
    },
    {
      sample: () => card("", { gradient: "0.2 (1 of 2)", tint: "positive level2" }),
      says: "While stepping: one of two contributions to the gradient has been added up.",
    },
    { sample: () => card("", { gradient: "?", tint: "hidden" }), says: "Hidden while the quiz asks for it." },
    {
      sample: () => card("", { delta: "Δ +0.1" }),
      says: "Δ: how far the value is from what it was before you changed leaves; on a room, that something in it is.",
    },
    {
      sample: () =>
        card("parameter", { title: "w" }, svg("path", { class: "since", d: `M${WIDTH - 13},0h4a9,9 0 0 1 9,9v4z` })),
      says: "A coloured corner: the program has set this leaf since the graph was computed. Its panel says to what.",
    },
    {
      sample: () => card("unusual", { value: "∞", gradient: "nan", tint: "alarming" }),
      says: "Red: a number that is infinite or not a number (nan).",
    },
    { sample: () => card("selected", {}), says: "A ring: selected. Nodes on no path from it to the loss are faded." },
    { sample: () => card("active", {}), says: "A broad ring: at work in this step." },
  ],
  Edges: [
    {
      sample: () => edge("positive level3", "×0.5", "0.15"),
      says:
        "×0.5 is the local derivative: by how much the consumer changes for a small change of the operand. Below is " +
        "what flows back along the edge: the consumer's gradient times that. Colour and breadth are those of the flow.",
    },
    {
      sample: () => edge("size level2", "12", "values"),
      says: "Between rooms: how many values go that way.",
    },
    { sample: () => edge("waiting"), says: "Dashed and pale: nothing has flowed along it yet." },
    { sample: () => edge("forward"), says: "Running dashes: values go forward now, or gradients back." },
  ],
};

export const legend = () =>
  html(
    "div",
    { class: "legend" },
    Object.entries(MARKS).flatMap(([title, marks]) => [
      html("h3", {}, title),
      html(
        "ul",
        {},
        marks.map(({ sample, says }) => html("li", {}, sample(), html("span", {}, says))),
      ),
    ]),
  );
