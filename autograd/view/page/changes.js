// Changing leaves: typing, dragging, gradient descent, with undo; and the panel for it.

import { byId, html, svg } from "./dom.js";
import { clip, isolated, parse, plural, show, signed } from "./numbers.js";

const LISTED = 40; // so many leaves stand in the list

export class Changes {
  constructor(page) {
    this.page = page;
    this.history = [{ changed: new Map(), losses: [] }];
    this.now = 0;
    this.panel = byId("panel-change");
    this.build();
  }

  get current() {
    return this.history[this.now];
  }

  // Take over leaves without making a step that can be undone: the page was opened with them.
  begin(changed) {
    this.page.engine.setLeaves(changed);
    this.history = [{ changed: new Map(), losses: [] }];
    this.now = 0;
    if (changed.size) this.push(changed);
  }

  // The losses so far are those of what is differentiated now.
  get losses() {
    return this.current.of === this.page.engine.of ? this.current.losses : [];
  }

  push(changed, losses = this.losses) {
    this.history.splice(this.now + 1);
    this.history.push({ changed, losses, of: this.page.engine.of });
    this.now++;
  }

  // Show a number without keeping it yet, as while dragging.
  preview(i, x) {
    this.page.engine.setLeaves(new Map([...this.page.engine.changed, [i, x]]));
    this.page.state.announce("numbers");
  }

  commit() {
    this.push(new Map(this.page.engine.changed));
    this.page.say(this.outcome());
    this.page.state.announce("numbers", "committed");
  }

  set(i, x) {
    if (Object.is(x, this.page.engine.data[i])) return;
    this.preview(i, x);
    this.commit();
  }

  go(step) {
    if (step < 0 || step >= this.history.length || step === this.now) return;
    this.now = step;
    this.page.engine.setLeaves(this.current.changed);
    this.page.say(this.outcome());
    this.page.state.announce("numbers", "committed");
  }

  undo() {
    this.go(this.now - 1);
  }

  redo() {
    this.go(this.now + 1);
  }

  reset() {
    if (this.page.engine.changed.size === 0 && this.losses.length === 0) return;
    this.page.engine.setLeaves(new Map());
    this.push(new Map(), []);
    this.page.say("Every leaf has its first number again.");
    this.page.state.announce("numbers", "committed");
  }

  // Gradient descent on the leaves that are switched on.
  descend(steps) {
    const { engine, state } = this.page;
    const rate = parse(this.rate.value);
    this.rate.setAttribute("aria-invalid", String(!Number.isFinite(rate)));
    if (!Number.isFinite(rate)) return this.page.say("The rate must be a number.");
    if (engine.unknown[engine.of]) return this.page.say("What is differentiated is unknown now; undo or reset first.");
    const losses = this.losses.length ? [...this.losses] : [engine.data[engine.of]];
    for (let step = 0; step < steps; step++) {
      engine.setLeaves(engine.descended(state.get("trained"), rate));
      losses.push(engine.data[engine.of]);
    }
    this.push(new Map(engine.changed), losses);
    this.page.say(`${plural(steps, "step")} of gradient descent: ${this.outcome()}`);
    state.announce("numbers", "committed");
    return undefined;
  }

  outcome() {
    const { engine, names } = this.page;
    const [now, before] = [engine.data[engine.of], engine.original.data[engine.of]];
    if (engine.unknown[engine.of]) return `${clip(names[engine.of], 20)} is unknown now.`;
    return `${clip(names[engine.of], 20)} = ${show(now, 7)} (Δ ${signed(now - before, 3)})`;
  }

  // --- the panel ---

