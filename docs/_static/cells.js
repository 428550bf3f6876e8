// The code cells of a page can be edited and run, in the reader's browser. All cells of a page are one program: before
// a cell runs, so do the cells above it, from the first that has changed or has not run yet. Python is in a worker,
// which is started by the first run and ended by Stop. Nothing is fetched before the reader asks for it.

import { button, element, icon } from "./elements.js";
import { Output } from "./output.js";
import { Python } from "./python.js";

/**
 * @import { Ended } from "./python.js"
 * @import { Offer } from "./worker.js"
 *
 * @typedef {{ module: string, cell: number, offer: Offer | null }} Lack A library that is missing; `cell` is the number
 *   of the cell that needs it, this one or one above.
 */

const MEGABYTE = 1e6;
const script = /** @type {HTMLScriptElement} */ (document.querySelector("script[data-python-bytes]"));
const megabytes = (/** @type {number} */ bytes) => `${Math.max(1, Math.round(bytes / MEGABYTE))} MB`;

class Cell {
  /**
   * @param {Element} cell as myst-nb has made it
   * @param {number} number of the cell in the page, from 1
   * @param {Page} page
   */
  constructor(cell, number, page) {
    this.page = page;
    this.number = number;
    this.input = /** @type {HTMLElement} */ (cell.querySelector(".cell_input"));
    this.built = this.input.textContent?.replace(/\n$/, "") ?? "";
    this.output = new Output(cell);
    /** @type {string | null} the source that ran last in the present Python; null if none did */
    this.ran = null;
    /** @type {Lack | null} the library that was missing when it last ran */
    this.lack = null;
    /** @type {string | null} the source at which Python breaks down in browsers */
    this.breaks = null;
    this.key = `glassgrad ${location.pathname} ${this.built}`; // a changed cell has another key
    this.source = recall(this.key) ?? this.built;
    /** @type {any} */
    this.editor = null;

    this.runButton = button("Run", () => page.run(this), { icon: icon("M5 3.5v9l7.5-4.5z"), kind: "run" });
    this.editButton = button(cell.matches(".tag_exercise") ? "Write your answer" : "Edit", () => this.edit());
    this.resetButton = button("Reset", () => this.reset());
    this.stopButton = button("Stop", () => page.stop(), { kind: "stop" });
    this.status = element("span", { class: "status", role: "status" });
    const name = element("span", { class: "name" }, `cell ${number}`);
    const buttons = [this.runButton, this.stopButton, this.editButton, this.resetButton];
    this.bar = element("div", { class: "bar", role: "group", "aria-label": `cell ${number}` }, ...buttons);
    this.bar.append(this.status, name);
    this.input.append(this.bar);
    if (this.isChanged) this.edit();
    this.update();
  }

  // Whether it need not run again before the cells that follow.
  get isDone() {
    return this.ran === this.source || this.breaks === this.source;
  }

  get isChanged() {
    return this.source !== this.built;
  }

  async edit() {
    if (this.editor !== null) return this.editor.focus();
    const { edit } = await import(new URL("editor.js", import.meta.url).href);
    if (this.editor !== null) return;
    const place = element("div", { class: "editor" });
    this.input.prepend(place);
    this.input.classList.add("edited");
    this.editor = edit(place, this.source, {
      label: `Code of cell ${this.number}`,
      changed: (/** @type {string} */ source) => {
        this.source = source;
        keep(this.key, this.isChanged ? source : null);
        this.update();
      },
      run: () => this.page.run(this),
    });
    // Keys pressed in the editor must not trigger the page's shortcuts, such as that for the search.
    place.addEventListener("keydown", (event) => event.stopPropagation());
    this.editor.focus();
    this.update();
  }

  // Put the cell back as the site has it.
  reset() {
    this.source = this.built;
    keep(this.key, null);
    this.editor?.dom.parentElement.remove();
    this.editor = null;
    this.input.classList.remove("edited");
    this.ran = null;
    this.output.restore();
    this.status.textContent = "";
    this.update();
    this.editButton.focus();
  }

