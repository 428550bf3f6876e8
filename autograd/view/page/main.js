// Makes the page's model and its parts, and wires them together. Each part is given the model and the few callbacks
// that its constructor names; no part refers to another one.

import { makeActions } from "./actions.js";
import { Address } from "./address.js";
import { Changes } from "./changes.js";
import { Crumbs } from "./crumbs.js";
import { byId, onClick } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Examples } from "./examples.js";
import { cameraOf } from "./fields.js";
import { join } from "./host.js";
import { Invitation } from "./invitation.js";
import { Keep } from "./keep.js";
import { Keyboard } from "./keyboard.js";
import { legend } from "./legend.js";
import { Model } from "./model.js";
import { isolated } from "./numbers.js";
import { operations } from "./operations.js";
import { Panel } from "./panel.js";
import { Player } from "./player.js";
import { Quiz } from "./quiz.js";
import { Search } from "./search.js";
import { Table } from "./table.js";
import { tabs } from "./tabs.js";
import { say, speak } from "./voice.js";
import { Why } from "./why.js";

/**
 * @import { Data } from "./data.d.ts"
 * @import { Values } from "./fields.js"
 * @import { Changed } from "./state.js"
 * @import { View } from "./rooms.js"
 * @import { Tab } from "./tabs.js"
 */

const RAIL = 38; // the width in pixels of the folded panel

/** @type {Data} */
const data = JSON.parse(byId("data").textContent ?? "");
const model = new Model(data, operations, window.location.hash);
const { engine, reading, state } = model;

// --- the parts ---

const actions = makeActions(model, {
  say,
  speak,
  reveal: (place) => drawing.reveal(place),
  unfold: () => panel.unfold(),
  focusLeaf: () => panels.change.focus(),
  finish: () => player.finish(),
});
const { differentiate, goTo, nextTheme, openRoom, openTab, present, toggleConstants } = actions;

const drawing = new Drawing(model, { ...actions, reshape: (narrow) => model.reshape(narrow) });
const focusDrawing = () => drawing.frame.focus();
const player = new Player(model);
const invitation = new Invitation(model, {
  play: () => player.play(),
  finish: () => player.finish(),
  focusDrawing,
});
const panel = new Panel(model, { openTab });

/**
 * The contents of the panel's tabs; tabs.js has their titles and keys.
 * @satisfies {Record<Tab, { update: (changes: Changed) => void }>}
 */
const panels = {
  why: new Why(model, { goTo, openRoom, differentiate }),
  change: new Changes(model, { ...actions, say }),
  quiz: new Quiz(model, { goTo, say, speak, pause: () => player.pause() }),
  table: new Table(model, { goTo }),
};

const examples = new Examples(model, actions);
const crumbs = new Crumbs(model, { openRoom });
const search = new Search(model, { goTo, focusDrawing });
const address = new Address(model, { opened, say });
new Keep(model, { frame: () => drawing.frame, link: () => address.link, addressed: () => address.isKnown, say });
new Keyboard(model, actions, {
  zoom: (factor) => drawing.camera.zoom(factor),
  pan: (dx, dy) => drawing.camera.pan(dx, dy),
  fit: () => drawing.fit(),
  focusDrawing,
  focusSearch: () => search.focus(),
  toggle: () => player.toggle(),
  step: (direction) => player.step(direction),
  start: () => player.to(0),
  finish: () => player.finish(),
  fold: () => panel.fold(),
});

onClick("constants", toggleConstants);
onClick("fit", () => drawing.fit());
onClick("zoom-in", () => drawing.camera.zoom(1.25));
onClick("zoom-out", () => drawing.camera.zoom(0.8));
onClick("theme", nextTheme);
onClick("present", present);
onClick("of", () => goTo(engine.of));
byId("help-legend").append(legend());

// --- what changes ---

const DOUBLE_CLICK = 400; // milliseconds
let explaining = 0; // the timer of `explainSelected`

state.listen((changes) => {
  if (changes.has("theme")) applyTheme();
  if (changes.has("present")) {
    applyPresent();
    drawing.arrange();
  }
  if (changes.has("begun")) invitation.update();
  if (changes.has("room")) openView();
  else if (changes.has("example")) drawing.show();
  else if (changes.has("stage"))
    enterView(drawing.camera.fitted ? "" : state.get("camera")); // kept if the reader or the address has set it
  else if (changes.has("constants")) enterView();
  if (changes.has("tab")) showTab();
  if (changes.has("panel")) panel.place();
  if (changes.has("selected")) explainSelected();
  const only = (/** @type {string[]} */ ...names) => [...changes].every((name) => names.includes(name));
  if (!only("room", "camera", "committed")) refresh(changes);
  if (!only("numbers")) address.remember();
});

