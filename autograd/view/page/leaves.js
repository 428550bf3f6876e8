// Changing leaves: one, or all that gradient descent moves; with undo. It knows nothing of the screen; listeners of the
// state are told "numbers" when leaves change, and "committed" if the change is kept as a step that can be undone.

/**
 * @import { Engine } from "./engine.js"
 * @import { State } from "./state.js"
 *
 * @typedef {Map<number, number>} Numbers of leaves
 * @typedef {object} Step
 * @property {Numbers} changed the leaves that differ from their original numbers
 * @property {number[]} losses of the descent up to here
 * @property {number} of the node that was differentiated for these losses
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
    /** @type {Step | null} */
    this.uncommitted = null; // the steps so far of a descent that goes on
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

  // The losses of the descent so far; none if another node was differentiated for them.
  get losses() {
    const { losses, of } = this.uncommitted ?? this.history[this.now];
    return of === this.engine.of ? losses : [];
  }

  // Whether there are steps of a descent that are not kept yet.
  get descending() {
    return this.uncommitted !== null;
  }

  /**
   * Take over leaves that were set elsewhere. The history begins anew; undo goes back to the original numbers.
   * @param {Numbers} changed
   */
  rebase(changed) {
    this.engine.setLeaves(changed);
    this.history = [{ changed: new Map(), losses: [], of: -1 }];
    this.now = 0;
    this.uncommitted = null;
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
    this.uncommitted = null;
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

  // Keep what was shown, as one step that can be undone.
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

  // Go back to where the descent began; what was changed by hand before it stays.
  restart() {
    let begin = this.now;
    while (this.history[begin].losses.length) begin--;
    const { changed } = this.history[begin];
    this.engine.setLeaves(changed);
    this.push(changed, []);
    this.state.announce("numbers", "committed");
  }

  /**
   * Take one step of gradient descent. It is not kept yet, and listeners are not told: the caller decides when to show
   * steps and when to `commit` them.
   * @param {Iterable<number>} trained the leaves that move
   * @param {number} rate
   */
  descend(trained, rate) {
    const { engine } = this;
    this.uncommitted ??= {
      changed: new Map(),
      losses: this.losses.length ? [...this.losses] : [engine.data[engine.of]],
      of: engine.of,
    };
    engine.setLeaves(engine.descended(trained, rate));
    this.uncommitted.losses.push(engine.data[engine.of]);
  }
}
