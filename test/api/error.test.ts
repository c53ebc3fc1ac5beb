import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

const MAX_BODY = 4096;

let server: TestServer;
let send: Send;
let messages: string;
beforeAll(async () => {
  server = await startServer([`--max-body=${MAX_BODY}`]);
  send = clientOf(server.url);
  messages = `/app/${await makeApplication(send)}/msg`;
});
afterAll(() => server.stop());

describe("an address", () => {
  test("that there is not answers 404 in JSON", async () => {
    for (const path of ["/nope", "/app/a/b/c/d/e", "/app//msg", "/"]) {
      const { status, json } = await send("GET", path);
      expect([path, status, json.code]).toEqual([path, 404, "not_found"]);
    }
  });

  test("that takes other methods answers 405 and names them", async () => {
    for (const slash of ["", "/"]) {
      const { status, json, headers } = await send("PUT", `/app${slash}`, {});
      expect([status, json.code, headers.get("allow")]).toEqual([405, "method_not_allowed", "GET, POST"]);
    }
    expect((await send("POST", "/health")).status).toBe(405);
  });

  test("answers to HEAD without a body", async () => {
    for (const [path, status] of [
      ["/health", 200],
      ["/health/", 200],
      ["/health/ping", 204],
      ["/app", 200],
    ] as const) {
      const answer = await send("HEAD", path);
      expect([path, answer.status, answer.text]).toEqual([path, status, ""]);
    }
  });

  test("may be called by pages of any origin", async () => {
    const headers = { origin: "https://example.com", "access-control-request-headers": "authorization,svix-req-id" };
    const asked = await send("OPTIONS", "/app/a/endpoint", undefined, { token: null, headers });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe("*");
    expect(asked.headers.get("access-control-allow-headers")).toBe("authorization,svix-req-id");
    expect((await send("GET", "/app")).headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("a body", () => {
  const nested = (depth: number) => `{"eventType":"a","payload":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;
  const bad: [string, string | Uint8Array<ArrayBuffer>][] = [
    ["empty", ""],
    ["cut", '{"eventType":"a"'],
    ["no JSON", "hello"],
    ["two values", "{}{}"],
    ["a number with a leading zero", '{"eventType":"a","payload":{"a":01}}'],
    ["a trailing comma", '{"eventType":"a","payload":{},}'],
    ["with a byte order mark", '\ufeff{"eventType":"a","payload":{}}'],
    ["invalid UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["half of a character", new Uint8Array([...new TextEncoder().encode('{"a":"'), 0xc3, 0x22, 0x7d])],
    ["nested too deep", nested(200)],
    ["brackets without an end", "[".repeat(4000)],
  ];
  for (const [what, body] of bad) {
    test(`that is ${what} answers 422`, async () => {
      const { status, json } = await send("POST", messages, body);
      expect(status).toBe(422);
      expect(json.detail).toEqual([{ loc: ["body"], msg: expect.any(String), type: "value_error.jsondecode" }]);
    });
  }

  test("nested a hundred levels is fine", async () => {
    expect((await send("POST", messages, nested(100))).status).toBe(202);
  });

  const filled = (bytes: number) => {
    const frame = '{"eventType":"a","payload":{"a":""}}';
    return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
  };

  test("may be as large as max-body and no larger", async () => {
    expect((await send("POST", messages, filled(MAX_BODY))).status).toBe(202);
    const { status, json } = await send("POST", messages, filled(MAX_BODY + 1));
    expect([status, json.code]).toEqual([413, "payload_too_large"]);
  });

  test("that comes in pieces is held to the same limit", async () => {
    const stream = (bytes: number) => new Blob([filled(bytes)]).stream();
    const post = (body: ReadableStream) =>
      fetch(`${server.url}/api/v1${messages}`, {
        method: "POST",
        headers: { authorization: `Bearer ${ROOT_TOKEN}` },
        body,
      });
    expect((await post(stream(MAX_BODY))).status).toBe(202);
    const refused = await post(stream(MAX_BODY + 1));
    expect(refused.status).toBe(413);
    expect(((await refused.json()) as { code: string }).code).toBe("payload_too_large");
  });

  test("that is sent in chunks, without a length, is held to the same limit", async () => {
    const sent = (bytes: number) => {
      const text = filled(bytes);
      const chunks = [text.slice(0, 1000), text.slice(1000, 2000), text.slice(2000)];
      return chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    };
    const post = (chunks: readonly string[]) => {
      const head = `POST /api/v1${messages} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n`;
      return raw(`${head}Authorization: Bearer ${ROOT_TOKEN}\r\n\r\n${chunks[0]}`, (socket) => {
        socket.write(`${chunks.slice(1).join("")}0\r\n\r\n`);
      });
    };
    expect(await post(sent(MAX_BODY))).toStartWith("HTTP/1.1 202");
    const refused = await post(sent(MAX_BODY + 1));
    expect(refused).toStartWith("HTTP/1.1 413");
    expect(refused).toContain("payload_too_large");
  });

  test("that claims to be enormous is refused before it comes", async () => {
    const answer = await raw(
      `POST /api/v1${messages} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\nContent-Length: 99999999999\r\n\r\n{`,
    );
    expect(answer).toStartWith("HTTP/1.1 413");
    expect(answer).toContain("payload_too_large");
  });

  test("that ends too early harms nobody", async () => {
    await raw(
      `POST /api/v1${messages} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\nContent-Length: 50\r\n\r\n{`,
      (socket) => socket.destroy(),
    );
    expect((await send("GET", "/health")).status).toBe(200);
  });

  test("that is wrong in many places names at most twenty of them", async () => {
    const body = { eventType: "a", payload: {}, channels: Array.from({ length: 100 }, (_, i) => i) };
    const { json } = await send("POST", messages, body);
    expect(json.detail.length).toBeLessThanOrEqual(20);
  });

  test("is never repeated in the answer", async () => {
    const { text } = await send("POST", "/app", {
      name: ["a-secret-value"],
      uid: "a secret value",
      metadata: "secret",
    });
    expect(text).not.toContain("secret");
  });
});

describe("a host", () => {
  const hosts = [
    "Host: a",
    "Host: app",
    "Host: [::1]",
    "Host: a.b:1",
    "Host: a-long-name.example.com",
    "Host: ",
    "Host: a/b",
  ];
  for (const host of hosts) {
    test(`of any length changes no address: ${host}`, async () => {
      const ask = (head: string) =>
        raw(`${head} HTTP/1.1\r\n${host}\r\nConnection: close\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\n\r\n`);
      for (const path of ["/api/v1/app", "/api/v1/app/", "/api/v1/app?limit=1", "/api/v1/app/?limit=1&x=/y//z"]) {
        const answer = await ask(`GET ${path}`);
        expect([path, answer.slice(0, 12)]).toEqual([path, "HTTP/1.1 200"]);
        expect(answer.includes('"done":true')).toBe(!path.includes("limit=1"));
      }
      expect(await ask("GET /api/v1/app/?limit=0")).toStartWith("HTTP/1.1 422");
      expect(await ask("DELETE /api/v1/app/")).toContain("allow: GET, POST");
      expect(await ask("GET /api/v1/nothing/")).toContain('"not_found"');
      expect(await ask("GET /1234567/api/v1/app")).toContain('"not_found"');
      expect(await ask("GET /ui/?v=1")).toStartWith("HTTP/1.1 200");
      expect(await ask("GET /ui?v=1")).toStartWith("HTTP/1.1 200");
      expect(await ask("GET /portal/?v=1")).toStartWith("HTTP/1.1 200");
      expect(await ask("GET /portal?v=1")).toContain("ocation: portal/?v=1\r\n");
      expect(await ask("GET /portal")).toContain("ocation: portal/\r\n");
    });
  }

  test("may be missing, or stand in the request line", async () => {
    const authorization = `Authorization: Bearer ${ROOT_TOKEN}\r\n`;
    expect(await raw(`GET /api/v1/app/ HTTP/1.0\r\n${authorization}\r\n`)).toStartWith("HTTP/1.1 200");
    expect(await raw(`GET /ui/ HTTP/1.0\r\n\r\n`)).toStartWith("HTTP/1.1 200");
    expect(await raw(`GET http://a/api/v1/app/ HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`)).toStartWith(
      "HTTP/1.1 200",
    );
  });

  test("does not matter to an idempotency key, and nor does a slash at the end", async () => {
    const post = (host: string, path: string) =>
      raw(
        `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\nIdempotency-Key: hosts\r\nContent-Length: 12\r\n\r\n{"name":"a"}`,
      );
    const ids: (string | undefined)[] = [];
    for (const host of ["a", "app", "", "a-long-name.example.com"]) {
      for (const path of ["/api/v1/app?a=/b", "/api/v1/app/?a=/b"]) {
        ids.push(/"id":"(app_\w+)"/.exec(await post(host, path))?.[1]);
      }
    }
    expect(ids[0]).toBeString();
    expect(new Set(ids).size).toBe(1);
  });

  test("that is missing does not spoil what an inbox shows", async () => {
    const inbox = "a-host-less-inbox";
    for (const head of [
      "GET /inbox/a-host-less-inbox?a=/b HTTP/1.0\r\n",
      "GET /inbox/a-host-less-inbox HTTP/1.1\r\nHost: a\r\n",
    ]) {
      await raw(`${head}\r\n`);
    }
    const { json } = await send("GET", `/inbox/${inbox}`);
    expect(json.data.map(({ path }: { path: string }) => path)).toEqual([`/inbox/${inbox}`, `/inbox/${inbox}?a=/b`]);
  });
});

/** Sends bytes as they are, and reads what comes back until the other side has answered. */
function raw(text: string, then: (socket: ReturnType<typeof connect>) => void = () => {}): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => socket.write(text, () => then(socket)));
    socket.on("data", (data) => {
      answer += data;
      if (answer.includes("}")) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

test("more messages than ingest-rate allows are answered 429 with Retry-After", async () => {
  const slow = await startServer(["--ingest-rate=10/s"]);
  try {
    const sendThere = clientOf(slow.url);
    const list = `/app/${await makeApplication(sendThere)}/msg`;
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => sendThere("POST", list, { eventType: "a", payload: {} })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.some(({ status }) => status === 202)).toBe(true);
    expect(Number(refused[0]!.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(refused[0]!.json.code).toBe("too_many_requests");
    expect((await sendThere("GET", list)).status).toBe(200);
  } finally {
    await slow.stop();
  }
});