  update() {
    const { running, wanted } = this.page;
    const isBusy = running === this || wanted === this;
    const focused = document.activeElement;
    this.runButton.hidden = isBusy;
    this.runButton.ariaDisabled = String(running !== null); // not disabled, so that it keeps the focus
    this.stopButton.hidden = !isBusy;
    this.editButton.hidden = this.editor !== null;
    this.resetButton.hidden = isBusy || !(this.isChanged || this.output.isLive || this.editor !== null);
    if (focused === this.runButton && isBusy) this.stopButton.focus();
    if (focused === this.stopButton && !isBusy) this.runButton.focus();
  }

  /**
   * Show how a run of the cell has ended.
   * @param {Ended} ended
   * @param {Lack | null} above the library that a cell above lacks, if any
   */
  finish({ outcome, what, seconds, offer }, above) {
    this.status.textContent = outcome === "done" ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : "";
    this.lack = null;
    if (outcome === "missing" && (offer !== null || !this.isChanged))
      this.lack = { module: what, cell: this.number, offer };
    else if (outcome === "error" && !this.isChanged) this.lack = above;
    if (this.lack !== null && !this.isChanged) {
      this.output.restore(this.offer(this.lack)); // the output that was built with the site is right
    } else if (this.lack?.offer) {
      this.output.restore();
      this.output.add(this.offer(this.lack));
    } else if (outcome === "error" && above !== null) {
      this.output.note(`Cell ${above.cell} has not run, because it needs ${above.module}.`);
    } else if (outcome === "broken") {
      this.breaks = this.source;
      const word = "Python breaks down over this cell: browsers give it a small stack.";
      if (this.isChanged) this.output.note(`${word} The next run starts it again, and runs the cells above first.`);
      else this.output.restore(element("p", { class: "offer" }, `${word} What is shown was made with the site.`));
    } else if (outcome === "failed") {
      this.output.note(what);
    } else if (outcome === "stopped") {
      this.output.note("Stopped. The next run starts Python again, and runs the cells above first.");
    }
    this.output.end();
    this.update();
  }

  /**
   * A message about a missing library, with a button that loads it if possible.
   * @param {Lack} lack
   */
  offer({ module, cell, offer }) {
    const who = cell === this.number ? "This cell" : `This cell builds on cell ${cell}, which`;
    const which = offer === null ? ", which does not run in browsers" : "";
    const shown = this.isChanged ? "" : " What is shown was made with the site.";
    const box = element("p", { class: "offer", "data-module": module }, `${who} needs ${module}${which}.${shown} `);
    if (offer !== null) box.append(...this.loading(box, offer));
    return box;
  }

  /**
   * @param {HTMLElement} box
   * @param {Offer} offer
   */
  loading(box, { module, names, hosts, bytes }) {
    const size = bytes === null ? "" : `${megabytes(bytes)} `;
    const outside = hosts.some((host) => host !== location.host);
    const from = outside ? `from Pyodide's distribution, ${hosts.join(", ")}` : "from this site";
    const load = button(`Load ${module} and run`, async () => {
      load.disabled = true;
      load.textContent = `Loading ${names.length === 1 ? module : `${names.length} packages`} …`;
      box.querySelector(".failed")?.remove();
      const failed = await this.page.load(module);
      if (failed === "") return this.page.run(this);
      load.disabled = false;
      load.textContent = `Load ${module} and run`;
      box.append(element("span", { class: "failed", role: "alert" }, failed));
    });
    return [load, element("small", {}, ` ${size}${from}`)];
  }
}

