// The drawing of a room as SVG: cards, edges and the numbers on them. The elements are made once for each view; after
// that, only what has changed is written.

import { Camera } from "./camera.js";
import { ofKind, setClass, setText, svg } from "./dom.js";
import { isolated } from "./numbers.js";
import { keyOf } from "./rooms.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Pair } from "./data.d.ts"
 * @import { Model } from "./model.js"
 * @import { Said, SaidOfEdge } from "./reading.js"
 * @import { Edge, Item, RoomItem, Strand } from "./rooms.js"
 *
 * @typedef {{ left: number, top: number, width: number, height: number }} Rect On the stage, in pixels.
 * @typedef {Record<"title" | "symbol" | "value" | "gradient" | "delta", SVGTextElement>} Texts
 * @typedef {object} Card The elements that draw an item, and what they show at present.
 * @property {Item} item
 * @property {SVGGElement} card
 * @property {SVGPathElement} strip
 * @property {SVGPathElement} since the mark of a leaf that the program has set, attached only to the card of such a
 *   leaf
 * @property {SVGRectElement[]} cells of a room: the values inside
 * @property {Texts} texts
 * @property {boolean} hidden out of view
 * @property {Said | null} said
 * @property {string} marks
 * @property {string} role
 *
 * @typedef {{ group: SVGGElement, local: SVGTextElement, flow: SVGTextElement, onDemand: boolean }} Label The numbers
 *   on an edge; if `onDemand`, there is no space for them, and they are shown only while the edge stands out.
 * @typedef {object} Line The elements that draw an edge, and what they show at present.
 * @property {Edge} edge
 * @property {SVGPathElement} path
 * @property {boolean} drawn
 * @property {Label | null} label
 * @property {SaidOfEdge | null} said
 * @property {string} marks
 *
 * @typedef {{ going: string, near: boolean, onIt: string }} Marks The phase in which something flows along an edge, if
 *   it does; whether one of its ends is selected or pointed at; and whether the edge is on the highlighted path
 *   ("onpath"), off it ("faded"), or there is none.
 */

// At the scale READABLE, numbers are 11 pixels high: a room opens at this scale or a larger one. Only when the reader
// asks for the whole room, or the stage is resized, does the scale go down, to SEEN at the lowest.
const READABLE = 11 / 14.5;
const SEEN = 0.5;
const UPRIGHT = 1.2; // a stage whose width is less than this times its height gets the narrow layout
const UNFOLDING = 280; // milliseconds
const TRACED = 12; // at most this many edges of a bundle are traced at once
// In presenter mode no text is smaller than 16 pixels: the smallest has 12 at scale 1. LARGE is the largest scale.
const [LEGIBLE, LARGE] = [16.1 / 12, 2];
const MARGIN = 28; // around the cards that `follow` brings into view
const MANY = 300; // with more items than this, only those in view are drawn
const FAR = 0.42; // below this scale letters are too small to read

