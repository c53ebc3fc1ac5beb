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
  // A second application, so that a list with a limit of one is incomplete.
  await makeApplication(send);
});
afterAll(() => server.stop());

describe("paths and methods", () => {
  test("a request to an unknown path returns 404 in JSON", async () => {
    for (const path of ["/nope", "/app/a/b/c/d/e", "/app//msg", "/"]) {
      const { status, json } = await send("GET", path);
      expect([path, status, json.code]).toEqual([path, 404, "not_found"]);
    }
  });

  test("a request with an unsupported method returns 405 with the allowed methods", async () => {
    const { status, json, headers } = await send("PUT", "/app", {});
    expect([status, json.code, headers.get("allow")]).toEqual([405, "method_not_allowed", "GET, POST"]);
    expect((await send("POST", "/health")).status).toBe(405);
  });

  test("HEAD returns the status of GET without a body", async () => {
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

  test("pages of any origin can call the API", async () => {
    const headers = { origin: "https://example.com", "access-control-request-headers": "authorization,svix-req-id" };
    const asked = await send("OPTIONS", "/app/a/endpoint", undefined, { token: null, headers });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe("*");
    expect(asked.headers.get("access-control-allow-headers")).toBe("authorization,svix-req-id");
    expect((await send("GET", "/app")).headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("request bodies", () => {
  const nested = (depth: number) => `{"eventType":"a","payload":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;
  const bad: [string, string | Uint8Array<ArrayBuffer>][] = [
    ["empty", ""],
    ["truncated", '{"eventType":"a"'],
    ["not JSON", "hello"],
    ["two JSON values", "{}{}"],
    ["JSON with a leading zero", '{"eventType":"a","payload":{"a":01}}'],
    ["JSON with a trailing comma", '{"eventType":"a","payload":{},}'],
    ["JSON with two byte order marks", '\ufeff\ufeff{"eventType":"a","payload":{}}'],
    ["invalid UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["JSON with a truncated UTF-8 sequence", new Uint8Array([...new TextEncoder().encode('{"a":"'), 0xc3, 0x22, 0x7d])],
    ["nested too deeply", nested(200)],
    ["4,000 opening brackets", "[".repeat(4000)],
  ];
  for (const [what, body] of bad) {
    test(`a request whose body is ${what} returns 422`, async () => {
      const { status, json } = await send("POST", messages, body);
      expect(status).toBe(422);
      expect(json.detail).toEqual([{ loc: ["body"], msg: expect.any(String), type: "value_error.jsondecode" }]);
    });
  }

  test("a body nested a hundred levels deep is accepted", async () => {
    expect((await send("POST", messages, nested(100))).status).toBe(202);
  });

  const filled = (bytes: number) => {
    const frame = '{"eventType":"a","payload":{"a":""}}';
    return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
  };

  test("a body of max-body bytes is accepted, and a request with a larger body returns 413", async () => {
    expect((await send("POST", messages, filled(MAX_BODY))).status).toBe(202);
    const { status, json } = await send("POST", messages, filled(MAX_BODY + 1));
    expect([status, json.code]).toEqual([413, "payload_too_large"]);
  });

  test("max-body also limits a streamed body", async () => {
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

  test("max-body also limits a chunked body without a length", async () => {
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

  test("a request whose declared length exceeds max-body returns 413 before its body is sent", async () => {
    const answer = await raw(
      `POST /api/v1${messages} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\nContent-Length: 99999999999\r\n\r\n{`,
    );
    expect(answer).toStartWith("HTTP/1.1 413");
    expect(answer).toContain("payload_too_large");
  });

  test("a request that is aborted in the middle of its body does not affect later requests", async () => {
    await raw(
      `POST /api/v1${messages} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\nContent-Length: 50\r\n\r\n{`,
      (socket) => socket.destroy(),
    );
    expect((await send("GET", "/health")).status).toBe(200);
  });

  test("the response to a body with many errors lists at most twenty of them", async () => {
    const body = { eventType: "a", payload: {}, channels: Array.from({ length: 100 }, (_, i) => i) };
    const { json } = await send("POST", messages, body);
    expect(json.detail.length).toBeLessThanOrEqual(20);
  });

  test("a validation error never repeats the values that were sent", async () => {
    const { text } = await send("POST", "/app", {
      name: ["a-secret-value"],
      uid: "a secret value",
      metadata: "secret",
    });
    expect(text).not.toContain("secret");
  });
});

describe("the host of a request", () => {
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
    test(`routing does not depend on the header "${host}"`, async () => {
      const ask = (head: string) =>
        raw(`${head} HTTP/1.1\r\n${host}\r\nConnection: close\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\n\r\n`);
      for (const path of ["/api/v1/app", "/api/v1/app/", "/api/v1/app?limit=1", "/api/v1/app/?limit=1&x=/y//z"]) {
        const answer = await ask(`GET ${path}`);
        expect([path, answer.slice(0, 12)]).toEqual([path, "HTTP/1.1 200"]);
        expect(answer.includes('"done":true')).toBe(!path.includes("limit=1"));
      }
      expect(await ask("GET /api/v1/app/?limit=0")).toStartWith("HTTP/1.1 422");
      expect(await ask("DELETE /api/v1/app")).toContain("allow: GET, POST");
      expect(await ask("GET /api/v1/nothing/")).toContain('"not_found"');
      expect(await ask("GET /1234567/api/v1/app")).toContain('"not_found"');
      expect(await ask("GET /ui/?v=1")).toStartWith("HTTP/1.1 200");
      expect(await ask("GET /ui?v=1")).toContain("ocation: ui/?v=1\r\n");
      expect(await ask("GET /docs/?v=1")).toContain("ocation: ../docs?v=1\r\n");
      expect(await ask("GET /portal/?v=1")).toStartWith("HTTP/1.1 200");
      expect(await ask("GET /portal?v=1")).toContain("ocation: portal/?v=1\r\n");
      expect(await ask("GET /portal")).toContain("ocation: portal/\r\n");
    });
  }

  test("the host of a request may be missing or be part of the request line", async () => {
    const authorization = `Authorization: Bearer ${ROOT_TOKEN}\r\n`;
    expect(await raw(`GET /api/v1/app/ HTTP/1.0\r\n${authorization}\r\n`)).toStartWith("HTTP/1.1 200");
    expect(await raw(`GET /ui/ HTTP/1.0\r\n\r\n`)).toStartWith("HTTP/1.1 200");
    expect(await raw(`GET http://a/api/v1/app/ HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`)).toStartWith(
      "HTTP/1.1 200",
    );
  });

  test("calls that differ only in the host or a trailing slash share an idempotency key", async () => {
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

  test("an inbox shows the path of a request that has no host", async () => {
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

/** Sends raw text and returns the response, up to a closing brace or the end of the connection. */
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

test("ingest-rate allows a burst of one second's messages and then returns 429 with Retry-After", async () => {
  const slow = await startServer(["--ingest-rate=20/m"]);
  try {
    const sendThere = clientOf(slow.url);
    const list = `/app/${await makeApplication(sendThere)}/msg`;
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => sendThere("POST", list, { eventType: "a", payload: {} })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.some(({ status }) => status === 202)).toBe(true);
    expect(refused[0]!.json.code).toBe("too_many_requests");
    const afterMs = Number(refused[0]!.headers.get("boathook-retry-after-ms"));
    expect(afterMs).toBeGreaterThan(0);
    expect(afterMs).toBeLessThanOrEqual(3000);
    expect(refused[0]!.headers.get("retry-after")).toBe(String(Math.ceil(afterMs / 1000)));
    expect(refused[0]!.headers.get("access-control-expose-headers")).toBe("*");
    expect((await sendThere("GET", list)).status).toBe(200);
  } finally {
    await slow.stop();
  }
});

describe("errors name what is wrong", () => {
  test("a missing field, null and a wrong type have different error messages", async () => {
    const messageOf = async (path: string, body: object) =>
      (await send("POST", path, body)).json.detail.map(({ loc, msg }: { loc: string[]; msg: string }) => [
        loc.slice(1).join("."),
        msg,
      ]);
    expect(await messageOf("/app", {})).toEqual([["name", "This field is required."]]);
    expect(await messageOf("/app", { name: null })).toEqual([["name", "Expected string, but got null."]]);
    expect(await messageOf("/app", { name: 5 })).toEqual([["name", "Expected string, but got integer."]]);
    expect(await messageOf(messages, {})).toEqual([["eventType", "This field is required."]]);
    expect(await messageOf(messages, { eventType: "a" })).toEqual([["payload", "This field is required."]]);
    expect(await messageOf(messages, { eventType: "a", payload: {}, tags: "x" })).toEqual([
      ["tags", "Expected array, but got string."],
    ]);
    expect(await messageOf(`${messages}/batch`, { messages: {} })).toEqual([
      ["messages", "Expected array, but got object."],
    ]);
  });

  test("invalid JSON is reported with its line and column", async () => {
    const { json } = await send("POST", "/app", '{\n  "name": nope\n}');
    expect(json.detail[0].msg).toBe("The body is not valid JSON: unexpected character at line 2, column 11.");
    const cut = await send("POST", "/app", '{"name":');
    expect(cut.json.detail[0].msg).toBe("The body is not valid JSON: it ends too early, at line 1, column 9.");
  });

  test("unknown event types are named in the error, at most 20 of them", async () => {
    await send("POST", "/event-type", { name: "known", description: "" });
    const endpoints = messages.replace("/msg", "/endpoint");
    const created = (eventTypes: string[]) => send("POST", endpoints, { url: "http://example.com", eventTypes });
    const { status, json } = await created(["known", "unknown.a", "unknown.b"]);
    expect([status, json.detail[0].msg]).toEqual([
      422,
      "These event types do not exist or are archived: unknown.a, unknown.b. Create them first.",
    ]);
    const many = await created(Array.from({ length: 25 }, (_, i) => `unknown.${i}`));
    expect(many.json.detail[0].msg).toContain("unknown.19 and 5 more.");
    const operational = await send("POST", "/operational-webhook/endpoint", {
      url: "http://example.com",
      eventTypes: ["unknown.a"],
    });
    expect(operational.json.detail[0].msg).toStartWith("Unknown: unknown.a. ");
  });
});

test("values of maps are checked even if their key contains a line break", async () => {
  for (const [path, field] of [
    ["/app", "metadata"],
    [messages.replace("/msg", "/endpoint"), "metadata"],
    [messages.replace("/msg", "/endpoint"), "headers"],
    ["/operational-webhook/endpoint", "metadata"],
  ] as const) {
    const body = { name: "a", url: "https://example.com", [field]: { "a\nb": { not: "text" } } };
    const { status, text } = await send("POST", path, body);
    expect([path, field, status]).toEqual([path, field, 422]);
    expect(text).not.toContain("not: ");
  }
});
