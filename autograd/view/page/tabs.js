// The panels beside the drawing, in the order of their tabs. A new one has a row here, and main.js makes what fills it;
// everything else (its tab, its key, its place in the address) follows from the row.

export const TABS = {
  why: { title: "Why", key: "w", help: "why: rule and chain rule" },
  change: { title: "Change", key: "c", help: "change: leaves and gradient descent" },
  quiz: { title: "Quiz", key: "q", help: "quiz" },
  table: { title: "Table", key: "t", help: "table of numbers" },
};

/** @typedef {keyof typeof TABS} Tab */

export const tabs = /** @type {Tab[]} */ (Object.keys(TABS));

/**
 * Whether a text names a panel.
 * @param {string} text
 * @returns {text is Tab}
 */
export const isTab = (text) => Object.hasOwn(TABS, text);
