/**
 * Looks for a match in time that is proportional to the text and the expression: wherever an instruction has been tried at
 * a place and led nowhere, it is not tried there again. Each try is paid for, so the bound does not rest on that alone.
 */
import type { Payee } from "../meter.ts";
import type { Instruction, Program } from "./program.ts";

/** Tries cost less than the visit of a value by a schema, and are paid for by so many at a time. */
const TRIES_AT_ONCE = 64;
const STEPS_FOR_THEM = 16;
const STEPS_FOR_THEM_IN_SET = 256;
/** Of each search, however short. */
const STEPS_MIN = 8;
/** What has been tried is noted in bits up to here, and in a set beyond: that takes longer, but only as much as is tried. */
const BITS_MAX = 1 << 20;

const bits = new Uint32Array(BITS_MAX / 32);

/** Is there a match anywhere? Throws `TooCostly`. */
export function isFound(program: Program, text: string, isUnicode: boolean, meter: Payee): boolean {
  return new Search(program, text, isUnicode, meter).isFound();
}

class Search {
  readonly #instructions: readonly Instruction[];
  readonly #places: number;
  readonly #tried: Set<number> | null;
  /** Of each look at each place: was what it looks for there? */
  readonly #looks = new Map<number, boolean>();
  #untilPaid = TRIES_AT_ONCE;

  constructor(
    private readonly program: Program,
    private readonly text: string,
    private readonly isUnicode: boolean,
    private readonly meter: Payee,
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
      if (this.#leadsOn(program.start, at, null)) return true;
    }
    return false;
  }

  /** Does it end well, from this instruction at this place? What is tried goes on `log`. */
  #leadsOn(start: number, startAt: number, log: number[] | null): boolean {
    const instructions = this.#instructions;
    const places = this.#places;
    const waiting = [start * places + startAt];
    while (waiting.length > 0) {
      const state = waiting.pop()!;
      if (this.#wasTried(state)) continue;
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
            ? this.#takenBackwards(instruction.accepts, at)
            : this.#taken(instruction.accepts, at);
          if (after >= 0) waiting.push(instruction.next * places + after);
          break;
        }
        case "edge":
          if (this.#isAt(instruction.edge, at)) waiting.push(instruction.next * places + at);
          break;
        case "look":
          if (this.#isThere(instruction.start, at) === instruction.wanted) waiting.push(instruction.next * places + at);
          break;
      }
    }
    return false;
  }

  /** Notes it as well. */
  #wasTried(state: number): boolean {
    if (--this.#untilPaid === 0) {
      this.#untilPaid = TRIES_AT_ONCE;
      this.meter.spend(this.#tried === null ? STEPS_FOR_THEM : STEPS_FOR_THEM_IN_SET);
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

  /** What was tried in vain stays so; what was tried with success must be open to be tried again from elsewhere. */
  #isThere(start: number, at: number): boolean {
    const key = start * this.#places + at;
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const log: number[] = [];
    const found = this.#leadsOn(start, at, log);
    if (found) for (const state of log) this.#forget(state);
    this.#looks.set(key, found);
    return found;
  }

  #forget(state: number): void {
    if (this.#tried !== null) this.#tried.delete(state);
    else bits[state >>> 5]! &= ~(1 << (state & 31));
  }

  /** Where it goes on behind one character; -1: it is not accepted. */
  #taken(accepts: (code: number) => boolean, at: number): number {
    const { text } = this;
    if (at >= text.length) return -1;
    const code = this.isUnicode ? text.codePointAt(at)! : text.charCodeAt(at);
    if (!accepts(code)) return -1;
    return at + (code > 0xffff ? 2 : 1);
  }

  #takenBackwards(accepts: (code: number) => boolean, at: number): number {
    if (at === 0) return -1;
    const isPair = this.isUnicode && at > 1 && this.#widthAt(at - 2) === 2;
    const before = isPair ? at - 2 : at - 1;
    return this.#taken(accepts, before) === at ? before : -1;
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

/** NaN, beyond the text, is none. */
function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
