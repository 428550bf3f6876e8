// Every key the page knows, in one table: what help shows is what happens.

import { byId, html } from "./dom.js";
import { keyOf } from "./reading.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Keyboard {
  constructor(page) {
    this.page = page;
    const { drawing, player, changes } = page;
    this.groups = {
      "Moving about": [
        [
          "← → ↑ ↓",
          "select the next node in that direction",
          Object.keys(ARROWS),
          (event) => this.walk(ARROWS[event.key]),
        ],
        ["Enter", "open the selected room, or the products of a dot", ["Enter"], () => page.enterSelected()],
        ["Backspace", "go back to the room around this one", ["Backspace"], () => page.leave()],
        ["Escape", "select nothing", ["Escape"], () => page.select("")],
        ["/", "search by label, operation or scope", ["/"], () => byId("search").focus()],
        ["+ −", "zoom", ["+", "=", "-"], (event) => drawing.camera.zoom(event.key === "-" ? 1 / 1.25 : 1.25)],
        ["0", "fit the room into view", ["0"], () => drawing.fit()],
        ["Shift + arrows", "move the drawing", [], () => {}],
      ],
      Stepping: [
        ["Space", "play and pause", [" "], () => player.toggle()],
        [".", "one step forward", ["."], () => player.step(1)],
        [",", "one step back", [","], () => player.step(-1)],
        [
          "Home  End",
          "to the start, to the complete graph",
          ["Home", "End"],
          (event) => (event.key === "Home" ? player.to(0) : player.finish()),
        ],
      ],
      "Looking and changing": [
        ["w", "why: rule and chain rule", ["w"], () => page.openTab("why")],
        ["c", "change: leaves and gradient descent", ["c"], () => page.openTab("change")],
        ["q", "quiz", ["q"], () => page.openTab("quiz")],
        ["t", "table of numbers", ["t"], () => page.openTab("table")],
        ["e", "edit the selected leaf", ["e"], () => page.editLeaf()],
        ["g", "one step of gradient descent", ["g"], () => changes.descend(1)],
        ["u  Shift + u", "undo, redo", ["u", "U"], (event) => (event.key === "u" ? changes.undo() : changes.redo())],
        ["p", "fold the panel away, and back", ["p"], () => page.fold()],
        ["d", "light, dark, or as the system is", ["d"], () => page.nextTheme()],
        ["?", "this help", ["?"], () => this.help()],
      ],
    };
    this.actions = new Map(
      Object.values(this.groups).flatMap((group) =>
        group.flatMap(([, , keys, action]) => keys.map((key) => [key, action])),
      ),
    );
    document.addEventListener("keydown", (event) => this.press(event));
    byId("help-keys").append(
      ...Object.entries(this.groups).map(([title, group]) =>
        html(
          "section",
          {},
          html("h3", {}, title),
          html(
            "dl",
            {},
            ...group.flatMap(([keys, text]) => [
              html("dt", {}, ...keys.split("  ").map((key) => html("kbd", {}, key))),
              html("dd", {}, text),
            ]),
          ),
        ),
      ),
    );
    byId("help-close").addEventListener("click", () => byId("help").close());
  }

  help() {
    const dialog = byId("help");
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }

  press(event) {
    const undo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    const typing = event.target.closest("input, select, textarea") !== null;
    const onControl = event.target.closest("button, [role=tab], dialog, summary") !== null;
    if (undo && !typing) {
      event.preventDefault();
      if (event.shiftKey) this.page.changes.redo();
      else this.page.changes.undo();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing) {
      if (event.key === "Escape") this.page.drawing.frame.focus();
      return;
    }
    if (onControl && ["Enter", " ", "ArrowLeft", "ArrowRight", "Home", "End", "Escape"].includes(event.key)) return;
    if (event.shiftKey && event.key in ARROWS) {
      const [x, y] = ARROWS[event.key];
      this.page.drawing.camera.pan(-80 * x, -80 * y);
      event.preventDefault();
      return;
    }
    const action = this.actions.get(event.key);
    if (!action) return;
    event.preventDefault();
    action(event);
  }

  // The item that lies nearest in a direction: those along an edge first, and among them what has operands of its own.
  walk([dx, dy]) {
    const { page } = this;
    const { view, drawing } = page;
    const here = drawing.places.get(page.state.get("selected"));
    if (here === undefined) {
      const last = view.itemOf[page.engine.of];
      page.select(keyOf(view.items[last >= 0 ? last : view.items.length - 1]));
      return;
    }
    const from = view.items[here];
    const joined = new Set(
      drawing.touching[here].map((k) => (view.edges[k].from === here ? view.edges[k].to : view.edges[k].from)),
    );
    let [best, nearest] = [-1, Infinity];
    view.items.forEach((item, place) => {
      const along = (item.x - from.x) * dx + (item.y - from.y) * dy;
      if (place === here || along < 8) return;
      const aside = Math.abs((item.x - from.x) * dy) + Math.abs((item.y - from.y) * dx);
      const isLeaf = item.kind === "node" && page.engine.isLeaf(item.node);
      const distance = along + 2.5 * aside - (dx && joined.has(place) ? 1e5 : 0) + (dx && isLeaf ? 500 : 0);
      if (distance < nearest) [best, nearest] = [place, distance];
    });
    if (best >= 0) page.select(keyOf(view.items[best]));
  }
}
