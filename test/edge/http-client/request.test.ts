import { describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { answer, startSocketReceiver } from "../../support/socket-receiver.ts";
import { patient, requestTo, responseWith } from "./requests.ts";

const OK = responseWith(200, "ok");

/** Returns the bytes of one request as a receiver gets them, as Latin-1 text. */
async function sent(path: string, fields: Partial<OutgoingRequest> = {}): Promise<{ text: string; port: number }> {
  await using receiver = await startSocketReceiver(answer);
  expect(await new HttpClient().send(requestTo(`${receiver.url}${path}`, fields), patient)).toEqual(OK);
  expect(receiver.texts).toHaveLength(1);
  return { text: receiver.texts[0]!, port: receiver.port };
}

describe("a request", () => {
  test("a request contains the given headers in their order and case, the host and the length, and no other header", async () => {
    const headers = [
      ["webhook-id", "msg_1"],
      ["X-UPPER", 'a, b;c="d"'],
      ["x-lower", ""],
      ["Accept", "*/*"],
    ] as const;
    const { text, port } = await sent("/hook?a=b", { headers, body: Buffer.from('{"n":1.0}') });
    expect(text).toBe(
      [
        "POST /hook?a=b HTTP/1.1",
        `Host: 127.0.0.1:${port}`,
        "webhook-id: msg_1",
        'X-UPPER: a, b;c="d"',
        "x-lower: ",
        "Accept: */*",
        "Content-Length: 9",
        "",
        '{"n":1.0}',
      ].join("\r\n"),
    );
  });

  test("a request with an empty body has a length of 0", async () => {
    const { text } = await sent("/", { body: new Uint8Array(0) });
    expect(text).toEndWith("\r\nContent-Length: 0\r\n\r\n");
  });

  test("a GET request has no body and no length, and keeps its path and headers", async () => {
    const headers = [["User-Agent", "test"]] as const;
    const { text, port } = await sent("/POST?a=b", { method: "GET", headers, body: new Uint8Array(0) });
    expect(text).toBe(`GET /POST?a=b HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: test\r\n\r\n`);
  });

  for (const path of [
    "/",
    "/?",
    "/a?",
    "//x",
    "//x//y/?//z",
    "/a%20b/%2f%2F/?c=d&e=%26",
    "/%C3%A4?%zz",
    "/;p?q=http://h/",
  ]) {
    test(`a request sends the path ${path} unchanged`, async () => {
      expect((await sent(path)).text).toStartWith(`POST ${path} HTTP/1.1\r\n`);
    });
  }

  test("the target of a request omits the user, password and fragment of the URL", async () => {
    await using receiver = await startSocketReceiver(answer);
    const url = receiver.url.replace("http://", "http://user:secret@");
    expect(await new HttpClient().send(requestTo(`${url}/x#y`), patient)).toEqual(OK);
    expect(receiver.texts[0]).toBe(
      `POST /x HTTP/1.1\r\nHost: 127.0.0.1:${receiver.port}\r\nContent-Length: 2\r\n\r\n{}`,
    );
  });

  const hosts = [
    ["hook.example", "hook.example"],
    ["HOOK.Example.", "hook.example."],
    ["b\u00fccher.example", "xn--bcher-kva.example"],
    ["[::ffff:1]", "[::ffff:1]"],
  ];
  for (const [host, header] of hosts) {
    test(`a request to ${host} goes to the given address with the host header ${header}`, async () => {
      await using receiver = await startSocketReceiver(answer);
      const request = requestTo(`http://${host}:${receiver.port}/`, { addresses: ["127.0.0.1"] });
      expect(await new HttpClient().send(request, patient)).toEqual(OK);
      expect(receiver.texts[0]).toContain(`\r\nHost: ${header}:${receiver.port}\r\n`);
    });
  }

  for (const address of ["::1", "[::1]"]) {
    test(`a request goes to the IPv6 address ${address}`, async () => {
      await using receiver = await startSocketReceiver(answer, { host: "::1" });
      expect(await new HttpClient().send(requestTo(receiver.url, { addresses: [address] }), patient)).toEqual(OK);
      expect(receiver.texts[0]).toContain(`\r\nHost: [::1]:${receiver.port}\r\n`);
    });
  }

  test("a request to a URL whose address has changed goes to the new address", async () => {
    await using first = await startSocketReceiver(answer);
    const client = new HttpClient();
    const request = requestTo(first.url);
    expect(await client.send(request, patient)).toEqual(OK);
    const refused = { kind: "failure", reason: "connection", detail: "The connection was refused." };
    expect(await client.send({ ...request, addresses: ["127.0.0.2"] }, patient)).toEqual(refused as never);
    expect(first.requests).toEqual([1]);
  });

  test("a request whose address is a name is not sent, because the name would be looked up", async () => {
    await using receiver = await startSocketReceiver(answer);
    const answered = await new HttpClient().send(requestTo(receiver.url, { addresses: ["localhost"] }), patient);
    expect(answered).toMatchObject({ kind: "failure", reason: "connection" });
    expect(receiver.requests).toEqual([]);
  });

  test("a request sends a header value as Latin-1", async () => {
    const { text } = await sent("/", { headers: [["X", "caf\u00e9\t\u00ff"]] });
    expect(text).toContain("\r\nX: caf\u00e9\t\u00ff\r\n");
  });
});

describe("a header that cannot be sent", () => {
  const table: [name: string, value: string][] = [
    ["X", "a\r\nY: b"],
    ["X", "a\nY: b"],
    ["X", "a\rb"],
    ["X", "a\0b"],
    ["X", "a\x7fb"],
    ["X", "\u20ac"],
    ["X", "\u{1f600}"],
    ["", "a"],
    ["X Y", "a"],
    ["X:", "a"],
    ["X\r\nY", "a"],
    ["X\u00e9", "a"],
    ["host", "other.example"],
    ["Content-Length", "5"],
    ["transfer-encoding", "chunked"],
  ];
  for (const [name, value] of table) {
    test(`an invalid header keeps the whole request from being sent: ${JSON.stringify({ [name]: value })}`, async () => {
      await using receiver = await startSocketReceiver(answer);
      const request = requestTo(receiver.url, {
        headers: [
          ["Fine", "a"],
          [name, value],
        ],
      });
      expect(await new HttpClient().send(request, patient)).toEqual({
        kind: "failure",
        reason: "connection",
        detail: `The header ${JSON.stringify(name)} cannot be sent. The request was not sent.`,
      });
      expect(receiver.requests).toEqual([]);
    });
  }
});

/**
 * Starts a server that responds with the hash of the body. It reads the body only after `mayRead`
 * resolves.
 */
async function startHashingServer(mayRead: Promise<void>) {
  return startRawServer((socket: Socket) => {
    socket.pause();
    let hash = createHash("sha256");
    let head = "";
    let rest = -1;
    socket.on("data", (chunk: Buffer) => {
      let body = chunk;
      if (rest < 0) {
        head += chunk.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        rest = Number(/content-length: (\d+)/i.exec(head)![1]);
        body = Buffer.from(head.slice(end + 4), "latin1");
      }
      hash.update(body);
      rest -= body.length;
      if (rest > 0) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n${hash.digest("hex")}`);
      hash = createHash("sha256");
      head = "";
      rest = -1;
    });
    void mayRead.then(() => socket.resume());
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a large body", () => {
  for (const bytes of [65_000, 64 * 1024, 70_000, 1024 * 1024, 20 * 1024 * 1024]) {
    test(`a body of ${bytes} bytes arrives unchanged`, async () => {
      await using server = await startHashingServer(Promise.resolve());
      const body = randomBytes(bytes);
      expect(await new HttpClient().send(requestTo(server.url, { body }), patient)).toEqual(
        responseWith(200, sha256(body)),
      );
    });
  }

  test("large bodies wait until their receivers read, and bytes of different bodies do not mix", async () => {
    const { promise: mayRead, resolve: read } = Promise.withResolvers<void>();
    await using slow = await startHashingServer(mayRead);
    await using quick = await startHashingServer(Promise.resolve());
    const client = new HttpClient();
    // In total these bodies are larger than the buffers of all connections.
    const large = Array.from({ length: 4 }, () => randomBytes(8 * 1024 * 1024));
    const small = Array.from({ length: 40 }, (_, i) => Buffer.from(`{"n":${i}}`));
    const waiting = large.map((body) => client.send(requestTo(slow.url, { body }), patient));
    for (const body of small) {
      expect(await client.send(requestTo(quick.url, { body }), patient)).toEqual(responseWith(200, sha256(body)));
    }
    // These small bodies wait only because their receiver does not read.
    const waitingSmall = small.map((body) => client.send(requestTo(slow.url, { body }), patient));
    read();
    expect(await Promise.all(waiting)).toEqual(large.map((body) => responseWith(200, sha256(body))));
    expect(await Promise.all(waitingSmall)).toEqual(small.map((body) => responseWith(200, sha256(body))));
  });
});
