// The buttons for choosing an example of a batch, of which the drawing shows one at a time.

import { byId, onClick } from "./dom.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 */

export class Examples {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "nextExample">} callbacks
   */
  constructor(model, { nextExample }) {
    this.model = model;
    onClick("example-before", () => nextExample(-1));
    onClick("example-after", () => nextExample(1));
  }

  update() {
    const { example, examples } = this.model.view;
    byId("examples").hidden = examples === 0;
    byId("example").textContent = `example ${Math.min(example, examples - 1) + 1} of ${examples}`;
  }
}
