import { describe, expect, test } from "bun:test";
import { IdCodec } from "../../src/core/id.ts";
import type { Received } from "../../src/core/received.ts";
import { parseSecret, type SignatureHeaders, sign } from "../../src/core/signature.ts";
import type { OutgoingRequest } from "../../src/ports.ts";
import { Targets } from "../../src/targets/index.ts";
import type { TargetEndpoint, TargetMessage } from "../../src/targets/target.ts";

const KEY = parseSecret(`whsec_${Buffer.alloc(24).toString("base64")}`)!;
const NOW = 1_700_000_000_000;
const ids = new IdCodec([1, 2, 3, 4]);

const received: Received = {
  source: "stripe-eu",
  sourceSeq: 3,
  method: "PUT",
  path: "/orders?x=%20",
  state: "verified",
  cause: null,
  redacted: [],
  reply: null,
};

interface Case {
  readonly message?: Partial<TargetMessage>;
  readonly received?: Partial<Received>;
  readonly endpoint?: Partial<TargetEndpoint>;
  readonly mode?: SignatureHeaders;
}

async function requestFor({ message, received: change, endpoint, mode = "webhook" }: Case): Promise<OutgoingRequest> {
  const requests: OutgoingRequest[] = [];
  const targets = new Targets({
    ports: {
      clock: { now: () => NOW, steady: () => NOW, soon: () => {}, after: () => () => {} },
      resolver: { resolve: async () => ["93.184.216.34"] },
      transport: {
        send: async (request) => {
          requests.push(request);
          return { kind: "response", status: 200, retryAfter: null, body: new Uint8Array(0), note: null };
        },
      },
    },
    policy: {
      allowSubnets: [],
      deliveryTimeoutMs: 15_000,
      maxBodyBytes: 2 * 1024 * 1024,
      maxResponseStoredBytes: 7,
      signatureHeaders: mode,
      userAgent: "Boathook/test",
      inbox: () => null,
    },
    ids,
  });
  const target = targets.prepare({ url: "https://a.example/", headers: {}, timeoutMs: null, ...endpoint }, [KEY]);
  const content = { seq: 5, payload: Buffer.from("{}"), contentType: null, headers: null, ...message };
  await target.deliver({ ...content, received: { ...received, ...change } }, AbortSignal.timeout(60_000));
  return requests[0]!;
}

/** Returns the headers of a delivery as an object. Fails if a name occurs twice. */
async function headersOf(one: Case): Promise<Record<string, string>> {
  const { headers } = await requestFor(one);
  const names = headers.map(([name]) => name.toLowerCase());
  expect(names).toEqual([...new Set(names)]);
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

/** Returns the headers of a delivery that were not added by us. */
async function passedOn(headers: Record<string, string>, one: Case = {}): Promise<Record<string, string>> {
  const all = await headersOf({ ...one, message: { headers, ...one.message } });
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !/^(?:boathook-(?!sender-)|webhook-|svix-|accept-encoding$)/.test(name)),
  );
}

