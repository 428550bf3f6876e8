// The page's state, and the listeners that are told when it changes. The fields are declared in fields.js.

/**
 * @import { Values } from "./fields.js"
 *
 * @typedef {"numbers" | "committed" | "quiz" | "stage"} Event Something outside the state that changes: the engine's
 *   numbers, the history of changed leaves, the gradients that are hidden, or the shape of the stage.
 * @typedef {Set<keyof Values | Event>} Changed
 */

export class State {
  /** @param {Values} initial */
  constructor(initial) {
    this.values = { ...initial };
    /** @type {((changes: Changed) => void)[]} */
    this.listeners = [];
  }

  /**
   * @template {keyof Values} Name
   * @param {Name} name
   * @returns {Values[Name]}
   */
  get(name) {
    return this.values[name];
  }

  /** @param {(changes: Changed) => void} listener */
  listen(listener) {
    this.listeners.push(listener);
  }

  /**
   * Change some values; listeners are told the names of those that differ from before.
   * @param {Partial<Values>} changes
   */
  set(changes) {
    const given = /** @type {(keyof Values)[]} */ (Object.keys(changes));
    const names = given.filter((name) => !Object.is(this.values[name], changes[name]));
    if (names.length === 0) return;
    Object.assign(this.values, changes);
    this.tell(new Set(names));
  }

  /**
   * Tell the listeners about something that changed elsewhere, such as the engine's numbers.
   * @param {Event[]} names
   */
  announce(...names) {
    this.tell(new Set(names));
  }

  /** @param {Changed} changes */
  tell(changes) {
    for (const listener of this.listeners) listener(changes);
  }
}
