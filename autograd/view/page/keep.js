// Keeping: the page's state in its address, the view as SVG or PNG, the graph as Python code.

import { svg } from "./dom.js";
import { number } from "./engine.js";
import { clip } from "./numbers.js";

// --- the address ---

export function toFragment(page) {
  const { state, engine, data } = page;
  const parts = new URLSearchParams();
  const put = (name, value) => value !== undefined && value !== null && value !== "" && parts.set(name, value);
  put("room", state.get("room"));
  put("select", state.get("selected"));
  put("time", state.get("time"));
  if (engine.of !== engine.size - 1) put("of", engine.of);
  if (state.get("tab") !== "why") put("tab", state.get("tab"));
  put("theme", state.get("theme"));
  put("camera", state.get("camera"));
  if (state.get("rate") !== "0.5") put("rate", state.get("rate"));
  put("leaves", [...engine.changed].map(([i, x]) => `${i}:${x}`).join("_"));
  const trained = state.get("trained");
  const switched = data.roles.flatMap((role, i) => (role && (role === "parameter") !== trained.has(i) ? [i] : []));
  put("switched", switched.join("_"));
  return parts.toString();
}

// What a fragment says, as far as it makes sense for this graph; anybody may have written it.
export function fromFragment(text, engine, data) {
  const parts = new URLSearchParams(text.replace(/^#/, ""));
  const isNode = (i) => Number.isInteger(i) && i >= 0 && i < engine.size;
  const isLeaf = (i) => isNode(i) && engine.isLeaf(i);
  const found = { room: parts.get("room") ?? "", selected: parts.get("select") ?? "", changed: new Map() };
  const time = parts.has("time") ? Number(parts.get("time")) : NaN;
  found.time = Number.isFinite(time) && time >= 0 ? time : null;
  const of = parts.has("of") ? Number(parts.get("of")) : NaN;
  found.of = isNode(of) ? of : engine.size - 1;
  found.tab = ["why", "change", "quiz", "table"].includes(parts.get("tab")) ? parts.get("tab") : "why";
  found.theme = ["light", "dark"].includes(parts.get("theme")) ? parts.get("theme") : "";
  const camera = (parts.get("camera") ?? "").split(",").map(Number);
  found.camera = camera.length === 3 && camera.every(Number.isFinite) && camera[2] > 0 ? camera : null;
  found.rate = parts.get("rate") ?? "0.5";
  for (const pair of (parts.get("leaves") ?? "").split("_")) {
    const [i, x] = pair.split(":").map(Number);
    if (pair.includes(":") && isLeaf(i) && (x === x || pair.endsWith(":NaN"))) found.changed.set(i, x);
  }
  found.trained = new Set(data.roles.flatMap((role, i) => (role === "parameter" ? [i] : [])));
  for (const i of (parts.get("switched") ?? "").split("_").filter(Boolean).map(Number)) {
    if (!isLeaf(i)) continue;
    if (found.trained.has(i)) found.trained.delete(i);
    else found.trained.add(i);
  }
  return found;
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

// The present view as an SVG of its own, with every style written out where it is not that of the element around.
export function picture(frame) {
  const dressed = (original, around) => {
    const style = getComputedStyle(original);
    if (style.display === "none") return null;
    const twin = original.cloneNode(false);
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
      const copy = child.nodeType === Node.ELEMENT_NODE ? dressed(child, style) : child.cloneNode();
      if (copy) twin.append(copy);
    }
    return twin;
  };
  const { width, height } = frame.getBoundingClientRect();
  const whole = dressed(frame, null);
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height }))
    whole.setAttribute(name, value);
  whole.prepend(svg("rect", { width, height, fill: getComputedStyle(document.body).backgroundColor }));
  return new XMLSerializer().serializeToString(whole);
}

export function png(text, scale = 2) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.width * scale;
      canvas.height = image.height * scale;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be made"))), "image/png");
    };
    image.onerror = () => reject(new Error("the picture could not be made"));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  });
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// --- Python ---

