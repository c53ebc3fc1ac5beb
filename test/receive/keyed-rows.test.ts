import { describe, expect, test } from "bun:test";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { checkConfig } from "../../src/receive/config.ts";
import { multipartFields } from "../../src/receive/multipart.ts";
import { findProvider } from "../../src/receive/providers/index.ts";
import type { Check, ReceivedRequest } from "../../src/receive/receiver.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";
import { configOf, receiverFor, requestOf, type Vector, vectors } from "./vectors.ts";

const NOW = 1_764_000_000;
const SOURCE_URL = "https://hooks.example.com/in/token";
/** The kinds of rows that these tests cover. */
const KINDS = new Set(["hmac-url-body", "hmac-fields", "ed25519", "ecdsa", "rsa", "rsa-cert", "jwt"]);
const own = vectors.filter(({ provider }) => KINDS.has(findProvider(provider)?.kind ?? ""));
const valid = own.filter(({ expect: outcome }) => outcome === "valid");

function check(
  id: string,
  config: Record<string, unknown>,
  request: Partial<ReceivedRequest>,
  fetched?: string,
): Check {
  const receiver = receiverOf(findProvider(id)!, config, { verification: "enforce", url: SOURCE_URL });
  const base = { method: "POST", url: SOURCE_URL, suffix: "", query: "", headers: {}, body: Buffer.from("{}") };
  return receiver.check({ ...base, ...request }, NOW, fetched);
}

describe("the configuration of a published request", () => {
  test("is accepted, and without its required fields it is not", () => {
    for (const vector of valid) {
      const provider = findProvider(vector.provider)!;
      const config = configOf(vector, provider);
      expect({ id: provider.id, findings: checkConfig(provider, config, "enforce") }).toEqual({
        id: provider.id,
        findings: [],
      });
      const required = provider.config.filter(({ isRequired }) => isRequired).map(({ name }) => name);
      const missing = checkConfig(provider, {}, "enforce").map(({ loc }) => loc.at(-1));
      expect(missing).toEqual(required);
    }
  });
});

/** Returns a copy of a request with one bit of its body or of one of its headers changed. */
function changed(request: ReceivedRequest, place: number, bit: number): ReceivedRequest {
  const names = Object.keys(request.headers);
  const index = place % (names.length + 1);
  if (index === names.length) {
    const body = Buffer.from(request.body);
    if (body.length > 0) body[place % body.length]! ^= 1 << (bit % 8);
    return { ...request, body };
  }
  const name = names[index]!;
  const bytes = Buffer.from(request.headers[name]!);
  bytes[place % bytes.length]! ^= 1 << (bit % 7);
  return { ...request, headers: { ...request.headers, [name]: bytes.toString("latin1") } };
}

describe("a genuine request in which a bit was changed", () => {
  for (const [index, vector] of valid.entries()) {
    test(`gets a result from ${vector.provider} (${index}), and nothing throws`, () => {
      const receiver = receiverFor(vector);
      const request = requestOf(vector);
      fc.assert(
        fc.property(fc.nat(), fc.nat(), (place, bit) => {
          const { kind } = receiver.check(changed(request, place, bit), vector.now);
          expect(["passed", "failed"]).toContain(kind);
        }),
        { numRuns: 150 },
      );
    });
  }

  const covered = valid.filter(({ provider }) => {
    const row = findProvider(provider)!;
    return row.state === "verified" && !["braintree", "transloadit", "aws-sns", "mandrill"].includes(row.id);
  });
  test("is refused by every provider whose signature covers the whole body", () => {
    for (const vector of covered) {
      const request = requestOf(vector);
      if (request.body.length === 0) continue;
      for (let at = 0; at < request.body.length; at += 7) {
        const body = Buffer.from(request.body);
        body[at]! ^= 1;
        const { kind } = receiverFor(vector).check({ ...request, body }, vector.now);
        expect({ provider: vector.provider, at, kind }).toEqual({ provider: vector.provider, at, kind: "failed" });
      }
    }
  });
});

