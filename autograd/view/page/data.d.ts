// What explore.py hands to the page as JSON. JSON has neither inf nor nan: such a number is a string, as Python writes
// it, and `number` in engine.js reads it.

export type Numeral = number | "inf" | "-inf" | "nan";
export type Pair = [number, number];

/** A node of the graph in its JSON form; docs/reference/graph-json.md describes it. */
export type Row = Leaf | Result;

interface Common {
  data: Numeral;
  grad: Numeral;
  label?: string;
  scope?: string;
}

export interface Leaf extends Common {
  op: null;
  constant?: true;
}

export interface Result extends Common {
  op: string;
  operands: number[];
  partials: Numeral[];
}

/** A text in parts, and between them the numbers of the operands whose names belong there. */
export type Parts = (string | number)[];

/** An operation for a number of operands, as its row in ops.py has it. */
export interface Operation {
  /** What a card bears. */
  mark: string;
  /** How it is read aloud. */
  spoken: Parts;
  /** How hard its slope is for people, from 0 to 4. */
  hardness: number;
  /** Whether the mark stands between two operands. */
  infix: boolean;
  builtin: boolean;
  /** Whether the page can compute it again. */
  readable: boolean;
  /** A formula in a line of text. */
  line: Parts;
  /** A call in Python; operands with a sign need parentheses among signs. */
  code: { parts: Parts; signs: boolean };
  /** For each operand the local derivative, where it is a number or the operand at a place, which is a string. */
  slopes: (number | string | null)[] | null;
  /** The textbook's formulas. */
  rule: Rule | null;
  /** What is computed, where that is written otherwise. */
  computed: Rule | null;
}

/** A rule to show: everything is MathML. In general it is that of any number of operands. */
export interface Rule {
  general: boolean;
  operands: string[];
  forward: string;
  partials: string[];
}

/** A room: its items and neighbours are positions of nodes, or -1 - r for the room r. */
export interface Room {
  name: string;
  title: string;
  kind: "graph" | "module" | "layer" | "neuron" | "step" | "steps" | "alike" | "sum" | "parameters" | "block";
  /** -1 for the outermost. */
  parent: number;
  items: number[];
  neighbours: number[];
  /** Between places in items + neighbours. */
  edges: Pair[];
  /** The places of the items that are steps. */
  row: number[];
  /** On a wide stage; -1 where the page is to lay the room out itself. */
  layout: number;
  /** On a narrow one. */
  narrow: number;
}

/** A batch: its first example is in rooms, the others are in none. */
export interface Copies {
  /** The smallest room that all of it is in. */
  room: number;
  /** The nodes that join the examples. */
  gather: number[];
  /** For each example its nodes, -1 where it lacks one; at one place stands what plays one part. */
  members: number[][];
}

/** Where things stand: of the items their centres, of the edges their paths as SVG, and their labels where there is space. */
export interface Layout {
  size: Pair;
  at: Pair[];
  /** Empty where an edge is part of a bundle, or shown only when it is asked for. */
  paths: string[];
  labels: (Pair | null)[];
  plates: Plate[];
  bundles: Bundle[];
}

/** Items in a grid, or steps in a row. */
export interface Plate {
  kind: "grid" | "row";
  /** Places. */
  items: number[];
  /** Left, top, width and height. */
  box: number[];
}

/** Edges drawn as one, from a place or from the plate -1 - from, and so to. */
export interface Bundle {
  from: number;
  to: number;
  path: string;
  label: Pair | null;
  edges: number[];
}

/** What a leaf is for; an empty text for results. */
export type Role = "parameter" | "input" | "constant" | "";

/** A time that a layer is applied; the positions of nodes, a unit each, and the places of other uses: layer and use. */
export interface Use {
  sums: number[];
  /** The activations; the sums themselves where there are none. */
  outputs: number[];
  /** Whose outputs it takes. */
  before: Pair | null;
  /** Which takes all its outputs, and alone does. */
  after: Pair | null;
}

/** A matrix of weights, which are the first or the second of the factors of each dot, and where it is used. */
export interface Layer {
  first: boolean;
  bias: boolean;
  uses: Use[];
}

/** What the page says of the graph first, and of nodes by their positions. */
export interface Story {
  title: string;
  text: string;
  notes: Record<string, string>;
  /** The node at which the page opens, and at which step of it; null when all is known. */
  start?: { node: number; step: "forward" | "backward" | null };
}

export interface Data {
  graph: { format: string; version: number; root: number; nodes: Row[] };
  names: string[];
  /** Leaves that the program has set since the graph was computed, with their numbers. */
  since: Record<string, Numeral>;
  roles: Role[];
  /** By name and number of operands, as in "tanh/1". */
  operations: Record<string, Operation>;
  /** Names of the field for results without a label, such as "mean". */
  known: Record<string, string>;
  /** In the order in which they compute. */
  layers: Layer[];
  story: Story;
  rooms: Room[];
  copies: Copies[];
  layouts: Layout[];
  sizes: { scalar: Pair; room: Pair };
  notes: string[];
}