export class Drawing {
  /**
   * @param {Model} model
   * @param {Pick<Actions, "select" | "enter" | "preview" | "commit"> & { reshape: (narrow: boolean) => void }} callbacks
   *   `reshape` is told whether the stage is narrow
   */
  constructor(model, { select, enter, preview, commit, reshape }) {
    this.model = model;
    this.select = select;
    this.enter = enter;
    this.preview = preview;
    this.commit = commit;
    this.reshape = reshape;
    this.view = model.view;
    /** @type {Card[]} */
    this.cards = [];
    /** @type {Line[]} */
    this.lines = []; // of the edges
    /** @type {(Line & { edge: Strand })[]} */
    this.strands = []; // of the bundles
    this.hovered = -1;
    this.clicking = false; // whether the present change of the selection comes from a click
    this.culling = 0;
    /** @type {Pair | null} */
    this.frameSize = null; // when the camera was last fitted or moved; null before the frame has a size
    this.frame = ofKind("drawing", SVGSVGElement);
    this.world = svg("g", { id: "world" });
    this.plateLayer = svg("g", { "aria-hidden": "true" });
    this.edgeLayer = svg("g", { "aria-hidden": "true" });
    this.itemLayer = svg("g");
    this.labelLayer = svg("g", { "aria-hidden": "true" });
    this.world.append(this.plateLayer, this.edgeLayer, this.labelLayer, this.itemLayer);
    this.frame.append(this.world);
    this.camera = new Camera(this.frame, this.world, () => this.moved());
    this.frame.addEventListener("click", (event) => this.click(event));
    this.frame.addEventListener("dblclick", (event) => this.open(event));
    this.frame.addEventListener("pointerover", (event) => this.hover(event));
    this.frame.addEventListener("pointerdown", (event) => this.scrub(event), true);
    this.map = ofKind("minimap", SVGSVGElement);
    this.lens = svg("rect", { class: "lens" });
    this.map.addEventListener("pointerdown", (event) => this.jump(event));
    this.map.addEventListener("pointermove", (event) => event.buttons && this.jump(event));
    new ResizeObserver(() => this.resized()).observe(this.frame);
  }

  // Draw the room in view from scratch.
  show() {
    const { view } = this.model;
    this.view = view;
    this.lines = view.edges.map((edge) => this.lineOf(edge));
    this.strands = view.bundles.map((edge) => ({ ...this.lineOf(edge), edge }));
    this.cards = view.items.map((item, place) => this.cardOf(item, place));
    const lines = [...this.strands, ...this.lines];
    const plates = view.plates.map(({ kind, box: [x, y, width, height] }) =>
      svg("rect", { class: `plate ${kind}`, x, y, width, height, rx: 14 }),
    );
    this.plateLayer.replaceChildren(...plates);
    this.edgeLayer.replaceChildren(...lines.flatMap(({ drawn, path }) => (drawn ? [path] : [])));
    this.labelLayer.replaceChildren(...lines.flatMap(({ label }) => (label ? [label.group] : [])));
    this.itemLayer.replaceChildren(...this.cards.map(({ card }) => card));
    this.hovered = -1;
    this.frame.classList.toggle("bank", view.bank);
    this.drawMap();
    this.update();
  }

  /**
   * @param {Edge} edge
   * @returns {Line}
   */
  lineOf(edge) {
    const path = svg("path", { d: edge.path, "marker-end": "url(#arrow)" });
    const label = edge.label && !edge.quiet ? labelAt(edge.label, false) : null;
    return { edge, path, drawn: !edge.quiet, label, said: null, marks: "" };
  }

  /**
   * @param {Item} item
   * @param {number} place
   * @returns {Card}
   */
  cardOf(item, place) {
    const { width, height } = item;
    const strip = 23;
    const [left, top] = [-width / 2, -height / 2];
    /** @type {(name: string, x: number, y: number, anchor?: string) => SVGTextElement} */
    const text = (name, x, y, anchor) => svg("text", { class: name, x, y, "text-anchor": anchor });
    const texts = {
      title: text("title", left + 9, top + 19),
      symbol: text("symbol", -left - 9, top + 18, "end"),
      value: text("value", left + 9, top + (item.kind === "room" ? 35 : 40)),
      gradient: text("gradient", left + 9, -top - 7),
      delta: text("delta", 0, top - 5, "middle"),
    };
    const cells = item.kind === "room" ? this.cellsOf(item) : [];
    const stripPath = svg("path", { d: bottom(left, -top - strip, width, strip, 8) });
    const body = { x: left, y: top, width, height, rx: 9 };
    const card = svg(
      "g",
      {
        id: `item${place}`,
        role: "img",
        "aria-label": this.model.reading.item(item).title,
        transform: `translate(${item.x} ${item.y})`,
        "data-place": place,
      },
      item.kind === "room" ? svg("rect", { class: "behind", ...body, x: left + 4, y: top - 4 }) : null,
      svg("rect", { class: "ring", x: left - 4, y: top - 4, width: width + 8, height: height + 8, rx: 12 }),
      svg("rect", { class: "body", ...body }),
      stripPath,
      ...cells,
      texts.title,
      texts.symbol,
      texts.value,
      texts.gradient,
      svg("path", { class: "opens", d: `M${-left - 13},${-top - strip / 2 - 4}l4,4l-4,4` }),
      texts.delta,
    );
    const since = svg("path", { class: "since", d: corner(-left, top, 13, 9) });
    return { item, card, strip: stripPath, cells, since, texts, hidden: false, said: null, marks: "", role: "" };
  }

