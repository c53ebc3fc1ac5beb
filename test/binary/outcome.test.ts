import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { makeApplication, type Send } from "../support/client.ts";
import { type AttemptOut, attemptsOf, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { type Answering, heldBack, startReceiver, withStatus } from "../support/receiver.ts";
import { startSocketReceiver } from "../support/socket-receiver.ts";

/** Tests how the responses of endpoints are classified. Each test has a separate receiver. */

const STORED_BYTES = 1024;
const HOUR_MS = 3_600_000;

let boathook: Installation;
let send: Send;
beforeAll(async () => {
  boathook = await install([`--max-response-stored=${STORED_BYTES}B`, "--retry-schedule=1m", "--retry-jitter=0"]);
  send = boathook.send;
});
afterAll(() => boathook[Symbol.asyncDispose]());

/** Returns the first attempt of a message to an endpoint with these responses. */
async function firstAttempt(answering: Answering, fields: object = {}): Promise<AttemptOut> {
  await using receiver = startReceiver(answering);
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url, fields);
  const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
  return attempt!;
}

/** Returns the time from the start of an attempt to the next one. */
function waitMs({ timestamp, nextAttempt }: AttemptOut): number {
  return Date.parse(nextAttempt!) - Date.parse(timestamp);
}

describe("a successful attempt", () => {
  for (const status of [200, 201, 202, 204, 299]) {
    test(`a ${status} response is a success`, async () => {
      const attempt = await firstAttempt(withStatus(status));
      expect(attempt).toMatchObject({ statusText: "success", responseStatusCode: status, reason: null });
      expect(attempt.nextAttempt).toBeNull();
    });
  }

  const manyHeaders = Array.from({ length: 300 }, (_, i) => `X-${i}: ${i}`);
  const oddResponses: [what: string, headers: readonly string[], note: string | null][] = [
    ["300 headers", [...manyHeaders, "Content-Length: 2"], null],
    ["a folded header", ["X-Folded: a", " b", "Content-Length: 2"], "A header was folded over several lines."],
    ["a malformed header name", ["X Y: a", "Content-Length: 2"], "A malformed header line was ignored."],
    ["a repeated Content-Length", ["Content-Length: 2, 2"], null],
    [
      "contradictory lengths",
      ["Content-Length: 2", "Content-Length: 3"],
      "The Content-Length was invalid; the body was not read.",
    ],
  ];
  for (const [what, headers, note] of oddResponses) {
    test(`a 200 response with ${what} is a success, and the attempt's note is: ${note}`, async () => {
      await using receiver = await startSocketReceiver((socket) =>
        socket.write(["HTTP/1.1 200 OK", ...headers, "", "ok"].join("\r\n")),
      );
      const app = await makeApplication(send);
      await makeEndpoint(send, app, receiver.url);
      const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
      expect(attempt).toMatchObject({ statusText: "success", responseStatusCode: 200, note });
    });
  }

  for (const how of ["of known length", "in chunks"]) {
    test(`a long response ${how} is a success, and is stored up to the limit without splitting a character`, async () => {
      const long = `a${"é".repeat(STORED_BYTES)}`;
      const attempt = await firstAttempt(() => new Response(how === "in chunks" ? inChunks(long) : long));
      expect(attempt.statusText).toBe("success");
      expect(attempt.response).toBe(`a${"é".repeat((STORED_BYTES - 2) / 2)}`);
    });
  }

  test("an endless response is a success, and only the part to be stored is read", async () => {
    const left = Promise.withResolvers<void>();
    const endless = () =>
      new ReadableStream({
        pull: (stream) => stream.enqueue(new Uint8Array(512).fill(97)),
        cancel: () => left.resolve(),
      });
    const attempt = await firstAttempt(() => new Response(endless()));
    expect(attempt).toMatchObject({ statusText: "success", response: "a".repeat(STORED_BYTES) });
    await left.promise;
  });

  test("a compressed response is a success, and the beginning of its decompressed body is stored", async () => {
    const compressed = gzipSync("a".repeat(100_000), { level: 9 });
    const attempt = await firstAttempt(
      () => new Response(compressed, { headers: { "content-encoding": "gzip", "content-type": "text/plain" } }),
    );
    expect(attempt).toMatchObject({ statusText: "success", response: "a".repeat(STORED_BYTES), note: null });
  });

  test("a response in Latin-1 is stored as UTF-8", async () => {
    const headers = { "content-type": "text/plain; charset=ISO-8859-1" };
    const attempt = await firstAttempt(() => new Response(Buffer.from("caf\u00e9", "latin1"), { headers }));
    expect(attempt).toMatchObject({ statusText: "success", response: "caf\u00e9", note: null });
  });

  test("a response that cannot be decoded is a success with a note", async () => {
    const headers = { "content-encoding": "zstd", "content-type": "text/plain" };
    const attempt = await firstAttempt(() => new Response("ok", { headers }));
    expect(attempt).toMatchObject({
      statusText: "success",
      response: "ok",
      note: "The content coding zstd is not supported; the body was not decoded.",
    });
  });

  test("a delivery asks for an uncompressed response", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    await sendMessage(send, app);
    const [request] = await receiver.arrived(1);
    expect(request!.headers.get("accept-encoding")).toBe("identity");
  });

  test("an attempt contains the requested URL, with double slashes but without the fragment", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, `${receiver.url}//x//y/?a=//b#fragment`);
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    const [request] = await receiver.arrived(1);
    expect([request!.path, attempt!.url]).toEqual(["//x//y/?a=//b", `${receiver.url}//x//y/?a=//b`]);
  });
});

