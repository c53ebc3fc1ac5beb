import { expect, test } from "bun:test";
import { systemClock } from "../../src/edge/clock.ts";
import { SandboxPool } from "../../src/sandbox/pool.ts";
import type { SandboxResult } from "../../src/sandbox/sandbox.ts";
import { openSandboxWorker } from "../../src/worker-threads.ts";

const MIB = 1_048_576;
const limits = { timeoutMs: 50, memoryBytesMax: 16 * MIB, outputCharsMax: 100_000, workersMax: 1 };
const pool = new SandboxPool(systemClock, limits, openSandboxWorker);
/** Filling the memory may take longer than 50 ms while other programs use the machine. */
const patientPool = new SandboxPool(systemClock, { ...limits, timeoutMs: 5000 }, openSandboxWorker);

function run(code: string, argument: unknown = { a: 1 }, seed = 7, on = pool): Promise<SandboxResult> {
  const call = { code, argument: JSON.stringify(argument), variables: { key: "secret" }, now: 1_700_000_000_000, seed };
  return on.run(1, () => call);
}

/** Returns the value that the code returned, or the whole result if it failed. */
async function returned(code: string, argument?: unknown): Promise<unknown> {
  const result = await run(code, argument);
  return result.kind === "returned" && result.json !== null ? JSON.parse(result.json) : result;
}

test("code gets its argument and its variables, and may be asynchronous", async () => {
  const code = "const handler = async (input) => { await null; return { ...input, key: variables.key }; };";
  expect(await returned(code, { a: 1 })).toEqual({ a: 1, key: "secret" });
});

test("a failure shows the line and the column", async () => {
  expect(await run("function handler(w) {\n\n  w.x.y.z = 1;\n}")).toMatchObject({
    ...{ kind: "failed", cause: "exception", line: 3, column: 6 },
    message: "TypeError: cannot read property 'y' of undefined",
  });
  expect(await run("function handler() {\n  let a = ;\n}")).toMatchObject({ line: 2, column: 11 });
});

test("a call runs the function that it names as its entry", async () => {
  const code = "function handler() { return 1; }\nfunction downgrade(input) { return input.a + 1; }";
  const call = { code, entry: "downgrade", argument: '{"a":1}', variables: {}, now: 0, seed: 0 };
  expect(await pool.run(1, () => call)).toMatchObject({ kind: "returned", json: "2" });
  const without = { ...call, code: "function handler() {}" };
  expect(await pool.run(1, () => without)).toMatchObject({
    message: "The code must define a function `downgrade`.",
  });
});

test("code without a function `handler` fails", async () => {
  expect(await run("const other = 1;")).toMatchObject({ message: "The code must define a function `handler`." });
});

/** Code that does not end by itself, or only after a very long time. */
const ENDLESS: Readonly<Record<string, string>> = {
  "a loop": "for (;;);",
  "a loop at the top level": "1; } for (;;); {",
  "a loop in an asynchronous function": "return (async () => { for (;;); })();",
  "promises without end": "return (function next() { return Promise.resolve().then(next); })();",
  "awaiting without end": "return (async () => { for (;;) await null; })();",
  "a loop that catches everything": "(function again() { try { for (;;); } finally { again(); } })();",
  "a getter of the result": "return { get a() { for (;;); } };",
  "toJSON of the result": "return { toJSON() { for (;;); } };",
  "a proxy as the result": "return new Proxy({}, { ownKeys() { for (;;); } });",
  "a proxy as the exception": "throw new Proxy({}, { get() { for (;;); } });",
  "a thenable": "return (async () => ({ then() { for (;;); } }))();",
  "a regular expression that backtracks": "return /(a+)+$/.test('a'.repeat(40) + 'b');",
  "a function of arrays": "return new Array(2 ** 32 - 1).join();",
  "a search in an object that claims to be long": "return [].indexOf.call({ length: 2 ** 53 - 1 }, 1);",
  "a search in a text": "const s = 'a'.repeat(4e6); return s.indexOf('a'.repeat(2e6) + 'b');",
  "arithmetic with big integers": "for (let x = 3n; ; ) x = x * x + 1n;",
  "a result that doubles at each level": "let a = 1; for (let i = 0; i < 60; i++) a = [a, a]; return a;",
  "the work of eval": "eval('for (;;);');",
  "the work of Function": "new Function('for (;;);')();",
};

