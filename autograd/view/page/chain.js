// The chain rule for one node: its links to the consumers, and the whole ways from what is differentiated down to it. An
// edge of the engine's is a factor, the local derivative of its consumer with respect to its operand.

/**
 * @import { Engine } from "./engine.js"
 * @import { Model } from "./model.js"
 *
 * @typedef {number[]} Way The edges from what is differentiated down to a node, in this order.
 */

/**
 * For each node the number of ways on which it is reached from what is differentiated; of those in between, and of node
 * i itself. Where ways fork again and again the number is beyond all bounds.
 * @param {Model} model
 * @param {number} i
 */
export function countWays({ engine, timeline }, i) {
  const between = engine.between(i);
  const counts = new Float64Array(engine.size);
  counts[engine.of] = 1;
  for (let k = engine.of - 1; k >= i; k--) {
    if (!between[k]) continue;
    for (const e of timeline.usesThatMatter(k)) counts[k] += counts[engine.consumers[e]];
  }
  return counts[i];
}

/**
 * All ways from what is differentiated down to node i; null if there are more than `most`.
 * @param {Model} model
 * @param {number} i
 * @param {number} most
 * @returns {Way[] | null}
 */
export function waysTo(model, i, most) {
  const { engine, timeline } = model;
  if (countWays(model, i) > most) return null;
  /** @type {Way[]} */
  const found = [];
  const open = [{ node: i, edges: /** @type {Way} */ ([]) }];
  while (open.length) {
    const { node, edges } = /** @type {{ node: number, edges: Way }} */ (open.pop());
    // Up to the next fork there is one way on, whose edges are taken along without copies.
    let at = node;
    let uses = timeline.usesThatMatter(at);
    while (at !== engine.of && uses.length === 1) {
      edges.push(uses[0]);
      at = engine.consumers[uses[0]];
      uses = timeline.usesThatMatter(at);
    }
    if (at === engine.of) found.push(edges.reverse());
    else for (const e of [...uses].reverse()) open.push({ node: engine.consumers[e], edges: [...edges, e] });
  }
  return found;
}

/**
 * The product along a way, or along a part of it.
 * @param {Engine} engine
 * @param {Way} way
 */
export const product = (engine, way) => way.reduce((product, e) => product * engine.partials[e], 1);
