import { afterAll, expect, test } from "bun:test";
import type { FunctionMessage } from "../../src/core/function-message.ts";
import { IdCodec } from "../../src/core/id.ts";
import type { PayloadVersion } from "../../src/core/resources/payload-version.ts";
import { systemClock } from "../../src/edge/clock.ts";
import type { Answer, OutgoingRequest } from "../../src/ports.ts";
import { SandboxPool } from "../../src/sandbox/pool.ts";
import { Targets } from "../../src/targets/index.ts";
import type { TargetMessage } from "../../src/targets/target.ts";
import { openSandboxWorker } from "../../src/worker-threads.ts";

const limits = { timeoutMs: 500, memoryBytesMax: 16 * 1_048_576, outputCharsMax: 100_000, workersMax: 2 };
const sandbox = new SandboxPool(systemClock, limits, openSandboxWorker);
afterAll(() => sandbox.stop());

const MESSAGE: TargetMessage = {
  ...{ seq: 5, payload: Buffer.from('{"n":1.0,"name":"Ada"}'), contentType: null, headers: { "X-A": "1" } },
  ...{ received: null, eventType: "user.created", eventId: "e1", channels: ["eu"], acceptedAt: 1_700_000_000_000 },
};
const NO_VERSIONS: readonly PayloadVersion[] = [];
const OK: Answer = { kind: "response", status: 200, retryAfter: null, body: Buffer.from('{"ok":true}'), note: null };

/** An application with a function, and what the function does to the outside. */
class World {
  readonly requests: OutgoingRequest[] = [];
  readonly sent: FunctionMessage[] = [];
  respond: (request: OutgoingRequest, signal: AbortSignal) => Promise<Answer> = async () => OK;
  readonly #targets = new Targets({
    ports: {
      clock: { ...systemClock, now: () => 1_700_000_000_000 },
      resolver: { resolve: async () => ["93.184.216.34"] },
      transport: {
        send: (request, signal) => {
          this.requests.push(request);
          return this.respond(request, signal);
        },
      },
      sandbox,
      functionSender: async (message) => {
        this.sent.push(message);
        return message.json.includes("refuse")
          ? { problem: "The event type is not valid." }
          : { id: `msg_${message.index}` };
      },
    },
    policy: {
      ...{ allowSubnets: [], deliveryTimeoutMs: 15_000, maxBodyBytes: 100, maxResponseStoredBytes: 1_000 },
      ...{ signatureHeaders: "webhook", userAgent: "Boathook/test", inbox: () => null },
    },
    ids: new IdCodec([1, 2, 3, 4]),
  });

  deliver(
    code: string,
    { applicationSeq = 9, signal = new AbortController().signal, attempts = 0, versions = NO_VERSIONS } = {},
  ) {
    const endpoint = { url: "function:", headers: {}, timeoutMs: null, applicationSeq };
    const target = this.#targets.prepare(
      { ...endpoint, function: { code, secrets: { KEY: "s3cret-value" } } },
      [],
      versions,
    );
    return target.deliver(MESSAGE, signal, { seq: 77, attempts });
  }

  /** Returns what a function returned, or its answer if it failed. */
  async result(code: string): Promise<unknown> {
    const answer = await this.deliver(code);
    return answer.kind === "response" ? JSON.parse(Buffer.from(answer.body).toString()) : answer;
  }
}

test("a function gets the message, the number of the attempt and its secrets", async () => {
  const code = "function handler(event, ctx) { return [event, ctx.attempt, ctx.secrets.KEY.length]; }";
  const [event, ...rest] = (await new World().result(code)) as [{ id: string }];
  expect(event).toEqual({
    ...{ id: expect.stringMatching(/^msg_/), eventType: "user.created", eventId: "e1", channels: ["eu"] },
    ...{ timestamp: "2023-11-14T22:13:20.000Z", payload: { n: 1, name: "Ada" }, headers: { "X-A": "1" } },
  });
  expect(rest as unknown[]).toEqual([1, 12]);
});

