// The panel beside the drawing: its tabs, which of them is open, and whether it is folded away. The contents of the
// tabs are parts of their own; tabs.js lists the tabs.

import { byId, html, onClick } from "./dom.js";
import { TABS, tabs } from "./tabs.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Model } from "./model.js"
 * @import { Tab } from "./tabs.js"
 */

export class Panel {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "openTab">} callbacks
   */
  constructor(model, { openTab }) {
    this.model = model;
    this.openTab = openTab;
    this.away = false; // whether it is folded to make room for the drawing
    this.tabs = tabs.map((tab) => {
      const [id, controls] = [`tab-${tab}`, `panel-${tab}`];
      const button = html("button", { role: "tab", id, "aria-controls": controls }, TABS[tab].title);
      button.addEventListener("click", () => openTab(tab));
      button.addEventListener("keydown", (event) => this.key(event, tab));
      const content = html("div", { id: controls, role: "tabpanel", tabindex: 0, "aria-labelledby": id });
      return { tab, button, content };
    });
    byId("tabs").append(...this.tabs.map(({ button }) => button));
    byId("panel").append(...this.tabs.map(({ content }) => content));
    onClick("grip", () => this.fold());
  }

  show() {
    const open = this.model.state.get("tab");
    for (const { tab, button, content } of this.tabs) {
      button.setAttribute("aria-selected", String(tab === open));
      button.tabIndex = tab === open ? 0 : -1;
      content.hidden = tab !== open;
    }
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Tab} tab
   */
  key(event, tab) {
    const move = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!move) return;
    const next = this.tabs[(tabs.indexOf(tab) + move + tabs.length) % tabs.length];
    this.openTab(next.tab);
    next.button.focus();
    event.preventDefault();
  }

  get folded() {
    const panel = this.model.state.get("panel");
    return panel === "" ? this.away : panel === "folded";
  }

  // Fold or unfold the panel as the reader asks; the state remembers it.
  fold() {
    this.model.state.set({ panel: this.folded ? "open" : "folded" });
  }

  unfold() {
    if (this.folded) this.fold();
  }

  /**
   * Fold or unfold the panel, as long as the reader has done neither.
   * @param {boolean} away
   */
  lend(away) {
    this.away = away;
    this.place();
  }

  place() {
    document.body.classList.toggle("folded", this.folded);
    byId("grip").setAttribute("aria-expanded", String(!this.folded));
  }
}
