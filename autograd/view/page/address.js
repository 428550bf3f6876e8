// The address follows the state, and the state follows an address that the reader edits. fields.js declares what the
// address contains.

import { fromFragment, toFragment } from "./fields.js";
import { plural } from "./numbers.js";

/**
 * @import { Values } from "./fields.js"
 * @import { Model } from "./model.js"
 */

const LINKED = ["https:", "http:", "file:"]; // pages that a link can open in another window; not about:, blob: or data:

export class Address {
  /**
   * @param {Model} model
   * @param {{ opened: (values: Values, leaves: Map<number, number>) => void, say: (text: string) => void }} callbacks
   *   `opened` is called when the reader has edited the address
   */
  constructor(model, { opened, say }) {
    this.model = model;
    this.opened = opened;
    this.say = say;
    this.warned = false;
    this.remembering = 0;
    this.fragment = "";
    window.addEventListener("hashchange", () => this.restore());
  }

  // Write the state into the address: without an entry in the history, and not too often.
  remember() {
    if (this.remembering) return;
    this.remembering = setTimeout(() => {
      this.remembering = 0;
      const { fragment, left } = toFragment(this.model);
      this.fragment = fragment;
      if (left && !this.warned) this.say(leftOut("The address", left));
      this.warned = left > 0;
      try {
        window.history.replaceState(null, "", `#${this.fragment}`);
      } catch {
        // Inside a notebook's frame there may be no history to write to.
      }
    }, 250);
  }

  // Take over an address that the reader has edited.
  restore() {
    if (window.location.hash.slice(1) === this.fragment) return;
    const { values, leaves } = fromFragment(window.location.hash, this.model);
    this.opened(values, leaves);
  }

  // Whether this page has an address of its own. It has none where a notebook has put its text into a frame.
  get isKnown() {
    return LINKED.includes(window.location.protocol);
  }

  // A link to the page as it is (or only its fragment, if the page has no address), and a remark on what it leaves out.
  get link() {
    const { fragment, left } = toFragment(this.model);
    const page = this.isKnown ? window.location.href.split("#")[0] : "";
    return { text: `${page}#${fragment}`, remark: left ? leftOut("The link", left) : "" };
  }
}

/**
 * @param {string} what
 * @param {number} count of leaves
 */
const leftOut = (what, count) =>
  `${what} leaves out the ${plural(count, "changed leaf", "changed leaves")}, which would make it too long; ` +
  "copy as Python keeps them.";
