// The output of a cell: first the one that was built with the site; after a run, the new one. If both are the same, the
// old elements stay, with all that the reader has done in them: predictions made, pages explored.

import { element } from "./elements.js";

export class Output {
  /** @param {Element} cell */
  constructor(cell) {
    this.cell = cell;
    this.built = cell.querySelector(".cell_output") ?? element("div", { class: "cell_output" });
    this.shown = this.built;
    this.pristine = parts(this.built);
    /** @type {HTMLElement | null} the output of the present run so far */
    this.coming = null;
    this.isLive = false;
    if (!this.built.isConnected) cell.append(this.built);
  }

  begin() {
    this.coming = element("div", { class: "cell_output live" });
    this.shown.classList.add("waiting");
  }

  /**
   * @param {string} kind
   * @param {string} text
   */
  tell(kind, text) {
    if (this.coming === null) return;
    const last = this.coming.lastElementChild;
    if (kind === "text" && last?.matches(".stream")) last.querySelector("pre")?.append(text);
    else if (kind === "text") this.add(printed(text, "stream"));
    else if (kind === "error") this.add(printed(text, "traceback"));
    else this.add(rich(text));
  }

  /** @param {Element} part */
  add(part) {
    this.coming ??= element("div", { class: "cell_output live" });
    this.coming.append(part);
    // Show output as it comes, unless it is still the same as the beginning of what was built with the site.
    if (!this.isBeginning(this.pristine, this.coming) || this.shown !== this.built) this.put(this.coming);
  }

  /** @param {string} text */
  note(text) {
    this.add(element("p", { class: "note" }, text));
  }

  // The run is over: show its output, or what was built with the site if both are the same.
  end() {
    this.shown.classList.remove("waiting");
    if (this.coming === null) return;
    const same = equal(this.pristine, parts(this.coming));
    if (!same) this.put(this.coming);
    else if (this.shown !== this.built) this.put(this.built);
    this.isLive = !same;
    this.coming = null;
  }

  // Show what was built with the site, perhaps with a remark about it.
  restore(/** @type {Element | null} */ word = null) {
    this.coming = null;
    this.isLive = false;
    this.put(this.built);
    this.built.querySelector(":scope > .offer")?.remove();
    if (word) this.built.append(word);
  }

  /** @param {Element} output */
  put(output) {
    output.classList.remove("waiting");
    if (output === this.shown) return;
    this.shown.replaceWith(output);
    this.shown = output;
  }

  /**
   * @param {Part[]} whole
   * @param {Element} output
   */
  isBeginning(whole, output) {
    const given = parts(output);
    const last = given[given.length - 1];
    const there = whole[given.length - 1];
    if (there === undefined || !equal(whole.slice(0, given.length - 1), given.slice(0, -1))) return false;
    return last.node === null ? there.node === null && there.text.startsWith(last.text) : equal([there], [last]);
  }
}

/** @typedef {{ text: string, node: Node | null }} Part Text that was printed, or an element that was shown. */

/**
 * @param {Element} output
 * @returns {Part[]}
 */
function parts(output) {
  return [...output.children].map((child) =>
    child.matches(".text_html")
      ? { text: "", node: child.cloneNode(true) }
      : { text: child.querySelector("pre")?.textContent ?? "", node: null },
  );
}

/**
 * @param {Part[]} a
 * @param {Part[]} b
 */
function equal(a, b) {
  return a.length === b.length && a.every((part, i) => part.text === b[i].text && isEqual(part.node, b[i].node));
}

const isEqual = (/** @type {Node | null} */ a, /** @type {Node | null} */ b) => a === b || (a?.isEqualNode(b) ?? false);

/**
 * @param {string} text
 * @param {"stream" | "traceback"} kind
 */
function printed(text, kind) {
  return element("div", { class: `output ${kind}` }, element("div", { class: "highlight" }, element("pre", {}, text)));
}

/** @param {string} html from the reader's own Python */
function rich(html) {
  const output = element("div", { class: "output text_html" });
  output.innerHTML = html;
  return output;
}