  /**
   * Small boxes side by side, one for each number that a room shows of its inside.
   * @param {RoomItem} item
   */
  cellsOf(item) {
    const { length } = this.model.reading.inside(item);
    const [left, wide] = [9 - item.width / 2, item.width - 18];
    const width = Math.min(14, wide / length);
    return Array.from({ length }, (_, k) =>
      svg("rect", { x: left + k * width, y: 2, width: width - Math.min(1, width / 5), height: 11, rx: 1.5 }),
    );
  }

  // Bare boxes in place of the cards in view, which fade out while another room takes their place; null if there are
  // too many, or the reader prefers reduced motion.
  ghosts() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches || this.cards.length > MANY) return null;
    const boxes = this.view.items.map(({ x, y, width, height }) =>
      svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 9 }),
    );
    const transform = this.world.getAttribute("transform") ?? "";
    return svg("g", { class: "leaving", transform, "aria-hidden": "true" }, ...boxes);
  }

  /**
   * Animate the change to another room: a frame grows from the card of the room that opens, or shrinks into the card of
   * the room that was left, while the old boxes fade. Every new card is at its final place from the start, so nothing
   * has to wait for the animation.
   * @param {SVGGElement | null} before the ghosts of what was in view
   * @param {Rect | null} from the card of the new room in the old view
   * @param {Rect | null} to the card of the old room in the new view
   */
  unfold(before, from, to) {
    if (!before) return;
    this.frame.querySelector(".leaving")?.remove();
    this.frame.insertBefore(before, this.world);
    const timing = { duration: UNFOLDING, easing: "ease-out" };
    /** @type {(element: Element, frames: Keyframe[]) => void} */
    const play = (element, frames) => {
      const gone = () => element.remove();
      element.animate(frames, timing).finished.then(gone, gone);
    };
    play(before, [{ opacity: 1 }, { opacity: 0 }]);
    this.world.animate([{ opacity: 0 }, { opacity: 1 }], timing);
    const card = from ?? to;
    if (!card) return;
    const [width, height] = this.camera.size;
    const frame = svg("rect", { class: "unfolding", width, height, rx: 14, "aria-hidden": "true" });
    this.frame.append(frame);
    const small = `translate(${card.left}px, ${card.top}px) scale(${card.width / width}, ${card.height / height})`;
    const frames = [
      { transform: small, opacity: 1 },
      { transform: "none", opacity: 0.2 },
    ];
    play(frame, from ? frames : frames.reverse());
  }

  /**
   * Where an item is on the stage at present: left, top, width and height.
   * @param {string} key
   * @returns {Rect | null}
   */
  rectOf(key) {
    const place = this.view.places.get(key);
    if (place === undefined) return null;
    const { x, y, width, height } = this.view.items[place];
    const { scale, x: left, y: top } = this.camera;
    return {
      left: left + (x - width / 2) * scale,
      top: top + (y - height / 2) * scale,
      width: width * scale,
      height: height * scale,
    };
  }

  // Bring everything up to date; where nothing changed, only comparisons are made.
  update() {
    const { reading, selectedPlace: selected } = this.model;
    this.cards.forEach((card, place) => {
      this.updateCard(card, place);
    });
    this.updateLines();
    if (selected >= 0) {
      this.cards[selected].card.setAttribute("aria-label", reading.spoken(this.view.items[selected]));
      this.frame.setAttribute("aria-activedescendant", `item${selected}`);
    } else {
      this.frame.removeAttribute("aria-activedescendant");
    }
  }

  /**
   * @param {Card} drawn
   * @param {number} place
   */
  updateCard(drawn, place) {
    if (drawn.hidden) return;
    const { active, engine, highlighted, reading, selectedPlace, state } = this.model;
    const { item } = drawn;
    const said = reading.item(item);
    const isLeaf = item.kind === "node" && engine.isLeaf(item.node);
    const role = isLeaf ? (state.get("trained").has(item.node) ? "parameter" : "given") : "";
    const marks =
      (place === selectedPlace ? " selected" : "") +
      (place === active.place ? " active" : "") +
      (highlighted && !highlighted.items[place] ? " faded" : "");
    if (drawn.said === said && drawn.marks === marks && drawn.role === role) return;
    Object.assign(drawn, { said, marks, role });
    setText(drawn.texts.title, isolated(said.title));
    setText(drawn.texts.symbol, said.symbol);
    setText(drawn.texts.value, said.value);
    setText(drawn.texts.gradient, said.gradient);
    setText(drawn.texts.delta, said.delta);
    setClass(drawn.strip, `strip ${said.tint}`);
    drawn.cells.forEach((cell, k) => {
      setClass(cell, `cell ${said.inside?.[k] ?? "empty"}`);
    });
    if (!isLeaf || !reading.since.has(item.node)) drawn.since.remove();
    else if (!drawn.since.parentNode) drawn.texts.title.before(drawn.since);
    const traits = {
      unusual: said.unusual,
      openable: said.openable,
      unnamed: said.unnamed,
      unlabelled: said.unlabelled,
      long: item.kind === "room" && said.title.length > 16,
      longest: said.title.length > (item.kind === "room" ? 21 : 10),
      elsewhere: item.elsewhere,
    };
    const named = Object.entries(traits).flatMap(([name, has]) => (has ? [name] : []));
    setClass(drawn.card, ["item", item.kind, role, said.state, ...named].join(" ") + marks);
  }

  /** @param {Iterable<number>} places of edges */
  updateLines(places = this.lines.keys()) {
    /** @type {Set<number>} */
    const bundles = new Set();
    for (const k of places) {
      const { bundle } = this.view.edges[k];
      if (bundle >= 0) bundles.add(bundle);
      else this.updateLine(this.lines[k], this.marksOf(k));
    }
    for (const bundle of bundles) this.updateStrand(this.strands[bundle]);
  }

  /**
   * The reasons why an edge stands out at present.
   * @param {number} k
   * @returns {Marks}
   */
  marksOf(k) {
    const { active, highlighted, selectedPlace } = this.model;
    const { from, to } = this.view.edges[k];
    const near = [from, to].some((place) => place >= 0 && (place === selectedPlace || place === this.hovered));
    return {
      going: active.edges.has(k) ? active.phase : "",
      near,
      onIt: highlighted ? (highlighted.edges[k] ? "onpath" : "faded") : "",
    };
  }

  /**
   * Update a bundle; if only a few of its edges stand out, draw each of these from card to card.
   * @param {Line & { edge: Strand }} strand
   */
  updateStrand(strand) {
    const all = strand.edge.edges.map((k) => ({ line: this.lines[k], marks: this.marksOf(k) }));
    const outstanding = all.filter(({ marks }) => standsOut(marks));
    const traced = outstanding.length <= TRACED ? outstanding : [];
    const together = {
      going: all.find(({ marks }) => marks.going)?.marks.going ?? "",
      near: outstanding.some(({ marks }) => marks.near),
      onIt: all.some(({ marks }) => marks.onIt === "onpath") ? "onpath" : (all[0]?.marks.onIt ?? ""),
    };
    this.updateLine(strand, together, traced.length !== 1);
    for (const edge of all) this.updateLine(edge.line, edge.marks, traced.length === 1, traced.includes(edge));
  }

  /**
   * @param {Line} line
   * @param {Marks} marks
   * @param {boolean} labelled whether it may show numbers
   * @param {boolean} traced whether to draw it, if it is not always drawn
   */
  updateLine(line, marks, labelled = true, traced = standsOut(marks)) {
    const { reading } = this.model;
    const { edge } = line;
    if (this.cards[edge.from].hidden && this.cards[edge.to].hidden) return;
    const said = reading.edge(edge);
    const { near, going, onIt } = marks;
    const drawn = !edge.quiet || traced;
    const text = [going, onIt, near && "near", labelled || "bare", drawn || "off"]
      .filter((mark) => typeof mark === "string" && mark)
      .join(" ");
    if (line.said === said && line.marks === text) return;
    Object.assign(line, { said, marks: text });
    if (drawn && !line.drawn) this.edgeLayer.append(line.path);
    line.drawn ||= drawn;
    setClass(line.path, `edge ${said.tint}${said.carried ? "" : " waiting"} ${text}`);
    if (!line.label && labelled && drawn && (near || going) && edge.members.length) {
      const middle = line.path.getPointAtLength(line.path.getTotalLength() / 2);
      line.label = labelAt(edge.label ?? [middle.x, middle.y], true);
      this.labelLayer.append(line.label.group);
    }
    if (!line.label) return;
    const { group, local, flow, onDemand } = line.label;
    const visible = drawn && labelled && (!onDemand || near || going);
    setClass(group, `label ${said.tint} ${going} ${onIt}${visible ? "" : " off"}`);
    if (!visible) return;
    setText(local, said.local);
    setText(flow, said.flow);
  }

  // --- the minimap, and what is in view ---

  drawMap() {
    const [width, height] = this.view.size;
    const dots = this.view.items
      .filter(({ kind }) => kind !== "absent")
      .map((item) =>
        svg("rect", {
          x: item.x - item.width / 2,
          y: item.y - item.height / 2,
          width: item.width,
          height: item.height,
          rx: 12,
        }),
      );
    this.map.setAttribute("viewBox", `-20 -20 ${width + 40} ${height + 40}`);
    this.map.replaceChildren(...dots, this.lens);
  }

  moved() {
    this.frame.classList.toggle("far", this.camera.scale < FAR);
    const { left, top, right, bottom } = this.camera.seen;
    const [width, height] = this.view.size;
    const all = left <= 0 && top <= 0 && right >= width && bottom >= height;
    this.map.classList.toggle("off", all);
    if (!all) {
      const [x, y] = [Math.max(-20, left), Math.max(-20, top)];
      const box = {
        x,
        y,
        width: Math.max(0, Math.min(width + 20, right) - x),
        height: Math.max(0, Math.min(height + 20, bottom) - y),
      };
      for (const [name, value] of Object.entries(box)) this.lens.setAttribute(name, String(value));
    }
    if (this.cards.length > MANY && !this.culling) {
      this.culling = requestAnimationFrame(() => {
        this.culling = 0;
        this.cull();
      });
    }
    const { x, y, scale } = this.camera;
    this.model.state.set({ camera: [x, y, scale].map((part) => Math.round(part * 1000) / 1000).join(",") });
  }

  cull() {
    const { left, top, right, bottom } = this.camera.seen;
    const [w, h] = [(right - left) / 4, (bottom - top) / 4];
    let shown = false;
    for (const drawn of this.cards) {
      const { x, y } = drawn.item;
      const hidden = x < left - w || x > right + w || y < top - h || y > bottom + h;
      if (hidden === drawn.hidden) continue;
      drawn.hidden = hidden;
      drawn.card.style.display = hidden ? "none" : "";
      shown ||= !hidden;
    }
    for (const { path, label, edge } of [...this.lines, ...this.strands]) {
      const hidden = this.cards[edge.from].hidden && this.cards[edge.to].hidden;
      path.style.display = hidden ? "none" : "";
      if (label) label.group.style.display = hidden ? "none" : "";
    }
    if (shown) this.update();
  }

  /** @param {PointerEvent} event */
  jump(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.map.getScreenCTM()?.inverse());
    const [w, h] = this.camera.size;
    this.camera.place(w / 2 - point.x * this.camera.scale, h / 2 - point.y * this.camera.scale, this.camera.scale);
    event.stopPropagation();
  }

  // --- what a person points at ---

  /** @param {Event} event */
  click({ target }) {
    if (this.camera.dragged) return;
    const place = placeOf(target);
    if (place < 0) this.select("");
    else if (isOf(target, "opens")) this.enter(place);
    else {
      this.clicking = true;
      this.select(keyOf(this.view.items[place]));
      this.clicking = false;
    }
  }

  /** @param {Event} event */
  open({ target }) {
    const place = placeOf(target);
    if (place >= 0) this.enter(place);
    else if (!this.camera.dragged) this.arrange();
  }

  /** @param {Event} event */
  hover({ target }) {
    const place = placeOf(target);
    if (place === this.hovered) return;
    const old = this.hovered;
    this.hovered = place;
    const { touching } = this.view;
    this.updateLines(new Set([...(touching[old] ?? []), ...(touching[place] ?? [])]));
  }

  /**
   * Change a leaf by dragging the number on its card to the left or to the right.
   * @param {PointerEvent} event
   */
  scrub(event) {
    const { engine } = this.model;
    const item = this.view.items[placeOf(event.target)];
    if (!isOf(event.target, "value") || item?.kind !== "node" || !engine.isLeaf(item.node)) return;
    event.stopPropagation();
    event.preventDefault();
    this.select(keyOf(item));
    const [start, x] = [event.clientX, engine.data[item.node]];
    const unit = Math.max(Math.abs(x), 0.5) / 100;
    let moved = false;
    /** @param {PointerEvent} next */
    const move = (next) => {
      if (!moved && Math.abs(next.clientX - start) < 3) return;
      if (!moved) this.frame.setPointerCapture(event.pointerId);
      moved = true;
      this.preview(item.node, Number((x + Math.round(next.clientX - start) * unit).toPrecision(4)));
    };
    const end = () => {
      this.frame.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) this.frame.removeEventListener(name, end);
      this.camera.dragged = moved; // then the click event that follows is ignored
      if (moved) this.commit();
    };
    this.frame.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.frame.addEventListener(name, end);
  }

  // --- what is in view ---

  // Fit the room into view as far as it stays readable, with the selected item in view.
  arrange(smallest = READABLE) {
    const { selectedPlace } = this.model;
    this.frameSize = this.camera.isSeen ? this.camera.size : null;
    if (this.frameSize) this.camera.fit(this.view.size, smallest);
    else this.camera.fitted = true; // `resized` fits it as soon as the frame has a size
    if (selectedPlace >= 0) this.reveal(selectedPlace);
  }

  // Fit the whole room into view, unless nothing could be read at that scale.
  fit() {
    this.arrange(this.camera.whole(this.view.size) < SEEN ? READABLE : SEEN);
  }

  // Whether the stage is so narrow that rooms have another layout on it.
  get isUpright() {
    const [width, height] = this.camera.size;
    return width < UPRIGHT * height;
  }

  /**
   * Whether the whole room is too small to read at the present width, but readable with this many more pixels.
   * @param {number} more
   */
  wantsMore(more) {
    const { camera, model } = this;
    const [width, height] = camera.size;
    const { size } = model.view;
    if (width < 2 || this.isUpright) return false;
    return camera.whole(size) < READABLE && camera.whole(size, [width + more, height]) >= READABLE;
  }

  // The frame has another size: fit the room again if it was fitted; otherwise the middle stays in the middle.
  resized() {
    if (!this.camera.isSeen) return;
    const [width, height] = this.camera.size;
    const old = this.frameSize;
    this.frameSize = [width, height];
    if (old && width === old[0] && height === old[1]) return;
    this.reshape(this.isUpright);
    if (this.model.state.get("present")) {
      this.follow();
      return;
    }
    if (this.camera.fitted && old) this.fit();
    else if (this.camera.fitted) this.arrange();
    else if (old) this.camera.pan((width - old[0]) / 2, (height - old[1]) / 2);
  }

  // In presenter mode: move the selected item, or the one at work, into the middle, with its neighbours if they stay
  // legible.
  follow() {
    const { active, engine, selectedPlace, state, stops } = this.model;
    const { items, itemOf, touching } = this.view;
    const now = state.get("time") === 0 ? stops[1]?.place : active.place; // at the start, what will be computed first
    let place = selectedPlace >= 0 ? selectedPlace : (now ?? -1);
    if (place < 0) place = itemOf[engine.of];
    if (place < 0) {
      this.camera.fit(this.view.size, LEGIBLE);
      return;
    }
    const near = touching[place].flatMap((k) => [this.lines[k].edge.from, this.lines[k].edge.to]);
    const boxes = [place, ...near].map((k) => items[k]);
    const [left, top] = [
      Math.min(...boxes.map((b) => b.x - b.width / 2)),
      Math.min(...boxes.map((b) => b.y - b.height / 2)),
    ];
    const [right, bottom] = [
      Math.max(...boxes.map((b) => b.x + b.width / 2)),
      Math.max(...boxes.map((b) => b.y + b.height / 2)),
    ];
    const [w, h] = this.camera.size;
    const whole = Math.min(w / (right - left + MARGIN), h / (bottom - top + MARGIN));
    const { x, y } = items[place];
    /** @type {Pair} */
    const middle = whole < LEGIBLE ? [x, y] : [(left + right) / 2, (top + bottom) / 2];
    this.camera.glide(middle, Math.min(LARGE, Math.max(LEGIBLE, whole)));
  }

  /**
   * Bring an item into view.
   * @param {number} place
   */
  reveal(place) {
    if (this.camera.isSeen) this.camera.reveal(this.view.items[place]);
  }
}