function inChunks(text: string): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(text);
  let at = 0;
  return new ReadableStream({
    pull(stream) {
      // An odd size, so that some characters are split between chunks.
      stream.enqueue(bytes.subarray(at, at + 333));
      at += 333;
      if (at >= bytes.length) stream.close();
    },
  });
}

describe("a failed attempt", () => {
  const statuses = {
    302: "status_3xx",
    304: "status_3xx",
    400: "status_4xx",
    404: "status_4xx",
    500: "status_5xx",
    599: "status_5xx",
  };
  for (const [status, reason] of Object.entries(statuses)) {
    test(`a response with status ${status} is a failure`, async () => {
      const attempt = await firstAttempt(withStatus(Number(status)));
      expect(attempt).toMatchObject({ statusText: "fail", responseStatusCode: Number(status), reason });
      expect(waitMs(attempt)).toBeGreaterThanOrEqual(60_000);
    });
  }

  test("a redirect is a failure and is not followed", async () => {
    await using elsewhere = startReceiver();
    const attempt = await firstAttempt(withStatus(307, { location: elsewhere.url }));
    expect(attempt).toMatchObject({ statusText: "fail", responseStatusCode: 307, reason: "status_3xx" });
    expect(elsewhere.received).toEqual([]);
  });

  test("an attempt without a response within the timeout is a failure", async () => {
    const attempt = await firstAttempt(heldBack().answering, { timeoutMs: 200 });
    expect(attempt).toMatchObject({ statusText: "fail", responseStatusCode: 0, reason: "timeout" });
  });

  test("a 200 response whose body stalls is a failure", async () => {
    const hanging = () => new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from("begun")) });
    const attempt = await firstAttempt(() => new Response(hanging()), { timeoutMs: 200 });
    expect(attempt).toMatchObject({ statusText: "fail", responseStatusCode: 0, reason: "timeout" });
  });

  test("a refused connection is a failure", async () => {
    const receiver = startReceiver();
    const { url } = receiver;
    await receiver[Symbol.asyncDispose]();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url);
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    expect(attempt).toMatchObject({ statusText: "fail", responseStatusCode: 0, reason: "connection" });
  });

  test("an attempt to reach a host name that does not exist is a failure", async () => {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, "http://nobody.invalid/");
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    expect(attempt).toMatchObject({ statusText: "fail", responseStatusCode: 0, reason: "dns" });
  });
});

describe("Retry-After", () => {
  for (const status of [429, 503]) {
    test(`Retry-After in a ${status} response postpones the next attempt`, async () => {
      const attempt = await firstAttempt(withStatus(status, { "retry-after": "3600" }));
      expect(waitMs(attempt)).toBeGreaterThanOrEqual(HOUR_MS);
      expect(waitMs(attempt)).toBeLessThan(2 * HOUR_MS);
    });
  }

  test("Retry-After may be a date, and postpones the next attempt by at most a day", async () => {
    const attempt = await firstAttempt(
      withStatus(503, { "retry-after": new Date(Date.now() + 72 * HOUR_MS).toUTCString() }),
    );
    expect(waitMs(attempt)).toBeGreaterThanOrEqual(24 * HOUR_MS);
    expect(waitMs(attempt)).toBeLessThan(25 * HOUR_MS);
  });

  test("Retry-After never makes the next attempt earlier than scheduled", async () => {
    expect(waitMs(await firstAttempt(withStatus(429, { "retry-after": "1" })))).toBeGreaterThanOrEqual(60_000);
  });

  test("Retry-After is ignored in responses with a status other than 429 and 503", async () => {
    expect(waitMs(await firstAttempt(withStatus(500, { "retry-after": "3600" })))).toBeLessThan(HOUR_MS);
  });
});

describe("410", () => {
  test("a 410 response disables the endpoint immediately, and its pending deliveries become dead letters", async () => {
    const answer = heldBack();
    await using receiver = startReceiver(answer.answering);
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url, { concurrency: 1 });
    const [first, ...others] = await sendMessages(send, app, 5);
    await receiver.arrived(1);
    answer.give(withStatus(410));

    const letters = await until(
      async () => (await send("GET", `/app/${app}/dead-letter`)).json.data as { msgId: string; reason: string }[],
      ({ length }) => length === 5,
    );
    const reasons = new Map(letters.map(({ msgId, reason }) => [msgId, reason]));
    expect(reasons).toEqual(new Map([[first!, "gone"], ...others.map((id) => [id, "disabled"] as const)]));
    expect((await send("GET", `/app/${app}/endpoint/${endpoint}`)).json.disabled).toBe(true);
    expect(receiver.received).toHaveLength(1);
  });
});