  build() {
    const button = (id, text, action) => html("button", { id, onclick: action }, text);
    this.summary = html("div", { class: "summary" });
    this.rate = html("input", {
      id: "rate",
      type: "text",
      inputmode: "decimal",
      value: "0.5",
      size: 6,
      "aria-label": "learning rate",
    });
    this.rate.addEventListener("change", () => this.page.state.set({ rate: this.rate.value }));
    this.plot = svg("svg", { class: "plot", viewBox: "0 0 300 90", role: "img" });
    this.undoButton = button("undo", "Undo", () => this.undo());
    this.redoButton = button("redo", "Redo", () => this.redo());
    this.resetButton = button("reset", "Reset", () => this.reset());
    this.editor = html("section", { class: "editor" });
    this.list = html("table", { class: "leaves" });
    this.panel.append(
      this.summary,
      html("div", { class: "row" }, this.undoButton, this.redoButton, this.resetButton),
      this.editor,
      html(
        "section",
        {},
        html("h3", {}, "Gradient descent"),
        html("p", { class: "quiet" }, "Each switched-on leaf moves by −rate · gradient."),
        html(
          "div",
          { class: "row" },
          html("label", { for: "rate" }, "rate"),
          this.rate,
          button("descend", "One step", () => this.descend(1)),
          button("descend10", "10 steps", () => this.descend(10)),
        ),
        this.plot,
      ),
      html("section", {}, html("h3", {}, "Leaves"), this.list),
    );
    this.buildEditor();
  }

  buildEditor() {
    this.editing = -1;
    this.number = html("input", {
      id: "leaf-number",
      type: "text",
      inputmode: "decimal",
      "aria-label": "value of the selected leaf",
    });
    this.slider = html("input", {
      id: "leaf-slider",
      type: "range",
      min: -100,
      max: 100,
      step: 1,
      "aria-label": "drag the value of the selected leaf",
    });
    this.number.addEventListener("change", () => this.typed(this.number, this.editing));
    this.slider.addEventListener("input", () => {
      const unit = Math.max(Math.abs(this.base), 0.5) / 50;
      this.preview(this.editing, Number((this.base + Number(this.slider.value) * unit).toPrecision(6)));
    });
    this.slider.addEventListener("change", () => this.commit());
  }

  typed(input, i) {
    const x = parse(input.value);
    input.setAttribute("aria-invalid", String(x === undefined));
    if (x === undefined) this.page.say(`"${clip(input.value, 20)}" is not a number.`);
    else this.set(i, x);
  }

  update(changes) {
    const { engine, state } = this.page;
    const [now, before] = [engine.data[engine.of], engine.original.data[engine.of]];
    this.summary.replaceChildren(
      html(
        "h2",
        {},
        isolated(this.page.reading.name(engine.of, 20)),
        " = ",
        html("span", { class: "big" }, engine.unknown[engine.of] ? "unknown" : show(now, 10)),
      ),
      html(
        "p",
        { class: "quiet" },
        engine.changed.size
          ? `was ${show(before, 10)}${now === now ? ` (Δ ${signed(now - before, 4)})` : ""}; leaves changed: ${engine.changed.size}`
          : "Drag the number on a leaf's card, or type below.",
      ),
    );
    if (engine.unknown.some(Boolean))
      this.summary.append(
        html(
          "p",
          { class: "note" },
          "Some results depend on an operation whose rule the page cannot read; they are unknown now.",
        ),
      );
    this.undoButton.disabled = this.now === 0;
    this.redoButton.disabled = this.now === this.history.length - 1;
    this.resetButton.disabled = engine.changed.size === 0 && this.losses.length === 0;
    if (state.get("rate") !== this.rate.value && document.activeElement !== this.rate)
      this.rate.value = state.get("rate");
    this.updateEditor(changes);
    this.updateList();
    this.drawPlot();
  }

  updateEditor(changes) {
    const { engine, data, state, names } = this.page;
    const selected = state.get("selected");
    const i = /^\d+$/.test(selected) && engine.isLeaf(Number(selected)) ? Number(selected) : -1;
    if (i < 0) {
      this.editing = -1;
      this.editor.replaceChildren(html("p", { class: "quiet" }, "Select a leaf to drag it here."));
      return;
    }
    if (i !== this.editing || changes.has("committed")) {
      this.base = engine.data[i];
      this.slider.value = 0;
    }
    if (i !== this.editing) {
      this.editing = i;
      this.editor.replaceChildren(
        html("h3", {}, isolated(clip(names[i], 24)), html("span", { class: "quiet" }, ` ${data.roles[i]}`)),
        html("div", { class: "row" }, this.number, this.slider),
      );
    }
    if (document.activeElement !== this.number || changes.has("committed"))
      this.number.value = show(engine.data[i], "exact");
    this.slider.disabled = !Number.isFinite(this.base);
  }

