// The messages between a page and the notebook around it, sent by postMessage: { glassgrad: version, kind, payload }.
// Both ends use this module. What the page does with a message is in host.js, what the notebook does in notebook.js,
// and what the program does in autograd/view/live.py.
//
//   kind        who says it    payload
//   "ready"     page           null: it listens from now on
//   "numbers"   notebook       { basis, data, partials, names, since }: a point of the graph, see host.js
//   "leaves"    both           { basis, changed: [[leaf, number], ...] }: all leaves that differ from the basis
//   "selected"  page           { basis, node }: null if no node is selected
//   "theme"     notebook       "light" or "dark": how the notebook looks
//
// Each point that the program shows has a number of its own, its basis, which only increases. A message about an older
// point comes too late and is ignored. Nodes are numbered as in the graph; numbers that JSON lacks are strings, as
// there.

const VERSION = 1;
const KINDS = ["ready", "numbers", "leaves", "selected", "theme"];

/**
 * @typedef {"ready" | "numbers" | "leaves" | "selected" | "theme"} Kind
 * @typedef {{ kind: Kind, payload: any }} Message
 */

/**
 * Send a message to a window. Pages in frames have no origin that could be named; instead, the receiver checks the
 * sender.
 * @param {Window} to
 * @param {Kind} kind
 * @param {unknown} payload
 */
export function say(to, kind, payload) {
  to.postMessage({ glassgrad: VERSION, kind, payload }, "*");
}

/**
 * The message of an event, if it is one of these and comes from the window `from`; else null.
 * @param {MessageEvent} event
 * @param {Window | null} from
 * @returns {Message | null}
 */
export function heard(event, from) {
  const said = event.data;
  if (from === null || event.source !== from || typeof said !== "object" || said === null) return null;
  if (said.glassgrad !== VERSION || !KINDS.includes(said.kind)) return null;
  return { kind: said.kind, payload: said.payload };
}

/**
 * A number in a form that JSON can hold: it has neither inf nor nan, and in JavaScript it loses the sign of -0.
 * @param {number} x
 * @returns {number | string}
 */
export function plain(x) {
  if (Number.isFinite(x)) return Object.is(x, -0) ? "-0" : x;
  return String(x).toLowerCase().replace("infinity", "inf");
}

/**
 * Whether something is a number in that form.
 * @param {unknown} x
 */
export const isPlain = (x) => Number.isFinite(x) || (typeof x === "string" && ["inf", "-inf", "nan", "-0"].includes(x));
