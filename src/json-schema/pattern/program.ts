/**
 * Compiles expression trees to programs. A program is an array of a few kinds of simple
 * instructions, which refer to each other by index.
 */
import { type Edge, type Tree, UnsupportedPattern } from "./parse.ts";

/** Consumes one character and continues at `next`. */
interface Take {
  readonly op: "take";
  readonly accepts: CharacterTest;
  /** Whether the character before the position is consumed, as in lookbehinds. */
  readonly backwards: boolean;
  readonly next: number;
}

export type Instruction =
  | Take
  | { readonly op: "either"; readonly next: number; readonly other: number }
  | { readonly op: "edge"; readonly edge: Edge; readonly next: number }
  /** `start` is the first instruction of the lookaround's body, which ends with its own `done`. */
  | { readonly op: "look"; readonly start: number; readonly wanted: boolean; readonly next: number }
  | { readonly op: "done" };

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
}

export type CharacterTest = (code: number) => boolean;

/**
 * Maximum length of a program. Counted repetitions are unrolled, so they can make a program long.
 */
export const instructionsMax = 10_000;

/** Compiles a tree. Throws `UnsupportedPattern` if the program is too long. */
export function programOf(tree: Tree, flags: string): Program {
  const writer = new Writer(flags);
  const start = writer.write(tree, writer.add({ op: "done" }), false);
  return { instructions: writer.instructions, start };
}

/** Writes instructions from last to first, so that each one knows the index of its successor. */
class Writer {
  readonly instructions: Instruction[] = [];
  readonly #tests = new Map<string, CharacterTest>();

  constructor(private readonly flags: string) {}

  add(instruction: Instruction): number {
    if (this.instructions.length >= instructionsMax) {
      throw new UnsupportedPattern(
        "The pattern repeats too many times. To limit the length of a string, use minLength and maxLength instead.",
      );
    }
    return this.instructions.push(instruction) - 1;
  }

  /** Writes the instructions for a tree, followed by `next`. Returns the index of the first one. */
  write(tree: Tree, next: number, backwards: boolean): number {
    switch (tree.kind) {
      case "character":
        return this.add({ op: "take", accepts: this.#test(tree.source), backwards, next });
      case "edge":
        return this.add({ op: "edge", edge: tree.edge, next });
      case "look": {
        const start = this.write(tree.body, this.add({ op: "done" }), !tree.ahead);
        return this.add({ op: "look", start, wanted: tree.wanted, next });
      }
      case "sequence": {
        const inOrder = backwards ? tree.parts : tree.parts.toReversed();
        return inOrder.reduce((after, part) => this.write(part, after, backwards), next);
      }
      case "choice":
        return tree.options
          .map((option) => this.write(option, next, backwards))
          .reduceRight((other, option) => this.add({ op: "either", next: option, other }));
      case "repeat":
        return this.#writeRepeat(tree, next, backwards);
    }
  }

  #writeRepeat({ body, min, max }: Tree & { kind: "repeat" }, next: number, backwards: boolean): number {
    let start = max === Number.POSITIVE_INFINITY ? this.#writeLoop(body, next, backwards) : next;
    if (max !== Number.POSITIVE_INFINITY) {
      for (let i = min; i < max; i++)
        start = this.add({ op: "either", next: this.write(body, start, backwards), other: next });
    }
    for (let i = 0; i < min; i++) start = this.#writeCounted(body, start, backwards);
    return start;
  }

  /**
   * Writes an instruction even for an empty body, so that its repetition counts towards the limit.
   */
  #writeCounted(body: Tree, next: number, backwards: boolean): number {
    return this.write(body, this.add({ op: "either", next, other: next }), backwards);
  }

  #writeLoop(body: Tree, next: number, backwards: boolean): number {
    const loop = this.add({ op: "done" });
    this.instructions[loop] = { op: "either", next: this.write(body, loop, backwards), other: next };
    return loop;
  }

  #test(source: string): CharacterTest {
    let test = this.#tests.get(source);
    if (test === undefined) {
      test = characterTest(source, this.flags);
      this.#tests.set(source, test);
    }
    return test;
  }
}

const ASCII = 128;
const isLiteral = /^[^\\[.]$/u;

/**
 * Returns a test for one character. It calls `RegExp` and caches the results for ASCII characters.
 * The `RegExp` is created on first use, because a pattern may have thousands of terms.
 */
function characterTest(source: string, flags: string): CharacterTest {
  if (isLiteral.test(source) && !flags.includes("i")) {
    const wanted = source.codePointAt(0);
    return (code) => code === wanted;
  }
  let expression: RegExp | null = null;
  const known: (boolean | undefined)[] = [];
  const ask = (code: number): boolean => {
    expression ??= new RegExp(`^(?:${source})$`, flags);
    return expression.test(String.fromCodePoint(code));
  };
  return (code) => {
    if (code >= ASCII) return ask(code);
    known[code] ??= ask(code);
    return known[code];
  };
}
