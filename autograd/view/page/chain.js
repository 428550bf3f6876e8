// The chain rule for one node: all paths from the differentiated node down to it. Each edge of the engine is a factor,
// the local derivative of its consumer with respect to its operand.

/**
 * @import { Engine } from "./engine.js"
 * @import { Model } from "./model.js"
 *
 * @typedef {number[]} Path The edges from the differentiated node down to a node, in this order.
 */

/**
 * The number of paths from the differentiated node down to node i. It grows exponentially where paths fork again and
 * again, so it is counted without following each path.
 * @param {Model} model
 * @param {number} i
 */
export function countPaths({ engine, timeline }, i) {
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
 * All paths from the differentiated node down to node i; null if there are more than `most`.
 * @param {Model} model
 * @param {number} i
 * @param {number} most
 * @returns {Path[] | null}
 */
export function pathsTo(model, i, most) {
  const { engine, timeline } = model;
  if (countPaths(model, i) > most) return null;
  /** @type {Path[]} */
  const found = [];
  const open = [{ node: i, edges: /** @type {Path} */ ([]) }];
  while (open.length) {
    const { node, edges } = /** @type {{ node: number, edges: Path }} */ (open.pop());
    // Up to the next fork there is only one path to go on, so its edges are added without a copy.
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
 * The product of the local derivatives along a path, or along a part of it.
 * @param {Engine} engine
 * @param {Path} path
 */
export const product = (engine, path) => path.reduce((product, e) => product * engine.partials[e], 1);
