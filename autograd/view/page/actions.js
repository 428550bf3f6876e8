// What the reader can do, from a card, a key, a panel or the console. An action changes the model and announces what it
// did; main.js makes the parts of the page show the change.

import { clip, show, signed } from "./numbers.js";
import { keyOf } from "./rooms.js";
import { Training } from "./training.js";

/**
 * @import { Model } from "./model.js"
 * @import { Tab } from "./tabs.js"
 *
 * @typedef {object} Screen What actions need of the screen.
 * @property {(text: string) => void} say show a text, and have screen readers read it
 * @property {(text: string) => void} speak have screen readers read a text that is not shown
 * @property {(place: number) => void} reveal bring an item into view
 * @property {() => void} unfold bring the panel into view
 * @property {() => void} focusLeaf put the focus where the selected leaf is edited
 * @property {() => void} finish end the player, with everything shown
 *
 * @typedef {ReturnType<typeof makeActions>} Actions
 */

/**
 * @param {Model} model
 * @param {Screen} screen
 */
export function makeActions(model, { say, speak, reveal, unfold, focusLeaf, finish }) {
  const { engine, house, leaves, names, reading, state } = model;
  const training = new Training(model, { say, finish });

  // --- rooms ---

  /**
   * @param {string} key
   * @param {string} selected
   */
  function openRoom(key, selected = "") {
    state.set({ selected, room: key });
    const titles = house.path(model.view).map(({ title }) => title);
    speak(`In ${titles.join(", ")}`);
  }

  /**
   * Go into an item, or edit it if it is a leaf.
   * @param {number} place
   */
  function enter(place) {
    const item = model.view.items[place];
    if (item.kind === "room") {
      // A neighbour that stands for everything elsewhere is the outermost room.
      openRoom(house.rooms[item.room].name);
    } else if (item.kind === "rest") {
      openRoom(item.next);
    } else if (item.kind === "node" && item.elsewhere) {
      goTo(item.node);
    } else if (item.kind === "node" && house.opens(item.node) && model.view.dot !== item.node) {
      openRoom(`·${item.node}`);
    } else if (item.kind === "node" && engine.isLeaf(item.node)) {
      select(keyOf(item));
      editLeaf();
    }
  }

  function enterSelected() {
    if (model.selectedPlace >= 0) enter(model.selectedPlace);
  }

  // Go back to the room around this one, with this one selected.
  function leave() {
    const path = house.path(model.view);
    if (path.length < 2) return;
    const from = model.view.dot === undefined ? `r${model.view.room}` : `${model.view.dot}`;
    openRoom(path[path.length - 2].key, from);
  }

  // --- selection ---

  /** @param {string} key of an item of the room; empty for none */
  function select(key) {
    state.set({ selected: key });
    const place = model.view.places.get(key);
    if (place === undefined) return;
    reveal(place);
    speak(reading.spoken(model.view.items[place]));
  }

  /**
   * Show a node, in its own room if it is not in this one.
   * @param {number} i
   * @param {Tab} tab
   */
  function goTo(i, tab = state.get("tab")) {
    let shown = i;
    if (!model.view.places.has(`${i}`)) {
      const example = house.batches.exampleOf(i);
      const changes = { room: house.rooms[house.home[i]].name };
      state.set(example < 0 ? changes : { ...changes, example });
      // A constant without a card is written on the card of its consumer, which is shown instead.
      if (!model.view.places.has(`${i}`) && engine.isConstant(i)) shown = engine.consumers[engine.usesOf(i)[0]] ?? i;
    }
    state.set({ tab });
    if (shown !== i && !model.view.places.has(`${shown}`)) goTo(shown, tab);
    else select(`${shown}`);
  }

  // --- what is shown of the graph ---

  /**
   * Show another example of the batch in view, and select the node there that corresponds to the selected one.
   * @param {number} direction
   */
  function nextExample(direction) {
    const { batches } = house;
    const { example, examples } = model.view;
    if (examples === 0) return say("There is no batch in this room.");
    const next = (example + direction + examples) % examples;
    const there = (/** @type {number} */ i) => Math.max(batches.at(i, next), -1);
    const { selectedNode } = model;
    const [dot] = house.dotOf(state.get("room"));
    state.set({
      example: next,
      ...(selectedNode >= 0 && { selected: `${there(selectedNode)}` }),
      ...(dot >= 0 && { room: state.get("room").replace(`${dot}`, `${there(dot)}`) }),
    });
    say(`Example ${next + 1} of ${examples}.`);
  }

  // Give numbers such as the 2 in 2x cards of their own, or write them on the cards of their operations again.
  function toggleConstants() {
    state.set({ constants: !state.get("constants") });
    say(state.get("constants") ? "Numbers have cards of their own." : "Numbers are shown on their operations.");
  }

  /** @param {number} i */
  function differentiate(i) {
    training.pause();
    model.unhide();
    state.set({ of: i, time: null });
    say(`Now ${clip(names[i], 20)} is differentiated.`);
  }

  // --- leaves: changing one by hand ends a run of gradient descent ---

  function outcome() {
    const { of } = engine;
    const [now, before] = [engine.data[of], engine.original.data[of]];
    if (engine.unknown[of]) return `${clip(names[of], 20)} is unknown now.`;
    return `${clip(names[of], 20)} = ${show(now, 7)} (Δ ${signed(now - before, 3)})`;
  }

  /**
   * Set a leaf for the time being, as while it is dragged.
   * @param {number} i
   * @param {number} x
   */
  function preview(i, x) {
    training.pause();
    leaves.preview(i, x);
  }

  // Keep the previewed numbers.
  function commit() {
    leaves.commit();
    say(outcome());
  }

  /**
   * @param {number} i
   * @param {number} x
   */
  function setLeaf(i, x) {
    if (Object.is(x, engine.data[i])) return;
    preview(i, x);
    commit();
  }

  function undo() {
    training.pause();
    if (leaves.go(-1)) say(outcome());
  }

  function redo() {
    training.pause();
    if (leaves.go(1)) say(outcome());
  }

  function reset() {
    if (!leaves.canReset) return;
    training.pause();
    leaves.reset();
    say("Every leaf has its original number again.");
  }

  /**
   * Gradient descent on the leaves that are switched on, at the chosen rate.
   * @param {number} steps
   */
  function descend(steps) {
    training.descend(steps);
  }

  // Start a run of gradient descent, or pause it.
  function toggleRun() {
    training.toggle();
  }

  // Go back to where gradient descent began.
  function restart() {
    training.pause();
    if (leaves.losses.length === 0) return;
    leaves.restart();
    say(`Back to where gradient descent began: ${outcome()}`);
  }

  /**
   * Switch on or off whether gradient descent moves a leaf.
   * @param {number} i
   * @param {boolean} on
   */
  function train(i, on) {
    const trained = new Set(state.get("trained"));
    if (on) trained.add(i);
    else trained.delete(i);
    state.set({ trained });
  }

  // --- panels and themes ---

  /** @param {Tab} tab */
  function openTab(tab) {
    unfold();
    state.set({ tab });
  }

  function editLeaf() {
    openTab("change");
    focusLeaf();
  }

  function present() {
    const on = !state.get("present");
    state.set({ present: on });
    say(on ? "Presenter mode: the arrow keys step, f ends it." : "Presenter mode is off.");
  }

  function nextTheme() {
    const theme = state.get("theme");
    if (theme === "") {
      state.set({ theme: "dark" });
      say("Dark.");
    } else if (theme === "dark") {
      state.set({ theme: "light" });
      say("Light.");
    } else {
      state.set({ theme: "" });
      say("Colours follow the system.");
    }
  }

  return {
    openRoom,
    enter,
    enterSelected,
    leave,
    select,
    goTo,
    nextExample,
    toggleConstants,
    differentiate,
    preview,
    commit,
    setLeaf,
    undo,
    redo,
    reset,
    descend,
    toggleRun,
    restart,
    training,
    train,
    openTab,
    editLeaf,
    nextTheme,
    present,
  };
}
