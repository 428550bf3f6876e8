// Numbers for people: how they are written, read, and coloured.

const MINUS = "\u2212";

/**
 * @typedef {number | "exact"} Digits The number of significant digits; "exact" means as many as tell a number from
 * every other.
 */

const PLAIN = 1e6; // below this, all digits before the point are written, however few are asked for

/**
 * A number with at most this many digits, except that more may stand before the point.
 * @param {number | undefined} x
 * @param {Digits} digits
 */
export function show(x, digits = 5) {
  if (x === undefined) return "";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "\u221e" : `${MINUS}\u221e`;
  if (digits === "exact") return signedText(String(Math.abs(x)), x < 0 || Object.is(x, -0));
  if (x === 0) return "0";
  const size = Math.abs(x);
  const plain = size >= 1 && size < PLAIN && size >= 10 ** (digits - 1);
  return signedText(plain ? size.toFixed(0) : size.toPrecision(digits), x < 0);
}

/**
 * A number where there is little space: in the shorter of its two forms.
 * @param {number} x
 */
export function short(x) {
  const [plain, power] = [show(x, 4), scientific(x, 4)];
  return Number.isFinite(x) && power.length < plain.length ? power : plain;
}

/**
 * A number as `show` writes it, but with a power of ten, and with fewer digits if need be, where it would be too long.
 * @param {number} x
 * @param {number} digits
 * @param {number} length the most letters
 */
export function fitted(x, digits, length) {
  const plain = show(x, digits);
  if (plain.length <= length || !Number.isFinite(x)) return plain;
  let fewer = digits;
  while (fewer > 2 && scientific(x, fewer).length > length) fewer--;
  return scientific(x, fewer);
}

/**
 * @param {number} x
 * @param {number} digits
 */
const scientific = (x, digits) => signedText(Number(Math.abs(x).toPrecision(digits)).toExponential(), x < 0);

/**
 * @param {string} text of a number, which may have zeros at its end and a power of ten
 * @param {boolean} negative
 */
function signedText(text, negative) {
  const [mantissa, power] = text.split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  const exponent = power === undefined ? "" : `e${power.replace("+", "").replace("-", MINUS)}`;
  return `${negative ? MINUS : ""}${short}${exponent}`;
}

/**
 * A number as `show` writes it, in parentheses if it is negative, for the inside of a formula.
 * @param {number} x
 * @param {Digits} [digits]
 */
export function inside(x, digits) {
  const text = show(x, digits);
  return text.startsWith(MINUS) ? `(${text})` : text;
}

/**
 * @param {number} x
 * @param {Digits} [digits]
 */
export const signed = (x, digits) => (x >= 0 ? "+" : "") + show(x, digits);

/**
 * What a person typed, as a number: decimals, exponents, fractions, inf and nan. Otherwise undefined.
 * @param {string} text
 * @returns {number | undefined}
 */
export function parse(text) {
  const clean = text.trim().replaceAll(MINUS, "-").replaceAll("\u221e", "inf").replace(",", ".").toLowerCase();
  const fraction = clean.match(/^([^/]+)\/([^/]+)$/);
  if (fraction) {
    const [above, below] = [parse(fraction[1]), parse(fraction[2])];
    return above === undefined || below === undefined ? undefined : above / below;
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(clean)) return Number(clean);
  /** @type {Record<string, number>} */
  const special = { inf: Infinity, "+inf": Infinity, "-inf": -Infinity, nan: NaN };
  return Object.hasOwn(special, clean) ? special[clean] : undefined;
}

/**
 * The class that colours a number by its sign and by its size against the largest: "positive level3".
 * @param {number} x
 * @param {number} largest
 */
export function tint(x, largest) {
  if (!Number.isFinite(x)) return "alarming";
  if (x === 0 || !(largest > 0)) return "zero";
  const decades = Number.isFinite(largest) ? Math.log10(Math.abs(x) / largest) : -2;
  const level = Math.min(5, Math.max(1, Math.ceil(5 + 1.25 * decades)));
  return `${x > 0 ? "positive" : "negative"} level${level}`;
}

/**
 * Text cut to a length and safe to show in a line: control characters and those that change its direction are replaced.
 * @param {string} text
 * @param {number} length
 */
export function clip(text, length) {
  const shown = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200e\u200f]/gu, "\ufffd");
  const letters = Array.from(shown.slice(0, 4 * length));
  const cut = letters.length > length || shown.length > 4 * length;
  return cut ? `${letters.slice(0, length - 1).join("")}\u2026` : shown;
}

/**
 * A label cut to a length. One that ends in a digit keeps its end, which tells it from others: w…hh_l0_3_1.
 * @param {string} label
 * @param {number} length
 */
export function named(label, length) {
  if (label.length <= length || !/\d$/.test(label)) return clip(label, length);
  const end = Array.from(label.slice(-2 * length)).slice(2 - length);
  return clip(label, 2) + clip(end.join(""), length);
}

/** @param {string} text */
export const isolated = (text) => `\u2068${text}\u2069`;

/**
 * @param {number} count
 * @param {string} word
 * @param {string} words for more than one
 */
export const plural = (count, word, words = `${word}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? word : words}`;
