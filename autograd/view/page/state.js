// What the page remembers, and who wants to know when it changes.

export class State {
  constructor(initial) {
    this.values = { ...initial };
    this.listeners = [];
  }

  get(name) {
    return this.values[name];
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  // Change some values; listeners are told the names of those that are really new.
  set(changes) {
    const names = new Set(Object.keys(changes).filter((name) => !Object.is(this.values[name], changes[name])));
    if (names.size === 0) return;
    Object.assign(this.values, changes);
    for (const listener of this.listeners) listener(names);
  }

  // Tell the listeners about something that changed elsewhere, such as the engine's numbers.
  announce(...names) {
    for (const listener of this.listeners) listener(new Set(names));
  }
}
