// The player: it goes through the stops of a room, one by one or by itself, and says what happens at each.

import { byId } from "./dom.js";
import { clip, inside, isolated, show } from "./numbers.js";
import { stopAt } from "./timeline.js";

const PACE = { slow: 2400, normal: 1100, fast: 350, faster: 90 };
const HANDED = 4; // so many operands are named that get something

export class Player {
  constructor(page) {
    this.page = page;
    this.playing = 0;
    this.slider = byId("time");
    this.sentence = byId("sentence");
    this.pace = byId("pace");
    byId("to-start").addEventListener("click", () => this.to(0));
    byId("back").addEventListener("click", () => this.step(-1));
    byId("play").addEventListener("click", () => this.toggle());
    byId("forward").addEventListener("click", () => this.step(1));
    byId("to-end").addEventListener("click", () => this.finish());
    this.slider.addEventListener("input", () => {
      this.pause();
      this.to(Number(this.slider.value));
    });
  }

  // The room or the differentiated node is another one.
  refresh() {
    this.stops = this.page.timeline.stops(this.page.view);
    this.slider.max = this.stops.length - 1;
  }

  // The present stop; -1 when nothing is being played and all is known.
  get at() {
    const time = this.page.state.get("time");
    return time === null ? -1 : stopAt(this.stops, time);
  }

  to(k) {
    if (this.page.quiz.active) this.page.quiz.stop();
    this.page.state.set({ time: this.stops[Math.max(0, Math.min(this.stops.length - 1, k))].time });
  }

  step(direction) {
    this.pause();
    this.go(direction);
  }

  go(direction) {
    const { at } = this;
    if (at < 0) this.to(direction > 0 ? 0 : this.stops.length - 1);
    else if (at + direction >= this.stops.length) this.finish();
    else this.to(at + direction);
  }

  finish() {
    this.pause();
    this.page.state.set({ time: null });
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.at < 0 || this.at === this.stops.length - 1) this.to(0);
    const tick = () => {
      this.playing = setTimeout(tick, PACE[this.pace.value]);
      this.go(1);
      if (this.at === this.stops.length - 1 || this.at < 0) this.pause();
    };
    this.playing = setTimeout(tick, PACE[this.pace.value] / 2);
    this.mark();
  }

  pause() {
    clearTimeout(this.playing);
    this.playing = 0;
    this.mark();
  }

  mark() {
    const button = byId("play");
    button.setAttribute("aria-pressed", String(Boolean(this.playing)));
    button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  // Which item is at work, and along which edges something flows.
  active() {
    const nothing = { place: -1, edges: new Set(), phase: "" };
    const { at } = this;
    if (at < 0) return nothing;
    const { place, phase } = this.stops[at];
    if (place === undefined || place < 0) return { ...nothing, phase };
    const end = phase === "seed" ? "" : "to";
    const edges = new Set();
    const before = this.stops[at - 1];
    this.page.view.edges.forEach((edge, k) => {
      if (end && edge[end] === place) edges.add(k);
    });
    // Inside a dot, its sum hands to products at one stop and finishes at another.
    if (before && phase === "backward" && this.page.view.items[place].node === this.page.view.dot) {
      for (const k of [...edges]) if (this.page.view.edges[k].to !== place) edges.delete(k);
    }
    return { place, edges, phase };
  }

  update() {
    const { at } = this;
    this.slider.value = at < 0 ? this.stops.length - 1 : at;
    const said = this.say(at);
    this.sentence.textContent = said;
    const phase =
      at < 0
        ? ""
        : { start: "Start", forward: "Forward", seed: "Backward", backward: "Backward" }[this.stops[at].phase];
    byId("phase").textContent = this.page.quiz.active ? "Quiz" : at < 0 ? "Complete" : phase;
    byId("phase").className = `phase ${phase.toLowerCase()}`;
    byId("count").textContent = at < 0 ? "" : `${at} / ${this.stops.length - 1}`;
    this.slider.setAttribute("aria-valuetext", `${phase} ${said}`);
  }

  say(at) {
    const { engine, view, reading, names, quiz } = this.page;
    if (quiz.active) return "The gradients are hidden while you work them out.";
    if (at < 0) return `All values and gradients are there. Step through how they came about.`;
    const { place, phase } = this.stops[at];
    const of = clip(names[engine.of], 12);
    if (phase === "start") return "The leaves have their numbers; nothing is computed yet.";
    if (phase === "seed") return `d${of}/d${of} = 1. The backward pass starts here.`;
    const item = view.items[place];
    if (item.kind === "room") {
      const title = this.page.house.title(item.room);
      return phase === "forward"
        ? `${title} computes its values.`
        : `${title} hands its gradients on, backward through all that is in it.`;
    }
    if (item.kind === "rest")
      return phase === "forward" ? "The other products are computed." : "The other products hand their gradients on.";
    if (item.kind === "product") {
      const [w, x] = item.pair;
      const [a, b] = [inside(engine.data[w]), inside(engine.data[x])];
      const [wName, xName] = [reading.name(w), reading.name(x)];
      if (phase === "forward") return `${wName} · ${xName} = ${a} · ${b} = ${show(engine.data[w] * engine.data[x])}`;
      const gradient = inside(engine.grad[item.dot]);
      return `The product hands on: ${wName} gets ${gradient} · ${b}, ${xName} gets ${gradient} · ${a}.`;
    }
    const i = item.node;
    const name = isolated(reading.name(i));
    if (phase === "forward") {
      const text = `${name} = ${this.page.formula(i)} = `;
      const numbers = this.page.formula(i, (k) => inside(engine.data[k], 4));
      return `${text}${numbers.length < 60 ? `${numbers} = ` : ""}${show(engine.data[i], 7)}`;
    }
    if (i === view.dot) return `The sum hands its gradient ${show(engine.grad[i], 5)} on to each product.`;
    return `${name} hands its gradient ${show(engine.grad[i], 5)} on: ${this.handed(i)}`;
  }

  // What a node's operands get, and where that completes a sum.
  handed(i) {
    const { engine, reading, timeline, view, state } = this.page;
    const edges = engine.edgesOf(i).filter((e) => !engine.isConstant(engine.operands[e]));
    const parts = edges.slice(0, HANDED).map((e) => {
      const operand = engine.operands[e];
      const { given, total } = timeline.gathered(operand, state.get("time"), view);
      const meets =
        total > 1 ? (given === total ? `, in all ${show(engine.grad[operand], 4)}` : `, ${given} of ${total}`) : "";
      const product = `${inside(engine.grad[i], 4)} · ${inside(engine.partials[e], 4)} = ${show(engine.flow(e), 4)}`;
      return `${isolated(reading.name(operand))} gets ${product}${meets}`;
    });
    return parts.join("; ") + (edges.length > HANDED ? `; and ${edges.length - HANDED} more` : "");
  }
}