test("the messages of a function belong to its delivery in an environment with payload versions too", async () => {
  const world = new World();
  const version: PayloadVersion = {
    ...{ seq: 1, environmentSeq: 1, version: "1", description: "", eventTypes: null, downgrade: null },
    ...{ deprecatedAt: null, sunsetAt: null, deletedSeq: null, createdAt: 0, updatedAt: 0 },
  };
  const code = `async function handler(event, ctx) { await ctx.send({ eventType: "a", payload: {} }); return ctx.attempt; }`;
  const answer = await world.deliver(code, { attempts: 2, versions: [version] });
  expect([answer.kind, world.sent.map(({ deliverySeq }) => deliverySeq)]).toEqual(["response", [77]]);
});

test("a function fetches, and its response is the result", async () => {
  const world = new World();
  const code = `async function handler(event, ctx) {
    const options = { method: "post", headers: { authorization: "Bearer " + ctx.secrets.KEY }, body: JSON.stringify(event.payload) };
    const response = await ctx.fetch("https://api.example/users", options);
    ctx.log("status", response.status, { ok: response.ok });
    return { ...(await response.json()), type: response.headers.get("X-None") };
  }`;
  const answer = await world.deliver(code);
  expect(answer).toMatchObject({ kind: "response", status: 200, transformation: { logs: ['status 200 {"ok":true}'] } });
  expect(world.requests).toHaveLength(1);
  const { method, body, headers, addresses } = world.requests[0]!;
  expect([method, Buffer.from(body).toString(), addresses]).toEqual([
    "POST",
    '{"n":1,"name":"Ada"}',
    ["93.184.216.34"],
  ]);
  expect(headers).toContainEqual(["authorization", "Bearer s3cret-value"]);
});

test("the code runs once for people who read the logs, however often it waits", async () => {
  const code = `async function handler(event, ctx) {
    for (let i = 0; i < 5; i++) { ctx.log(i, Math.random()); await ctx.fetch("https://api.example/" + i); }
  }`;
  const world = new World();
  const answer = await world.deliver(code);
  if (!("transformation" in answer)) throw new Error(JSON.stringify(answer));
  expect(answer.transformation?.logs).toHaveLength(5);
  expect(world.requests.map(({ url }) => url.pathname)).toEqual(["/0", "/1", "/2", "/3", "/4"]);
});

test("replies arrive in the order of the responses", async () => {
  const world = new World();
  const releases: (() => void)[] = [];
  const { promise: allAsked, resolve: asked } = Promise.withResolvers<void>();
  world.respond = (request) =>
    new Promise((resolve) => {
      releases.unshift(() => resolve({ ...OK, body: Buffer.from(request.url.pathname) } as Answer));
      if (releases.length === 3) asked();
    });
  const code = `async function handler(event, ctx) {
    const order = [];
    await Promise.all(["a", "b", "c"].map(async (name) => order.push(await (await ctx.fetch("https://x.example/" + name)).text())));
    return order;
  }`;
  const result = world.result(code);
  await allAsked;
  for (const release of releases) release();
  expect(await result).toEqual(["/c", "/b", "/a"]);
});

test("a function is served while 100 functions of another application wait for responses", async () => {
  const world = new World();
  let hanging = 0;
  const { promise: allHang, resolve } = Promise.withResolvers<void>();
  world.respond = (request, signal) => {
    if (request.url.hostname !== "slow.example") return Promise.resolve(OK);
    if (++hanging === 100) resolve();
    return new Promise((done) =>
      signal.addEventListener("abort", () => done({ kind: "failure", reason: "timeout", detail: "late" })),
    );
  };
  const controller = new AbortController();
  const code = 'async function handler(event, ctx) { await ctx.fetch("https://slow.example/"); }';
  const waiting = Array.from({ length: 100 }, () =>
    world.deliver(code, { applicationSeq: 1, signal: controller.signal }),
  );
  await allHang;
  expect(await world.deliver(code, { applicationSeq: 1 })).toMatchObject({ kind: "shortage", resource: "sandbox" });
  expect(
    await world.result('async function handler(e, ctx) { return (await ctx.fetch("https://quick.example/")).status; }'),
  ).toBe(200);
  controller.abort();
  for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ kind: "failure", reason: "timeout" });
});

