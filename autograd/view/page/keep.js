// The Keep menu: a link to the present state, the view as SVG or PNG, the graph as Python code.

import { byId, ofKind, onClick, svg } from "./dom.js";
import { clip } from "./numbers.js";
import { filled } from "./written.js";

/**
 * @import { Row } from "./data.d.ts"
 * @import { Model } from "./model.js"
 */

const UNADDRESSED =
  "This frame has no address of its own; add this to the address of the page that explore(…,\u00a0path) wrote.";

export class Keep {
  /**
   * @param {Model} model
   * @param {{ frame: () => SVGSVGElement, link: () => { text: string, remark: string }, addressed: () => boolean, say: (text: string) => void }}
   *   callbacks `frame` returns the drawing, `link` a link to the page as it is, with a remark on what the link leaves
   *   out, and `addressed` whether the link is a complete address
   */
  constructor(model, { frame, link, addressed, say }) {
    const menu = byId("keep");
    for (const item of menu.querySelectorAll("button"))
      item.addEventListener("click", () => menu.removeAttribute("open"));
    document.addEventListener("pointerdown", ({ target }) => {
      if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
    });
    this.say = say;
    this.dialog = ofKind("offered", HTMLDialogElement);
    onClick("copy-python", () => {
      const code = python(model);
      this.offer("Python code", code, {
        save: () => download(new Blob([code], { type: "text/x-python" }), "graph.py"),
      });
    });
    onClick("copy-link", () => {
      const { text, remark } = link();
      this.offer("Link", text, { remark: [addressed() ? "" : UNADDRESSED, remark].filter(Boolean).join(" ") });
    });
    onClick("save-svg", () => download(new Blob([picture(frame())], { type: "image/svg+xml" }), "graph.svg"));
    onClick("save-png", async () => {
      try {
        download(await png(picture(frame())), "graph.png");
      } catch (error) {
        say(`No picture: ${error instanceof Error ? error.message : error}.`);
      }
    });
    onClick("offered-close", () => this.dialog.close());
  }

  /**
   * Copy a text. Show it if the clipboard cannot be reached, or if there is a remark about it.
   * @param {string} what
   * @param {string} text
   * @param {{ save?: () => void, remark?: string }} more `save` saves it as a file
   */
  async offer(what, text, { save, remark = "" }) {
    const copied = await copy(text);
    if (copied && !remark) {
      this.say(`${what} copied.`);
      return;
    }
    byId("offered-remark").textContent = remark;
    byId("offered-remark").hidden = !remark;
    byId("offered-how").textContent = copied
      ? "It is copied."
      : "The clipboard is not available here; copy the text from this field.";
    const field = ofKind("offered-text", HTMLTextAreaElement);
    const button = byId("offered-save");
    byId("offered-title").textContent = what;
    field.value = text;
    field.rows = text.includes("\n") ? 14 : 3;
    button.hidden = !save;
    button.onclick = save ?? null;
    this.dialog.showModal();
    field.select();
  }
}

// --- pictures ---

const INHERITED = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "paint-order",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "text-anchor",
  "fill-opacity",
];
const FOR_THE_PAGE = [
  "class",
  "data-place",
  "role",
  "aria-label",
  "aria-hidden",
  "aria-activedescendant",
  "aria-roledescription",
  "tabindex",
];

/**
 * The present view as an SVG of its own, with every style as an attribute unless the surrounding element has the same.
 * @param {SVGSVGElement} frame
 */
