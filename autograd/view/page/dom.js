// Making elements, and finding those of the template. Text goes in as text, never as markup.

/**
 * @typedef {Node | string | null | undefined | false} Child Null, undefined, false and "" are left out.
 * @typedef {string | number | boolean | undefined | ((event: Event) => void)} Attribute
 * @typedef {Record<string, Attribute>} Attributes A function is a listener; its name begins with "on".
 */

const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";

/** @param {Child[]} children */
const present = (children) => children.flatMap((child) => (child ? [child] : []));

/**
 * @template {Element} T
 * @param {T} element
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...present(children.flat()));
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 */
export const html = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 */
export const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

/**
 * @template {keyof MathMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 */
export const math = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(MATHML, tag), attributes, children);

/**
 * Put these children in place of those that an element has.
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
export const fill = (element, ...children) => element.replaceChildren(...present(children.flat()));

/**
 * The element of the template with this id.
 * @param {string} id
 */
export const byId = (id) => ofKind(id, HTMLElement);

/**
 * The element of the template with this id; throws if it is not of this class.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 */
export function ofKind(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new TypeError(`the page has no ${kind.name} with the id ${id}`);
}

/**
 * @param {string} id
 * @param {() => void} action
 */
export const onClick = (id, action) => byId(id).addEventListener("click", action);

/** @type {WeakMap<Element, string>} */
const texts = new WeakMap();
/** @type {WeakMap<Element, string>} */
const classes = new WeakMap();

/**
 * Set a text, or (`setClass`) the class, only if it differs, so that the browser has nothing to do where nothing
 * changed.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (texts.get(element) === text) return;
  texts.set(element, text);
  element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} names
 */
export function setClass(element, names) {
  if (classes.get(element) === names) return;
  classes.set(element, names);
  element.setAttribute("class", names);
}