test("functions that wait keep a limited amount of requests and responses of an application", async () => {
  const world = new World();
  let hanging = 0;
  const { promise: allHang, resolve } = Promise.withResolvers<void>();
  world.respond = (request, signal) => {
    if (request.url.pathname === "/large") return Promise.resolve({ ...OK, body: Buffer.alloc(250_000, "x") });
    if (++hanging === 16) resolve();
    return new Promise((done) =>
      signal.addEventListener("abort", () => done({ kind: "failure", reason: "timeout", detail: "late" })),
    );
  };
  const controller = new AbortController();
  const asking = 'async function handler(event, ctx) { await ctx.fetch("https://a.example/", BODY); }';
  const large = asking.replace("BODY", '{ method: "POST", body: "x".repeat(2_000_000) }');
  const [mine, others] = [1, 2];
  const waiting = Array.from({ length: 16 }, () =>
    world.deliver(large, { applicationSeq: mine, signal: controller.signal }),
  );
  await allHang;
  const refused = { kind: "failure", reason: "function", detail: expect.stringContaining("Try again later") };
  expect(await world.deliver(large, { applicationSeq: mine })).toMatchObject(refused);
  const responses = asking.replace(
    'ctx.fetch("https://a.example/", BODY)',
    'Promise.all(["", "", "", "", "", "", "", ""].map(() => ctx.fetch("https://a.example/large")))',
  );
  expect(await world.deliver(responses, { applicationSeq: mine })).toMatchObject(refused);
  const sending =
    'function handler(event, ctx) { ctx.send({ eventType: "a", payload: { text: "x".repeat(2_000_000) } }); }';
  expect(await world.deliver(sending, { applicationSeq: mine })).toMatchObject(refused);
  expect(await world.deliver(responses, { applicationSeq: others })).toMatchObject({ kind: "response" });
  controller.abort();
  await Promise.all(waiting);
  expect(await world.deliver(responses, { applicationSeq: mine })).toMatchObject({ kind: "response" });
});

test("messages are numbered in the order in which the code sends them", async () => {
  const world = new World();
  const code = `async function handler(event, ctx) {
    const first = await ctx.send({ eventType: "a", payload: {} });
    await Promise.all([ctx.send({ eventType: "b", payload: {} }), ctx.send({ eventType: "c", payload: {} })]);
    ctx.send({ eventType: "d", payload: {} });
    return first;
  }`;
  expect(await world.result(code)).toEqual({ id: "msg_0" });
  expect(world.sent.map(({ index, json }) => [index, JSON.parse(json).eventType])).toEqual([
    [0, "a"],
    [1, "b"],
    [2, "c"],
    [3, "d"],
  ]);
  expect(world.sent[0]).toMatchObject({ applicationSeq: 9, causeSeq: 5, deliverySeq: 77 });
});

test("a function that does not wait for a message that is refused fails", async () => {
  const code = 'function handler(event, ctx) { ctx.send({ eventType: "refuse", payload: {} }); }';
  expect(await new World().deliver(code)).toMatchObject({
    reason: "function",
    detail: "ctx.send: The event type is not valid.",
  });
});

