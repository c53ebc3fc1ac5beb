import { describe, expect, test } from "bun:test";
import { findProvider } from "../../src/receive/providers/index.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";
import { configOf, requestOf, vectors } from "./vectors.ts";

const NEEDED = [
  ["constant-contact", "https://developer.constantcontact.com/.well-known/jwks.json", "current"],
  ["kinde", "https://example.kinde.com/.well-known/jwks.json", "current"],
] as const;

describe("a provider whose keys are fetched", () => {
  for (const [id, url, keyId] of NEEDED) {
    const vector = vectors.find(
      (one) => one.provider === id && one.expect === "valid" && /with a key|^valid$/.test(one.description),
    )!;
    const provider = findProvider(id)!;
    const { jwks, ...config } = configOf(vector, provider);
    const receiver = receiverOf(provider, config, { verification: "enforce", url: vector.url });
    const request = requestOf(vector);
    const document = JSON.stringify(jwks);

    test(`${id} names the address and the identifier of its key`, () => {
      expect(receiver.check(request, vector.now)).toEqual({ kind: "needs-key", key: { url, kind: "jwks", keyId } });
    });

    test(`${id} passes with the fetched keys, and again with a document of other keys it does not`, () => {
      expect(receiver.check(request, vector.now, document)).toEqual({ kind: "passed" });
      const others = JSON.stringify({
        keys: (jwks as { keys: { kid: string }[] }).keys.filter(({ kid }) => kid !== keyId),
      });
      expect(receiver.check(request, vector.now, others)).toEqual({ kind: "failed", cause: "unknown_key" });
      expect(receiver.check(request, vector.now, document)).toEqual({ kind: "passed" });
    });

    for (const fetched of [
      "",
      "null",
      "[]",
      "{",
      '{"keys":7}',
      '{"keys":[null,1,{"kty":"RSA"},{"kty":"RSA","kid":"current","n":"","e":"AQAB"}]}',
    ]) {
      test(`${id} finds no key in the document ${fetched || "without content"}`, () => {
        expect(receiver.check(request, vector.now, fetched)).toMatchObject({ kind: "failed" });
      });
    }

    test(`${id} asks for no key when the request is malformed`, () => {
      for (const text of ["", "..", "a.b", "e30..", "e30.e30.e30", "e30.e30.e30.e30", "é.é.é", "x".repeat(2_000_000)]) {
        const name = provider.headers[0]?.toLowerCase();
        const hostile =
          name === undefined
            ? { ...request, body: Buffer.from(text) }
            : { ...request, headers: { ...request.headers, [name]: text } };
        expect(receiver.check(hostile, vector.now).kind).toBe("failed");
      }
    });
  }
});
