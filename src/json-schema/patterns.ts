import { linearPattern, type Pattern } from "./pattern/linear.ts";
import { UnsupportedPattern } from "./pattern/parse.ts";

/** The pattern is invalid or not supported. */
export class UnusablePattern extends Error {
  override readonly name = "UnusablePattern";
}

/** The patterns of one schema. Each pattern is compiled once, and their total size is limited. */
export class Patterns {
  readonly #known = new Map<string, Pattern>();
  /** Total number of instructions of all patterns. */
  instructions = 0;

  constructor(private readonly instructionsMax: number) {}

  /** Returns the compiled pattern. Throws `UnusablePattern`. */
  of(source: string): Pattern {
    const known = this.#known.get(source);
    if (known !== undefined) return known;
    const pattern = compile(source);
    this.instructions += pattern.instructions;
    if (this.instructions > this.instructionsMax) {
      throw new UnusablePattern("The patterns of the schema are too long in total.");
    }
    this.#known.set(source, pattern);
    return pattern;
  }
}

function compile(source: string): Pattern {
  try {
    return linearPattern(source);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UnsupportedPattern) throw new UnusablePattern(error.message);
    throw error;
  }
}
