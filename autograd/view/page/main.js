// The page: its parts, and what happens when one of them changes something.

import { Changes } from "./changes.js";
import { byId, html } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Engine } from "./engine.js";
import { formula } from "./formula.js";
import { copy, download, fromFragment, picture, png, python, toFragment } from "./keep.js";
import { Keyboard } from "./keyboard.js";
import { clip, isolated } from "./numbers.js";
import { operations } from "./operations.js";
import { Player } from "./player.js";
import { Quiz } from "./quiz.js";
import { keyOf, Reading } from "./reading.js";
import { House } from "./rooms.js";
import { State } from "./state.js";
import { Search, Table } from "./table.js";
import { Timeline } from "./timeline.js";
import { Why } from "./why.js";

const READABLE = 0.5; // the page opens at this scale at least, though not all of the room may be in view then

class Page {
  constructor(data) {
    this.data = data;
    this.names = data.names;
    this.engine = new Engine(data.graph.nodes, operations);
    const start = fromFragment(window.location.hash, this.engine, data);
    this.engine.differentiate(start.of);
    this.house = new House(data, this.engine);
    this.timeline = new Timeline(this.engine);
    this.state = new State({
      room: start.room,
      selected: start.selected,
      time: start.time,
      of: start.of,
      tab: start.tab,
      theme: start.theme,
      camera: "",
      rate: start.rate,
      trained: start.trained,
    });
    this.view = this.house.find(start.room);
    this.active = { place: -1, edges: new Set(), phase: "" };
    this.highlighted = null;
    this.reading = new Reading(this);
    this.quiz = new Quiz(this);
    this.drawing = new Drawing(this);
    this.player = new Player(this);
    this.changes = new Changes(this);
    this.why = new Why(this);
    this.table = new Table(this);
    this.search = new Search(this);
    this.keyboard = new Keyboard(this);
    this.changes.begin(start.changed);
    this.buttons();
    this.state.listen((changes) => this.changed(changes));
    this.applyTheme();
    this.enterView(start.camera);
    this.showTab();
    new ResizeObserver(() => this.drawing.resized()).observe(this.drawing.frame);
    window.addEventListener("hashchange", () => this.restore());
  }

  buttons() {
    const on = (id, action) => byId(id).addEventListener("click", action);
    on("fit", () => this.drawing.fit());
    on("zoom-in", () => this.drawing.camera.zoom(1.25));
    on("zoom-out", () => this.drawing.camera.zoom(0.8));
    on("theme", () => this.nextTheme());
    on("help-open", () => this.keyboard.help());
    on("of", () => this.goTo(this.engine.of));
    on("copy-python", () => this.offer("Python code", python(this), "graph.py", "text/x-python"));
    on("copy-link", () => this.offer("Link", window.location.href.split("#")[0] + "#" + toFragment(this)));
    on("save-svg", () => download(new Blob([picture(this.drawing.frame)], { type: "image/svg+xml" }), "graph.svg"));
    on("save-png", async () => {
      try {
        download(await png(picture(this.drawing.frame)), "graph.png");
      } catch (error) {
        this.say(`No picture: ${error.message}.`);
      }
    });
    for (const tab of document.querySelectorAll("[role=tab]")) {
      tab.addEventListener("click", () => this.openTab(tab.dataset.tab));
      tab.addEventListener("keydown", (event) => this.tabKey(event));
    }
    for (const item of document.querySelectorAll("#keep button"))
      item.addEventListener("click", () => byId("keep").removeAttribute("open"));
    document.addEventListener(
      "pointerdown",
      (event) => event.target.closest("#keep") || byId("keep").removeAttribute("open"),
    );
    byId("grip").addEventListener("click", () => this.fold());
    byId("offered-close").addEventListener("click", () => byId("offered").close());
  }

  // --- what changes ---