describe("the headers of a received message", () => {
  test("a delivery has the sender's headers, the description of the request and our signature", async () => {
    const { headers, body } = await requestFor({
      message: {
        contentType: "text/xml; charset=latin1",
        headers: {
          accept: "*/*",
          "content-encoding": "gzip",
          "content-type": "text/xml; charset=latin1",
          "user-agent": "Sender/1",
          "x-many": "1, 2",
          "x-note": "caf\xe9",
          "x-empty": "",
        },
      },
    });
    const id = ids.encode("msg_", 5);
    expect(headers).toEqual([
      ["content-type", "text/xml; charset=latin1"],
      ["accept", "*/*"],
      ["content-encoding", "gzip"],
      ["user-agent", "Sender/1"],
      ["x-many", "1, 2"],
      ["x-note", "caf\xe9"],
      ["x-empty", ""],
      ["Accept-Encoding", "identity"],
      ["boathook-source", "stripe-eu"],
      ["boathook-method", "PUT"],
      ["boathook-path", "/orders?x=%20"],
      ["boathook-verification", "verified"],
      ["webhook-id", id],
      ["webhook-timestamp", "1700000000"],
      ["webhook-signature", sign([KEY], id, 1_700_000_000, body)],
    ]);
  });

  test("a message without a content type is sent without one", async () => {
    expect(await headersOf({ message: { headers: { "x-a": "1" } } })).not.toHaveProperty("content-type");
  });

  test("a message without a user agent is sent with ours", async () => {
    expect(await passedOn({})).toEqual({ "user-agent": "Boathook/test" });
  });

  test.each([
    "host",
    "content-length",
    "cookie",
    "accept-encoding",
    "expect",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "boathook-source",
    "boathook-verification",
    "boathook-anything",
    "boathook-sender-webhook-id",
  ])("the sender's header %s is not passed on", async (name) => {
    const headers = await headersOf({ message: { headers: { [name]: "of-the-sender", "user-agent": "u" } } });
    expect(Object.values(headers)).not.toContain("of-the-sender");
  });

  test("headers that the sender's Connection header names are not passed on", async () => {
    const headers = { connection: "close, X-Hop ,x-other", "x-hop": "1", "x-other": "2", "x-kept": "3" };
    expect(await passedOn(headers)).toEqual({ "user-agent": "Boathook/test", "x-kept": "3" });
  });

  test("headers that a proxy has added are passed on", async () => {
    const headers = { "user-agent": "u", forwarded: "for=192.0.2.1", via: "1.1 proxy", "x-forwarded-for": "192.0.2.1" };
    expect(await passedOn(headers)).toEqual(headers);
  });

  test("a header that contained the secret of the source is not passed on", async () => {
    const headers = { "user-agent": "u", authorization: "[redacted]", "x-kept": "1" };
    expect(await passedOn(headers, { received: { redacted: ["authorization"] } })).toEqual({
      "user-agent": "u",
      "x-kept": "1",
    });
  });

  test("the sender's headers with our names are renamed", async () => {
    const headers = {
      "user-agent": "u",
      "webhook-id": "1",
      "webhook-timestamp": "2",
      "webhook-signature": "3",
      "webhook-other": "4",
      "svix-id": "5",
      traceparent: "6",
    };
    const all = await headersOf({ message: { headers } });
    expect(all).toMatchObject({
      "webhook-id": ids.encode("msg_", 5),
      "boathook-sender-webhook-id": "1",
      "boathook-sender-webhook-timestamp": "2",
      "boathook-sender-webhook-signature": "3",
      "webhook-other": "4",
      "svix-id": "5",
      "boathook-sender-traceparent": "6",
    });
    expect(all).not.toHaveProperty("traceparent");
  });

  test.each(["svix", "both"] as const)(
    "with signature-headers=%s the sender's svix headers are renamed too",
    async (mode) => {
      const all = await headersOf({ message: { headers: { "svix-id": "5", "webhook-id": "1" } }, mode });
      expect(all).toMatchObject({
        "svix-id": ids.encode("msg_", 5),
        "boathook-sender-svix-id": "5",
        "boathook-sender-webhook-id": "1",
      });
    },
  );

  test("the endpoint's own headers replace those of the sender, ignoring case, but never our description", async () => {
    const endpoint = {
      url: "https://user:password@a.example/",
      headers: {
        "Content-Type": "a/b",
        "USER-AGENT": "mine",
        "X-Both": "endpoint",
        "Boathook-Verification": "verified",
        "boathook-verification-cause": "none",
        "boathook-sender-webhook-id": "endpoint",
      },
    };
    const headers = {
      authorization: "Bearer sender",
      "user-agent": "u",
      "x-both": "sender",
      "x-sender": "1",
      "webhook-id": "1",
    };
    const all = await headersOf({
      message: { headers, contentType: "c/d" },
      endpoint,
      received: { state: "unattempted" },
    });
    expect(all).toMatchObject({
      authorization: `Basic ${Buffer.from("user:password").toString("base64")}`,
      "content-type": "a/b",
      "user-agent": "mine",
      "x-both": "endpoint",
      "x-sender": "1",
      "boathook-verification": "unattempted",
      "boathook-sender-webhook-id": "endpoint",
    });
    expect(all).not.toHaveProperty("boathook-verification-cause");
  });

  test("a message that failed its check has the cause", async () => {
    expect(await headersOf({ received: { state: "failed", cause: "token_mismatch" } })).toMatchObject({
      "boathook-verification": "failed",
      "boathook-verification-cause": "token_mismatch",
    });
  });
});
