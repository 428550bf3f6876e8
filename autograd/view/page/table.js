// The numbers of the room in a table, to ten digits.

import { byId, fill, html } from "./dom.js";
import { clip, isolated, show } from "./numbers.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 */

const ROWS = 200;

export class Table {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "goTo">} callbacks
   */
  constructor(model, { goTo }) {
    this.model = model;
    this.goTo = goTo;
    this.panel = byId("panel-table");
  }

  update() {
    const nodes = this.model.view.items
      .flatMap((item) => (item.kind === "node" ? [item.node] : []))
      .sort((a, b) => a - b);
    const head = html(
      "tr",
      {},
      ["node", "made by", "value", "gradient"].map((text) => html("th", { scope: "col" }, text)),
    );
    fill(
      this.panel,
      html(
        "div",
        { class: "wide" },
        html(
          "table",
          { class: "numbers" },
          html("caption", {}, "Every node of this room"),
          head,
          nodes.slice(0, ROWS).map((i) => this.line(i)),
        ),
      ),
      nodes.length > ROWS && html("p", { class: "quiet" }, `and ${nodes.length - ROWS} more`),
      nodes.length === 0 && html("p", { class: "quiet" }, "There are only rooms here; open one."),
    );
  }

  /** @param {number} i */
  line(i) {
    const { data, engine, names, selectedNode, state, timeline, view } = this.model;
    const time = state.get("time");
    const computed = time === null || timeline.isComputed(i, time);
    const { given, total } = time === null ? { given: 1, total: 1 } : timeline.gathered(i, time, view);
    const gradient = this.model.hides(i) ? "?" : given < total ? "" : show(engine.grad[i], 10);
    return html(
      "tr",
      { class: selectedNode === i ? "selected" : "" },
      html(
        "th",
        { scope: "row" },
        html("button", { class: "link", onclick: () => this.goTo(i) }, isolated(clip(names[i], 12))),
      ),
      html("td", { class: "op" }, engine.rows[i].op ?? data.roles[i]),
      html("td", {}, computed ? (engine.unknown[i] ? "unknown" : show(engine.data[i], 10)) : ""),
      html("td", {}, gradient),
    );
  }
}