  changed(changes) {
    const any = (...names) => names.some((name) => changes.has(name));
    if (any("theme")) this.applyTheme();
    if (any("room")) {
      this.view = this.house.find(this.state.get("room"));
      this.enterView(null);
    }
    if (any("of")) {
      this.engine.differentiate(this.state.get("of"));
      this.timeline.refresh();
      this.player.refresh();
    }
    if (any("tab")) this.showTab();
    if (any("of", "numbers", "selected", "time", "quiz", "trained", "tab", "rate", "theme")) this.refresh(changes);
    if (!(changes.size === 1 && any("numbers"))) this.remember();
  }

  refresh(changes = new Set(["numbers"])) {
    if ([...changes].some((name) => name !== "time" && name !== "selected")) this.reading.refresh();
    this.active = this.player.active();
    this.highlighted = this.findPath();
    this.drawing.update();
    this.player.update();
    this.updatePanel(changes);
    byId("of-name").textContent = isolated(this.reading.name(this.engine.of, 14));
    if (this.active.place >= 0 && changes.has("time")) this.drawing.reveal(this.active.place);
  }

  updatePanel(changes) {
    const tab = this.state.get("tab");
    if (tab === "why") this.why.update();
    if (tab === "change") this.changes.update(changes);
    if (tab === "table") this.table.update();
    if (tab === "quiz" && (changes.has("quiz") || changes.has("tab") || !this.quiz.active)) this.quiz.update();
  }

  // The items and edges on a way from the selected node to what is differentiated; null if nothing is to stand out.
  findPath() {
    const selected = this.state.get("selected");
    if (this.state.get("time") !== null || !["why", "quiz"].includes(this.state.get("tab")) || !/^\d+$/.test(selected))
      return null;
    const i = Number(selected);
    if (i >= this.engine.of || !this.timeline.matters[i]) return null;
    const marks = this.engine.between(i);
    const items = this.view.items.map((item) =>
      item.kind === "node"
        ? marks[item.node] === 1
        : item.kind === "room"
          ? item.nodes.some((k) => marks[k])
          : item.pair?.some((k) => marks[k]),
    );
    const edges = this.view.edges.map((edge) =>
      edge.dot !== undefined
        ? items[edge.from] && marks[edge.dot] === 1
        : edge.members.some((e) => marks[this.engine.operands[e]] && marks[this.engine.consumers[e]]),
    );
    return { items, edges };
  }

  // --- rooms ---

  enterView(camera) {
    this.player.refresh();
    this.reading.refresh();
    this.active = this.player.active();
    this.highlighted = this.findPath();
    this.drawing.show(this.view);
    if (camera) this.drawing.camera.place(...camera);
    else this.arrange();
    this.crumbs();
    this.refresh();
  }

  // Fit the room into view as far as it stays readable, with what matters in it.
  arrange(smallest = READABLE) {
    this.drawing.fit(smallest);
    const place =
      this.drawing.places.get(this.state.get("selected")) ?? this.view.itemOf[this.view.dot ?? this.engine.of];
    if (place >= 0) this.drawing.reveal(place);
  }

  crumbs() {
    const path = this.house.path(this.view);
    byId("crumbs").replaceChildren(
      ...path.map(({ key, title }, k) =>
        html(
          "li",
          {},
          k < path.length - 1
            ? html("button", { class: "link", onclick: () => this.openRoom(key) }, isolated(title))
            : html("span", { "aria-current": "location" }, isolated(title)),
        ),
      ),
    );
  }

  openRoom(key, selected = "") {
    this.state.set({ selected, room: key });
    this.speak(
      `In ${this.house
        .path(this.view)
        .map(({ title }) => title)
        .join(", ")}`,
    );
  }

  enter(place) {
    const item = this.view.items[place];
    if (item.kind === "room") {
      // A neighbour that stands for all that is elsewhere is the outermost room.
      this.openRoom(this.house.rooms[item.room].name);
    } else if (item.kind === "rest") {
      this.openRoom(item.next);
    } else if (item.kind === "node" && item.elsewhere) {
      this.goTo(item.node);
    } else if (item.kind === "node" && this.house.opens(item.node) && this.view.dot !== item.node) {
      this.openRoom(`·${item.node}`);
    } else if (item.kind === "node" && this.engine.isLeaf(item.node)) {
      this.select(keyOf(item));
      this.editLeaf();
    }
  }