  updateList() {
    const { engine, state, view, names } = this.page;
    const trained = state.get("trained");
    const here = view.items.filter((item) => item.kind === "node" && engine.isLeaf(item.node)).map((item) => item.node);
    const leaves = here.slice(0, LISTED);
    const known = leaves.join();
    if (this.listed !== known) {
      this.listed = known;
      this.inputs = leaves.map((i) => {
        const number = html("input", {
          type: "text",
          inputmode: "decimal",
          "data-leaf": i,
          "aria-label": `value of ${clip(names[i], 20)}`,
        });
        number.addEventListener("change", () => this.typed(number, i));
        const box = html("input", {
          type: "checkbox",
          role: "switch",
          "data-train": i,
          "aria-label": `${clip(names[i], 20)} moves in gradient descent`,
          onchange: () => this.train(i, box.checked),
        });
        const gradient = html("td", {});
        const line = html(
          "tr",
          {},
          html(
            "th",
            { scope: "row" },
            html("button", { class: "link", onclick: () => this.page.goTo(i) }, isolated(clip(names[i], 12))),
          ),
          html("td", {}, number),
          gradient,
          html("td", {}, box),
        );
        return { i, number, box, gradient, line };
      });
      const head = html(
        "tr",
        {},
        ...["leaf", "value", "gradient", "moves"].map((text) => html("th", { scope: "col" }, text)),
      );
      const rest =
        here.length > leaves.length
          ? [
              html(
                "tr",
                {},
                html("td", { colspan: 4, class: "quiet" }, `and ${here.length - leaves.length} more in this room`),
              ),
            ]
          : [];
      this.list.replaceChildren(
        ...(leaves.length
          ? [head, ...this.inputs.map((input) => input.line), ...rest]
          : [html("tr", {}, html("td", { class: "quiet" }, "Open a room to see its leaves."))]),
      );
    }
    for (const { i, number, box, gradient, line } of this.inputs) {
      if (document.activeElement !== number || state.get("selected") === String(i))
        number.value = show(engine.data[i], "exact");
      gradient.textContent = this.page.quiz.hides(i) ? "?" : show(engine.grad[i], 5);
      box.checked = trained.has(i);
      line.className = engine.changed.has(i) ? "changed" : "";
    }
  }

  train(i, on) {
    const trained = new Set(this.page.state.get("trained"));
    if (on) trained.add(i);
    else trained.delete(i);
    this.page.state.set({ trained });
  }

  // The losses of the descent so far, on a scale of their own.
  drawPlot() {
    const { losses } = this;
    const finite = losses.filter(Number.isFinite);
    this.plot.classList.toggle("off", finite.length < 2);
    if (finite.length < 2) return;
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const at = (loss, k) => {
      const [x, y] = [8 + (284 * k) / (losses.length - 1), 78 - (62 * (loss - low)) / (high - low || 1)];
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    };
    const points = losses.flatMap((loss, k) => (Number.isFinite(loss) ? [at(loss, k)] : []));
    const [x, y] = points[points.length - 1].split(",");
    this.plot.setAttribute(
      "aria-label",
      `loss over ${plural(losses.length - 1, "step")}, from ${show(losses[0], 4)} to ${show(losses.at(-1), 4)}`,
    );
    this.plot.replaceChildren(
      svg("polyline", { points: points.join(" ") }),
      svg("circle", { cx: x, cy: y, r: 3.5 }),
      svg("text", { x: 8, y: 12 }, show(high, 4)),
      svg("text", { x: 8, y: 89 }, show(low, 4)),
      svg("text", { x: 292, y: 89, "text-anchor": "end" }, plural(losses.length - 1, "step")),
    );
  }
}
