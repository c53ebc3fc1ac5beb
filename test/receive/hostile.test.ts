import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { eventTypeNameProblem } from "../../src/core/rule.ts";
import { configFieldsOf } from "../../src/receive/config.ts";
import { readKey, userExpression } from "../../src/receive/expression.ts";
import type { Provider } from "../../src/receive/provider.ts";
import { findProvider, providers } from "../../src/receive/providers/index.ts";
import type { ReceivedRequest, Receiver } from "../../src/receive/receiver.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";
import { RequestView } from "../../src/receive/request-view.ts";
import { senders } from "./senders.ts";
import { configOf, vectors } from "./vectors.ts";

const NOW = 1_764_000_000;
const URL_OF_SOURCE = "https://hooks.example.com/in/token";

/** Returns a configuration with which the provider's own requests pass. */
function configured(provider: Provider): Record<string, unknown> {
  const sender = senders[provider.id];
  if (sender !== undefined) return { ...sender.config, secret: sender.secret };
  const vector = vectors.find((candidate) => candidate.provider === provider.id && candidate.expect === "valid");
  return vector === undefined ? { secret: "test-only", publicKey: "test-only" } : configOf(vector, provider);
}

const receiverFor = (provider: Provider, config = configured(provider)): Receiver =>
  receiverOf(provider, config, { verification: "enforce", url: URL_OF_SOURCE });

const receivers = providers.map((provider) => ({ provider, receiver: receiverFor(provider) }));

const hex = fc.stringMatching(/^[0-9a-fA-F]{0,130}$/);
const base64 = fc.base64String({ maxLength: 100 });
const signature = fc.oneof(hex, base64, fc.string(), fc.constant("x".repeat(20_000)));
const time = fc.oneof(
  fc.integer().map(String),
  fc.constant(String(NOW)),
  fc.date({ noInvalidDate: true }).map((at) => at.toISOString()),
  fc.string(),
);
/** Values that look like signatures, are malformed, are repeated or have control characters. */
const value = fc.oneof(
  signature,
  fc
    .tuple(fc.constantFrom("sha256=", "sha1=", "v1=", "v1,", "v1a,", "v0=", "Basic ", "Bearer ", "t=", "="), signature)
    .map((parts) => parts.join("")),
  fc.tuple(time, signature).map(([t, s]) => `t=${t},v1=${s}`),
  fc
    .array(fc.tuple(time, signature), { maxLength: 60 })
    .map((list) => list.map(([t, s]) => `t=${t},v1=${s}`).join(", ")),
  fc.array(signature, { maxLength: 60 }).map((list) => list.map((s) => `v1,${s}`).join(" ")),
  fc.string({ unit: "binary" }),
);
const body = fc.oneof(
  fc.uint8Array(),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .constantFrom("", "null", "[]", "{}", '"x"', "[".repeat(20_000), '{"value":[null]}', "payload=%ZZ&x")
    .map((text) => Buffer.from(text)),
);

/** Requests that have the row's own headers with arbitrary values. */
function requestsFor({ headers: names }: Provider): fc.Arbitrary<ReceivedRequest> {
  const own = names.map((name) => name.toLowerCase());
  const name = own.length === 0 ? fc.string() : fc.oneof(fc.constantFrom(...own), fc.string());
  const headers = fc
    .dictionary(name, value, { maxKeys: 8 })
    .chain((some) =>
      fc
        .constantFrom("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")
        .map((type) => ({ ...some, "content-type": type })),
    );
  return fc.record({
    method: fc.constantFrom("POST", "GET", "PUT", "HEAD", "OPTIONS"),
    url: fc.webUrl({ withQueryParameters: true }),
    suffix: fc.string(),
    query: fc.oneof(
      fc.constant(""),
      fc.webQueryParameters().map((text) => `?${text}`),
      fc.string().map((text) => `?${text}`),
    ),
    headers,
    body,
  });
}

describe("a request with arbitrary headers and an arbitrary body", () => {
  for (const { provider, receiver } of receivers) {
    const isUnsigned = provider.scheme.type === "none";
    test(`is ${isUnsigned ? "accepted" : "refused with a cause"} by ${provider.id}, and nothing throws`, () => {
      fc.assert(
        fc.property(requestsFor(provider), (request) => {
          const check = receiver.check(request, NOW);
          if (isUnsigned) expect(check).toEqual({ kind: "passed" });
          else if (check.kind !== "needs-key") expect(check).toEqual({ kind: "failed", cause: expect.any(String) });
          receiver.handshake(request, NOW);
          const deliveryId = receiver.deliveryId(request);
          if (deliveryId !== null) expect(deliveryId).not.toBe("");
          const eventType = receiver.eventType(request);
          if (eventType !== null) expect(eventTypeNameProblem(eventType)).toBeNull();
        }),
        { numRuns: 40 },
      );
    });
  }
});

test("a configuration of any shape prepares a receiver that refuses requests and never throws", () => {
  const names = [...new Set(providers.flatMap((provider) => configFieldsOf(provider).map(({ name }) => name)))];
  const config = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.jsonValue(), fc.constantFrom("hex", "base64", "sha1", "whpk_x")),
  );
  fc.assert(
    fc.property(fc.constantFrom(...providers), config, (provider, fields) => {
      const receiver = receiverFor(provider, fields);
      const headers = Object.fromEntries(provider.headers.map((name) => [name.toLowerCase(), "v1=00"]));
      const request = { method: "POST", url: URL_OF_SOURCE, suffix: "", query: "", headers, body: Buffer.from("{}") };
      if (receiver.state !== "unattempted") expect(receiver.check(request, NOW).kind).not.toBe("passed");
    }),
    { numRuns: 2000 },
  );
});

