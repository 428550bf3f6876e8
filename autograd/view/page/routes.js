// Routes around cards. A bundle is drawn once, up to the border of the grid or the row that its ends stand in; here the
// route of a single edge from its card to that border is found, between the other cards.

/**
 * @import { Bundle, Pair, Plate } from "./data.d.ts"
 * @import { Box } from "./rooms.js"
 */

const ROUND = 6; // the radius of corners

/**
 * The way of one edge along a bundle, from card to card.
 * @param {Bundle} bundle
 * @param {Box[]} ends the cards
 * @param {Plate[]} plates
 */
export function throughBundle(bundle, [from, to], plates) {
  const [start, ...rest] = bundle.path.slice(1).split("C");
  const first = pointOf(start);
  const last = pointOf(bundle.path.slice(bundle.path.search(/[^ C]+$/)));
  const before = bundle.from < 0 && !touches(from, first) ? lane(from, first, plates[-1 - bundle.from].box) : [];
  const after = bundle.to < 0 && !touches(to, last) ? lane(to, last, plates[-1 - bundle.to].box).reverse() : [];
  const lead = before.length ? `${rounded(before)}` : `M${start}`;
  const tail = after.length ? rounded(after).replace("M", "L") : "";
  return `${lead}C${rest.join("C")}${tail}`;
}

/** @param {string} text */
const pointOf = (text) => /** @type {Pair} */ (text.split(",").map(Number));

/**
 * Whether a point is on a card's border already.
 * @param {Box} box
 * @param {Pair} point
 */
const touches = ({ x, y, width, height }, [px, py]) =>
  Math.abs(px - x) < width / 2 + 4 && Math.abs(py - y) < height / 2 + 4;

/**
 * From a card in a grid to a point on the grid's border: along the gap below the card, or above it, to the side, and
 * along the side to the point.
 * @param {Box} card
 * @param {Pair} point
 * @param {number[]} plate left, top, width and height
 * @returns {Pair[]}
 */
function lane({ x, y, height }, [px, py], [left, top, width, wholeHeight]) {
  const down = py >= y ? 1 : -1;
  const edge = y + (down * height) / 2;
  const gap = edge + 8 * down;
  const atSide = Math.abs(px - left) < 2 || Math.abs(px - left - width) < 2;
  if (atSide) {
    const side = Math.abs(px - left) < 2 ? left + 8 : left + width - 8;
    return [
      [x, edge],
      [x, gap],
      [side, gap],
      [side, py],
      [px, py],
    ];
  }
  const border = Math.abs(py - top) < 2 ? top + 8 : top + wholeHeight - 8;
  const side = px < x ? left + 8 : left + width - 8;
  if (Math.abs(border - gap) < 2)
    return [
      [x, edge],
      [x, gap],
      [px, gap],
      [px, py],
    ];
  return [
    [x, edge],
    [x, gap],
    [side, gap],
    [side, border],
    [px, border],
    [px, py],
  ];
}

/**
 * From one card of a row to another that is not the next: below both.
 * @param {Box} from
 * @param {Box} to
 */
export function around(from, to) {
  const [low, lowest] = [from.y + from.height / 2, to.y + to.height / 2];
  const beside = to.x - to.width / 2 - 10;
  return rounded([
    [from.x, low],
    [from.x, low + 8],
    [beside, low + 8],
    [beside, lowest + 8],
    [to.x, lowest + 8],
    [to.x, lowest],
  ]);
}

/**
 * A way along points, with round corners, as SVG.
 * @param {Pair[]} points
 */
export function rounded(points) {
  const kept = points.filter(
    (point, k) => k === 0 || Math.hypot(point[0] - points[k - 1][0], point[1] - points[k - 1][1]) > 0.5,
  );
  let path = `M${kept[0]}`;
  for (let k = 1; k < kept.length - 1; k++) {
    const [before, corner, after] = [kept[k - 1], kept[k], kept[k + 1]];
    path += `L${toward(corner, before)}Q${corner} ${toward(corner, after)}`;
  }
  return `${path}L${kept[kept.length - 1]}`;
}

/**
 * A point a little way from a corner.
 * @param {Pair} corner
 * @param {Pair} other
 */
function toward([x, y], [ox, oy]) {
  const distance = Math.hypot(ox - x, oy - y) || 1;
  const part = Math.min(ROUND, distance / 2) / distance;
  return [x + part * (ox - x), y + part * (oy - y)].map((z) => Math.round(z * 10) / 10);
}
