// The batches of a graph: parts of it that are the same but for their leaves, one for each example. The rooms contain
// only the first example; here the corresponding nodes of the other examples are found.

/** @import { Copies } from "./data.d.ts" */

export class Batches {
  /**
   * @param {Copies[]} copies
   * @param {number} size of the graph
   */
  constructor(copies, size) {
    this.members = copies.map((batch) => batch.members);
    /** @type {Map<number, { batch: number, example: number, place: number }>} */
    this.known = new Map();
    this.standIn = Int32Array.from({ length: size }, (_, i) => i);
    this.members.forEach((members, batch) => {
      members.forEach((nodes, example) => {
        nodes.forEach((i, place) => {
          if (i < 0) return;
          this.known.set(i, { batch, example, place });
          this.standIn[i] = members.find((others) => others[place] >= 0)?.[place] ?? i;
        });
      });
    });
  }

  /**
   * How many examples there are of a node; 0 if it is in no batch.
   * @param {number} i
   */
  count(i) {
    const found = this.known.get(i);
    return found ? this.members[found.batch].length : 0;
  }

  /**
   * The example that a node belongs to; -1 if to none.
   * @param {number} i
   */
  exampleOf(i) {
    return this.known.get(i)?.example ?? -1;
  }

  /**
   * The node that corresponds to a node in an example: the node itself if it is in no batch, -1 if there is none. If a
   * batch has fewer examples, its last one is taken.
   * @param {number} i
   * @param {number} example
   */
  at(i, example) {
    const found = this.known.get(i);
    if (!found) return i;
    const members = this.members[found.batch];
    return members[Math.min(example, members.length - 1)][found.place];
  }
}
