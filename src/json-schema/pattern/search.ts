/**
 * Searches for a match in time proportional to the length of the text times the length of the
 * program: an instruction that failed at a position is not tried there again. Each try is also
 * charged to the budget, which limits the cost in any case.
 */
import type { Budget } from "../meter.ts";
import type { Instruction, Program } from "./program.ts";

/**
 * Number of tries that are charged at once. A try costs less than a visit of a value by a schema.
 */
const TRIES_PER_CHARGE = 64;
const STEPS_PER_CHARGE = 16;
const STEPS_PER_CHARGE_WITH_SET = 256;
/** Minimum cost of a search. */
const STEPS_MIN = 8;
/**
 * Maximum number of states for which a bit set records the tried states. Beyond that a `Set` is
 * used, which is slower but grows only with the number of tries.
 */
const BITS_MAX = 1 << 20;

const bits = new Uint32Array(BITS_MAX / 32);

/** Returns whether any part of the text matches. Throws `TooCostly`. */
export function isFound(program: Program, text: string, isUnicode: boolean, meter: Budget): boolean {
  return new Search(program, text, isUnicode, meter).isFound();
}

class Search {
  readonly #instructions: readonly Instruction[];
  readonly #places: number;
  readonly #tried: Set<number> | null;
  /** Whether each lookaround matches, by instruction and position. */
  readonly #looks = new Map<number, boolean>();
  #triesLeft = TRIES_PER_CHARGE;

  constructor(
    private readonly program: Program,
    private readonly text: string,
    private readonly isUnicode: boolean,
    private readonly meter: Budget,
  ) {
    this.#instructions = program.instructions;
    this.#places = text.length + 1;
    const size = this.#instructions.length * this.#places;
    this.#tried = size > BITS_MAX ? new Set() : null;
    if (this.#tried === null) bits.fill(0, 0, (size >>> 5) + 1);
  }

  isFound(): boolean {
    const { text, program } = this;
    this.meter.spend(STEPS_MIN);
    for (let at = 0; at <= text.length; at += this.#widthAt(at)) {
      if (this.#matchesFrom(program.start, at, null)) return true;
    }
    return false;
  }

  /**
   * Returns whether the program matches from this instruction and position. Appends the tried
   * states to `log`.
   */
  #matchesFrom(start: number, startAt: number, log: number[] | null): boolean {
    const instructions = this.#instructions;
    const places = this.#places;
    const waiting = [start * places + startAt];
    while (waiting.length > 0) {
      const state = waiting.pop()!;
      if (this.#markTried(state)) continue;
      log?.push(state);
      const at = state % places;
      const instruction = instructions[(state - at) / places]!;
      switch (instruction.op) {
        case "done":
          return true;
        case "either":
          waiting.push(instruction.other * places + at, instruction.next * places + at);
          break;
        case "take": {
          const after = instruction.backwards
            ? this.#consumeBackwards(instruction.accepts, at)
            : this.#consume(instruction.accepts, at);
          if (after >= 0) waiting.push(instruction.next * places + after);
          break;
        }
        case "edge":
          if (this.#isAt(instruction.edge, at)) waiting.push(instruction.next * places + at);
          break;
        case "look":
          if (this.#lookMatches(instruction.start, at) === instruction.wanted)
            waiting.push(instruction.next * places + at);
          break;
      }
    }
    return false;
  }

  /** Marks the state as tried. Returns whether it was tried before. */
  #markTried(state: number): boolean {
    if (--this.#triesLeft === 0) {
      this.#triesLeft = TRIES_PER_CHARGE;
      this.meter.spend(this.#tried === null ? STEPS_PER_CHARGE : STEPS_PER_CHARGE_WITH_SET);
    }
    if (this.#tried !== null) {
      if (this.#tried.has(state)) return true;
      this.#tried.add(state);
      return false;
    }
    const word = state >>> 5;
    const bit = 1 << (state & 31);
    if ((bits[word]! & bit) !== 0) return true;
    bits[word]! |= bit;
    return false;
  }

  /**
   * Returns whether the body of a lookaround matches at a position. After a failure, the tried
   * states stay marked. After a success they are unmarked, because other instructions may have to
   * try them again.
   */
  #lookMatches(start: number, at: number): boolean {
    const key = start * this.#places + at;
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const log: number[] = [];
    const found = this.#matchesFrom(start, at, log);
    if (found) for (const state of log) this.#forget(state);
    this.#looks.set(key, found);
    return found;
  }

  #forget(state: number): void {
    if (this.#tried !== null) this.#tried.delete(state);
    else bits[state >>> 5]! &= ~(1 << (state & 31));
  }

  /** Returns the position after the next character if the test accepts it, otherwise -1. */
  #consume(accepts: (code: number) => boolean, at: number): number {
    const { text } = this;
    if (at >= text.length) return -1;
    const code = this.isUnicode ? text.codePointAt(at)! : text.charCodeAt(at);
    if (!accepts(code)) return -1;
    return at + (code > 0xffff ? 2 : 1);
  }

  #consumeBackwards(accepts: (code: number) => boolean, at: number): number {
    if (at === 0) return -1;
    const isPair = this.isUnicode && at > 1 && this.#widthAt(at - 2) === 2;
    const before = isPair ? at - 2 : at - 1;
    return this.#consume(accepts, before) === at ? before : -1;
  }

  #widthAt(at: number): number {
    return this.isUnicode && (this.text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }

  #isAt(edge: string, at: number): boolean {
    if (edge === "^") return at === 0;
    if (edge === "$") return at === this.text.length;
    const isBoundary = isWord(this.text.charCodeAt(at - 1)) !== isWord(this.text.charCodeAt(at));
    return isBoundary === (edge === "\\b");
  }
}

/**
 * Returns whether the code is that of a word character. The code beyond the end of the text is NaN,
 * for which this returns false.
 */
function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