describe("a signature that is not exactly as the provider sends it", () => {
  const github = findProvider("github")!;
  const sender = senders.github!;
  const bytes = Buffer.from('{"a":1}');
  const right = sender.headers(bytes, sender.secret, NOW)["x-hub-signature-256"]!;
  const check = (text: string) => {
    const headers = { "x-hub-signature-256": text };
    return receiverFor(github).check(
      { method: "POST", url: URL_OF_SOURCE, suffix: "", query: "", headers, body: bytes },
      NOW,
    );
  };

  test("hexadecimal digits may have either case", () => {
    expect(check(`sha256=${right.slice(7).toUpperCase()}`)).toEqual({ kind: "passed" });
  });

  test.each([
    ["a character after it", `${right}0`, "signature_mismatch"],
    ["garbage after it", `${right}zz`, "signature_mismatch"],
    ["a blank in it", `${right.slice(0, 20)} ${right.slice(21)}`, "signature_mismatch"],
    ["its last character missing", right.slice(0, -1), "signature_mismatch"],
    ["the header sent twice", `${right}, ${right}`, "signature_mismatch"],
    ["the prefix in capitals", right.replace("sha256", "SHA256"), "malformed_signature"],
    ["another algorithm", right.replace("sha256", "sha1"), "malformed_signature"],
    ["more characters than any signature", right + "0".repeat(10_000), "malformed_signature"],
    ["nothing in it", "", "missing_signature"],
  ])("with %s it is refused", (_what, text, cause) => {
    expect(check(text)).toEqual({ kind: "failed", cause: cause as "signature_mismatch" });
  });

  test("a base64 digest with a character that decoders ignore is refused", () => {
    const shopify = findProvider("shopify")!;
    const signed = senders.shopify!;
    const header = signed.headers(bytes, signed.secret, NOW)["x-shopify-hmac-sha256"]!;
    for (const text of [
      `${header.slice(0, 10)}!${header.slice(10)}`,
      `${header.slice(0, 10)}!${header.slice(11)}`,
      `${header}AAAA`,
    ]) {
      const headers = { "x-shopify-hmac-sha256": text };
      const request = { method: "POST", url: URL_OF_SOURCE, suffix: "", query: "", headers, body: bytes };
      expect(receiverFor(shopify).check(request, NOW)).toEqual({ kind: "failed", cause: "signature_mismatch" });
    }
  });
});

describe("a challenge that a handshake has signed for anyone", () => {
  const check = (id: string, config: Record<string, unknown>, request: Partial<ReceivedRequest>) =>
    receiverFor(findProvider(id)!, config).check(
      { method: "POST", suffix: "", query: "", url: URL_OF_SOURCE, headers: {}, body: Buffer.from(""), ...request },
      NOW,
    );
  const signed = (id: string, config: Record<string, unknown>, query: string): string =>
    receiverFor(findProvider(id)!, config).handshake(
      { method: "GET", suffix: "", query, url: URL_OF_SOURCE + query, headers: {}, body: Buffer.from("") },
      NOW,
    )!.reply.body;

  test.each(["true", "1764000000", "abc"])("X: the body %s is not verified by its signature", (text) => {
    const config = { secret: "test-only" };
    const { response_token: token } = JSON.parse(signed("x", config, `?crc_token=${text}`));
    const headers = { "x-twitter-webhooks-signature": token };
    expect(check("x", config, { headers, body: Buffer.from(text) })).toEqual({
      kind: "failed",
      cause: "signature_mismatch",
    });
  });

  test("Braintree: a challenge is not verified as a payload", () => {
    const config = { secret: "test-only", publicKey: "public" };
    const challenge = "0123456789abcdef0123";
    const form = { bt_signature: signed("braintree", config, `?bt_challenge=${challenge}`), bt_payload: challenge };
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = Buffer.from(new URLSearchParams(form).toString());
    expect(check("braintree", config, { headers, body })).toEqual({ kind: "failed", cause: "signature_mismatch" });
  });
});

describe("a request that would take long to parse", () => {
  const view = (body: string, headers: Record<string, string> = {}) =>
    new RequestView({ method: "POST", suffix: "", query: "", url: URL_OF_SOURCE, headers, body: Buffer.from(body) });

  test("a form with more than 10,000 fields is no form", () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect(view("a=1&".repeat(9_999), headers).form?.get("a")).toBe("1");
    expect(view("a=1&".repeat(10_000), headers).form).toBeNull();
  });

  test("a JSON body above 64 KiB is not parsed for a handshake", () => {
    const large = view(`{"type":"url_verification","challenge":"c","more":"${"x".repeat(64 * 1024)}"}`);
    expect(receiverFor(findProvider("slack")!).handshake(large, NOW)).toBeNull();
    const small = view('{"type":"url_verification","challenge":"c"}');
    expect(receiverFor(findProvider("slack")!).handshake(small, NOW)).toMatchObject({ isSigned: true });
  });

  test("a batch with more than 10,000 items has no key of its items", () => {
    const key = (count: number) => readKey(userExpression("$[*]"), view(`[${"1,".repeat(count - 1)}1]`));
    expect(key(10_000)).toStartWith('["1","1"');
    expect(key(10_001)).toBeNull();
  });
});
