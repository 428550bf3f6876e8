// The way from the outermost room to the one in view, at the top of the page.

import { byId, fill, html } from "./dom.js";
import { isolated } from "./numbers.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 */

export class Crumbs {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "openRoom">} callbacks
   */
  constructor(model, { openRoom }) {
    this.model = model;
    this.openRoom = openRoom;
  }

  update() {
    const path = this.model.house.path(this.model.view);
    const steps = path.map(({ key, title }, k) =>
      k < path.length - 1
        ? html("button", { class: "link", onclick: () => this.openRoom(key) }, isolated(title))
        : html("span", { "aria-current": "location" }, isolated(title)),
    );
    fill(byId("crumbs"), ...steps.map((step) => html("li", {}, step)));
  }
}