for (const [what, body] of Object.entries(ENDLESS)) {
  test(`code that runs without end fails with a timeout: ${what}`, async () => {
    expect(await run(`function handler() { ${body} }`)).toMatchObject({ kind: "failed", cause: "timeout" });
    expect(await returned("function handler() { return 'next'; }")).toBe("next");
  });
}

/** Code that needs more memory than it may have. */
const LARGE: Readonly<Record<string, string>> = {
  "an array": "const all = []; for (;;) all.push(new Uint8Array(1e6));",
  "small objects": "const all = []; for (;;) all.push({ a: 1, b: [] });",
  "one buffer": "return new ArrayBuffer(1e9).byteLength;",
  "a repeated text": "return 'x'.repeat(5e8);",
};

for (const [what, body] of Object.entries(LARGE)) {
  test(`code that uses too much memory fails: ${what}`, async () => {
    expect(await run(`function handler() { ${body} }`, {}, 7, patientPool)).toMatchObject({
      kind: "failed",
      cause: "memory",
    });
  });
}

/** Code that nests too deeply. */
const DEEP: Readonly<Record<string, string>> = {
  recursion: "return handler() + 1;",
  "recursion through a built-in function": "return (function f() { return [1].map(f); })();",
  "a nested JSON text": "return JSON.parse('['.repeat(1e5));",
  "nested source code": "return eval('('.repeat(1e5));",
};

for (const [what, body] of Object.entries(DEEP)) {
  test(`code that nests too deeply fails, and the next call runs: ${what}`, async () => {
    const result = await run(`function handler() { ${body} }`);
    expect(result).toMatchObject({ kind: "failed", message: "InternalError: stack overflow" });
    expect(await returned("function handler() { return 'next'; }")).toBe("next");
  });
}

test("a call may use about as much memory as the limit says", async () => {
  const count =
    "function handler() { let n = 0; const all = []; try { for (;;) { all.push(new Uint8Array(1e5)); n++; } } catch {} return n; }";
  const megabytes = Number(await returned(count)) / 10;
  expect(megabytes).toBeGreaterThan(14);
  expect(megabytes).toBeLessThan(20);
});

test("a promise that never settles fails at once", async () => {
  const result = await run("function handler() { return new Promise(() => {}); }");
  expect(result).toMatchObject({ cause: "exception", message: "The promise of `handler` never settles." });
});

test("a result that is too long fails", async () => {
  expect(await run("function handler() { return 'x'.repeat(200000); }")).toMatchObject({ cause: "output" });
});

test("a result that JSON cannot represent is recognised", async () => {
  expect(await run("function handler() { return () => 1; }")).toMatchObject({ kind: "returned", json: null });
  expect(await run("function handler() { return 1n; }")).toMatchObject({ kind: "failed", cause: "exception" });
  const circular = "function handler() { const a = {}; a.a = a; return a; }";
  expect(await run(circular)).toMatchObject({ kind: "failed", message: "TypeError: circular reference" });
});

test("a call in which code throws anything fails with an error", async () => {
  for (const [thrown, message] of [
    ["'text'", "text"],
    ["null", "null"],
    ["undefined", "undefined"],
    ["Symbol('s')", "a symbol"],
    ["{}", "The code threw an object."],
    ["{ get message() { throw 1; } }", "The code threw an object."],
    ["function f() {}", "function f() {}"],
  ] as const) {
    expect(await run(`function handler() { throw ${thrown}; }`)).toMatchObject({ cause: "exception", message });
  }
});

test("code of a transformation sees nothing of the machine", async () => {
  const names = [
    "fetch",
    "setTimeout",
    "require",
    "process",
    "Bun",
    "WebAssembly",
    "Worker",
    "performance",
    "navigator",
  ];
  const types = `function handler() { return [${names.map((name) => `typeof ${name}`).join()}]; }`;
  expect(await returned(types)).toEqual(names.map(() => "undefined"));
  expect(await run("function handler() { return import('node:fs'); }")).toMatchObject({ cause: "exception" });
  expect(await run("function handler() { return import('./code.js'); }")).toMatchObject({ cause: "exception" });
});

