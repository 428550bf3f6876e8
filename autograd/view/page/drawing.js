// The drawing of a room as SVG: cards, edges and the numbers on them. It is made once for a room; afterwards only what
// is different is written.

import { Camera } from "./camera.js";
import { byId, setClass, setText, svg } from "./dom.js";
import { isolated } from "./numbers.js";
import { keyOf } from "./reading.js";

const MANY = 300; // so many items are drawn only where they are in view
const FAR = 0.42; // below this scale letters are too small to read

export class Drawing {
  constructor(page) {
    this.page = page;
    this.frame = byId("drawing");
    this.world = svg("g", { id: "world" });
    this.edgeLayer = svg("g", { "aria-hidden": "true" });
    this.itemLayer = svg("g");
    this.labelLayer = svg("g", { "aria-hidden": "true" });
    this.world.append(this.edgeLayer, this.labelLayer, this.itemLayer);
    this.frame.append(this.world);
    this.camera = new Camera(this.frame, this.world, () => this.moved());
    this.frame.addEventListener("click", (event) => this.click(event));
    this.frame.addEventListener("dblclick", (event) => this.open(event));
    this.frame.addEventListener("pointerover", (event) => this.hover(event));
    this.frame.addEventListener("pointerdown", (event) => this.scrub(event), true);
    this.map = byId("minimap");
    this.map.addEventListener("pointerdown", (event) => this.jump(event));
    this.map.addEventListener("pointermove", (event) => event.buttons && this.jump(event));
  }

  // Draw a room from scratch.
  show(view) {
    this.view = view;
    this.edges = view.edges.map((edge) => this.edgeParts(edge));
    this.items = view.items.map((item, place) => this.itemParts(item, place));
    this.edgeLayer.replaceChildren(...this.edges.map((parts) => parts.path));
    this.labelLayer.replaceChildren(...this.edges.filter((parts) => parts.label).map((parts) => parts.label));
    this.itemLayer.replaceChildren(...this.items.map((parts) => parts.card));
    this.places = new Map(view.items.map((item, place) => [keyOf(item), place]));
    this.touching = view.items.map(() => []);
    view.edges.forEach((edge, k) => {
      this.touching[edge.from].push(k);
      if (edge.to !== edge.from) this.touching[edge.to].push(k);
    });
    this.hovered = -1;
    this.frame.classList.toggle("bank", view.bank);
    this.drawMap();
    this.update();
  }

  edgeParts(edge) {
    const path = svg("path", { d: edge.path, "marker-end": "url(#arrow)" });
    const parts = { edge, path };
    if (edge.label) this.addLabel(parts, edge.label);
    return parts;
  }

  addLabel(parts, [x, y]) {
    parts.local = svg("text", { x: 0, y: -4 });
    parts.flow = svg("text", { x: 0, y: 11 });
    parts.label = svg("g", { transform: `translate(${x} ${y})` }, parts.local, parts.flow);
  }

  itemParts(item, place) {
    const { width, height } = item;
    const strip = 23;
    const [left, top] = [-width / 2, -height / 2];
    const text = (name, x, y, anchor) => svg("text", { class: name, x, y, "text-anchor": anchor });
    const parts = {
      item,
      title: text("title", left + 9, top + 19),
      symbol: text("symbol", -left - 9, top + 18, "end"),
      value: text("value", left + 9, top + (item.kind === "room" ? 39 : 40)),
      gradient: text("gradient", left + 9, -top - 7),
      strip: svg("path", { d: bottom(left, -top - strip, width, strip, 8) }),
      delta: text("delta", 0, top - 5, "middle"),
      since:
        item.kind === "node" && this.page.reading.since.has(item.node)
          ? svg("path", { class: "since", d: corner(-left, top, 13, 9) })
          : null,
      opens: svg("path", { class: "opens", d: `M${-left - 13},${-top - strip / 2 - 4}l4,4l-4,4` }),
    };
    const body = { x: left, y: top, width, height, rx: 9 };
    parts.card = svg(
      "g",
      {
        id: `item${place}`,
        role: "img",
        "aria-label": this.page.reading.item(item).title,
        transform: `translate(${item.x} ${item.y})`,
        "data-place": place,
      },
      item.kind === "room" ? svg("rect", { class: "behind", ...body, x: left + 4, y: top - 4 }) : null,
      svg("rect", { class: "ring", x: left - 4, y: top - 4, width: width + 8, height: height + 8, rx: 12 }),
      svg("rect", { class: "body", ...body }),
      parts.strip,
      parts.since,
      parts.title,
      parts.symbol,
      parts.value,
      parts.gradient,
      parts.opens,
      parts.delta,
    );
    return parts;
  }