/** Code that fails, and the detail of its failure. */
const FAILURES: ReadonlyArray<[name: string, code: string, detail: string]> = [
  [
    "an exception",
    "async function handler() {\n  await null;\n  x.y();\n}",
    "line 3: ReferenceError: 'x' is not defined",
  ],
  ["an endless loop", "function handler() { for (;;); }", "line 1: timeout in the function that begins here"],
  [
    "an endless loop after a request",
    'async function handler(e, ctx) {\n  await ctx.fetch("https://a.example/");\n  for (;;);\n}',
    "timeout",
  ],
  [
    "a promise that never settles",
    "function handler() { return new Promise(() => {}); }",
    "The promise of `handler` never settles.",
  ],
  [
    "a promise that never settles after a request",
    'async function handler(e, ctx) { await ctx.fetch("https://a.example/"); return new Promise(() => {}); }',
    "The promise of `handler` never settles.",
  ],
  [
    "a request to a metadata address",
    'async function handler(e, ctx) {\n  await ctx.fetch("http://169.254.169.254/latest/meta-data/");\n}',
    "line 2: ctx.fetch: The address 169.254.169.254 is not public. Requests to it are blocked unless allow-subnets contains it.",
  ],
  [
    "a request to a file",
    'const handler = (e, ctx) => ctx.fetch("file:///etc/passwd");',
    "line 1: ctx.fetch: The URL is not valid.",
  ],
  [
    "a header with a line break",
    'const handler = (e, ctx) => ctx.fetch("https://a.example/", { headers: { a: "b\\r\\nc: d" } });',
    "line 1: ctx.fetch: a: Only printable ASCII characters are allowed.",
  ],
  [
    "more than 50 requests",
    'async function handler(e, ctx) {\n  for (;;) await ctx.fetch("https://a.example/");\n}',
    "line 2: ctx.fetch: A function may call this at most 50 times.",
  ],
  [
    "more than 100 messages",
    'async function handler(e, ctx) {\n  for (;;) await ctx.send({ eventType: "a", payload: {} });\n}',
    "line 2: ctx.send: A function may call this at most 100 times.",
  ],
  [
    "a message that is no object",
    'const handler = (e, ctx) => ctx.send("a");',
    "TypeError: The message must be an object with `eventType` and `payload`.",
  ],
  [
    "requests with too much text",
    'async function handler(e, ctx) { for (;;) await ctx.fetch("https://a.example/", { method: "POST", body: "a".repeat(2.2e6) }); }',
    "line 1: ctx.fetch: The arguments of all calls have more than 2097152 characters.",
  ],
];

for (const [name, code, detail] of FAILURES) {
  test(`${name} is a failed attempt with the reason function`, async () => {
    const answer = await new World().deliver(code);
    expect(answer).toMatchObject({ kind: "failure", reason: "function" });
    expect((answer as { detail: string }).detail).toContain(detail);
  });
}

test("a response that is too large is an error in the code", async () => {
  const world = new World();
  world.respond = async ({ responseBytesMax }) => ({ ...OK, body: new Uint8Array(responseBytesMax) }) as Answer;
  expect(await world.deliver('const handler = (e, ctx) => ctx.fetch("https://a.example/");')).toMatchObject({
    detail: "line 1: ctx.fetch: The response has more than 262144 bytes.",
  });
});

test("requests that are under way when the function returns are aborted", async () => {
  const world = new World();
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  world.respond = ({ url }, signal) => {
    if (url.hostname === "quick.example") return Promise.resolve(OK);
    signal.addEventListener("abort", () => resolve());
    return new Promise(() => {});
  };
  const code =
    'const handler = (e, { fetch }) => Promise.race([fetch("https://slow.example/"), fetch("https://quick.example/")]).then((r) => r.status);';
  expect(await world.result(code)).toBe(200);
  await aborted;
});

test("a request that the function does not wait for at all is not made", async () => {
  const world = new World();
  expect(await world.result('function handler(e, ctx) { ctx.fetch("https://a.example/"); return 1; }')).toBe(1);
  expect(world.requests).toEqual([]);
});

test("secrets do not appear in logs, errors and results", async () => {
  const world = new World();
  const logged = await world.deliver("function handler(e, ctx) { ctx.log(ctx.secrets); return ctx.secrets.KEY; }");
  expect(JSON.stringify(logged)).not.toContain("s3cret-value");
  expect(logged).toMatchObject({ transformation: { logs: ['{"KEY":"[secret KEY]"}'] } });
  const thrown = await world.deliver("function handler(e, ctx) { throw new Error(ctx.secrets.KEY); }");
  expect(thrown).toMatchObject({ detail: "line 1: Error: [secret KEY]" });
  const cut = "x".repeat(985);
  const long = await world.deliver(`function handler(e, ctx) { throw new Error("${cut}" + ctx.secrets.KEY); }`);
  expect(long).toMatchObject({ detail: `line 1: Error: ${cut}[secret KEY]…` });
});

test("code that replaces built-in functions cannot get more from the host", async () => {
  const world = new World();
  const code = `
    Array.prototype.push = Object.entries = () => { throw new Error("replaced"); };
    JSON.stringify = () => "{}";
    async function handler(event, ctx) { return (await ctx.fetch("https://a.example/")).status; }`;
  const answer = await world.deliver(code);
  expect(world.requests.map(({ url }) => url.href)).toEqual(["https://a.example/"]);
  expect(answer.kind).not.toBe("shortage");
});
