import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

const MAX_BODY = 64 * 1024;

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer([`--max-body=${MAX_BODY}`]);
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

const post = (body: Uint8Array<ArrayBuffer> | string, encoding: string) =>
  send("POST", `/app/${app}/msg`, body, { headers: { "content-encoding": encoding } });
const gzip = (text: string) => new Uint8Array(gzipSync(text));
const message = (payload: string) => `{"eventType":"a","payload":${payload}}`;

describe("request bodies with a content coding", () => {
  test("a gzip body is decoded, and its payload is delivered byte for byte", async () => {
    await using receiver = startReceiver();
    await makeEndpoint(send, app, receiver.url);
    const payload = '{ "n":1.0, "text":"ä" }';
    for (const encoding of ["gzip", "x-gzip", "GZIP"]) {
      const { status } = await post(gzip(message(payload)), encoding);
      expect([encoding, status]).toEqual([encoding, 202]);
    }
    expect((await post(message(payload), "identity")).status).toBe(202);
    for (const { body } of await receiver.arrived(4)) expect(body.toString()).toBe(payload);
  });

  test("a request with another content coding returns 415 and lists the supported codings", async () => {
    const text = message("{}");
    for (const [body, encoding] of [
      [new Uint8Array(brotliCompressSync(text)), "br"],
      [new Uint8Array(deflateSync(text)), "deflate"],
      [gzip(text), "gzip, gzip"],
      [gzip(text), "unknown"],
    ] as const) {
      const { status, headers, json } = await post(body, encoding);
      expect([encoding, status, headers.get("accept-encoding"), json.code]).toEqual([
        encoding,
        415,
        "gzip, identity",
        "unsupported_media_type",
      ]);
    }
  });

  test("a request declared as gzip returns 400 if its body is not gzip or is truncated", async () => {
    const whole = gzip(message("{}"));
    for (const body of [message("{}"), whole.slice(0, whole.length - 5), new Uint8Array(0)])
      expect((await post(body, "gzip")).status).toBe(400);
  });

  test("max-body limits the size of the decoded body, so a small gzip body cannot expand beyond it", async () => {
    const filled = (bytes: number) => gzip(message(`{"x":"${"x".repeat(bytes)}"}`));
    expect((await post(filled(MAX_BODY - 100), "gzip")).status).toBe(202);
    expect((await post(filled(MAX_BODY), "gzip")).status).toBe(413);
    const bomb = filled(50 * 1024 * 1024);
    expect(bomb.length).toBeLessThan(MAX_BODY);
    expect((await post(bomb, "gzip")).status).toBe(413);
  });

  test("a byte order mark is skipped, with and without gzip", async () => {
    const text = `\ufeff${message("{}")}`;
    expect((await send("POST", `/app/${app}/msg`, text)).status).toBe(202);
    expect((await post(gzip(text), "gzip")).status).toBe(202);
  });
});