test("the clock stands still at the given time, in UTC", async () => {
  const code =
    "function handler() { return [Date.now(), new Date().toString(), Date(), new Date(2020, 5, 1).getTime()]; }";
  expect(await returned(code)).toEqual([
    1_700_000_000_000,
    "Tue Nov 14 2023 22:13:20 GMT+0000",
    "Tue Nov 14 2023 22:13:20 GMT+0000",
    Date.UTC(2020, 5, 1),
  ]);
});

test("random numbers depend only on the seed", async () => {
  const code = "function handler() { return [Math.random(), Math.random()]; }";
  const [one, same, other] = [await run(code, {}, 1), await run(code, {}, 1), await run(code, {}, 2)];
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
});

test("one call of a transformation sees nothing of another", async () => {
  const spoil = `
    globalThis.left = 1; variables.key = "changed"; Object.prototype.left = 1; JSON.parse = () => "spoiled";
    Array.prototype.push = () => { throw 1; };
    function handler() { return "spoiled"; }`;
  expect(await returned(spoil)).toBe("spoiled");
  const look = "function handler(input) { return [typeof left, variables.key, input, [].push(1)]; }";
  expect(await returned(look, { a: 1 })).toEqual(["undefined", "secret", { a: 1 }, 1]);
});

test("code that replaces globals does not break the functions around it", async () => {
  const code = `
    JSON.stringify = () => { throw 1; }; JSON.parse = JSON.stringify; Array.prototype.map = JSON.stringify;
    Promise.prototype.then = JSON.stringify; String.prototype.slice = JSON.stringify;
    function handler(input) { console.log("a", input); return input; }`;
  expect(await run(code, { a: 1 })).toMatchObject({ kind: "returned", json: '{"a":1}' });
});

test("what the code prints is kept, up to a limit", async () => {
  const few = await run(
    'function handler() { console.log("a", { b: 1 }, 2n); console.error("c"); throw new Error("x"); }',
  );
  expect(few).toMatchObject({ kind: "failed", logs: ['a {"b":1} 2', "c"] });
  const many = await run(
    'function handler() { for (let i = 0; i < 1e4; i++) console.log("x".repeat(1000)); return 1; }',
  );
  expect(many.logs.join("").length).toBe(65_536);
});

test("code that takes the place of the list of printed lines does not get around its limit", async () => {
  const taking = `let taken = null;
    Object.defineProperty(Array.prototype, "0", { set() { taken = this; }, configurable: true });
    console.log("printed");
    delete Array.prototype[0];`;
  const code = `${taking} function handler() { taken[0] = "x".repeat(1e6); return 1; }`;
  expect(await run(code)).toMatchObject({ kind: "failed", logs: ["printed"] });
});

test("a printed line with a NUL is kept whole", async () => {
  expect((await run('function handler() { console.log("a\\0b"); return 1; }')).logs).toEqual(["a\0b"]);
});

test("a thrown value without a text has a message", async () => {
  for (const thrown of ["''", "new Proxy(function () {}, { get() { throw 1; } })"]) {
    const result = await run(`function handler() { throw ${thrown}; }`);
    expect(result).toMatchObject({ kind: "failed", message: "The code threw a value without a text." });
  }
});

test("memory stays flat over 10,000 calls, broken ones among them", async () => {
  const codes = [
    ...Array.from({ length: 199 }, () => "function handler(input) { return { ...input, b: [1, 2, 3] }; }"),
    "function handler() { return JSON.parse('['.repeat(1e5)); }",
  ];
  const calls = async (count: number) => {
    for (let index = 0; index < count; index++) await run(codes[index % codes.length]!, { text: "x".repeat(1000) });
  };
  await calls(2_000);
  const before = process.memoryUsage().rss;
  await calls(10_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
}, 60_000);
