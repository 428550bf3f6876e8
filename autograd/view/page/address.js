// The address follows the state, and the state follows an address that somebody writes by hand. What stands in it is
// declared in fields.js.

import { fromFragment, toFragment } from "./fields.js";
import { plural } from "./numbers.js";

/**
 * @import { Values } from "./fields.js"
 * @import { Model } from "./model.js"
 */

const LINKED = ["https:", "http:", "file:"]; // what opens in another window too; not about:, blob: or data:

export class Address {
  /**
   * @param {Model} model
   * @param {{ opened: (values: Values, leaves: Map<number, number>) => void, say: (text: string) => void }} callbacks
   *   `opened` is called when somebody wrote another address
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

  // The address follows the state; quietly, and not too often.
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

  // Somebody changed the address by hand.
  restore() {
    if (window.location.hash.slice(1) === this.fragment) return;
    const { values, leaves } = fromFragment(window.location.hash, this.model);
    this.opened(values, leaves);
  }

  // Whether this page has an address of its own; where a notebook has put its text into a frame, it has none.
  get isKnown() {
    return LINKED.includes(window.location.protocol);
  }

  // A link to the page as it is, or where it has no address, what is to be added to one; and what it leaves out, if so.
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
