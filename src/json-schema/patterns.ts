import { linearPattern, type Pattern } from "./pattern/linear.ts";
import { UnsupportedPattern } from "./pattern/parse.ts";

/** It is no expression, or one that is not taken. */
export class UnusablePattern extends Error {
  override readonly name = "UnusablePattern";
}

/** The patterns of one schema, each of them once, and all of them together within bounds. */
export class Patterns {
  readonly #known = new Map<string, Pattern>();
  /** Of all of them. */
  instructions = 0;

  constructor(private readonly instructionsMax: number) {}

  /** Throws `UnusablePattern`. */
  of(source: string): Pattern {
    const known = this.#known.get(source);
    if (known !== undefined) return known;
    const pattern = made(source);
    this.instructions += pattern.instructions;
    if (this.instructions > this.instructionsMax) {
      throw new UnusablePattern("The patterns of the schema are too long altogether.");
    }
    this.#known.set(source, pattern);
    return pattern;
  }
}

function made(source: string): Pattern {
  try {
    return linearPattern(source);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UnsupportedPattern) throw new UnusablePattern(error.message);
    throw error;
  }
}