const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global " +
    "if import in is lambda " +
    "nonlocal not or pass raise return try while with yield match case type autograd Value Place named float"
  ).split(" "),
);
const OPERATORS = { add: "+", sub: "-", mul: "*", div: "/", floor_divide: "//", remainder: "%", pow: "**" };
const MANY = new Set(["sum", "prod", "logsumexp"]);

const literal = (x) =>
  Number.isFinite(x)
    ? Number.isInteger(x) && Math.abs(x) < 1e16
      ? `${Object.is(x, -0) ? "-0" : x}.0`
      : String(x)
    : `float("${x !== x ? "nan" : x > 0 ? "inf" : "-inf"}")`;

// A string as Python writes it, in ASCII.
function text(string = "") {
  const letters = Array.from(string, (letter) => {
    const code = letter.codePointAt(0);
    if (letter === '"' || letter === "\\") return `\\${letter}`;
    if (code >= 32 && code < 127) return letter;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${letters.join("")}"`;
}

// Python code that builds the present graph again, with its labels, scopes and numbers, and differentiates it.
export function python(page) {
  const { engine, data } = page;
  const rows = engine.rows;
  const taken = new Set();
  const variables = rows.map((row) => {
    const label = row.label ?? "";
    const fits = /^[A-Za-z_][A-Za-z0-9_]{0,40}$/.test(label) && !KEYWORDS.has(label) && !taken.has(label);
    if (fits) taken.add(label);
    return fits ? label : "";
  });
  let count = 0;
  const fresh = () => {
    do count++;
    while (taken.has(`v${count}`));
    return `v${count}`;
  };
  const isPlain = (i) => engine.isConstant(i) && !rows[i].label && !rows[i].scope && engine.usesOf(i).length > 0;
  rows.forEach((_, i) => (variables[i] ||= fresh()));
  const places = rows.some((row) => row.scope);
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

  // Whether a constant must be a Value: its consumer would have nothing but numbers.
  function alone(i) {
    return [...engine.usesOf(i)].some((e) => {
      const operands = [...engine.operandsOf(engine.consumers[e])];
      return operands.every(isPlain) && operands.find(isPlain) === i;
    });
  }

  function place(made, row) {
    named = true;
    return `named(${made}, ${text(row.label)}${row.scope ? `, ${text(row.scope)}` : ""})`;
  }

  function call(i) {
    const { op } = rows[i];
    const names = [...engine.operandsOf(i)].map((k) =>
      isPlain(k) && !alone(k) ? literal(engine.data[k]) : variables[k],
    );
    const list = (some) => `[${some.join(", ")}]`;
    const signed = (name) => (name.startsWith("-") ? `(${name})` : name);
    if (op in OPERATORS) return `${signed(names[0])} ${OPERATORS[op]} ${signed(names[1])}`;
    if (op === "neg") return `-${names[0]}`;
    if (op === "dot") {
      const pairs = names.length >> 1;
      const [ws, xs, bias] = [names.slice(0, pairs), names.slice(pairs, 2 * pairs), names.slice(2 * pairs)];
      return `autograd.dot(${[list(ws), list(xs), ...bias].join(", ")})`;
    }
    const { builtin, exponent } = data.operations[`${op}/${names.length}`];
    if (exponent !== null) return `${signed(names[0])} ** ${signed(literal(number(exponent)))}`;
    const called = !builtin ? `autograd.ops.find(${text(op)})` : `autograd.${op}`;
    return `${called}(${MANY.has(op) ? list(names) : names.join(", ")})`;
  }

  const own = [
    ...new Set(
      rows
        .filter((row) => row.op !== null && !data.operations[`${row.op}/${row.operands.length}`].builtin)
        .map((row) => row.op),
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
  return [
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

// To the clipboard, where the browser lets us; else the caller shows the text.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
