import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Send } from "../support/client.ts";
import { type Installation, install } from "../support/installation.ts";
import { firstTime, type Receiver, startReceiver } from "../support/receiver.ts";
import { type MadeSource, makeSource } from "../support/source.ts";
import { postStripe, stripeEvent } from "../support/stripe.ts";

/** Tests the door of the executable. */

let boathook: Installation;
let send: Send;
let consumer: Receiver;
beforeAll(async () => {
  consumer = startReceiver();
  boathook = await install();
  send = boathook.send;
});
afterAll(async () => {
  await boathook[Symbol.asyncDispose]();
  await consumer[Symbol.asyncDispose]();
});

const generic = (): Promise<MadeSource> =>
  makeSource(send, consumer.url, { fields: { type: "generic-webhook", config: {} } });

const allBytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
const bom = "\ufeff";

describe("a body arrives byte for byte, with its content type", () => {
  const bodies: Readonly<
    Record<string, readonly [contentType: string | null, body: string | Uint8Array<ArrayBuffer>]>
  > = {
    "JSON with numbers as written": ["application/json", '{"a": 1.0,\r\n "big": 12345678901234567890, "a": 2}\n'],
    "JSON with a byte order mark": ["application/json; charset=utf-8", `${bom}{"a":1}`],
    XML: ["text/xml; charset=ISO-8859-1", '<?xml version="1.0"?>\r\n<a b="c">&amp;</a>\r\n'],
    "a form": ["application/x-www-form-urlencoded", "a=1&b=%C3%A9&a=2&payload=%7B%22x%22%3A1%7D+&"],
    "a multipart form": [
      'multipart/form-data; boundary="x y"',
      '--x y\r\ncontent-disposition: form-data; name="a"\r\n\r\n\x00\x01\r\n--x y--\r\n',
    ],
    "binary data": ["application/octet-stream", allBytes],
    "compressed data": ["application/x-gzip", Bun.gzipSync(allBytes)],
    "invalid UTF-8": ["text/plain; charset=utf-8", Uint8Array.of(0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80)],
    "an unknown content type": ["nonsense", "text"],
    "no content type": [null, Uint8Array.of(0, 1, 2)],
  };
  for (const [what, [contentType, body]] of Object.entries(bodies)) {
    test(`a body arrives byte for byte: ${what}`, async () => {
      const source = await generic();
      const expected = Buffer.from(body);
      const headers = contentType === null ? {} : { "content-type": contentType };
      const response = await fetch(source.url, { method: "POST", body: Buffer.from(body), headers });
      expect(response.status).toBe(200);
      const [delivery] = await consumer.arrived(1, ({ headers: got }) => got.get("boathook-source") === source.uid);
      expect(delivery!.body.equals(expected)).toBe(true);
      expect(delivery!.headers.get("content-type")).toBe(contentType);
      expect(delivery!.headers.get("content-length")).toBe(String(expected.length));
    });
  }

  test("an empty body arrives as an empty body", async () => {
    const source = await generic();
    expect((await fetch(source.url, { method: "POST" })).status).toBe(200);
    const [delivery] = await consumer.arrived(1, ({ headers }) => headers.get("boathook-source") === source.uid);
    expect([delivery!.body.length, delivery!.headers.get("content-length")]).toEqual([0, "0"]);
  });

  test("a body with a content encoding is not decoded", async () => {
    const source = await generic();
    const body = Bun.gzipSync(Buffer.from('{"a":1}'));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    expect((await fetch(source.url, { method: "POST", body, headers })).status).toBe(200);
    const [delivery] = await consumer.arrived(1, ({ headers: got }) => got.get("boathook-source") === source.uid);
    expect(delivery!.body.equals(Buffer.from(body))).toBe(true);
    expect(delivery!.headers.get("content-encoding")).toBe("gzip");
  });

  test("a body in chunks arrives in one piece", async () => {
    const source = await generic();
    const pieces = ["first ", "second ", "third"];
    const body = new ReadableStream({
      async pull(controller) {
        await Bun.sleep(1);
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        else controller.enqueue(Buffer.from(piece));
      },
    });
    expect((await fetch(source.url, { method: "POST", body })).status).toBe(200);
    const [delivery] = await consumer.arrived(1, ({ headers }) => headers.get("boathook-source") === source.uid);
    expect(delivery!.body.toString()).toBe("first second third");
    expect(delivery!.headers.has("transfer-encoding")).toBe(false);
  });

  test("a binary body arrives byte for byte after a restart", async () => {
    await using own = await install();
    await using other = startReceiver(() => new Response(null, { status: 503 }));
    const source = await makeSource(own.send, other.url, {
      fields: { type: "generic-webhook", config: {} },
      endpoint: { retrySchedule: ["1s"] },
    });
    const headers = { "content-type": "application/octet-stream", "x-sender": "caf\xe9" };
    expect((await fetch(source.url, { method: "POST", body: allBytes, headers })).status).toBe(200);
    await other.arrived(1);
    await own.kill();
    await own.start();
    const [, again] = await other.arrived(2);
    expect(again!.body.equals(Buffer.from(allBytes))).toBe(true);
    expect(again!.headers.get("content-type")).toBe("application/octet-stream");
    expect(again!.headers.get("x-sender")).toBe("caf\xe9");
  });
});

describe("duplicates", () => {
  test("of equal events at the same time one is delivered, also after a restart", async () => {
    await using own = await install();
    await using other = startReceiver();
    const source = await makeSource(own.send, other.url);
    const body = stripeEvent();
    const statuses = async () =>
      (await Promise.all(Array.from({ length: 20 }, () => postStripe(source, body)))).map(({ status }) => status);
    expect(new Set(await statuses())).toEqual(new Set([200]));
    await own.kill();
    await own.start();
    expect(new Set(await statuses())).toEqual(new Set([200]));
    const last = stripeEvent();
    expect((await postStripe(source, last)).status).toBe(200);
    await other.arrived(1, (request) => request.body.toString() === last);
    // The kill may have cut off an attempt, which is then repeated.
    const messages = other.received.filter(firstTime());
    expect(messages.map((request) => request.body.toString())).toEqual([body, last]);
  });
});

test("the metrics count the requests of a source by outcome", async () => {
  const source = await makeSource(send, consumer.url);
  const body = stripeEvent();
  await postStripe(source, body);
  await postStripe(source, body);
  await postStripe(source, body, { "stripe-signature": "t=1,v1=00" });
  const page = await (await fetch(`${boathook.url}/metrics`)).text();
  const lines = page.split("\n").filter((line) => line.includes(`source="${source.uid}"`));
  expect(lines.sort()).toEqual([
    `boathook_received_total{source="${source.uid}",outcome="duplicate"} 1`,
    `boathook_received_total{source="${source.uid}",outcome="handshake"} 0`,
    `boathook_received_total{source="${source.uid}",outcome="limited"} 0`,
    `boathook_received_total{source="${source.uid}",outcome="refused"} 1`,
    `boathook_received_total{source="${source.uid}",outcome="stored"} 1`,
  ]);
});
