// The page: here its model and its parts are made and wired together. Each part is given the model and the few callbacks
// that its constructor names; none of them knows another.

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

const RAIL = 38; // what is left of the panel's width when it is folded

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
 * What fills the tabs of the panel; tabs.js has their titles and keys.
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
let explaining = 0; // a timer

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
    enterView(drawing.camera.fitted ? "" : state.get("camera")); // where a person, or the address, has put it
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

// What is selected is explained in the panel. If that has to come back, the drawing gets another size; after a click not
// before a second one could follow, which is meant for the same card.
function explainSelected() {
  const explain = () => state.get("selected") !== "" && panel.lend(false);
  clearTimeout(explaining);
  if (drawing.clicking) explaining = setTimeout(explain, DOUBLE_CLICK);
  else explain();
}

// A room is opened from a card of the one before, or is around it; or it is somewhere else.
function openView() {
  const keyOfView = (/** @type {View} */ { room, dot }) => (dot === undefined ? `r${room}` : `${dot}`);
  const inner = keyOfView(drawing.view);
  const from = drawing.boxOf(keyOfView(model.view));
  const before = drawing.ghosts();
  enterView();
  drawing.unfold(before, from, from ? null : drawing.boxOf(inner));
}

// Another room came into view.
function enterView(camera = "") {
  drawing.show();
  const stand = cameraOf(camera);
  if (stand) drawing.camera.place(stand.x, stand.y, stand.scale);
  else drawing.arrange();
  crumbs.update();
  refresh(new Set(["numbers"]));
}

// The drawing gets the panel's place if it needs it to be read, and nobody is meant to read the panel first.
function lendPanel() {
  const unasked =
    !state.get("present") && state.get("selected") === "" && state.get("tab") === tabs[0] && data.notes.length === 0;
  panel.lend(unasked && drawing.wantsMore(byId("panel").offsetWidth - RAIL));
}

// Whoever made the page may have said where it opens; an address that says something else comes first.
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

let hostTheme = ""; // how the notebook looks, if it has said so

join({
  size: engine.size,
  edges: engine.partials.length,
  isLeaf: (i) => engine.isLeaf(i),
  leaves: () => engine.changed,
  setLeaves: (changed) => model.takeLeaves(changed),
  showPoint: (point) => model.begin(point),
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
 * Somebody wrote another address by hand.
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

// Within reach of those who open the console.
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