  // Bring everything up to date; what does not change costs nothing but the comparison.
  update() {
    const { reading, state, active } = this.page;
    const selected = this.places.get(state.get("selected")) ?? -1;
    const onPath = this.page.highlighted;
    const trained = state.get("trained");
    this.items.forEach((parts, place) => {
      if (parts.hidden) return;
      const { item } = parts;
      const said = reading.item(item);
      const isLeaf = item.kind === "node" && this.page.engine.isLeaf(item.node);
      const role = isLeaf ? (trained.has(item.node) ? "parameter" : "given") : "";
      const marks =
        (place === selected ? " selected" : "") +
        (place === active.place ? " active" : "") +
        (onPath && !onPath.items[place] ? " faded" : "");
      if (parts.said === said && parts.marks === marks && parts.role === role) return;
      Object.assign(parts, { said, marks, role });
      for (const name of ["symbol", "value", "gradient", "delta"]) setText(parts[name], said[name]);
      setText(parts.title, isolated(said.title));
      setClass(parts.strip, `strip ${said.tint}`);
      const traits = ["unusual", "openable", "unnamed"].filter((name) => said[name]);
      if (item.elsewhere) traits.push("elsewhere");
      setClass(parts.card, ["item", item.kind, role, said.state, ...traits].join(" ") + marks);
    });
    this.edges.forEach((parts, k) => this.updateEdge(parts, k, selected, onPath));
    const spoken = selected >= 0 ? reading.spoken(this.view.items[selected]) : "";
    if (selected >= 0) {
      this.items[selected].card.setAttribute("aria-label", spoken);
      this.frame.setAttribute("aria-activedescendant", `item${selected}`);
    } else {
      this.frame.removeAttribute("aria-activedescendant");
    }
  }

  updateEdge(parts, k, selected, onPath) {
    const { reading, active } = this.page;
    const { edge } = parts;
    if (this.items[edge.from].hidden && this.items[edge.to].hidden) return;
    const said = reading.edge(edge);
    const going = active.edges.has(k) ? ` ${active.phase}` : "";
    const near =
      edge.from === selected || edge.to === selected || edge.from === this.hovered || edge.to === this.hovered;
    const onIt = onPath ? (onPath.edges[k] ? " onpath" : " faded") : "";
    const marks = `${going}${onIt}${near ? " near" : ""}`;
    if (parts.said === said && parts.marks === marks) return;
    Object.assign(parts, { said, marks });
    setClass(parts.path, `edge ${said.tint}${said.carried ? "" : " waiting"}${marks}`);
    if (!parts.label && (near || going)) {
      const length = parts.path.getTotalLength();
      const middle = parts.path.getPointAtLength(length / 2);
      this.addLabel(parts, [middle.x, middle.y]);
      parts.onDemand = true;
      this.labelLayer.append(parts.label);
    }
    if (!parts.label) return;
    const visible = !parts.onDemand || near || going;
    setClass(parts.label, `label ${said.tint}${going}${onIt}${visible ? "" : " off"}`);
    if (!visible) return;
    setText(parts.local, said.local);
    setText(parts.flow, said.flow);
  }

  // --- the minimap, and what is in view ---

  drawMap() {
    const [width, height] = this.view.size;
    const dots = this.view.items.map((item) =>
      svg("rect", {
        x: item.x - item.width / 2,
        y: item.y - item.height / 2,
        width: item.width,
        height: item.height,
        rx: 12,
      }),
    );
    this.lens = svg("rect", { class: "lens" });
    this.map.setAttribute("viewBox", `-20 -20 ${width + 40} ${height + 40}`);
    this.map.replaceChildren(...dots, this.lens);
  }

  moved() {
    this.frame.classList.toggle("far", this.camera.scale < FAR);
    if (!this.view) return;
    const { left, top, right, bottom } = this.camera.seen;
    const [width, height] = this.view.size;
    const all = left <= 0 && top <= 0 && right >= width && bottom >= height;
    this.map.classList.toggle("off", all);
    if (!all) {
      const box = { x: Math.max(-20, left), y: Math.max(-20, top) };
      box.width = Math.max(0, Math.min(width + 20, right) - box.x);
      box.height = Math.max(0, Math.min(height + 20, bottom) - box.y);
      for (const [name, value] of Object.entries(box)) this.lens.setAttribute(name, value);
    }
    if (this.items.length > MANY && !this.culling) {
      this.culling = requestAnimationFrame(() => {
        this.culling = 0;
        this.cull();
      });
    }
    this.page.state.set({
      camera: [this.camera.x, this.camera.y, this.camera.scale].map((x) => Math.round(x * 1000) / 1000).join(","),
    });
  }

