// Every field of the page's state, in one table: its first value, and how the address contains it. A new field needs a
// line in `Values` and a row in FIELDS. A link to the address opens the page as it is.

import { isTab } from "./tabs.js";

/**
 * @import { Data } from "./data.d.ts"
 * @import { Engine } from "./engine.js"
 * @import { State } from "./state.js"
 * @import { Tab } from "./tabs.js"
 *
 * @typedef {object} Values
 * @property {string} room its name
 * @property {string} selected the key of an item, see `keyOf`
 * @property {number | null} time of the timeline; null for the complete graph
 * @property {number} of the node that is differentiated
 * @property {Tab} tab the open panel
 * @property {"" | "light" | "dark"} theme
 * @property {string} camera "x,y,scale"
 * @property {boolean} begun whether the story has begun, or was skipped; until then the invitation is shown
 * @property {boolean} present whether presenter mode is on
 * @property {string} rate of gradient descent, as it was typed
 * @property {Set<number>} trained the leaves that gradient descent moves
 * @property {number} example the one shown of each batch, from 0
 * @property {"" | "open" | "folded"} panel empty as long as the reader has neither folded nor unfolded it
 * @property {boolean} constants whether constants have cards of their own
 *
 * @typedef {{ engine: Engine, data: Data }} Context
 */

/**
 * @template T
 * @typedef {object} Field
 * @property {string} key its name in the address
 * @property {(context: Context) => T} first
 * @property {(text: string, context: Context) => T | undefined} read undefined if the text makes no sense for this
 *   graph: anybody may have written it
 * @property {(value: T, context: Context) => string} write
 */

/** @type {(i: number, engine: Engine) => boolean} */
const isLeafOf = (i, engine) => Number.isInteger(i) && i >= 0 && i < engine.size && engine.isLeaf(i);

/** @type {{ [Name in keyof Values]: Field<Values[Name]> }} */
export const FIELDS = {
  room: { key: "room", first: () => "", read: (text) => text, write: (room) => room },
  selected: { key: "select", first: () => "", read: (text) => text, write: (key) => key },
  time: {
    key: "time",
    first: () => null,
    read: (text) => (Number.isFinite(Number(text)) && Number(text) >= 0 ? Number(text) : undefined),
    write: (time) => (time === null ? "" : String(time)),
  },
  of: {
    key: "of",
    first: ({ engine }) => engine.size - 1,
    read: (text, { engine }) => {
      const i = Number(text);
      return Number.isInteger(i) && i >= 0 && i < engine.size ? i : undefined;
    },
    write: String,
  },
  tab: { key: "tab", first: () => "why", read: (text) => (isTab(text) ? text : undefined), write: (tab) => tab },
  theme: {
    key: "theme",
    first: () => "",
    read: (text) => (text === "light" || text === "dark" ? text : undefined),
    write: (theme) => theme,
  },
  camera: {
    key: "camera",
    first: () => "",
    read: (text) => (cameraOf(text) ? text : undefined),
    write: (camera) => camera,
  },
  begun: { key: "begun", first: () => false, read: (text) => text === "1", write: () => "" }, // see `toFragment`
  present: {
    key: "present",
    first: () => false,
    read: (text) => text === "1",
    write: (present) => (present ? "1" : ""),
  },
  rate: { key: "rate", first: () => "0.5", read: (text) => text, write: (rate) => rate },
  trained: {
    key: "switched",
    first: ({ data }) => new Set(data.roles.flatMap((role, i) => (role === "parameter" ? [i] : []))),
    read: (text, context) => {
      const trained = FIELDS.trained.first(context);
      for (const i of text.split("_").filter(Boolean).map(Number)) {
        if (!isLeafOf(i, context.engine)) continue;
        if (trained.has(i)) trained.delete(i);
        else trained.add(i);
      }
      return trained;
    },
    // Only the leaves whose switch differs from its first position.
    write: (trained, { data }) =>
      data.roles.flatMap((role, i) => (role && (role === "parameter") !== trained.has(i) ? [i] : [])).join("_"),
  },
  example: {
    key: "example",
    first: () => 0,
    read: (text, { data }) => {
      const k = Number(text) - 1;
      return Number.isInteger(k) && k >= 0 && data.copies.some(({ members }) => k < members.length) ? k : undefined;
    },
    write: (example) => String(example + 1),
  },
  panel: {
    key: "panel",
    first: () => "",
    read: (text) => (text === "open" || text === "folded" ? text : undefined),
    write: (panel) => panel,
  },
  constants: {
    key: "constants",
    first: () => false,
    read: (text) => text === "cards",
    write: (on) => (on ? "cards" : ""),
  },
};

