// The module that explore.py makes: the rules of the graph's operations on floats, by name and number of operands, as
// in "tanh/1"; null where a rule cannot be read with symbols.

export interface Computed {
  forward: (x: number[]) => number;
  partials: (x: number[], out: number) => number[];
}

export const operations: Record<string, Computed | null>;