  enterSelected() {
    const place = this.drawing.places.get(this.state.get("selected"));
    if (place !== undefined) this.enter(place);
  }

  leave() {
    const path = this.house.path(this.view);
    if (path.length < 2) return;
    const from = this.view.dot === undefined ? `r${this.view.room}` : `${this.view.dot}`;
    this.openRoom(path[path.length - 2].key, from);
  }

  // --- selection ---

  select(key) {
    this.state.set({ selected: key });
    const place = this.drawing.places.get(key);
    if (place === undefined) return;
    this.drawing.reveal(place);
    this.speak(this.reading.spoken(this.view.items[place]));
  }

  // Show a node, in its own room if it is not in this one.
  goTo(i, tab = this.state.get("tab")) {
    if (!this.drawing.places.has(`${i}`)) this.state.set({ room: this.house.rooms[this.house.home[i]].name });
    this.state.set({ tab });
    this.select(`${i}`);
  }

  differentiate(i) {
    if (this.quiz.active) this.quiz.stop();
    this.state.set({ of: i, time: null });
    this.say(`Now ${clip(this.names[i], 20)} is differentiated.`);
  }

  editLeaf() {
    this.openTab("change");
    byId("leaf-number")?.focus();
    byId("leaf-number")?.select();
  }

  formula(i, called = (k) => isolated(this.reading.name(k))) {
    return formula(this.engine, this.data, i, called);
  }

  // --- panels and themes ---

  openTab(tab) {
    document.body.classList.remove("folded");
    this.state.set({ tab });
  }

  tabKey(event) {
    const tabs = [...document.querySelectorAll("[role=tab]")];
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const next = tabs[(tabs.indexOf(event.target) + move + tabs.length) % tabs.length];
    this.openTab(next.dataset.tab);
    next.focus();
    event.preventDefault();
  }

  showTab() {
    const open = this.state.get("tab");
    for (const tab of document.querySelectorAll("[role=tab]")) {
      const on = tab.dataset.tab === open;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      byId(`panel-${tab.dataset.tab}`).hidden = !on;
    }
    if (open !== "quiz" && this.quiz.active) this.quiz.stop();
    this.updatePanel(new Set(["tab"]));
  }

  fold() {
    const folded = document.body.classList.toggle("folded");
    byId("grip").setAttribute("aria-expanded", String(!folded));
  }

  nextTheme() {
    const next = { "": "dark", dark: "light", light: "" }[this.state.get("theme")];
    this.state.set({ theme: next });
    this.say({ "": "Colours as the system has them.", dark: "Dark.", light: "Light." }[next]);
  }

  applyTheme() {
    const theme = this.state.get("theme");
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }

  // --- keeping ---

  async offer(what, text, name, type) {
    if (await copy(text)) return this.say(`${what} copied.`);
    byId("offered-title").textContent = what;
    byId("offered-text").value = text;
    byId("offered-save").hidden = !name;
    byId("offered-save").onclick = () => download(new Blob([text], { type }), name);
    byId("offered").showModal();
    return byId("offered-text").select();
  }

  // The address follows the state; quietly, and not too often.
  remember() {
    if (this.remembering) return;
    this.remembering = setTimeout(() => {
      this.remembering = 0;
      this.fragment = toFragment(this);
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
    const next = fromFragment(window.location.hash, this.engine, this.data);
    this.changes.begin(next.changed);
    const { camera, changed, ...values } = next;
    this.state.set(values);
    if (camera) this.drawing.camera.place(...camera);
    this.state.announce("numbers", "committed");
  }

  // To those who listen only.
  speak(text) {
    byId("live").textContent = text;
  }

  // To everybody.
  say(text) {
    this.speak(text);
    const toast = byId("toast");
    toast.textContent = text;
    toast.classList.add("on");
    clearTimeout(this.fading);
    this.fading = setTimeout(() => toast.classList.remove("on"), 2600);
  }
}

// Within reach of those who open the console.
window.page = new Page(JSON.parse(byId("data").textContent));
document.documentElement.dataset.ready = "";
