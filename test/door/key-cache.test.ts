import { describe, expect, test } from "bun:test";
import { parseSubnet } from "../../src/core/address.ts";
import { KeyCache, maxAgeMs } from "../../src/door/key-cache.ts";
import { KeyUnavailable } from "../../src/door/keys.ts";
import type { Answer, OutgoingRequest, Shortage } from "../../src/ports.ts";
import type { KeyRequest } from "../../src/receive/receiver.ts";

const URL_OF_KEYS = "https://keys.example.com/jwks.json";
const MINUTE = 60_000;

const jwks = (...ids: string[]) => JSON.stringify({ keys: ids.map((kid) => ({ kid, kty: "RSA" })) });

function response(body: string, more: Partial<Extract<Answer, { kind: "response" }>> = {}): Answer {
  return { kind: "response", status: 200, retryAfter: null, body: Buffer.from(body), note: null, ...more };
}

const refused: Answer = { kind: "failure", reason: "connection", detail: "The connection was refused." };

/** A cache with a clock, a network and name servers that the test controls. */
class World {
  now = 0;
  answer: Answer | Shortage = response(jwks("one"));
  addresses: readonly string[] | Shortage = ["93.184.216.34"];
  readonly sent: OutgoingRequest[] = [];
  /** If set, the network waits for it. */
  gate: Promise<void> | null = null;
  readonly timers: (() => void)[] = [];
  readonly cache: KeyCache;

  constructor(allowed: readonly string[] = []) {
    this.cache = new KeyCache({
      clock: {
        steady: () => this.now,
        after: (_ms, task) => {
          this.timers.push(task);
          return () => {};
        },
      },
      transport: {
        send: async (request, signal) => {
          this.sent.push(request);
          const aborted = new Promise<void>((resolve) => {
            if (signal.aborted) resolve();
            signal.addEventListener("abort", () => resolve());
          });
          await Promise.race([this.gate, ...(this.gate === null ? [] : [aborted])]);
          return signal.aborted ? { kind: "failure", reason: "timeout", detail: "No response in time." } : this.answer;
        },
      },
      resolver: { resolve: async () => this.addresses },
      policy: { allowSubnets: allowed.map((text) => parseSubnet(text)!), userAgent: "Boathook/test" },
    });
  }

  fetch(keyId: string | null = "one", more: Partial<KeyRequest> = {}, sourceSeq = 1): Promise<string> {
    return this.cache.fetch({ url: URL_OF_KEYS, kind: "jwks", keyId, ...more }, sourceSeq);
  }

  /** Fetches a certificate that is not cached. */
  certificate(name: string, { host = "keys.example.com", sourceSeq = 1 } = {}): Promise<string> {
    return this.fetch(null, { url: `https://${host}/${name}.pem`, kind: "certificate" }, sourceSeq);
  }

  async isUnavailable(result: Promise<unknown>): Promise<string> {
    const error = await result.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KeyUnavailable);
    return (error as KeyUnavailable).message;
  }
}