export function picture(frame) {
  /** @type {(original: SVGElement, around: CSSStyleDeclaration | null) => SVGElement | null} */
  const dressed = (original, around) => {
    const style = getComputedStyle(original);
    if (style.display === "none") return null;
    const twin = /** @type {SVGElement} */ (original.cloneNode(false));
    for (const name of FOR_THE_PAGE) twin.removeAttribute(name);
    if (original.localName !== "marker") twin.removeAttribute("id");
    twin.removeAttribute("style");
    for (const name of INHERITED) {
      const value = style.getPropertyValue(name);
      if (value !== around?.getPropertyValue(name)) twin.setAttribute(name, value);
    }
    if (style.opacity !== "1") twin.setAttribute("opacity", style.opacity);
    if (style.transform !== "none" && original.localName === "text")
      twin.setAttribute("transform", style.transform.replaceAll(",", ""));
    for (const child of original.childNodes) {
      const copy = child instanceof SVGElement ? dressed(child, style) : child.cloneNode();
      if (copy) twin.append(copy);
    }
    return twin;
  };
  const { width, height } = frame.getBoundingClientRect();
  const whole = dressed(frame, null);
  if (whole === null) return "";
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height }))
    whole.setAttribute(name, String(value));
  whole.prepend(svg("rect", { width, height, fill: getComputedStyle(document.body).backgroundColor }));
  return new XMLSerializer().serializeToString(whole);
}

/**
 * A picture as a PNG.
 * @param {string} text of an SVG
 * @param {number} scale
 * @returns {Promise<Blob>}
 */
export function png(text, scale = 2) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.width * scale;
      canvas.height = image.height * scale;
      canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be made"))), "image/png");
    };
    image.onerror = () => reject(new Error("the picture could not be made"));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  });
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// --- Python ---

// Python's keywords, and what the code itself needs.
const TAKEN = (
  "False None True and as assert async await break class continue def del elif else except finally for from global " +
  "if import in is lambda nonlocal not or pass raise return try while with yield match case type " +
  "autograd Value Place named float"
).split(" ");
const IDENTIFIER = /^(?!__.*__$)[\p{XID_Start}_]\p{XID_Continue}*$/u;
// Characters that an identifier cannot contain, or not in every Python: from U+0530 on, Unicode versions differ.
const UNFIT = /(?:\P{XID_Continue}|[\u0530-\u{10ffff}])+/u;
const LENGTH = 60;

/**
 * The identifier that is most like a name: layer_1 for "layer 1", _1 for "@1".
 * @param {string} name
 */
function identifier(name) {
  const parts = name.normalize("NFKC").split(UNFIT);
  if (parts.length > 1 && parts[parts.length - 1] === "") parts.pop();
  const text = parts.join("_").slice(0, LENGTH);
  if (IDENTIFIER.test(text)) return text;
  return `_${text.replace(/^_+|_+$/g, "")}`;
}

/**
 * Identifiers for all nodes: their names in the page, as far as Python allows them.
 * @param {Model} model
 */
function identifiers({ engine, names, data }) {
  const { rows } = engine;
  const taken = new Set(TAKEN);
  /** @type {Map<string, number>} */
  const counts = new Map(); // for each wanted identifier, the suffix to try next
  /** @type {string[]} */
  const found = [];
  /** @type {(i: number, wanted: string) => void} */
  const take = (i, wanted) => {
    let free = wanted;
    let k = counts.get(wanted) ?? 1;
    for (; taken.has(free); k++) free = k === 1 ? `${wanted}_` : `${wanted}_${k}`;
    counts.set(wanted, k);
    taken.add(free);
    found[i] = free;
  };
  // Names that are identifiers as they are come first, then those such as @1, so that they become _1; the rest get a
  // suffix if their identifier is taken. A leaf without a label is named by its role, as on its card.
  const wishes = rows.map((row, i) => (row.label || row.op !== null ? names[i] : data.roles[i]));
  const isExact = (/** @type {number} */ i) => identifier(wishes[i]) === wishes[i] && !taken.has(wishes[i]);
  const isNumbered = (/** @type {number} */ i) => !rows[i].label && rows[i].op !== null;
  for (const turn of [isExact, isNumbered, () => true])
    for (let i = 0; i < rows.length; i++) if (!(i in found) && turn(i)) take(i, identifier(wishes[i]));
  return found;
}

