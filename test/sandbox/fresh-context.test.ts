import { expect, test } from "bun:test";
import { FreshContext } from "../../src/sandbox/fresh-context.ts";
import { Interpreters } from "../../src/sandbox/interpreter.ts";
import { runScript } from "../../src/sandbox/script.ts";

const MIB = 1_048_576;
const LIMITS = { timeoutMs: 5_000, memoryBytesMax: 16 * MIB, outputCharsMax: 1_000_000 };
/** The stack ends and the heap begins above this address. Static data lies far below it. */
const UNUSED_STACK_END = 4 * MIB;

/** Code that leaves many traces in its context, and in the memory of the interpreter. */
const TRACES: Readonly<Record<string, string>> = {
  "global values": "globalThis.left = 'SECRET'; Array.prototype.left = 'SECRET'; Object.freeze(Object.prototype);",
  "replaced functions": "JSON.parse = () => 'SECRET'; Math.random = () => 4; Promise.prototype.then = null;",
  "many objects": "globalThis.list = Array.from({ length: 5_000 }, (_, i) => ({ i, text: 'SECRET' + i }));",
  "memory that was freed": "let text = 'SECRET'.repeat(20_000); text = text.split('E').length;",
  "deep recursion": "(function again(n) { if (n > 0) again(n - 1); })(400);",
  "an exception": "throw new Error('SECRET');",
  "pending promises":
    "void (async () => { await new Promise(() => {}); })(); Promise.resolve().then(() => { left = 1; });",
  "symbols and regular expressions": "Symbol.for('SECRET'); /(S|E)+CRET/.exec('x'.repeat(5_000) + 'SECRET');",
  "printed lines": "for (let i = 0; i < 2_000; i++) console.log('SECRET', i);",
};

async function opened() {
  const interpreter = await new Interpreters(LIMITS.memoryBytesMax).open();
  const fresh = new FreshContext(interpreter, LIMITS);
  const run = (code: string) =>
    runScript(interpreter, fresh, { code, argument: "{}", variables: { key: "SECRET" }, now: 0, seed: 5 }, LIMITS);
  return { interpreter, fresh, run };
}

for (const [what, body] of Object.entries(TRACES)) {
  test(`after a reset, the memory of the interpreter is that before any call (${what})`, async () => {
    const { interpreter, fresh, run } = await opened();
    fresh.reset(5);
    const before = new Uint8Array(interpreter.memory.buffer).slice();
    run(`function handler() { ${body} return Math.random(); }`);
    const used = Buffer.from(interpreter.memory.buffer);
    expect(used.includes("SECRET", UNUSED_STACK_END)).toBe(true);
    fresh.reset(5);
    const after = new Uint8Array(interpreter.memory.buffer);
    expect(Buffer.compare(after.subarray(0, before.length), before)).toBe(0);
    expect(after.subarray(before.length).every((byte) => byte === 0)).toBe(true);
  });
}

test("calls have the same results after other calls as in a new interpreter", async () => {
  const probe =
    "function handler() { return [Math.random(), Object.keys(globalThis), [].left, JSON.stringify(variables)]; }";
  const expected = (await opened()).run(probe);
  const { run } = await opened();
  for (const body of Object.values(TRACES)) {
    run(`function handler() { ${body} }`);
    expect(run(probe)).toEqual(expected);
  }
});