describe("the cache of keys", () => {
  test("a document is fetched once for concurrent calls, and not again while it is fresh", async () => {
    const world = new World();
    const texts = await Promise.all([world.fetch(), world.fetch(), world.fetch(null)]);
    world.now = 59 * MINUTE;
    expect([...texts, await world.fetch()]).toEqual(Array(4).fill(jwks("one")));
    expect(world.sent).toHaveLength(1);
    const [request] = world.sent;
    expect(request).toMatchObject({ method: "GET", addresses: ["93.184.216.34"] });
    expect(request!.body).toHaveLength(0);
    expect(request!.url.href).toBe(URL_OF_KEYS);
  });

  test("a document is fetched again when its age has passed", async () => {
    const world = new World();
    world.answer = response(jwks("one"), { cacheControl: "public, max-age=600" });
    await world.fetch();
    world.now = 10 * MINUTE - 1;
    await world.fetch();
    expect(world.sent).toHaveLength(1);
    world.now = 10 * MINUTE;
    world.answer = response(jwks("one", "two"));
    expect(await world.fetch()).toBe(jwks("one", "two"));
    expect(world.sent).toHaveLength(2);
  });

  test.each([
    [null, 60],
    ["max-age=0", 5],
    ["no-store", 5],
    ["public, max-age=19845, must-revalidate", 19845 / 60],
    ["max-age=999999999999", 24 * 60],
    ["max-age=soon", 60],
  ])("Cache-Control %p means %p minutes", (header, minutes) => {
    expect(maxAgeMs(header)).toBe(minutes * MINUTE);
  });

  test("the old document is used while fetching fails, for a week", async () => {
    const world = new World();
    await world.fetch();
    world.answer = refused;
    world.now = 2 * 60 * MINUTE;
    expect(await world.fetch()).toBe(jwks("one"));
    world.now += 7 * 24 * 60 * MINUTE;
    expect(await world.isUnavailable(world.fetch())).toContain("connection was refused");
  });

  test("a failed fetch is not repeated for 30 seconds", async () => {
    const world = new World();
    world.answer = refused;
    for (let i = 0; i < 100; i++) await world.isUnavailable(world.fetch());
    expect(world.sent).toHaveLength(1);
    world.now = 30_000;
    world.answer = response(jwks("one"));
    expect(await world.fetch()).toBe(jwks("one"));
  });

  test("unknown key ids fetch the document again once a minute", async () => {
    const world = new World();
    await world.fetch();
    for (let i = 0; i < 50; i++) expect(await world.fetch(`forged-${i}`)).toBe(jwks("one"));
    expect(world.sent).toHaveLength(1);
    world.now = MINUTE;
    world.answer = response(jwks("one", "two"));
    expect(await world.fetch("two")).toBe(jwks("one", "two"));
    for (let i = 0; i < 50; i++) await world.fetch(`forged-${i}`);
    expect(world.sent).toHaveLength(2);
  });

  test("an unknown key id is unavailable, not unknown, if the document cannot be fetched again", async () => {
    const world = new World();
    await world.fetch();
    world.now = MINUTE;
    world.answer = refused;
    await world.isUnavailable(world.fetch("two"));
    expect(await world.fetch("one")).toBe(jwks("one"));
  });

  test("requests that name many certificates fetch a limited number of them from a host", async () => {
    const world = new World();
    world.answer = response("", { status: 404 });
    for (let i = 0; i < 200; i++) await world.isUnavailable(world.certificate(`${i}`, { sourceSeq: i }));
    expect(world.sent).toHaveLength(20);
    world.answer = response("-----BEGIN CERTIFICATE-----");
    await world.certificate("1", { host: "other.example.com" });
    world.now = 1000;
    await world.certificate("new");
  });

  test("requests to one source do not use up the fetches for another source", async () => {
    const world = new World();
    world.answer = response("", { status: 404 });
    for (let i = 0; i < 200; i++) await world.isUnavailable(world.certificate(`${i}`));
    for (let i = 0; i < 200; i++) await world.isUnavailable(world.certificate("1", { host: `${i}.example.com` }));
    expect(world.sent).toHaveLength(10);
    world.answer = response("-----BEGIN CERTIFICATE-----");
    await world.certificate("new", { sourceSeq: 2 });
    await world.isUnavailable(world.certificate("own"));
    world.now = 5000;
    await world.certificate("own");
  });

  test("documents with other credentials are other documents", async () => {
    const world = new World();
    world.answer = response('{"key":{}}');
    for (const post of ['{"a":1}', '{"a":2}', '{"a":1}']) await world.fetch("one", { post });
    expect(world.sent.map(({ method, body }) => [method, Buffer.from(body).toString()])).toEqual([
      ["POST", '{"a":1}'],
      ["POST", '{"a":2}'],
    ]);
  });
});

describe("a key that cannot be had is unavailable", () => {
  test.each([
    ["a redirect", response("", { status: 302 })],
    ["an error", response(jwks("one"), { status: 500 })],
    ["no content", response("")],
    ["no JSON", response("<html>")],
    ["JSON of another form", response('{"keys":1}')],
    ["null", response("null")],
    ["deeply nested JSON", response("[".repeat(60_000))],
    ["a document that is too large", response(`{"keys":[],"x":"${"x".repeat(64 * 1024)}"}`)],
    ["a shortage of this machine", { kind: "shortage", resource: "open-files", detail: "No files." } as const],
  ])("if the response is %s", async (_what, answer) => {
    const world = new World();
    world.answer = answer;
    await world.isUnavailable(world.fetch());
  });

  test("if the response is no certificate", async () => {
    const world = new World();
    world.answer = response("<html>");
    await world.isUnavailable(world.fetch(null, { kind: "certificate" }));
  });

  test.each([
    ["a private address", ["10.0.0.1"]],
    ["the metadata service", ["169.254.169.254"]],
    ["loopback", ["127.0.0.1", "::1"]],
    ["nothing", []],
  ])("and nothing is sent if the name resolves to %s", async (_what, addresses) => {
    const world = new World();
    world.addresses = addresses;
    await world.isUnavailable(world.fetch());
    expect(world.sent).toEqual([]);
  });

  test.each([
    "http://keys.example.com/",
    "https://127.0.0.1/",
    "https://user@keys.example.com/",
    "file:///etc/passwd",
    "x",
  ])("and nothing is sent if its URL is %s", async (url) => {
    const world = new World();
    await world.isUnavailable(world.fetch("one", { url }));
    expect(world.sent).toEqual([]);
  });

  test("unless allow-subnets contains the private address", async () => {
    const world = new World(["10.0.0.0/8"]);
    world.addresses = ["192.168.0.1", "10.0.0.1"];
    expect(await world.fetch()).toBe(jwks("one"));
    expect(world.sent[0]!.addresses).toEqual(["10.0.0.1"]);
  });

  test("if the response takes too long", async () => {
    const world = new World();
    world.gate = new Promise(() => {});
    const result = world.isUnavailable(world.fetch());
    // The timer is set before the name is resolved.
    for (const task of world.timers) task();
    expect(await result).toContain("No response in time.");
  });
});

describe("the confirmation of a subscription", () => {
  test("is a GET request without a redirect, and needs a 2xx", async () => {
    const world = new World();
    await world.cache.confirm("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=secret", 1);
    expect(world.sent[0]).toMatchObject({ method: "GET" });
    world.answer = response("", { status: 302 });
    const message = await world.isUnavailable(
      world.cache.confirm("https://sns.us-east-1.amazonaws.com/?Token=secret", 1),
    );
    expect(message).not.toContain("secret");
  });
});
