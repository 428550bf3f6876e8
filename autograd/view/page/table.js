// The numbers of the room in a table, to all digits that matter; and the search through the whole graph.

import { byId, html } from "./dom.js";
import { clip, isolated, show } from "./numbers.js";

const ROWS = 200;
const FOUND = 12;

export class Table {
  constructor(page) {
    this.page = page;
    this.panel = byId("panel-table");
  }

  update() {
    const { engine, view, state, timeline } = this.page;
    const time = state.get("time");
    const nodes = view.items
      .filter((item) => item.kind === "node")
      .map((item) => item.node)
      .sort((a, b) => a - b);
    const lines = nodes.slice(0, ROWS).map((i) => {
      const computed = time === null || timeline.isComputed(i, time);
      const { given, total } = time === null ? { given: 1, total: 1 } : timeline.gathered(i, time, view);
      const gradient = this.page.quiz.hides(i) ? "?" : given < total ? "" : show(engine.grad[i], 10);
      return html(
        "tr",
        { class: state.get("selected") === String(i) ? "selected" : "" },
        html(
          "th",
          { scope: "row" },
          html("button", { class: "link", onclick: () => this.page.goTo(i) }, isolated(clip(this.page.names[i], 12))),
        ),
        html("td", { class: "op" }, engine.isLeaf(i) ? this.page.data.roles[i] : engine.rows[i].op),
        html("td", {}, computed ? (engine.unknown[i] ? "unknown" : show(engine.data[i], 10)) : ""),
        html("td", {}, gradient),
      );
    });
    const head = html(
      "tr",
      {},
      ...["node", "made by", "value", "gradient"].map((text) => html("th", { scope: "col" }, text)),
    );
    this.panel.replaceChildren(
      html("table", { class: "numbers" }, html("caption", {}, "Every node of this room"), head, ...lines),
      ...(nodes.length > ROWS ? [html("p", { class: "quiet" }, `and ${nodes.length - ROWS} more`)] : []),
      ...(nodes.length === 0 ? [html("p", { class: "quiet" }, "There are only rooms here; open one.")] : []),
    );
  }
}

export class Search {
  constructor(page) {
    this.page = page;
    this.field = byId("search");
    this.results = byId("results");
    this.at = 0;
    this.field.addEventListener("input", () => this.look());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => this.close());
  }

  // Nodes whose label, operation or scope has the text in it; labels that begin with it come first.
  find(text) {
    const { engine, names } = this.page;
    const wanted = text.toLowerCase();
    const [first, then] = [[], []];
    for (let i = 0; i < engine.size && first.length < FOUND; i++) {
      const { op, scope } = engine.rows[i];
      if (names[i].toLowerCase().startsWith(wanted)) first.push(i);
      else if (then.length < FOUND && [names[i], op, scope].some((part) => part?.toLowerCase().includes(wanted)))
        then.push(i);
    }
    return [...first, ...then].slice(0, FOUND);
  }

  look() {
    const text = this.field.value.trim();
    this.found = text ? this.find(text) : [];
    this.at = 0;
    const { engine, names } = this.page;
    this.results.replaceChildren(
      ...this.found.map((i, k) =>
        html(
          "li",
          {
            id: `result${k}`,
            role: "option",
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => this.go(k),
          },
          html("span", {}, isolated(clip(names[i], 30))),
          html(
            "span",
            { class: "quiet" },
            isolated(
              [engine.rows[i].op, engine.rows[i].scope && clip(engine.rows[i].scope, 40)].filter(Boolean).join(" · "),
            ),
          ),
        ),
      ),
      ...(text && !this.found.length ? [html("li", { class: "quiet" }, "nothing found")] : []),
    );
    this.results.hidden = !text;
    this.field.setAttribute("aria-expanded", String(Boolean(text)));
    this.mark();
  }

  mark() {
    [...this.results.children].forEach((line, k) =>
      line.setAttribute("aria-selected", String(k === this.at && this.found.length > 0)),
    );
    if (this.found.length) this.field.setAttribute("aria-activedescendant", `result${this.at}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && this.found?.length) {
      this.at = (this.at + moves[event.key] + this.found.length) % this.found.length;
      this.mark();
    } else if (event.key === "Enter" && this.found?.length) {
      this.go(this.at);
    } else if (event.key === "Escape") {
      this.field.value = "";
      this.close();
      this.page.drawing.frame.focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  go(k) {
    this.page.goTo(this.found[k]);
    this.field.value = "";
    this.close();
    this.page.drawing.frame.focus();
  }

  close() {
    this.results.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
  }
}
