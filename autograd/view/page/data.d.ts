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

/** A text in parts: each number stands for the name of the operand at that place. */
export type Parts = (string | number)[];

/** An operation with a given number of operands; its row in ops.py decides these fields. */
export interface Operation {
  /** The symbol on a card. */
  mark: string;
  /** How it is read aloud. */
  spoken: Parts;
  /** How hard its slope is to work out for people, from 0 to 4. */
  hardness: number;
  /** Whether the mark stands between two operands. */
  infix: boolean;
  builtin: boolean;
  /** Whether the page can compute it again. */
  readable: boolean;
  /** The formula in a line of text. */
  line: Parts;
  /** A call in Python. If `signs`, it is written with signs, and operands that begin with a minus need parentheses. */
  code: { parts: Parts; signs: boolean };
  /**
   * For each operand the local derivative, if it is a number or equals an operand (its place as a string); else null.
   */
  slopes: (number | string | null)[] | null;
  /** The textbook's formulas. */
  rule: Rule | null;
  /** The formulas that are computed, if they differ from the textbook's. */
  computed: Rule | null;
}

/** The formulas of a rule as MathML; if `general`, written for any number of operands. */
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
  /** Pairs of places in items + neighbours. */
  edges: Pair[];
  /** The places of the items that are steps. */
  row: number[];
  /** The position in `layouts` for a wide stage; -1 if the page is to lay the room out itself. */
  layout: number;
  /** The same for a narrow stage. */
  narrow: number;
}

/** A batch: of the nodes that correspond, only the first, their stand-in, is in a room. */
export interface Copies {
  /** The smallest room that contains the whole batch. */
  room: number;
  /** The nodes that join the examples. */
  gather: number[];
  /** For each example its nodes; nodes that correspond have the same place in each list, and -1 marks a missing one. */
  members: number[][];
}

/**
 * The layout of a room: the centres of the items, the paths of the edges as SVG, and where their labels go, if they
 * fit.
 */
export interface Layout {
  size: Pair;
  at: Pair[];
  /** An empty path if the edge is part of a bundle, or is drawn only while it stands out. */
  paths: string[];
  labels: (Pair | null)[];
  plates: Plate[];
  bundles: Bundle[];
}

/** Items in a grid, or steps in a row. */
export interface Plate {
  kind: "grid" | "row";
  /** Their places. */
  items: number[];
  /** Left, top, width and height. */
  box: number[];
}

/** Edges drawn as one; an end is a place, or -1 - p for plate p. */
export interface Bundle {
  from: number;
  to: number;
  path: string;
  label: Pair | null;
  edges: number[];
}

/** What a leaf is for; an empty string for results. */
export type Role = "parameter" | "input" | "constant" | "";

/**
 * One application of a layer: the positions of its nodes, one for each unit, and adjoining uses as pairs of layer and
 * use.
 */
export interface Use {
  sums: number[];
  /** The activations; the sums themselves where there are none. */
  outputs: number[];
  /** The use whose outputs it takes. */
  before: Pair | null;
  /** The use that takes all its outputs, if no other node does. */
  after: Pair | null;
}

/**
 * A matrix of weights and its uses; `first` if the weights are the first factors in each dot, rather than the second.
 */
export interface Layer {
  first: boolean;
  bias: boolean;
  uses: Use[];
}

/** The program's texts: about the graph, and about nodes by their positions. */
export interface Story {
  title: string;
  text: string;
  notes: Record<string, string>;
  /** The node at which the page opens, and the step of it; null for the complete graph. */
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
  /** Common names for results without a label, such as "mean". */
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
