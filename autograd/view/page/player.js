// The player: it goes through the stops of a room, one by one or by itself, and says what happens at each.

import { byId, ofKind, onClick } from "./dom.js";
import { layerSentence } from "./layer.js";
import { clip, inside, isolated, show } from "./numbers.js";
import { formula } from "./written.js";

/**
 * @import { Model } from "./model.js"
 * @import { Phase } from "./timeline.js"
 */

/** @type {Record<Phase, string>} */
const PHASES = { start: "Start", forward: "Forward", seed: "Backward", backward: "Backward" };
/** @type {Record<string, number>} */
const PACE = { slow: 2400, normal: 1100, fast: 350, faster: 90 };
const HANDED = 4; // at most this many operands that get a gradient are named

export class Player {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.playing = 0;
    this.slider = ofKind("time", HTMLInputElement);
    this.pace = ofKind("pace", HTMLSelectElement);
    onClick("to-start", () => this.to(0));
    onClick("back", () => this.step(-1));
    onClick("play", () => this.toggle());
    onClick("forward", () => this.step(1));
    onClick("to-end", () => this.finish());
    this.slider.addEventListener("input", () => {
      this.pause();
      this.to(Number(this.slider.value));
    });
  }

  // The number of the last stop.
  get last() {
    return this.model.stops.length - 1;
  }

  /** @param {number} k */
  to(k) {
    const { model } = this;
    model.unhide();
    model.state.set({ begun: true, time: model.stops[Math.max(0, Math.min(this.last, k))].time });
    // In presenter mode the step is what is shown, so nothing else stays selected.
    if (model.state.get("present")) model.state.set({ selected: "" });
  }

  /** @param {number} direction */
  step(direction) {
    this.pause();
    this.go(direction);
  }

  /** @param {number} direction */
  go(direction) {
    const { at } = this.model;
    if (at < 0) this.to(direction > 0 ? 0 : this.last);
    else if (at + direction > this.last) this.finish();
    else this.to(at + direction);
  }

  finish() {
    this.pause();
    this.model.state.set({ begun: true, time: null });
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    const isOver = () => this.model.at < 0 || this.model.at === this.last;
    if (isOver()) this.to(0);
    this.model.state.set({ begun: true });
    const tick = () => {
      this.playing = setTimeout(tick, PACE[this.pace.value]);
      this.go(1);
      if (isOver()) this.pause();
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

  update() {
    const { at, hiding, stops } = this.model;
    this.slider.max = String(this.last);
    this.slider.value = String(at < 0 ? this.last : at);
    const said = this.say(at);
    byId("sentence").textContent = said;
    byId("note").textContent = this.notes(at).map(isolated).join(" ");
    const phase = at < 0 ? "" : PHASES[stops[at].phase];
    byId("phase").textContent = hiding ? "Quiz" : phase || "Complete";
    byId("phase").className = `phase ${phase.toLowerCase()}`;
    byId("count").textContent = at < 0 ? "" : `${at} / ${this.last}`;
    this.slider.setAttribute("aria-valuetext", `${phase} ${said}`);
  }

  /**
   * What happens at a stop.
   * @param {number} at
   */
  say(at) {
    const { data, engine, view, reading, names, hiding, stops } = this.model;
    if (hiding) return "The gradients are hidden while you work them out.";
    if (at < 0) return "All values and gradients are there. Step through how they came about.";
    const { place, phase } = stops[at];
    const of = clip(names[engine.of], 12);
    if (phase === "start") return "The leaves have their numbers; nothing is computed yet.";
    if (phase === "seed") return `d${of}/d${of} = 1. The backward pass starts here.`;
    const item = view.items[place];
    if (item.kind === "room") {
      return layerSentence(this.model, item, phase);
    }
    if (item.kind === "rest")
      return phase === "forward" ? "The other products are computed." : "The other products hand their gradients on.";
    if (item.kind === "product") {
      const [w, x] = item.pair;
      const [a, b] = [inside(engine.data[w]), inside(engine.data[x])];
      const [wName, xName] = [reading.name(w), reading.name(x)];
      if (phase === "forward") return `${wName} · ${xName} = ${a} · ${b} = ${show(engine.data[w] * engine.data[x])}`;
      const gradient = inside(engine.grad[item.dot]);
      return `Each factor gets the gradient times the other factor: ${wName} gets ${gradient} · ${b}, ${xName} gets ${gradient} · ${a}.`;
    }
    if (item.kind !== "node") return "";
    const i = item.node;
    const name = isolated(reading.name(i));
    if (phase === "forward") {
      const text = `${name} = ${formula(this.model, i)} = `;
      const written = data.operations[engine.keyOf(i)].code.signs ? inside : show; // a call has parentheses of its own
      const numbers = formula(this.model, i, (k) => written(engine.data[k], 4));
      return `${text}${numbers.length < 60 ? `${numbers} = ` : ""}${show(engine.data[i], 7)}`;
    }
    if (i === view.dot) return `The sum hands its gradient ${show(engine.grad[i], 5)} on to each product.`;
    return `${name} hands its gradient ${show(engine.grad[i], 5)} on: ${this.handed(i)}`;
  }

  /**
   * The program's notes on the item at work at a stop: on a node and its operands that are leaves, or on all nodes in a
   * room.
   * @param {number} at
   */
  notes(at) {
    const { data, engine, hiding, stops, view } = this.model;
    const item = at < 0 || hiding ? undefined : view.items[stops[at].place];
    if (!item) return [];
    const { notes } = data.story;
    const nodes =
      item.kind === "room"
        ? item.nodes
        : item.kind === "node"
          ? [item.node, ...new Set([...engine.operandsOf(item.node)].filter((k) => engine.isLeaf(k)))]
          : [];
    return nodes.flatMap((i) =>
      notes[i] ? [item.kind === "room" ? `${this.model.names[i]}: ${notes[i]}` : notes[i]] : [],
    );
  }

  /**
   * What each operand of a node gets, and how many contributions to its gradient have arrived.
   * @param {number} i
   */
  handed(i) {
    const { engine, reading, timeline, view, state } = this.model;
    const time = state.get("time") ?? timeline.end;
    const edges = engine.edgesOf(i).filter((e) => !engine.isConstant(engine.operands[e]));
    const parts = edges.slice(0, HANDED).map((e) => {
      const operand = engine.operands[e];
      const { given, total } = timeline.gathered(operand, time, view);
      const meets =
        total > 1 ? (given === total ? `, in all ${show(engine.grad[operand], 4)}` : `, ${given} of ${total}`) : "";
      const product = `${inside(engine.grad[i], 4)} · ${inside(engine.partials[e], 4)} = ${show(engine.flow(e), 4)}`;
      return `${isolated(reading.name(operand))} gets ${product}${meets}`;
    });
    return parts.join("; ") + (edges.length > HANDED ? `; and ${edges.length - HANDED} more` : "");
  }
}
