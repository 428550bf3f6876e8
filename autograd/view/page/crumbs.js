// The path from the outermost room to the one in view, at the top of the page. A small picture of the surrounding room
// shows where the room in view lies in it.

import { byId, fill, html, svg } from "./dom.js";
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
        ? html(
            "button",
            { class: "link", onclick: () => this.openRoom(key) },
            k === path.length - 2 && this.small(key),
            isolated(title),
          )
        : html("span", { "aria-current": "location" }, isolated(title)),
    );
    fill(byId("crumbs"), ...steps.map((step) => html("li", {}, step)));
  }

  /**
   * A small picture of a room, in which the room or dot in view is marked.
   * @param {string} key
   */
  small(key) {
    const { view } = this.model;
    const around = this.model.findView(key);
    const [width, height] = around.size;
    const boxes = around.items.flatMap((item) => {
      const here = view.dot === undefined ? item.kind === "room" && item.room === view.room : false;
      const isDot = item.kind === "node" && item.node === view.dot;
      const [x, y] = [item.x - item.width / 2, item.y - item.height / 2];
      const box = { x, y, width: item.width, height: item.height, rx: 12, class: here || isDot ? "here" : "" };
      return item.kind === "absent" || item.elsewhere ? [] : [svg("rect", box)];
    });
    return svg(
      "svg",
      { class: "around", viewBox: `-20 -20 ${width + 40} ${height + 40}`, "aria-hidden": "true" },
      ...boxes,
    );
  }
}
