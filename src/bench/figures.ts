/** The figures of a bench, and what is computed from them. All functions are pure. */

export const UNITS = ["/s", "µs", "ms", "s", "bytes", "MB", "%", ""] as const;
export type Unit = (typeof UNITS)[number];

/** A measured figure, with one value per round. A value is null if the system does not report it. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly values: readonly (number | null)[];
  /** What the figure is compared with, measured in the same rounds. */
  readonly reference: Reference | null;
  readonly target: Target | null;
}

export interface Reference {
  /** Such as `bare loop` or `one endpoint`. */
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** Bounds of a figure. The target is met if one of them holds. */
export interface Target {
  /** Bounds of the ratio of the figure to its reference. */
  readonly ratioMin?: number;
  readonly ratioMax?: number;
  /** Bound of the figure itself. */
  readonly valueMax?: number;
}

/** The median of the rounds, with the lowest and the highest value. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Returns the spread, or null if a value is not known or there are none. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  if (known.length < values.length || known.length === 0) return null;
  return { median: median(known), min: Math.min(...known), max: Math.max(...known) };
}

/** Returns the median, or NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? NaN;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * Returns the spread of the ratios of a figure to its reference. Both values of a ratio come from
 * the same round, so that drift between rounds cancels out.
 */
export function ratioOf({ values, reference }: Pick<Figure, "values" | "reference">): Spread | null {
  if (reference === null) return null;
  return spreadOf(
    values.map((value, round) => {
      const other = reference.values[round] ?? null;
      return value === null || other === null || other === 0 ? null : value / other;
    }),
  );
}

/** Returns whether the median meets its target; null without a target or without a value. */
export function isMet(figure: Figure): boolean | null {
  const { target } = figure;
  const value = spreadOf(figure.values);
  const ratio = ratioOf(figure);
  if (target === null || value === null) return null;
  const { ratioMin, ratioMax, valueMax } = target;
  if (ratio === null && valueMax === undefined) return null;
  return (
    (ratioMin !== undefined && ratio !== null && ratio.median >= ratioMin) ||
    (ratioMax !== undefined && ratio !== null && ratio.median <= ratioMax) ||
    (valueMax !== undefined && value.median <= valueMax)
  );
}
