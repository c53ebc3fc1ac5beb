import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { samples } from "../../src/receive/example-data.ts";
import { asEventTypeName } from "../../src/receive/expression.ts";
import type { ConfigField, Provider } from "../../src/receive/provider.ts";
import { providers } from "../../src/receive/providers/index.ts";
import type { ExampleRequest, ReceivedRequest, Receiver } from "../../src/receive/receiver.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";

const NOW = 1_764_000_000;
const SOURCE_URL = "https://hooks.example.com/in/token";
const HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/** A valid value for a field of the configuration. */
function valueFor({ name, form }: ConfigField): unknown {
  switch (form) {
    case "hex":
      return HEX;
    case "base64":
    case "standard-webhooks":
      return Buffer.from(HEX, "hex").toString("base64");
    case "user-password":
      return "user:test-only-password";
    case "header-name":
      return "X-Test-Header";
    case "seconds":
      return 300;
    default:
      return `test-only-${name}`;
  }
}

/** Only the fields that are required, and the secret. */
function configFor({ config }: Provider): Record<string, unknown> {
  const fields = config.filter(({ name, isRequired }) => isRequired || name === "secret");
  return Object.fromEntries(fields.map((field) => [field.name, valueFor(field)]));
}

const receiverFor = (provider: Provider): Receiver =>
  receiverOf(provider, configFor(provider), { verification: "enforce", url: SOURCE_URL });

const received = ({ method, headers, query, body }: ExampleRequest): ReceivedRequest => ({
  ...{ method, headers, query, body, suffix: "" },
  url: SOURCE_URL + query,
});

/** The providers that sign with a key of their own, which nobody else has. */
const hasOwnKey = ({ kind, id }: Provider) =>
  ["ed25519", "ecdsa", "rsa", "rsa-cert"].includes(kind) ||
  ["constant-contact", "google-pubsub", "kinde", "plaid", "wix"].includes(id);

describe("the example of a provider", () => {
  for (const provider of providers.filter((row) => !hasOwnKey(row) && row.methods?.length !== 0)) {
    const { id, eventType } = provider;

    test(`${id} passes the check of its own source and is not a handshake`, () => {
      const receiver = receiverFor(provider);
      const request = received(receiver.example(null, NOW)!);
      expect(receiver.check(request, NOW)).toEqual({ kind: "passed" });
      expect(receiver.handshake(request, NOW)).toBeNull();
      expect(receiver.methods === null || receiver.methods.has(request.method)).toBe(true);
      expect(Object.values(request.headers).filter((value) => typeof value !== "string")).toEqual([]);
      expect(Object.keys(request.headers).filter((name) => name !== name.toLowerCase())).toEqual([]);
      const sample = samples[id]?.event;
      if (eventType !== null && sample != null) expect(receiver.eventType(request)).toBe(asEventTypeName(sample));
    });

    test(`${id} has another delivery id or another body in each example`, () => {
      const receiver = receiverFor(provider);
      const keyOf = () => {
        const request = received(receiver.example(null, NOW)!);
        return receiver.deliveryId(request) ?? Buffer.from(request.body).toString();
      };
      expect(new Set(Array.from({ length: 20 }, keyOf)).size).toBe(20);
    });

    if (eventType === null) continue;
    test(`${id} has the event type that is asked for`, () => {
      const receiver = receiverFor(provider);
      for (const wanted of ["order_paid", "order.paid", "shop.order.paid"]) {
        const request = received(receiver.example(wanted, NOW)!);
        expect(receiver.check(request, NOW)).toEqual({ kind: "passed" });
        expect(receiver.eventType(request)).toBe(wanted);
      }
    });
  }

  for (const provider of providers.filter(hasOwnKey)) {
    test(`${provider.id} has no example, because only the provider can sign it`, () => {
      const { publicKey } = generateKeyPairSync("ed25519");
      const config = { publicKey: publicKey.export({ type: "spki", format: "pem" }), secret: "test-only" };
      const receiver = receiverOf(provider, config, { verification: "enforce", url: SOURCE_URL });
      expect(receiver.example(null, NOW)).toBeNull();
    });
  }

  test("a source without a check has an example without a signature", () => {
    const [github] = providers.filter(({ id }) => id === "github");
    const receiver = receiverOf(github!, {}, { verification: "off", url: SOURCE_URL });
    const example = receiver.example("push", NOW)!;
    expect(example.headers["x-github-event"]).toBe("push");
    expect(example.headers["x-hub-signature-256"]).toBeUndefined();
    expect(receiver.state).toBe("unattempted");
  });

  test("every sample belongs to a row", () => {
    const ids = new Set(providers.map(({ id }) => id));
    expect(Object.keys(samples).filter((id) => !ids.has(id))).toEqual([]);
  });
});