/** @param {Marks} marks */
const standsOut = ({ going, near, onIt }) => going !== "" || near || onIt === "onpath";

/**
 * @param {Pair} centre
 * @param {boolean} onDemand
 * @returns {Label}
 */
function labelAt([x, y], onDemand) {
  const local = svg("text", { x: 0, y: -4 });
  const flow = svg("text", { x: 0, y: 11 });
  return { group: svg("g", { transform: `translate(${x} ${y})` }, local, flow), local, flow, onDemand };
}

/**
 * The place of the item that an element of the drawing belongs to; -1 if it belongs to none.
 * @param {EventTarget | null} target
 */
function placeOf(target) {
  const card = target instanceof Element ? target.closest("[data-place]") : null;
  return card ? Number(card.getAttribute("data-place")) : -1;
}

/**
 * @param {EventTarget | null} target
 * @param {string} name of a class
 */
const isOf = (target, name) => target instanceof Element && target.classList.contains(name);

/**
 * The lower part of a card: a box with round corners below.
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {number} r
 */
function bottom(x, y, width, height, r) {
  const arc = `a${r},${r} 0 0 1 ${-r},`;
  return `M${x + 1},${y}h${width - 2}v${height - r - 1}${arc}${r}h${2 * r + 2 - width}${arc}${-r}z`;
}

/**
 * The corner of a card at its upper right, cut off at a slant.
 * @param {number} x
 * @param {number} y
 * @param {number} size
 * @param {number} r
 */
function corner(x, y, size, r) {
  return `M${x - size},${y}h${size - r}a${r},${r} 0 0 1 ${r},${r}v${size - r}z`;
}
