import { describe, expect, test } from "bun:test";
import { fulfilsSlowly, parseSlowly } from "./reference.ts";
import { checked, messageWith } from "./support.ts";

const CASES = 30_000;

/** A small generator of numbers (mulberry32), so that a failure can be repeated from its seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const NAMES = ["a", "b", "0", "1", "é", "__proto__"];
const NUMBERS =
  "0 -0 1 1.0 1e0 10e-1 2 -1 -1.5 9007199254740992 9007199254740993 9007199254740993.0 0.1 0.10 1e20 100000000000000000000 1e-7".split(
    " ",
  );
const STRINGS = ["", "a", "ab", "abc", "B", "é", "e\\u0301", "😀", "\\uffff", "\\u0061", "1", "a\\nb"];
const EXPRESSIONS = ["a", "^a", "b$", "[a-b]+c?$", "^.$", "(a|b)*c", "", "\\\\d", "^(a?b?)+$"];

/** Writes random payloads and conditions as JSON. They are small, so that they often agree. */
class Writer {
  constructor(private readonly random: (below: number) => number) {}

  #one<T>(list: readonly T[]): T {
    return list[this.random(list.length)]!;
  }

  #list(write: () => string, max: number, min = 0): string[] {
    return Array.from({ length: min + this.random(max - min + 1) }, write);
  }

  #scalar(): string {
    const kind = this.random(8);
    if (kind < 4) return this.#one(NUMBERS);
    return kind < 7 ? `"${this.#one(STRINGS)}"` : this.#one(["null", "true", "false"]);
  }

  value(depth: number): string {
    const kind = depth === 0 ? 0 : this.random(6);
    if (kind < 3) return this.#scalar();
    const inner = () => this.value(depth - 1);
    const space = this.random(4) === 0 ? " \n" : "";
    if (kind === 3) return `[${space}${this.#list(inner, 3).join(`${space},`)}${space}]`;
    return `{${space}${this.#list(() => `"${this.#one(NAMES)}"${space}:${space}${inner()}`, 3).join(`,${space}`)}}`;
  }

  condition(depth: number): string {
    const kind = this.random(6);
    if (depth > 0 && kind < 2) return this.#fields(depth);
    if (depth > 0 && kind === 2) return `{"$not":${this.condition(depth - 1)}}`;
    if (depth > 0 && kind === 3) {
      return `{"${this.#one(["$and", "$or"])}":[${this.#list(() => this.condition(depth - 1), 3, 1)}]}`;
    }
    return kind === 4 ? this.#scalar() : this.#operators();
  }

  #fields(depth: number): string {
    const names = new Set(this.#list(() => this.#list(() => this.#one(NAMES), 2, 1).join("."), 2, 1));
    return `{${[...names].map((name) => `"${name}":${this.condition(depth - 1)}`)}}`;
  }

  #operators(): string {
    const operators = new Map(this.#list(() => this.#one(OPERATORS), 2, 1).map((name) => [name, this.#operand(name)]));
    if (operators.has("$regex") && this.random(2) === 0) operators.set("$options", `"${this.#one(["i", "s", "m"])}"`);
    return `{${[...operators].map(([name, operand]) => `"${name}":${operand}`)}}`;
  }

  #operand(operator: string): string {
    if (operator === "$eq" || operator === "$ne") return this.value(2);
    if (operator.endsWith("in")) return `[${this.#list(() => this.value(1), 3)}]`;
    if (operator === "$exists") return this.#one(["true", "false"]);
    if (operator === "$regex") return `"${this.#one(EXPRESSIONS)}"`;
    if (operator.endsWith("With")) return `"${this.#one(STRINGS)}"`;
    return this.random(2) === 0 ? this.#one(NUMBERS) : `"${this.#one(STRINGS)}"`;
  }
}

const OPERATORS = "$eq $ne $gt $gte $lt $lte $in $nin $exists $startsWith $endsWith $regex".split(" ");

describe("filters and their slow implementation", () => {
  test(`filters and a slow implementation agree on ${CASES} random conditions and payloads`, () => {
    const seed = Number(process.env.FILTER_SEED ?? 20_261_129);
    const writer = new Writer(randomOf(seed));
    let matching = 0;
    for (let i = 0; i < CASES; i++) {
      const [payload, condition] = [writer.value(4), writer.condition(3)];
      const matches = fulfilsSlowly(parseSlowly(payload), parseSlowly(condition));
      const result = checked(`{"payload":${condition}}`, messageWith(payload));
      if (matches) matching++;
      expect({ seed, payload, condition, ...result }).toMatchObject({ matches });
    }
    // Otherwise the conditions or the payloads are not varied enough.
    expect(matching).toBeGreaterThan(CASES / 10);
    expect(matching).toBeLessThan((CASES * 9) / 10);
  });
});
