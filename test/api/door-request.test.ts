import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Source } from "../../src/store/index.ts";
import { DoorWorld } from "../support/door-world.ts";
import { connectRaw, exchangeRaw } from "../support/raw-request.ts";
import { postStripe, STRIPE_SECRET } from "../support/stripe.ts";

const MAX_BODY = 64 * 1024;

let world: DoorWorld;
beforeAll(async () => {
  world = await DoorWorld.open({ maxBodyBytes: MAX_BODY });
});
afterAll(() => world[Symbol.asyncDispose]());

const stripe = (fields: Partial<Source> = {}) =>
  world.source({ type: "stripe", config: { secret: STRIPE_SECRET }, ...fields });
const generic = (fields: Partial<Source> = {}) =>
  world.source({ type: "generic-webhook", deduplicate: null, ...fields });

describe("a Content-Length that is sent twice", () => {
  const twice = (path: string, bytes: number, more = "") =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}${`Content-Length: ${bytes}\r\n`.repeat(2)}\r\n${"a".repeat(bytes)}`;

  test("a body above the limit gets 413 and is not stored", async () => {
    const source = await generic();
    const { status } = await exchangeRaw(world.url, twice(source.path, 2 * MAX_BODY));
    expect([status, await world.messages(source)]).toEqual([413, []]);
  });

  test("a body within the limit is stored byte for byte", async () => {
    const source = await generic();
    const { status } = await exchangeRaw(world.url, twice(source.path, MAX_BODY));
    const [message] = await world.messages(source);
    expect([status, message?.payload?.length]).toEqual([200, MAX_BODY]);
  });
});

describe("the method", () => {
  test("a method that the provider never uses gets 405 with the allowed ones, before the body is read", async () => {
    const source = await stripe();
    const response = await exchangeRaw(
      world.url,
      `PUT ${source.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n`,
    );
    expect([response.status, response.headers.get("allow"), JSON.parse(response.body).code]).toEqual([
      405,
      "POST",
      "method_not_allowed",
    ]);
    expect(await world.log(source)).toMatchObject([{ status: 405, cause: "method_not_allowed", method: "PUT" }]);
  });

  test("OPTIONS is not a CORS preflight request", async () => {
    const source = await stripe();
    const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
    const response = await fetch(source.url, { method: "OPTIONS", headers });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([405, null]);
  });

  test.each(["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "PROPFIND", "TRACE", "CONNECT"])(
    "a generic source stores a %s request",
    async (method) => {
      const source = await generic();
      const { status } = await exchangeRaw(world.url, `${method} ${source.path}/x HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(status).toBe(200);
      expect(await world.messages(source)).toMatchObject([{ received: { method, path: "/x" } }]);
    },
  );

  test("a generic source stores a HEAD request and responds without a body", async () => {
    const source = await generic({ answer: { status: 200, headers: {}, body: "text" } });
    const response = await fetch(source.url, { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(await world.messages(source)).toMatchObject([{ received: { method: "HEAD" } }]);
  });

  test.each([
    ["GET", "Content-Length: 2\r\n\r\nhi"],
    ["GET", "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"],
    ["TRACE", "Content-Length: 2\r\n\r\nhi"],
  ])("a %s request with a body is refused, because the body cannot be read", async (method, rest) => {
    const source = await generic();
    expect(await exchangeRaw(world.url, `${method} ${source.path} HTTP/1.1\r\nHost: x\r\n${rest}`)).toMatchObject({
      status: 400,
    });
    expect(await world.messages(source)).toEqual([]);
  });

  test("a GET request with a body of length 0 is stored", async () => {
    const source = await generic();
    const request = `GET ${source.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;
    expect(await exchangeRaw(world.url, request)).toMatchObject({ status: 200 });
  });
});

describe("the size of the body", () => {
  test("a body above the limit gets 413 and stands in the log", async () => {
    const source = await generic();
    expect((await fetch(source.url, { method: "POST", body: new Uint8Array(MAX_BODY) })).status).toBe(200);
    const response = await fetch(source.url, { method: "POST", body: new Uint8Array(MAX_BODY + 1) });
    expect([response.status, (await response.json()) as unknown]).toMatchObject([413, { code: "payload_too_large" }]);
    expect(await world.log(source)).toMatchObject([{ status: 413, cause: "payload_too_large" }]);
    expect(await world.messages(source)).toHaveLength(1);
  });

  test("a body in chunks gets 413 as soon as it exceeds the limit, although it has not ended", async () => {
    const source = await generic();
    using connection = await connectRaw(world.url);
    connection.write(`POST ${source.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let sent = 0; sent <= MAX_BODY; sent += 16_384) connection.write(`4000\r\n${"a".repeat(16_384)}\r\n`);
    expect(await connection.answer()).toMatchObject({ status: 413 });
    expect(await world.messages(source)).toEqual([]);
  });
});

describe("unknown tokens", () => {
  test.each(["/in/", "/in/x", `/in/${"a".repeat(32)}`, `/in/${"a".repeat(5000)}`, "/in/%00", "/in/a%2Fb/c"])(
    "a request to %s gets 404 without a hint",
    async (path) => {
      const response = await fetch(world.url + path, { method: "POST", body: "{}" });
      expect([response.status, await response.text()]).toEqual([
        404,
        '{"code":"not_found","detail":"Entity not found"}',
      ]);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    },
  );
});

test("60 requests a minute with unknown tokens from one address get 404, the next 429, and right tokens are served", async () => {
  await using other = await DoorWorld.open();
  const source = await other.source({ type: "stripe", config: { secret: STRIPE_SECRET } });
  const unknown = () => fetch(`${other.url}/in/${"b".repeat(32)}`, { method: "POST" });
  for (let i = 0; i < 60; i++) expect((await unknown()).status).toBe(404);
  const response = await unknown();
  expect([response.status, (await response.json()) as unknown]).toMatchObject([429, { code: "rate_limited" }]);
  const seconds = Number(response.headers.get("retry-after"));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(60);
  expect((await postStripe(source)).status).toBe(200);
});