test("a request without its headers and body is refused by every provider of these kinds", () => {
  for (const vector of valid) {
    const request = { ...requestOf(vector), headers: {}, body: new Uint8Array(0) };
    expect(receiverFor(vector).check(request, vector.now).kind).toBe("failed");
  }
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwkOf = (key: KeyObject, fields: object) => ({ ...key.export({ format: "jwk" }), ...fields });
const jwks = { keys: [jwkOf(rsa.publicKey, { kid: "k1", alg: "RS256" })] };
const google = { email: "push@example.com", audience: SOURCE_URL };
const claims = {
  ...{ iss: "https://accounts.google.com", aud: SOURCE_URL, email: google.email, email_verified: true },
  ...{ iat: NOW, exp: NOW + 3600 },
};

function token(header: object, payload: object, signer: (signed: Buffer) => Buffer): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${signer(Buffer.from(signed)).toString("base64url")}`;
}

const rs256 = (signed: Buffer) => sign("sha256", signed, rsa.privateKey);
const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });

describe("a token", () => {
  const header = { alg: "RS256", kid: "k1" };
  const checked = (text: string, fetched?: string) =>
    check("google-pubsub", fetched === undefined ? { ...google, jwks } : google, bearer(text), fetched);

  test("is accepted with a pinned key and with a fetched one", () => {
    const text = token(header, claims, rs256);
    expect(checked(text)).toEqual({ kind: "passed" });
    expect(checked(text, JSON.stringify(jwks))).toEqual({ kind: "passed" });
    expect(check("google-pubsub", google, bearer(text))).toEqual({
      kind: "needs-key",
      key: { url: "https://www.googleapis.com/oauth2/v3/certs", kind: "jwks", keyId: "k1" },
    });
  });

  test.each([
    ["with alg none", token({ ...header, alg: "none" }, claims, () => Buffer.alloc(0)), "algorithm_not_allowed"],
    [
      "with HS256 and the public key as the secret",
      token({ ...header, alg: "HS256" }, claims, (signed) =>
        createHmac("sha256", rsa.publicKey.export({ type: "spki", format: "pem" }))
          .update(signed)
          .digest(),
      ),
      "algorithm_not_allowed",
    ],
    ["with another key id", token({ ...header, kid: "k2" }, claims, rs256), "unknown_key"],
    ["with a critical extension", token({ ...header, crit: ["x"], x: 1 }, claims, rs256), "malformed_signature"],
    ["without an expiry", token(header, { ...claims, exp: undefined }, rs256), "missing_timestamp"],
    ["from the future", token(header, { ...claims, iat: NOW + 301 }, rs256), "timestamp_in_future"],
    ["expired", token(header, { ...claims, exp: NOW - 301 }, rs256), "timestamp_too_old"],
    ["for others", token(header, { ...claims, aud: [SOURCE_URL] }, rs256), "claim_mismatch"],
    ["with an unverified address", token(header, { ...claims, email_verified: "true" }, rs256), "claim_mismatch"],
    ["with a fourth part", `${token(header, claims, rs256)}.x`, "malformed_signature"],
    ["with huge parts", `${"A".repeat(10_000)}.${"A".repeat(1_000_000)}.x`, "malformed_signature"],
    [
      "with deeply nested JSON",
      `${Buffer.from("[".repeat(5000)).toString("base64url")}.e30.AAAA`,
      "malformed_signature",
    ],
    ["with a list as header", `${part([1])}.e30.AAAA`, "malformed_signature"],
  ])("%s is refused", (_what, text, cause) => {
    const failed = { kind: "failed", cause } as Check;
    expect(checked(text)).toEqual(failed);
    expect(checked(text, JSON.stringify(jwks))).toEqual(failed);
  });

  test("with documents that are no key set is refused, and nothing throws", () => {
    const text = token(header, claims, rs256);
    for (const fetched of ["", "null", "[]", '{"keys":7}', '{"keys":[null,1,{"kty":"RSA"}]}', "[".repeat(60_000)]) {
      expect(checked(text, fetched)).toEqual({ kind: "failed", cause: "unknown_key" });
    }
  });

  test("of Plaid asks for its key with the credentials, and an unfit key id asks for nothing", () => {
    const es256 = (signed: Buffer) => sign("sha256", signed, { key: ec.privateKey, dsaEncoding: "ieee-p1363" });
    const signed = (kid: unknown) => ({
      headers: {
        "plaid-verification": token({ alg: "ES256", kid }, { iat: NOW, request_body_sha256: HASH_OF_BODY }, es256),
      },
    });
    const config = { secret: "client:test-only-secret" };
    const needed = check("plaid", config, signed("6c55-16e1"));
    expect(needed).toEqual({
      kind: "needs-key",
      key: {
        url: "https://production.plaid.com/webhook_verification_key/get",
        ...{ kind: "jwks", keyId: "6c55-16e1" },
        post: '{"client_id":"client","secret":"test-only-secret","key_id":"6c55-16e1"}',
      },
    });
    const document = JSON.stringify({ key: jwkOf(ec.publicKey, { kid: "6c55-16e1", alg: "ES256" }), request_id: "x" });
    expect(check("plaid", config, signed("6c55-16e1"), document)).toEqual({ kind: "passed" });
    for (const kid of ["", "a b", "x".repeat(200), null, 7, ["k"], "../x"]) {
      expect(check("plaid", config, signed(kid))).toEqual({ kind: "failed", cause: "unknown_key" });
    }
  });
});

/** The SHA-256 of `{}`. */
const HASH_OF_BODY = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

describe("the address of a certificate", () => {
  const sns = valid.find(({ provider }) => provider === "aws-sns")!;
  const withUrl = (url: string): Check => {
    const body = JSON.stringify({ ...JSON.parse(sns.body!), SigningCertURL: url });
    const { certificate: _, ...options } = sns.options!;
    return receiverFor({ ...sns, options, body } as Vector).check(requestOf({ ...sns, body }), sns.now);
  };

  test("of Amazon is fetched", () => {
    for (const url of [
      "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
      "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0.pem",
    ]) {
      expect(withUrl(url)).toEqual({ kind: "needs-key", key: { url, kind: "certificate", keyId: null } });
    }
  });

  test.each([
    "http://sns.us-east-1.amazonaws.com/a.pem",
    "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
    "https://evil.example/sns.us-east-1.amazonaws.com/a.pem",
    "https://evil.example#.sns.us-east-1.amazonaws.com/a.pem",
    "https://sns.us-east-1.amazonaws.com:8443/a.pem",
    "https://sns.us-east-1.amazonaws.com/a.pem?x=1",
    "https://sns.us-east-1.amazonaws.com/../a.pem",
    "https://sns.us-east-1.amazonaws.com/%2e%2e/a.pem",
    "https://sns.us-east-1.amazonaws.com/a.txt",
    "https://SNS.us-east-1.amazonaws.com/a.pem",
    "https://sns.us-east-1.amazonaws.com\\@evil.example/a.pem",
    "https://bucket.s3.amazonaws.com/a.pem",
    "https://sns.evil.s3.amazonaws.com/a.pem",
    "x".repeat(5000),
  ])("%s is refused before anything is fetched", (url) => {
    expect(withUrl(url)).toEqual({ kind: "failed", cause: "certificate_url_not_allowed" });
  });

  test("leads to a certificate that is checked, and other documents are unknown keys", () => {
    const { certificate, ...options } = sns.options!;
    const receiver = receiverFor({ ...sns, options } as Vector);
    const current = Date.parse("2027-06-01T00:00:00Z") / 1000;
    expect(receiver.check(requestOf(sns), current, certificate as string)).toEqual({ kind: "passed" });
    const unknown: Check = { kind: "failed", cause: "unknown_key" };
    // The certificate of the published request is not valid yet at the time of the request.
    expect(receiver.check(requestOf(sns), sns.now, certificate as string)).toEqual(unknown);
    for (const text of ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "x".repeat(100_000)]) {
      expect(receiver.check(requestOf(sns), current, text)).toEqual(unknown);
    }
  });

  test("of PayPal leads to a certificate with the name of PayPal", () => {
    const paypal = valid.find(({ provider }) => provider === "paypal")!;
    const { certificate, ...options } = paypal.options!;
    const receiver = receiverFor({ ...paypal, options } as Vector);
    const current = Date.parse("2027-06-01T00:00:00Z") / 1000;
    expect(receiver.check(requestOf(paypal), current, certificate as string)).toEqual({ kind: "passed" });
    expect(receiver.check(requestOf(paypal), current, sns.options!.certificate as string)).toEqual({
      kind: "failed",
      cause: "unknown_key",
    });
  });
});

describe("a public key", () => {
  test.each([
    ["discord", "00"],
    ["discord", "z".repeat(64)],
    ["wise", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"],
    ["wise", ec.publicKey.export({ type: "spki", format: "pem" }) as string],
    ["ebay", rsa.publicKey.export({ type: "spki", format: "pem" }) as string],
    ["sendgrid", "AAAA"],
    ["telnyx", Buffer.alloc(31).toString("base64")],
  ])("of %s that is malformed or of another kind lets nothing pass", (id, publicKey) => {
    const vector = valid.find(({ provider }) => provider === id)!;
    const { headers } = requestOf(vector);
    const result = check(id, { secret: "test-only", publicKey }, { headers, body: requestOf(vector).body });
    expect(result.kind).toBe("failed");
  });

  test("refuses signatures that are DER garbage", () => {
    const vector = valid.find(({ provider }) => provider === "sendgrid")!;
    for (const signature of ["MAA=", "MIIBAA==", Buffer.alloc(72, 0x30).toString("base64"), "AAAA", "MAYCAQACAQA="]) {
      const request = requestOf(vector);
      const headers = { ...request.headers, "x-twilio-email-event-webhook-signature": signature };
      expect(receiverFor(vector).check({ ...request, headers }, vector.now)).toEqual({
        kind: "failed",
        cause: "signature_mismatch",
      });
    }
  });
});

describe("multipartFields()", () => {
  const type = "multipart/form-data; boundary=b";
  const fields = (text: string, contentType = type) => {
    const found = multipartFields(contentType, Buffer.from(text));
    return found === null ? null : Object.fromEntries(found);
  };
  const one = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n2\r\n';

  test.each([
    ["a field", `${one}--b--\r\n`, type, { a: "1\r\n2" }],
    ["a preamble and an epilogue", `x\r\n${one}--b--\r\ny`, type, { a: "1\r\n2" }],
    ["a quoted boundary", `${one}--b--`, 'multipart/form-data; charset=utf-8; boundary="b"', { a: "1\r\n2" }],
    ["a repeated field", `${one}${one.replace("1", "9")}--b--`, type, { a: "1\r\n2" }],
    [
      "a file name",
      '--b\r\ncontent-disposition: form-data; filename="x"; name="a"\r\n\r\n1\r\n--b--',
      type,
      { a: "1" },
    ],
    ["a field without a name", "--b\r\nContent-Type: x\r\n\r\n1\r\n--b--", type, {}],
  ])("reads %s", (_what, text, contentType, expected) => {
    expect(fields(text, contentType)).toEqual(expected as never);
  });

  test.each([
    ["without an end", one],
    ["that is empty", ""],
    ["of parts without end", one.repeat(200)],
    ["with garbage after the boundary", "--bxyz\r\n\r\n--b--"],
  ])("a body %s is malformed", (_what, text) => {
    expect(fields(text)).toBeNull();
  });

  test("a body of another type is not read, and any bytes give a result", () => {
    expect(fields(`${one}--b--`, "multipart/form-data")).toBeNull();
    expect(fields(`${one}--b--`, `multipart/form-data; boundary=${"b".repeat(71)}`)).toBeNull();
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 500 }), (boundary, bytes) => {
        multipartFields(`multipart/form-data; boundary=${boundary}`, bytes);
        multipartFields(type, Buffer.concat([Buffer.from("--b\r\n"), bytes, Buffer.from("\r\n--b--")]));
      }),
    );
  });
});
