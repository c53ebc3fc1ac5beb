import { beforeEach, describe, expect, test } from "bun:test";
import { parseSubnet } from "../../src/core/address.ts";
import { IdCodec } from "../../src/core/id.ts";
import { parseSecret, sign } from "../../src/core/signature.ts";
import type { Answer, OutgoingRequest } from "../../src/ports.ts";
import { Targets } from "../../src/targets/index.ts";
import type { PreparedTarget, TargetMessage } from "../../src/targets/target.ts";

const KEY = parseSecret(`whsec_${Buffer.alloc(24).toString("base64")}`)!;
const INBOX = new URL("http://127.0.0.1:8071/inbox/t");
const ids = new IdCodec([1, 2, 3, 4]);
const ok: Answer = { kind: "response", status: 200, retryAfter: null, body: new Uint8Array(0), note: null };

let now: number;
let requests: OutgoingRequest[];
let lookUps: string[];
/** Resolves a host name. Tests replace this function. */
let resolve: (host: string) => Promise<readonly string[]>;

beforeEach(() => {
  now = 1_700_000_000_000;
  requests = [];
  lookUps = [];
  resolve = async () => ["93.184.216.34"];
});

function prepare(url: string, headers: Record<string, string> = {}): PreparedTarget {
  const targets = new Targets({
    ports: {
      clock: { now: () => now, steady: () => now, soon: () => {}, after: () => () => {} },
      resolver: {
        resolve: (host) => {
          lookUps.push(host);
          return resolve(host);
        },
      },
      transport: {
        send: async (request) => {
          requests.push(request);
          return ok;
        },
      },
    },
    policy: {
      allowSubnets: [parseSubnet("10.0.0.0/8")!],
      deliveryTimeoutMs: 15_000,
      maxBodyBytes: 2 * 1024 * 1024,
      maxResponseStoredBytes: 7,
      signatureHeaders: "webhook",
      userAgent: "Boathook/test",
      inbox: (address) => (address.pathname === "/inbox/t" ? INBOX : null),
    },
    ids,
  });
  return targets.prepare({ url, headers, timeoutMs: null }, [KEY]);
}

function message(change: Partial<TargetMessage> = {}): TargetMessage {
  return { seq: 5, payload: Buffer.from("{}"), contentType: null, headers: null, received: null, ...change };
}

function deliver(target: PreparedTarget, change: Partial<TargetMessage> = {}, signal = AbortSignal.timeout(60_000)) {
  return target.deliver(message(change), signal);
}

/** Returns the headers of the last request without those of the signature. */
function ownHeaders() {
  return requests.at(-1)!.headers.filter(([name]) => !name.startsWith("webhook-"));
}