/**
 * Show the present numbers, moment and selection.
 * @param {Changed} changes
 */
function refresh(changes) {
  drawing.update();
  examples.update();
  byId("constants").setAttribute("aria-pressed", String(state.get("constants")));
  player.update();
  panels[state.get("tab")].update(changes);
  byId("of-name").textContent = isolated(reading.name(engine.of, 14));
  if (state.get("present")) drawing.follow();
  else if (model.active.place >= 0 && changes.has("time")) drawing.reveal(model.active.place);
}

// Unfold the panel, which explains the selected item, if it was folded to make room for the drawing. Unfolding resizes
// the drawing; so after a click, wait until a second click of a double-click can no longer come: it must meet the same
// card.
function explainSelected() {
  const explain = () => state.get("selected") !== "" && panel.lend(false);
  clearTimeout(explaining);
  if (drawing.clicking) explaining = setTimeout(explain, DOUBLE_CLICK);
  else explain();
}

// Show the room in view. It unfolds from its card in the old view, or the old room folds into its card in the new one;
// if neither has such a card, the views only fade.
function openView() {
  const keyOfView = (/** @type {View} */ { room, dot }) => (dot === undefined ? `r${room}` : `${dot}`);
  const inner = keyOfView(drawing.view);
  const from = drawing.rectOf(keyOfView(model.view));
  const before = drawing.ghosts();
  enterView();
  drawing.unfold(before, from, from ? null : drawing.rectOf(inner));
}

// Draw the room in view anew, at the given position of the camera or fitted into the stage.
function enterView(camera = "") {
  drawing.show();
  const stand = cameraOf(camera);
  if (stand) drawing.camera.place(stand.x, stand.y, stand.scale);
  else drawing.arrange();
  crumbs.update();
  refresh(new Set(["numbers"]));
}

// Fold the panel at the start, if only that makes the drawing readable and nothing in the panel should be read first.
function lendPanel() {
  const unasked =
    !state.get("present") && state.get("selected") === "" && state.get("tab") === tabs[0] && data.notes.length === 0;
  panel.lend(unasked && drawing.wantsMore(byId("panel").offsetWidth - RAIL));
}

// The page opens at the node that the program chose, unless the address asks for something else.
function openAtStart() {
  const { start } = data.story;
  if (!start || state.get("begun")) return;
  goTo(start.node);
  state.set({ time: start.step && model.timeline.moment(start.node, start.step) });
}

function showTab() {
  panel.show();
  if (state.get("tab") !== "quiz") model.unhide();
}

function applyTheme() {
  const theme = state.get("theme") || hostTheme;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

// --- the notebook around it ---

let hostTheme = ""; // the notebook's theme, if it has sent one

join({
  size: engine.size,
  edges: engine.partials.length,
  isLeaf: (i) => engine.isLeaf(i),
  leaves: () => engine.changed,
  setLeaves: (changed) => model.takeLeaves(changed),
  showPoint: (point) => model.rebase(point),
  selected: () => (model.selectedNode < 0 ? null : model.selectedNode),
  setTheme: (theme) => {
    hostTheme = theme;
    applyTheme();
  },
  onChange: (listener) => state.listen(listener),
});
function applyPresent() {
  const on = state.get("present");
  document.body.classList.toggle("presenting", on);
  byId("present").setAttribute("aria-pressed", String(on));
  if (on) {
    panel.lend(false);
    panel.unfold();
  }
}

/**
 * Show what an address says that the reader has edited by hand.
 * @param {Values} values
 * @param {Map<number, number>} changed
 */
function opened({ camera, ...values }, changed) {
  state.set(values);
  const stand = cameraOf(camera);
  if (stand) drawing.camera.place(stand.x, stand.y, stand.scale);
  model.takeLeaves(changed);
}

applyTheme();
applyPresent();
lendPanel();
model.reshape(drawing.isUpright);
enterView(state.get("camera"));
showTab();
openAtStart();
invitation.update();

// Make the parts available in the browser's console.
const page = {
  model,
  ...actions,
  drawing,
  player,
  ...panels,
  engine,
  house: model.house,
  reading,
  state,
  get view() {
    return model.view;
  },
};
Object.assign(window, { page });
document.documentElement.dataset.ready = "";
