// Making elements. Text goes in as text, never as markup.

const SPACES = { svg: "http://www.w3.org/2000/svg", math: "http://www.w3.org/1998/Math/MathML" };

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const html = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SPACES.svg, tag), attributes, children);
export const math = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SPACES.math, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

// Set text or an attribute only where it differs, so that the browser has nothing to do where nothing changed.
export function setText(element, text) {
  if (element.shown !== text) element.textContent = element.shown = text;
}

export function setClass(element, names) {
  if (element.named !== names) {
    element.named = names;
    element.setAttribute("class", names);
  }
}