/** @param {number} x */
const literal = (x) =>
  Number.isFinite(x)
    ? Number.isInteger(x) && Math.abs(x) < 1e16
      ? `${Object.is(x, -0) ? "-0" : x}.0`
      : String(x)
    : `float("${Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf"}")`;

/**
 * A string as Python writes it, in ASCII.
 * @param {string} string
 */
function text(string = "") {
  const letters = Array.from(string, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    if (letter === '"' || letter === "\\") return `\\${letter}`;
    if (code >= 32 && code < 127) return letter;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${letters.join("")}"`;
}

/**
 * Python code that builds the present graph again, with its labels, scopes and numbers, and differentiates it.
 * @param {Model} model
 */
export function python(model) {
  const { engine, data } = model;
  const rows = engine.rows;
  const variables = identifiers(model);
  /** @param {number} i */
  const isPlain = (i) => engine.isConstant(i) && !rows[i].label && !rows[i].scope && engine.usesOf(i).length > 0;
  const places = rows.some((row) => row.scope);
  /** @type {string[]} */
  const body = [];
  let named = false;
  rows.forEach((row, i) => {
    if (row.op === null) {
      if (isPlain(i) && !alone(i)) return;
      const made = `Value(${literal(engine.data[i])}${row.label && !row.scope ? `, ${text(row.label)}` : ""})`;
      body.push(`${variables[i]} = ${row.scope ? place(made, row) : made}`);
    } else {
      const made = call(i);
      body.push(`${variables[i]} = ${row.label || row.scope ? place(made, row) : made}`);
    }
  });

  /**
   * Whether a constant must be written as a Value, because all operands of a consumer would be plain numbers otherwise.
   * @param {number} i
   */
  function alone(i) {
    return [...engine.usesOf(i)].some((e) => {
      const operands = [...engine.operandsOf(engine.consumers[e])];
      return operands.every(isPlain) && operands.find(isPlain) === i;
    });
  }

  /**
   * @param {string} made
   * @param {Row} row
   */
  function place(made, row) {
    named = true;
    return `named(${made}, ${text(row.label)}${row.scope ? `, ${text(row.scope)}` : ""})`;
  }

  /** @param {number} i a result */
  function call(i) {
    const operands = engine.operandsOf(i);
    const { parts, signs } = data.operations[engine.keyOf(i)].code;
    return filled(parts, (place) => {
      const k = operands[place];
      const text = isPlain(k) && !alone(k) ? literal(engine.data[k]) : variables[k];
      return signs && text.startsWith("-") ? `(${text})` : text;
    });
  }

  const own = [
    ...new Set(
      rows.flatMap((row, i) => (row.op !== null && !data.operations[engine.keyOf(i)].builtin ? [row.op] : [])),
    ),
  ];
  const helper = [
    `def named(node, label${places ? ', scope=""' : ""}):`,
    places ? "    node.place = Place(scope, label)" : "    node.label = label",
    "    return node",
    "",
    "",
  ];
  const scopes = new Set(rows.map((row) => row.scope).filter(Boolean));
  const numbered = rows.findIndex(
    (row, i) => row.op !== null && !row.label && variables[i] === identifier(model.names[i]),
  );
  return [
    ...(numbered >= 0
      ? [`# What the page calls ${text(model.names[numbered]).slice(1, -1)} is ${variables[numbered]} here, and so on.`]
      : []),
    ...(own.length
      ? [`# Define these operations of your own first: ${own.map((op) => clip(op, 30)).join(", ")}.`]
      : []),
    "import autograd",
    `from autograd import ${places && named ? "Place, Value" : "Value"}`,
    "",
    ...(named ? ["", ...helper] : []),
    ...(scopes.size && !named ? [""] : []),
    ...body,
    "",
    `${variables[engine.of]}.backward()`,
    "",
  ].join("\n");
}

/**
 * Copy a text to the clipboard; returns whether the browser allowed it.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
