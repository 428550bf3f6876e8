// What a page and the notebook around it say to each other, by postMessage: { glassgrad: version, kind, payload }.
// Both ends are made with this module; what a kind means to the page is in host.js, to the notebook in notebook.js, and
// to the program in autograd/view/live.py.
//
//   kind        who says it    payload
//   "ready"     page           null: it listens from now on
//   "numbers"   notebook       { basis, data, partials, names, since }: a point of the graph, see host.js
//   "leaves"    both           { basis, changed: [[leaf, number], ...] }: all leaves that are not as the basis has them
//   "selected"  page           { basis, node }: null if no node is selected
//   "theme"     notebook       "light" or "dark": how the notebook looks
//
// Each point that the program shows has a number of its own, its basis, and they go up. What is said of an older one
// comes too late, and is passed over. Nodes are numbered as in the graph; numbers that JSON lacks are text, as there.

const VERSION = 1;
const KINDS = ["ready", "numbers", "leaves", "selected", "theme"];

/**
 * @typedef {"ready" | "numbers" | "leaves" | "selected" | "theme"} Kind
 * @typedef {{ kind: Kind, payload: any }} Message
 */

/**
 * Say something to a window. Pages in frames have no origin that could be named; who listens looks at the sender.
 * @param {Window} to
 * @param {Kind} kind
 * @param {unknown} payload
 */
export function say(to, kind, payload) {
  to.postMessage({ glassgrad: VERSION, kind, payload }, "*");
}

/**
 * The message of an event, if it is one and comes from this very window; else null.
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
 * A number as JSON can hold it: it has neither inf nor nan, and JavaScript's loses the sign of -0.
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
