// Operations as text: to be read, to be read aloud, and as Python. The patterns come with the page's data, from the
// rows of the operations in the engine's table.

import { isolated } from "./numbers.js";

/**
 * @import { Parts } from "./data.d.ts"
 * @import { Model } from "./model.js"
 */

/**
 * Node i in terms of its operands, such as "v1·h1 + v2·h2".
 * @param {Model} model
 * @param {number} i a result
 * @param {(node: number) => string} called names a node
 */
export function formula({ engine, data, reading }, i, called = (k) => isolated(reading.name(k))) {
  const operands = engine.operandsOf(i);
  return filled(data.operations[engine.keyOf(i)].line, (k) => called(operands[k]));
}

/**
 * Node i in terms of its operands as it is read aloud, such as "v times h".
 * @param {Model} model
 * @param {number} i a result
 */
export function aloud({ engine, data, reading }, i) {
  const operands = engine.operandsOf(i);
  return filled(data.operations[engine.keyOf(i)].spoken, (k) => isolated(reading.name(operands[k])));
}

/**
 * A text from its parts, with the names of the operands in their places.
 * @param {Parts} parts
 * @param {(operand: number) => string} called
 */
export const filled = (parts, called) => parts.map((part) => (typeof part === "string" ? part : called(part))).join("");
