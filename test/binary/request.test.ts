import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { executable } from "../support/binary.ts";
import { makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Tests requests as their receivers get them. */

let boathook: Installation;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  receiver = startReceiver();
  boathook = await install();
  send = boathook.send;
});
afterAll(async () => {
  await boathook[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

/** Sends a message, given as JSON text or bytes, and returns the request that delivers it. */
async function delivered(message: string | Uint8Array, url = receiver.url, endpoint: object = {}) {
  const app = await makeApplication(send);
  await makeEndpoint(send, app, url, endpoint);
  const { status, json } = await send("POST", `/app/${app}/msg?with_content=false`, message);
  expect(status).toBe(202);
  const [request] = await receiver.arrived(1, ({ id }) => id === json.id);
  return { app, ...request! };
}

describe("the payload arrives byte for byte", () => {
  const payloads = {
    "numbers as written": '{"a": 1.0,  "big": 12345678901234567890, "e": 1E+2, "zero": -0.0}',
    "order of keys and white space": '{ "z" : 1 ,\r\n\t"a" : [ ] , "2":0,"1":0 }',
    "a repeated key": '{"a":1,"a":2}',
    "characters of every length in UTF-8": '{"text":"a é ह 한 𐍈 👩‍👩‍👧 \u2028"}',
    "escapes as written": '{"text":"\\u00e9\\/\\ud83d\\ude00\\b \\u0000"}',
    "an empty object": "{}",
  };
  for (const [what, payload] of Object.entries(payloads)) {
    test(`the payload arrives byte for byte: ${what}`, async () => {
      const { body, headers } = await delivered(`{"eventType":"a","payload":${payload}}`);
      expect(body.toString()).toBe(payload);
      expect(headers.get("content-type")).toBe("application/json");
      expect(headers.get("content-length")).toBe(String(Buffer.byteLength(payload)));
    });
  }

  test("a payload of a mebibyte arrives byte for byte", async () => {
    const payload = JSON.stringify({ text: "é".repeat(512 * 1024 - 32) });
    const { body } = await delivered(Buffer.from(`{"eventType":"a","payload":${payload}}`));
    expect(body.equals(Buffer.from(payload))).toBe(true);
  });

  test("a payload arrives byte for byte after a restart", async () => {
    const payload = '{"n":1.0}';
    const first = await delivered(`{"eventType":"a","payload":${payload}}`);
    const [attempt] = await attemptsOf(send, first.app, first.id);
    await boathook.kill();
    await boathook.start();
    await send("POST", `/app/${first.app}/msg/${first.id}/endpoint/${attempt!.endpointId}/resend`);
    const [, again] = await receiver.arrived(2, ({ id }) => id === first.id);
    expect(again!.body.toString()).toBe(payload);
  });
});

describe("the request of a delivery", () => {
  const MESSAGE = '{"eventType":"a","payload":{}}';

  test("a request goes to the path and query of the endpoint's URL", async () => {
    const { path } = await delivered(MESSAGE, `${receiver.url}/hooks/a%20b/?c=d&e=%26#fragment`);
    expect(path).toBe("/hooks/a%20b/?c=d&e=%26");
  });

  test("a path that begins with two slashes is sent unchanged", async () => {
    expect((await delivered(MESSAGE, `${receiver.url}//hooks//a`)).path).toBe("//hooks//a");
  });

  test("the Host header of a request contains the host name in the URL, not the IP address", async () => {
    const { headers } = await delivered(MESSAGE, `http://localhost:${receiver.port}/`);
    expect(headers.get("host")).toBe(`localhost:${receiver.port}`);
  });

  test("the user and password in a URL are sent as basic authentication", async () => {
    const { headers, path } = await delivered(MESSAGE, `http://us%40er:p%C3%A4ss%3A@127.0.0.1:${receiver.port}/x`);
    expect(headers.get("authorization")).toBe(`Basic ${Buffer.from("us@er:päss:").toString("base64")}`);
    expect(headers.get("host")).toBe(`127.0.0.1:${receiver.port}`);
    expect(path).toBe("/x");
  });

  test("a request has the endpoint's headers and the user agent of Boathook", async () => {
    const endpoint = { headers: { "X-Shop": "17", authorization: "Bearer of-the-receiver" } };
    const { headers } = await delivered(MESSAGE, receiver.url, endpoint);
    expect(headers.get("x-shop")).toBe("17");
    expect(headers.get("authorization")).toBe("Bearer of-the-receiver");
    expect(headers.get("user-agent")).toStartWith("Boathook/");
  });

  test("every attempt of a message has the same id", async () => {
    let failures = 2;
    receiver.answering = () => new Response(null, { status: failures-- > 0 ? 500 : 204 });
    const { id, app } = await delivered(MESSAGE, receiver.url, { retrySchedule: ["10ms", "10ms"] });
    const attempts = await attemptsOf(send, app, id, 3);
    expect(attempts.map(({ statusText }) => statusText)).toEqual(["success", "fail", "fail"]);
    expect(await receiver.arrived(3, (request) => request.id === id)).toHaveLength(3);
  });
});

test("no environment variable makes the runtime print headers or payloads of requests", async () => {
  const dir = temporaryDirectory();
  const output = dir.file("output");
  const program = ["sh", "-c", 'exec "$0" "$@" 2> "$OUTPUT"', ...executable()];
  const env = { OUTPUT: output, BUN_CONFIG_VERBOSE_FETCH: "curl", NODE_DEBUG: "http,net,tls" };
  const verbose = await install([], { program, env });
  try {
    const app = await makeApplication(verbose.send);
    await makeEndpoint(verbose.send, app, receiver.url, { headers: { Authorization: "Bearer secret-header" } });
    const { json } = await verbose.send(
      "POST",
      `/app/${app}/msg`,
      '{"eventType":"a","payload":{"a":"secret-payload"}}',
    );
    await receiver.arrived(1, ({ id }) => id === json.id);
    await verbose.process.stop();
    const text = `${await Bun.file(output).text()}${JSON.stringify(verbose.process.log)}`;
    expect(text).not.toContain("secret-header");
    expect(text).not.toContain("secret-payload");
  } finally {
    await verbose[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  }
});
