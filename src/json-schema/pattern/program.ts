/** Trees of expressions as programs: few simple instructions, each of which is at one place and leads on to others. */
import { type Edge, type Tree, UnsupportedPattern } from "./parse.ts";

/** Takes one character and goes on at `next`. */
interface Take {
  readonly op: "take";
  readonly accepts: CharacterTest;
  /** In what a look behind looks for, characters are taken backwards. */
  readonly backwards: boolean;
  readonly next: number;
}

export type Instruction =
  | Take
  | { readonly op: "either"; readonly next: number; readonly other: number }
  | { readonly op: "edge"; readonly edge: Edge; readonly next: number }
  /** `start`: of the part that is looked for, which ends with a `done` of its own. */
  | { readonly op: "look"; readonly start: number; readonly wanted: boolean; readonly next: number }
  | { readonly op: "done" };

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
}

export type CharacterTest = (code: number) => boolean;

/** Repetitions with a count are written out. */
export const instructionsMax = 10_000;

/** Throws `UnsupportedPattern`. */
export function programOf(tree: Tree, flags: string): Program {
  const writer = new Writer(flags);
  const start = writer.written(tree, writer.add({ op: "done" }), false);
  return { instructions: writer.instructions, start };
}

/** Writes from the end to the beginning, so that each instruction knows where it leads. */
class Writer {
  readonly instructions: Instruction[] = [];
  readonly #tests = new Map<string, CharacterTest>();

  constructor(private readonly flags: string) {}

  add(instruction: Instruction): number {
    if (this.instructions.length >= instructionsMax) {
      throw new UnsupportedPattern("Its repetitions are too long; minLength and maxLength have no such limit.");
    }
    return this.instructions.push(instruction) - 1;
  }

  /** Where it begins; behind it, it goes on at `next`. */
  written(tree: Tree, next: number, backwards: boolean): number {
    switch (tree.kind) {
      case "character":
        return this.add({ op: "take", accepts: this.#test(tree.source), backwards, next });
      case "edge":
        return this.add({ op: "edge", edge: tree.edge, next });
      case "look": {
        const start = this.written(tree.body, this.add({ op: "done" }), !tree.ahead);
        return this.add({ op: "look", start, wanted: tree.wanted, next });
      }
      case "sequence": {
        const inOrder = backwards ? tree.parts : tree.parts.toReversed();
        return inOrder.reduce((after, part) => this.written(part, after, backwards), next);
      }
      case "choice":
        return tree.options
          .map((option) => this.written(option, next, backwards))
          .reduceRight((other, option) => this.add({ op: "either", next: option, other }));
      case "repeat":
        return this.#repeated(tree, next, backwards);
    }
  }

  #repeated({ body, min, max }: Tree & { kind: "repeat" }, next: number, backwards: boolean): number {
    let start = max === Number.POSITIVE_INFINITY ? this.#loop(body, next, backwards) : next;
    if (max !== Number.POSITIVE_INFINITY) {
      for (let i = min; i < max; i++)
        start = this.add({ op: "either", next: this.written(body, start, backwards), other: next });
    }
    for (let i = 0; i < min; i++) start = this.#counted(body, start, backwards);
    return start;
  }

  /** Also what writes nothing counts, so that a repetition of it ends. */
  #counted(body: Tree, next: number, backwards: boolean): number {
    return this.written(body, this.add({ op: "either", next, other: next }), backwards);
  }

  #loop(body: Tree, next: number, backwards: boolean): number {
    const loop = this.add({ op: "done" });
    this.instructions[loop] = { op: "either", next: this.written(body, loop, backwards), other: next };
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

/** Asks `RegExp`, and remembers what it said of ASCII. It is made when it is first needed: a pattern may have thousands. */
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
