// The elementary functions on floats, complete as IEEE 754 and C's library define them. JavaScript has most of them;
// here are the few it lacks and the few points where its own differ. The operations that use them are generated from
// the engine's table.

const SPLITTER = 134217729; // 2**27 + 1: Veltkamp's constant, halves a double's 53 bits

/**
 * The rounding error of x * y (Dekker's product).
 * @param {number} x
 * @param {number} y
 * @param {number} product
 */
function productError(x, y, product) {
  const tx = SPLITTER * x;
  const ty = SPLITTER * y;
  const xHigh = tx - (tx - x);
  const yHigh = ty - (ty - y);
  const xLow = x - xHigh;
  const yLow = y - yHigh;
  return xHigh * yHigh - product + xHigh * yLow + xLow * yHigh + xLow * yLow;
}

/**
 * JavaScript says nan for 1**nan and for (+-1)**(+-inf), C says 1.
 * @param {number} x
 * @param {number} y
 */
function pow(x, y) {
  return x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : x ** y;
}

/**
 * DLMF 7.6.2: 2/sqrt(pi) e**(-x*x) times a series without cancellation.
 * @param {number} x
 * @returns {number}
 */
function erf(x) {
  const size = Math.abs(x);
  if (size >= 2) return Math.sign(x) * (1 - erfc(size));
  const square = x * x;
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * square) / (2 * n + 1);
    sum += term;
  }
  return size < 1e-8 ? x * 1.1283791670955126 : x * (1.1283791670955126 * Math.exp(-square) * sum);
}

/**
 * DLMF 7.9.1, a continued fraction, from its far end; below 1/2, 1 - erf(x) loses no digits.
 * @param {number} x
 * @returns {number}
 */
function erfc(x) {
  if (!(x >= 0.5)) return 1 - erf(x);
  if (x > 28) return 0;
  const square = x * x;
  let fraction = x;
  for (let n = Math.ceil(190 / square) + 12; n > 0; n--) fraction = x + n / 2 / fraction;
  const half = Math.exp(-square / 2); // as a factor twice: e**(-x*x) alone would lose digits below 1e-308
  return half * ((half * (1 - productError(x, x, square))) / (fraction * 1.772453850905516));
}

/**
 * erfc(-x / sqrt(2)) / 2; the rounding error of the argument, which erfc magnifies, is taken out with its derivative.
 * @param {number} x
 */
function ndtr(x) {
  const z = -x * Math.SQRT1_2;
  let tail = erfc(z);
  if (z > 1 && z < 40) {
    const error = productError(-x, Math.SQRT1_2, z) + x * 4.833646656726457e-17; // of the product, and of sqrt(1/2)
    tail -= error * Math.exp(-z * z) * 1.1283791670955126;
  }
  return 0.5 * tail;
}

/** @param {number} x */
const isNegative = (x) => x < 0 || Object.is(x, -0);

/**
 * The remainder with the sign of the divisor, as Python's %; JavaScript's % is C's fmod.
 * @param {number} x
 * @param {number} y
 */
function remainder(x, y) {
  const rest = x % y;
  if (rest === 0) return isNegative(y) ? -0 : 0;
  return rest < 0 !== y < 0 ? rest + y : rest;
}

/**
 * The quotient as Python's //: (x - rest) / y is a whole number but for rounding, which is corrected.
 * @param {number} x
 * @param {number} y
 */
function floorDivide(x, y) {
  if (y === 0) return x / y;
  const rest = x % y;
  const whole = (x - rest) / y - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0);
  if (whole === 0) return isNegative(x) === isNegative(y) ? 0 : -0;
  return whole - Math.floor(whole) > 0.5 ? Math.floor(whole) + 1 : Math.floor(whole);
}

const { abs, acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, cos, cosh, exp, expm1, hypot } = Math;
const { log, log10, log1p, log2, sin, sinh, sqrt, tan, tanh } = Math;

/** @typedef {(x: number, y: number) => number} Binary */

export const elementary = {
  abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cbrt,
  cos,
  cosh,
  erf,
  erfc,
  exp,
  exp2: (/** @type {number} */ x) => 2 ** x,
  expm1,
  floor_divide: floorDivide,
  fmod: /** @type {Binary} */ ((x, y) => x % y),
  hypot,
  log,
  log10,
  log1p,
  log2,
  ndtr,
  pow,
  remainder,
  sin,
  sinh,
  sqrt,
  tan,
  tanh,
  maximum: /** @type {Binary} */ ((x, y) => (x > y || Number.isNaN(x) ? x : y)),
  minimum: /** @type {Binary} */ ((x, y) => (x < y || Number.isNaN(x) ? x : y)),
  // nan counts as true, as in Python
  where: /** @type {(condition: boolean | number, x: number, y: number) => number} */ (
    (condition, x, y) => (condition === false || condition === 0 ? y : x)
  ),
};
