// A simple layered layout, for rooms that Graphviz did not lay out: columns by the longest way from a source, each
// column ordered by the middle of its neighbours. On demand, long columns are broken into several.

const GAP = { across: 120, between: 18, beside: 26 };

// `sizes` are [width, height] pairs, `edges` pairs of places. Returns { size, at, paths, labels } as Graphviz's do.
export function layered(sizes, edges, broken = false) {
  const ranks = rankings(sizes.length, edges);
  const columns = [];
  ranks.forEach((rank, place) => (columns[rank] ??= []).push(place));
  for (let rank = 0; rank < columns.length; rank++) columns[rank] ??= [];
  arrange(columns, ranks, edges);

  const at = [];
  let x = 0;
  const before = ranks.map(() => []);
  for (const [a, b] of edges) if (ranks[a] < ranks[b]) before[b].push(a);
  for (const column of columns) {
    const pile = broken ? pieces(column) : [column];
    for (const piece of pile) {
      const width = Math.max(0, ...piece.map((place) => sizes[place][0]));
      const wanted = piece.map((place) => (pile.length === 1 ? mean(before[place].map((a) => at[a][1])) : NaN));
      heights(piece, sizes, wanted, pile[0]).forEach((y, k) => (at[piece[k]] = [x + width / 2, y]));
      x += width + GAP.beside;
    }
    x += GAP.across - GAP.beside;
  }
  const top = Math.min(0, ...at.map(([, y], place) => y - sizes[place][1] / 2));
  for (const point of at) point[1] -= top;
  const height = Math.max(0, ...at.map(([, y], place) => y + sizes[place][1] / 2));
  const paths = edges.map(([a, b]) => curve(at[a], sizes[a], at[b], sizes[b]));
  const labels = edges.map(([a, b]) => [
    (at[a][0] + sizes[a][0] / 2 + at[b][0] - sizes[b][0] / 2) / 2,
    (at[a][1] + at[b][1]) / 2,
  ]);
  return {
    size: [Math.max(0, x - GAP.across), height],
    at,
    paths,
    labels: !broken && edges.length <= 48 ? labels : [],
  };
}

const mean = (numbers) => numbers.reduce((sum, y) => sum + y, 0) / numbers.length;

// Where the items of a column stand: as near as they can be to where they want to be, in their order, or else around 0.
function heights(column, sizes, wanted, first) {
  const found = [];
  let free = -tall(first, sizes) / 2; // the first y that is not taken
  column.forEach((place, k) => {
    const half = sizes[place][1] / 2;
    const y = wanted[k] === wanted[k] ? Math.max(wanted[k], (k ? free : -Infinity) + half) : free + half;
    found.push(y);
    free = y + half + GAP.between;
  });
  const shifts = wanted.flatMap((y, k) => (y === y ? [y - found[k]] : []));
  const shift = shifts.length ? mean(shifts) : 0;
  return found.map((y) => y + shift);
}

// A long column in pieces of one length, which stand side by side as nearly in a square as cards allow.
function pieces(column) {
  const length = Math.max(5, Math.ceil(Math.sqrt(1.6 * column.length)));
  const count = Math.ceil(column.length / length);
  return Array.from({ length: count }, (_, k) => column.slice(k * length, (k + 1) * length));
}

function rankings(count, edges) {
  const after = Array.from({ length: count }, () => []);
  const waiting = new Int32Array(count);
  for (const [a, b] of edges) {
    after[a].push(b);
    waiting[b]++;
  }
  const ranks = new Array(count).fill(0);
  const ready = [];
  const order = [];
  waiting.forEach((inputs, place) => inputs === 0 && ready.push(place));
  while (ready.length) {
    const place = ready.pop();
    order.push(place);
    for (const next of after[place]) {
      ranks[next] = Math.max(ranks[next], ranks[place] + 1);
      if (--waiting[next] === 0) ready.push(next);
    }
  }
  // Sources stand right before what they go into; what is part of a circle stays where it is.
  const inputs = new Int32Array(count);
  for (const [, b] of edges) inputs[b]++;
  for (const place of order.reverse()) {
    if (inputs[place] === 0 && after[place].length)
      ranks[place] = Math.max(0, Math.min(...after[place].map((b) => ranks[b])) - 1);
  }
  return ranks;
}

function arrange(columns, ranks, edges) {
  const neighbours = new Map();
  for (const [a, b] of edges) {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    neighbours.set(b, [...(neighbours.get(b) ?? []), a]);
  }
  const place = [];
  const number = (column) => column.forEach((item, k) => (place[item] = (k + 0.5) / column.length));
  columns.forEach(number);
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const column of sweep % 2 ? columns : columns.toReversed()) {
      const middle = new Map(
        column.map((item) => {
          const others = neighbours.get(item) ?? [];
          return [item, others.reduce((sum, other) => sum + place[other], 0) / others.length || place[item]];
        }),
      );
      column.sort((a, b) => middle.get(a) - middle.get(b));
      number(column);
    }
  }
}

const tall = (column, sizes) => column.reduce((sum, place) => sum + sizes[place][1] + GAP.between, -GAP.between);

function curve(from, fromSize, to, toSize) {
  const [x1, y1] = [from[0] + fromSize[0] / 2, from[1]];
  const [x2, y2] = [to[0] - toSize[0] / 2, to[1]];
  const bend = Math.max(30, (x2 - x1) / 2);
  return `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
}
