// Changing leaves: one, or all that gradient descent moves; with undo. It knows nothing of the screen; whoever listens to
// the state hears "numbers" at every change, and "committed" where it is one that can be undone.

/**
 * @import { Engine } from "./engine.js"
 * @import { State } from "./state.js"
 *
 * @typedef {Map<number, number>} Numbers of leaves
 * @typedef {object} Step
 * @property {Numbers} changed the leaves that are not what they were at first
 * @property {number[]} losses of the descent up to here
 * @property {number} of what was differentiated for them
 */

export class Leaves {
  /**
   * @param {Engine} engine
   * @param {State} state
   */
  constructor(engine, state) {
    this.engine = engine;
    this.state = state;
    /** @type {Step[]} */
    this.history = [{ changed: new Map(), losses: [], of: -1 }];
    this.now = 0;
  }

  get canUndo() {
    return this.now > 0;
  }

  get canRedo() {
    return this.now < this.history.length - 1;
  }

  get canReset() {
    return this.engine.changed.size > 0 || this.losses.length > 0;
  }

  // The losses so far are those of what is differentiated now.
  get losses() {
    const { losses, of } = this.history[this.now];
    return of === this.engine.of ? losses : [];
  }

  /**
   * Take over leaves without making a step that can be undone: the page was opened with them.
   * @param {Numbers} changed
   */
  begin(changed) {
    this.engine.setLeaves(changed);
    this.history = [{ changed: new Map(), losses: [], of: -1 }];
    this.now = 0;
    if (changed.size) this.push(changed);
  }

  /**
   * @param {Numbers} changed
   * @param {number[]} losses
   */
  push(changed, losses = this.losses) {
    this.history.splice(this.now + 1);
    this.history.push({ changed, losses, of: this.engine.of });
    this.now++;
  }

  /**
   * Show a number without keeping it yet, as while dragging.
   * @param {number} i
   * @param {number} x
   */
  preview(i, x) {
    this.engine.setLeaves(new Map([...this.engine.changed, [i, x]]));
    this.state.announce("numbers");
  }

  commit() {
    this.push(new Map(this.engine.changed));
    this.state.announce("numbers", "committed");
  }

  /**
   * Go some steps back or forward in the history; false if there are none.
   * @param {number} steps
   */
  go(steps) {
    const step = this.history[this.now + steps];
    if (!step) return false;
    this.now += steps;
    this.engine.setLeaves(step.changed);
    this.state.announce("numbers", "committed");
    return true;
  }

  reset() {
    this.engine.setLeaves(new Map());
    this.push(new Map(), []);
    this.state.announce("numbers", "committed");
  }

  /**
   * Gradient descent.
   * @param {Iterable<number>} trained the leaves that move
   * @param {number} rate
   * @param {number} steps
   */
  descend(trained, rate, steps) {
    const { engine } = this;
    const moving = [...trained];
    const losses = this.losses.length ? [...this.losses] : [engine.data[engine.of]];
    for (let step = 0; step < steps; step++) {
      engine.setLeaves(engine.descended(moving, rate));
      losses.push(engine.data[engine.of]);
    }
    this.push(new Map(engine.changed), losses);
    this.state.announce("numbers", "committed");
  }
}