class Page {
  constructor() {
    /** @type {Cell | null} */
    this.running = null;
    /** @type {Cell | null} the one that the reader wants to run; those above may have to run first */
    this.wanted = null;
    /** @type {Python | null} */
    this.python = null;
    const cells = [...document.querySelectorAll(".bd-article div.cell")].filter((cell) =>
      cell.querySelector(".cell_input"),
    );
    this.cells = cells.map((cell, place) => new Cell(cell, place + 1, this));
    if (cells.length > 0) cells[0].before(this.heading());
  }

  heading() {
    const size = megabytes(Number(script.dataset.pythonBytes));
    const all = button("Run all", () => this.runAll());
    const over = button("Start over", () => this.startOver());
    const words = `The code on this page runs in your browser. The first run fetches Python, ${size}, from this site. `;
    return element("p", { class: "runnable" }, words, all, " ", over);
  }

  update() {
    for (const cell of this.cells) cell.update();
  }

  /**
   * Run a cell, and before it the cells above, from the first that has changed or has not run.
   * @param {Cell} last
   * @returns {Promise<void>}
   */
  async run(last) {
    if (this.wanted !== null) return;
    this.wanted = last;
    const above = this.cells.slice(0, last.number);
    const first = above.findIndex((cell) => cell === last || !cell.isDone);
    for (const cell of above.slice(first)) {
      if (cell !== last && cell.breaks === cell.source) continue;
      if (cell !== last) last.status.textContent = `cell ${cell.number} first …`;
      if (await this.one(cell)) continue;
      if (cell !== last && cell.breaks === cell.source) {
        this.wanted = null;
        return this.run(last); // in another Python, and without that cell
      }
      if (cell !== last) last.status.textContent = `not run: see cell ${cell.number}`;
      break;
    }
    this.wanted = null;
    this.update();
  }

  async runAll() {
    if (this.wanted !== null) return;
    this.forget();
    await this.run(this.cells[this.cells.length - 1]);
  }

  startOver() {
    this.stop();
    this.forget();
    for (const cell of this.cells) cell.reset();
    this.cells[0].runButton.focus();
  }

  // Cells run in a new module from now on.
  forget() {
    this.python?.renew();
    for (const cell of this.cells) cell.ran = null;
  }

  /**
   * Run one cell; returns whether those that follow may run.
   * @param {Cell} cell
   */
  async one(cell) {
    this.running = cell;
    const { source } = cell;
    cell.status.textContent = this.python === null ? "Python starts …" : "runs …";
    cell.output.begin();
    this.update();
    this.python ??= new Python();
    const { python } = this;
    const ended = await python.run(cell.number, source, (kind, text) => {
      cell.status.textContent = "runs …";
      cell.output.tell(kind, text);
    });
    this.running = null;
    if (["broken", "failed", "stopped"].includes(ended.outcome)) this.end();
    cell.finish(ended, this.cells.slice(0, cell.number - 1).find((other) => other.lack !== null)?.lack ?? null);
    const isFine = ended.outcome === "done" || cell.lack !== null;
    cell.ran = isFine ? source : null;
    this.update();
    return isFine;
  }

  stop() {
    this.python?.stop();
  }

  // The next run needs a new Python.
  end() {
    this.python = null;
    for (const cell of this.cells) cell.ran = null;
  }

  /**
   * Load a library; returns what went wrong, or an empty string.
   * @param {string} module
   */
  async load(module) {
    if (this.python === null) this.python = new Python(); // it may have been stopped meanwhile
    const failed = await this.python.load(module);
    if (failed === "") for (const cell of this.cells) if (cell.lack?.module === module) cell.ran = null;
    return failed;
  }
}

/**
 * What the reader wrote in a cell stays in this browser.
 * @param {string} key
 * @param {string | null} source
 */
function keep(key, source) {
  try {
    if (source === null) localStorage.removeItem(key);
    else localStorage.setItem(key, source);
  } catch {
    // Some browsers store nothing.
  }
}

/** @param {string} key */
function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

new Page();
document.documentElement.dataset.cells = "";