// The fields and events that only decide how the page looks. An address with no other fields opens the page at the
// invitation.
/** @type {ReadonlySet<string>} */
export const APPEARANCE = new Set(["camera", "theme", "present", "panel", "constants", "example", "stage"]);

/**
 * Whether an address contains more than looks, so that the story has begun.
 * @param {URLSearchParams} parts
 */
const hasContent = (parts) =>
  fieldNames.some((name) => !APPEARANCE.has(name) && parts.has(FIELDS[name].key)) || parts.has("leaves");

const fieldNames = /** @type {(keyof Values)[]} */ (Object.keys(FIELDS));

/**
 * The position of the camera from its field; null if there is none.
 * @param {string} text
 */
export function cameraOf(text) {
  const [x, y, scale, ...more] = text.split(",").map(Number);
  return more.length === 0 && [x, y, scale].every(Number.isFinite) && scale > 0 ? { x, y, scale } : null;
}

// --- the address ---

const LONGEST = 2000; // letters; what is longer is cut off by mail and chat programs

/**
 * The state as a fragment of the address, with the changed leaves, which the engine has. Fields with their first values
 * are left out, and so are the leaves if there are too many for an address.
 * @param {Context & { state: State }} model
 * @returns {{ fragment: string, left: number }} the fragment, and how many changed leaves it leaves out
 */
export function toFragment(model) {
  const parts = new URLSearchParams();
  for (const name of fieldNames) {
    const text = written(name, model.state.get(name), model);
    if (text !== "" && text !== written(name, FIELDS[name].first(model), model)) parts.set(FIELDS[name].key, text);
  }
  const begun = model.state.get("begun");
  if (!begun) parts.delete(FIELDS.time.key);
  /** @param {URLSearchParams} params */
  const text = (params) => {
    if (begun && !hasContent(params)) params.set(FIELDS.begun.key, "1");
    return params.toString();
  };
  const { changed } = model.engine;
  const whole = new URLSearchParams(parts);
  if (changed.size) whole.set("leaves", [...changed].map(([i, x]) => `${i}:${x}`).join("_"));
  const fragment = text(whole);
  if (changed.size === 0 || fragment.length <= LONGEST) return { fragment, left: 0 };
  return { fragment: text(parts), left: changed.size };
}

/**
 * What a fragment says, as far as it makes sense for this graph; anybody may have written it.
 * @param {string} text
 * @param {Context} context
 */
export function fromFragment(text, context) {
  const parts = new URLSearchParams(text.replace(/^#/, ""));
  const values = /** @type {Values} */ ({});
  for (const name of fieldNames) read(values, name, parts.get(FIELDS[name].key), context);
  values.begun = hasContent(parts);
  if (!values.begun) values.time = 0;
  /** @type {Map<number, number>} */
  const leaves = new Map();
  for (const pair of (parts.get("leaves") ?? "").split("_")) {
    const [i, x] = pair.split(":").map(Number);
    const isNumber = !Number.isNaN(x) || pair.endsWith(":NaN");
    if (pair.includes(":") && isLeafOf(i, context.engine) && isNumber) leaves.set(i, x);
  }
  return { values, leaves };
}

/**
 * @template {keyof Values} Name
 * @param {Name} name
 * @param {Values[Name]} value
 * @param {Context} context
 */
const written = (name, value, context) => FIELDS[name].write(value, context);

/**
 * @template {keyof Values} Name
 * @param {Values} values
 * @param {Name} name
 * @param {string | null} text
 * @param {Context} context
 */
function read(values, name, text, context) {
  const field = FIELDS[name];
  values[name] = (text === null ? undefined : field.read(text, context)) ?? field.first(context);
}
