import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { findProvider } from "../../src/receive/providers/index.ts";
import type { Check, ReceivedRequest } from "../../src/receive/receiver.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";

const NOW = 1_764_000_000;
const SOURCE_URL = "https://hooks.example.com/in/token";
const SECRET = "test-only-secret";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const JSON_TYPE = { "content-type": "application/json" };

const passed: Check = { kind: "passed" };
const failed = (cause: string) => ({ kind: "failed", cause }) as Check;
const mac = (algorithm: string, encoding: "hex" | "base64", text: string | Buffer) =>
  createHmac(algorithm, SECRET).update(text).digest(encoding);

interface Sent extends Partial<Omit<ReceivedRequest, "body">> {
  readonly body?: string;
}

function check(id: string, { body = "", query = "", ...more }: Sent): Check {
  const receiver = receiverOf(findProvider(id)!, { secret: SECRET }, { verification: "enforce", url: SOURCE_URL });
  const request = { method: "POST", suffix: "", headers: {}, ...more, url: SOURCE_URL + query, query };
  return receiver.check({ ...request, body: Buffer.from(body) }, NOW);
}

describe("a signature of Twilio", () => {
  const signed = (text: string) => ({ "x-twilio-signature": mac("sha1", "base64", text) });

  test("covers the URL of a GET request", () => {
    const query = "?CallSid=CA1&x=%20";
    const request = { method: "GET", query, headers: signed(SOURCE_URL + query) };
    expect(check("twilio", request)).toEqual(passed);
    expect(check("twilio", { ...request, query: `${query}&y` })).toEqual(failed("signature_mismatch"));
  });

  test("of the URL alone does not let a body pass without its hash", () => {
    const headers = { ...JSON_TYPE, ...signed(SOURCE_URL) };
    expect(check("twilio", { headers, body: '{"forged":true}' })).toEqual(failed("body_hash_mismatch"));
    expect(check("twilio", { headers })).toEqual(passed);
  });

  test("of a form with more than 1000 fields is refused", () => {
    const headers = { ...FORM, ...signed(SOURCE_URL) };
    expect(check("twilio", { headers, body: "a&".repeat(5_000) })).toEqual(failed("malformed_signature"));
  });

  test("covers a form with wrong percent escapes as it is decoded", () => {
    const headers = { ...FORM, ...signed(`${SOURCE_URL}a%ZZ`) };
    expect(check("twilio", { headers, body: "a=%ZZ" })).toEqual(passed);
  });
});

describe("a signature of Mandrill", () => {
  const headers = { "x-mandrill-signature": mac("sha1", "base64", `${SOURCE_URL}a1b2`) };

  test("covers the fields in the order of their names", () => {
    expect(check("mandrill", { headers: { ...headers, ...FORM }, body: "b=2&a=1" })).toEqual(passed);
  });

  test("of the URL alone does not let a body of another type pass", () => {
    const url = { "x-mandrill-signature": mac("sha1", "base64", SOURCE_URL) };
    expect(check("mandrill", { headers: { ...url, ...JSON_TYPE }, body: "{}" })).toEqual(failed("signature_mismatch"));
  });
});

describe("a signature of Plivo", () => {
  const signed = (text: string) => ({
    "x-plivo-signature-v3-nonce": "n1",
    "x-plivo-signature-v3": `AAAA, ${mac("sha256", "base64", `${text}.n1`)}`,
  });

  test.each([
    ["a GET request with a sorted query", { method: "GET", query: "?b=2&a=1" }, `${SOURCE_URL}?a=1&b=2`],
    ["a GET request without a query", { method: "GET" }, SOURCE_URL],
    ["a form", { body: "b=2&a=1" }, `${SOURCE_URL}?a1b2`],
    ["a form at a URL with a query", { body: "b=2&a=1", query: "?d=4&c=3" }, `${SOURCE_URL}?c=3&d=4.a1b2`],
  ])("covers %s", (_what, request: Sent, text) => {
    const headers = { ...FORM, ...signed(text) };
    expect(check("plivo", { ...request, headers })).toEqual(passed);
    expect(check("plivo", { ...request, headers: { ...headers, "x-plivo-signature-v3-nonce": "n2" } })).toEqual(
      failed("signature_mismatch"),
    );
  });

  test("without a nonce is missing", () => {
    expect(check("plivo", { headers: { "x-plivo-signature-v3": "AAAA" } })).toEqual(failed("missing_signature"));
  });
});

describe("a signature of Contentful", () => {
  const names = ["x-contentful-signed-headers", "x-contentful-timestamp"];
  const signed = (list: readonly string[], target: string, body: string) => {
    const headers: Record<string, string> = {
      ...{ "x-contentful-signed-headers": list.join(","), "x-contentful-timestamp": String(NOW * 1000) },
    };
    const lines = [...list].sort().map((name) => `${name}:${headers[name] ?? ""}`);
    const text = `POST\n${target}\n${lines.join(";")}\n${body}`;
    return { ...headers, "x-contentful-signature": mac("sha256", "hex", text) };
  };

  test("covers a query that is escaped as a whole and then again", () => {
    const headers = signed(names, "/in/token?a%253D1%2526b%253D2", "{}");
    expect(check("contentful", { headers, query: "?a=1&b=2", body: "{}" })).toEqual(passed);
  });

  test("must cover its time and the list of headers", () => {
    for (const list of [names.slice(0, 1), names.slice(1)]) {
      expect(check("contentful", { headers: signed(list, "/in/token", "{}"), body: "{}" })).toEqual(
        failed("malformed_signature"),
      );
    }
  });

  test("that names a header which is missing is refused", () => {
    const headers = signed([...names, "x-missing"], "/in/token", "{}");
    expect(check("contentful", { headers, body: "{}" })).toEqual(failed("signature_mismatch"));
  });
});

describe("a signature of HubSpot", () => {
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const body = '[{"eventId":1}]';

  test("of version 1 is a hash of secret and body", () => {
    const headers = { "x-hubspot-signature": hash(SECRET + body), "x-hubspot-signature-version": "v1" };
    expect(check("hubspot", { headers, body })).toEqual(passed);
    expect(check("hubspot", { headers, body: `${body} ` })).toEqual(failed("signature_mismatch"));
  });

  test("of an older version does not replace a wrong one of version 3", () => {
    const headers = {
      ...{ "x-hubspot-signature": hash(SECRET + body), "x-hubspot-signature-version": "v1" },
      ...{ "x-hubspot-signature-v3": "AAAA", "x-hubspot-request-timestamp": String(NOW * 1000) },
    };
    expect(check("hubspot", { headers, body })).toEqual(failed("signature_mismatch"));
  });

  test("of an unknown version is refused", () => {
    const headers = { "x-hubspot-signature": hash(SECRET + body), "x-hubspot-signature-version": "v9" };
    expect(check("hubspot", { headers, body })).toEqual(failed("algorithm_not_allowed"));
  });
});

describe("a request with many signatures", () => {
  test("costs no more than 100 of them", () => {
    const item = { NotificationRequestItem: { additionalData: { hmacSignature: "AAAA" } } };
    const body = JSON.stringify({ notificationItems: Array(10_000).fill(item) });
    expect(check("adyen", { headers: JSON_TYPE, body })).toEqual(failed("malformed_signature"));
  });
});