describe("the headers of a request", () => {
  test("a request has the trace of its message before the signature, unless a header of the endpoint replaces it", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const trace = { traceparent, tracestate: "a=1" };
    const traceHeaders = () => ownHeaders().filter(([name]) => name.toLowerCase().startsWith("trace"));
    await deliver(prepare("https://a.example/hook"), { trace });
    expect(traceHeaders()).toEqual([
      ["traceparent", traceparent],
      ["tracestate", "a=1"],
    ]);
    await deliver(prepare("https://a.example/hook"), { trace: { traceparent, tracestate: null } });
    expect(traceHeaders()).toEqual([["traceparent", traceparent]]);
    await deliver(prepare("https://a.example/hook", { TraceParent: "own" }), { trace });
    expect(traceHeaders()).toEqual([["TraceParent", "own"]]);
    await deliver(prepare("https://a.example/hook", { TraceState: "own=1" }), { trace });
    expect(traceHeaders()).toEqual([
      ["TraceState", "own=1"],
      ["traceparent", traceparent],
    ]);
  });

  test("a request has the content type, the user agent and the signature, in this order", async () => {
    await deliver(prepare("https://a.example/hook"));
    const id = ids.encode("msg_", 5);
    expect(requests.at(-1)!.headers).toEqual([
      ["Content-Type", "application/json"],
      ["User-Agent", "Boathook/test"],
      ["Accept-Encoding", "identity"],
      ["webhook-id", id],
      ["webhook-timestamp", "1700000000"],
      ["webhook-signature", sign([KEY], id, 1_700_000_000, Buffer.from("{}"))],
    ]);
  });

  test("a message's content type replaces the default", async () => {
    await deliver(prepare("https://a.example/"), { contentType: "text/plain" });
    expect(ownHeaders()).toEqual([
      ["Content-Type", "text/plain"],
      ["User-Agent", "Boathook/test"],
      ["Accept-Encoding", "identity"],
    ]);
  });

  test("an endpoint's header replaces a default header of the same name, ignoring case, even the content type of a message", async () => {
    await deliver(prepare("https://a.example/", { "content-type": "x/y", "USER-AGENT": "u", Extra: "1" }), {
      contentType: "text/plain",
    });
    expect(ownHeaders()).toEqual([
      ["content-type", "x/y"],
      ["USER-AGENT", "u"],
      ["Accept-Encoding", "identity"],
      ["Extra", "1"],
    ]);
  });

  test("a message's headers replace those of the endpoint, only for that message", async () => {
    const target = prepare("https://a.example/", { Extra: "endpoint" });
    await deliver(target, { headers: { extra: "message", More: "2" } });
    expect(ownHeaders().slice(3)).toEqual([
      ["extra", "message"],
      ["More", "2"],
    ]);
    await deliver(target);
    expect(ownHeaders().slice(3)).toEqual([["Extra", "endpoint"]]);
  });

  test("the credentials in a URL become basic authentication unless the endpoint has an authorization header", async () => {
    await deliver(prepare("https://us%C3%A9r:100%@a.example/"));
    const [name, value] = ownHeaders()[3]!;
    expect([name, Buffer.from(value.replace("Basic ", ""), "base64").toString()]).toEqual([
      "Authorization",
      "usér:100%",
    ]);
    await deliver(prepare("https://u:p@a.example/", { authorization: "Bearer t" }));
    expect(ownHeaders()[3]).toEqual(["authorization", "Bearer t"]);
  });

  test.each([
    "webhook-id",
    "Webhook-Signature",
    "WEBHOOK-TIMESTAMP",
    "host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
  ])(
    "a stored header %s of a message or an endpoint is not sent, because it would replace the client's own header",
    async (name) => {
      await deliver(prepare("https://a.example/", { [name]: "endpoint" }), { headers: { [name]: "message" } });
      const values = requests.at(-1)!.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase());
      expect(values.map(([, value]) => value).filter((value) => value === "endpoint" || value === "message")).toEqual(
        [],
      );
    },
  );

  test("the signature contains the time of the request, not the time before the name was resolved", async () => {
    resolve = async () => {
      now += 10_000;
      return ["93.184.216.34"];
    };
    await deliver(prepare("https://a.example/"));
    expect(requests[0]!.headers.find(([name]) => name === "webhook-timestamp")![1]).toBe("1700000010");
  });
});

describe("the destination of a request", () => {
  test("a request may use every resolved address that is allowed, and no other", async () => {
    resolve = async () => ["192.168.0.1", "10.1.2.3", "93.184.216.34"];
    expect(await deliver(prepare("https://a.example/hook?q=1"))).toBe(ok);
    expect(lookUps).toEqual(["a.example"]);
    expect(requests[0]).toMatchObject({ addresses: ["10.1.2.3", "93.184.216.34"], responseBytesMax: 7 });
    expect(requests[0]!.url.href).toBe("https://a.example/hook?q=1");
  });

  test("all requests of an endpoint share one URL object, so that the transport can use it as a cache key", async () => {
    const target = prepare("https://a.example/");
    await deliver(target);
    await deliver(target);
    expect(requests[1]!.url).toBe(requests[0]!.url);
  });

  test("a literal address is not resolved", async () => {
    await deliver(prepare("http://10.0.0.9:8080/"));
    expect([lookUps, requests[0]!.addresses]).toEqual([[], ["10.0.0.9"]]);
  });

  test.each([
    ["http://192.168.0.1/", "192.168.0.1"],
    ["https://a.example/", "fd00::1"],
  ])("a request to %s, which resolves only to a private address, is blocked", async (url, address) => {
    resolve = async () => ["fd00::1", "192.168.0.1"];
    expect(await deliver(prepare(url))).toEqual({
      kind: "failure",
      reason: "blocked",
      detail: `The address ${address} is not public. Requests to it are blocked unless allow-subnets contains it.`,
    });
    expect(requests).toEqual([]);
  });

  test("a request to a host name without addresses fails with `dns`, or with `timeout` after the time limit", async () => {
    resolve = async () => [];
    const target = prepare("https://a.example/");
    expect(await deliver(target)).toMatchObject({ reason: "dns" });
    expect(await deliver(target, {}, AbortSignal.abort())).toMatchObject({ reason: "timeout" });
    expect(requests).toEqual([]);
  });

  test("a delivery to a built-in inbox goes to this server, whatever the address policy says", async () => {
    await deliver(prepare("https://hooks.example/inbox/t"));
    expect(requests[0]).toMatchObject({ url: INBOX, addresses: ["127.0.0.1"] });
    expect(lookUps).toEqual([]);
  });
});

test("every attempt to a URL with an unknown scheme fails with a detail that names the scheme", async () => {
  expect(await deliver(prepare("mqtt://a.example/topic"))).toEqual({
    kind: "failure",
    reason: "connection",
    detail: "This server cannot deliver to URLs with the scheme mqtt.",
  });
});