  cull() {
    const { left, top, right, bottom } = this.camera.seen;
    const [w, h] = [(right - left) / 4, (bottom - top) / 4];
    let shown = false;
    for (const parts of this.items) {
      const { x, y } = parts.item;
      const hidden = x < left - w || x > right + w || y < top - h || y > bottom + h;
      if (hidden === Boolean(parts.hidden)) continue;
      parts.hidden = hidden;
      parts.card.style.display = hidden ? "none" : "";
      shown ||= !hidden;
    }
    for (const { path, label, edge } of this.edges) {
      const hidden = this.items[edge.from].hidden && this.items[edge.to].hidden;
      path.style.display = hidden ? "none" : "";
      if (label) label.style.display = hidden ? "none" : "";
    }
    if (shown) this.update();
  }

  jump(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.map.getScreenCTM().inverse());
    const [w, h] = this.camera.size;
    this.camera.place(w / 2 - point.x * this.camera.scale, h / 2 - point.y * this.camera.scale, this.camera.scale);
    event.stopPropagation();
  }

  // --- what a person points at ---

  placeOf(event) {
    const card = event.target.closest?.("[data-place]");
    return card ? Number(card.dataset.place) : -1;
  }

  click(event) {
    if (this.camera.dragged) return;
    const place = this.placeOf(event);
    if (place < 0) {
      this.page.state.set({ selected: "" });
    } else if (event.target.classList.contains("opens")) {
      this.page.enter(place);
    } else {
      this.page.select(keyOf(this.view.items[place]));
    }
  }

  open(event) {
    const place = this.placeOf(event);
    if (place >= 0) this.page.enter(place);
    else if (!this.camera.dragged) this.fit();
  }

  hover(event) {
    const place = this.placeOf(event);
    if (place === this.hovered) return;
    const old = this.hovered;
    this.hovered = place;
    const selected = this.places.get(this.page.state.get("selected")) ?? -1;
    for (const k of new Set([...(this.touching[old] ?? []), ...(this.touching[place] ?? [])])) {
      this.updateEdge(this.edges[k], k, selected, this.page.highlighted);
    }
  }

  // A leaf's number is dragged to the left and to the right.
  scrub(event) {
    const place = this.placeOf(event);
    const item = this.view.items[place];
    if (!event.target.classList.contains("value") || item?.kind !== "node" || !this.page.engine.isLeaf(item.node))
      return;
    event.stopPropagation();
    event.preventDefault();
    this.page.select(keyOf(item));
    const [start, x] = [event.clientX, this.page.engine.data[item.node]];
    const unit = Math.max(Math.abs(x), 0.5) / 100;
    let moved = false;
    const move = (next) => {
      if (!moved && Math.abs(next.clientX - start) < 3) return;
      if (!moved) this.frame.setPointerCapture(event.pointerId);
      moved = true;
      this.page.changes.preview(item.node, Number((x + Math.round(next.clientX - start) * unit).toPrecision(4)));
    };
    const end = () => {
      this.frame.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) this.frame.removeEventListener(name, end);
      this.camera.dragged = moved; // then the click that follows is none
      if (moved) this.page.changes.commit();
    };
    this.frame.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.frame.addEventListener(name, end);
  }

  fit(smallest = 0) {
    this.camera.fit(this.view.size, smallest);
    this.smallest = smallest;
  }

  // The frame has another size: what was fitted is fitted again, and otherwise the middle stays in the middle.
  resized() {
    const [width, height] = this.camera.size;
    const [oldWidth, oldHeight] = this.frameSize ?? [width, height];
    this.frameSize = [width, height];
    if (!this.view || (width === oldWidth && height === oldHeight)) return;
    if (this.camera.fitted) this.page.arrange(this.smallest);
    else this.camera.pan((width - oldWidth) / 2, (height - oldHeight) / 2);
  }

  reveal(place) {
    this.camera.reveal(this.view.items[place]);
  }
}

// The lower part of a card: a box with round corners below.
function bottom(x, y, width, height, r) {
  const arc = `a${r},${r} 0 0 1 ${-r},`;
  return `M${x + 1},${y}h${width - 2}v${height - r - 1}${arc}${r}h${2 * r + 2 - width}${arc}${-r}z`;
}

// The corner of a card at its upper right, cut off at a slant.
function corner(x, y, size, r) {
  return `M${x - size},${y}h${size - r}a${r},${r} 0 0 1 ${r},${r}v${size - r}z`;
}
