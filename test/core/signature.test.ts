import { describe, expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import {
  generateSecret,
  parseSecret,
  publicForm,
  type SigningKey,
  sign,
  signatureHeaders,
} from "../../src/core/signature.ts";

const hmacSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const privateSecret = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const vector = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1614265330, body: bytes('{"test": 2432232314}') };
const hmacSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const privateSignature = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function key(secret: string): SigningKey {
  const parsed = parseSecret(secret);
  if (parsed === null) throw new Error("The text is not a valid secret.");
  return parsed;
}

const base64 = (data: Uint8Array | Buffer) => Buffer.from(data).toString("base64");

describe("sign", () => {
  const { id, timestamp, body } = vector;

  test("signing with a shared secret produces the published signature", () => {
    expect(sign([key(hmacSecret)], id, timestamp, body)).toBe(hmacSignature);
  });

  test("signing with a private key produces the published signature", () => {
    expect(sign([key(privateSecret)], id, timestamp, body)).toBe(privateSignature);
  });

  test("signing with several keys lists the signatures in the order of the keys", () => {
    const both = [key(privateSecret), key(hmacSecret)];
    expect(sign(both, id, timestamp, body)).toBe(`${privateSignature} ${hmacSignature}`);
  });

  test("an empty body and a body that is not text can be signed", () => {
    const data = new Uint8Array([0, 255, 128]);
    const signature = sign([key(privateSecret)], "m", 1, data).slice("v1a,".length);
    const signed = Buffer.concat([Buffer.from("m.1."), data]);
    expect(verify(null, signed, publicKeyOf(privateSecret), Buffer.from(signature, "base64"))).toBe(true);
    expect(sign([key(hmacSecret)], "m", 1, new Uint8Array())).toMatch(/^v1,.{44}$/);
  });

  test("signing a view of a larger buffer covers only the view", () => {
    const large = bytes(`xx{"test": 2432232314}yy`);
    expect(sign([key(hmacSecret)], id, timestamp, large.subarray(2, -2))).toBe(hmacSignature);
  });
});

function publicKeyOf(secret: string) {
  const x = Buffer.from(publicForm(secret).slice("whpk_".length), "base64").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

describe("verification", () => {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const anySecret = fc.uint8Array({ minLength: 24, maxLength: 75 }).map(generateSecret);

  test("the standardwebhooks and svix libraries verify every body", () => {
    fc.assert(
      fc.property(anySecret, fc.json(), (secret, text) => {
        const signature = sign([key(secret)], "msg_1", nowSeconds, bytes(text));
        const headers = Object.fromEntries(signatureHeaders("both", "msg_1", nowSeconds, signature));
        expect(new Webhook(secret).verify(text, headers)).toEqual(JSON.parse(text));
        expect(() => new SvixWebhook(secret).verify(text, headers)).not.toThrow();
      }),
      { numRuns: 50 },
    );
  });

  test("receivers can verify with the old or the new secret during a rotation, even if the two secrets use different schemes", () => {
    const other = generateSecret(new Uint8Array(24).fill(7));
    const body = '{"a":1.0}';
    const signature = sign([key(privateSecret), key(other), key(hmacSecret)], "msg_2", nowSeconds, bytes(body));
    const headers = Object.fromEntries(signatureHeaders("webhook", "msg_2", nowSeconds, signature));
    for (const secret of [other, hmacSecret]) expect(new Webhook(secret).verify(body, headers)).toEqual({ a: 1 });
    const signed = Buffer.from(`msg_2.${nowSeconds}.${body}`);
    const asymmetric = Buffer.from(signature.split(" ")[0]!.slice("v1a,".length), "base64");
    expect(verify(null, signed, publicKeyOf(privateSecret), asymmetric)).toBe(true);
  });

  test("receivers refuse a body that was changed in transit", () => {
    const signature = sign([key(hmacSecret)], "msg_3", nowSeconds, bytes("{}"));
    const headers = Object.fromEntries(signatureHeaders("webhook", "msg_3", nowSeconds, signature));
    expect(() => new Webhook(hmacSecret).verify("{ }", headers)).toThrow();
  });
});

describe("secrets", () => {
  test("a secret may have 24 to 75 bytes", () => {
    for (const [length, accepted] of [
      [0, false],
      [23, false],
      [24, true],
      [75, true],
      [76, false],
    ] as const) {
      expect(parseSecret(`whsec_${base64(new Uint8Array(length))}`) !== null).toBe(accepted);
    }
  });

  const junk = {
    "without a prefix": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "with another prefix": "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
    "with an upper-case prefix": "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "with white space": "whsec_MfKQ9r8GKYqrTwjUPD8I LPZIo2LaLaSw",
    "with a line break at the end": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
    "with characters that are not base64": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa*w",
    "in URL-safe base64": `whsec_${"-_".repeat(16)}`,
    "without its padding": `whsec_${base64(new Uint8Array(25)).replace(/=+$/, "")}`,
    "with too much padding": `whsec_${base64(new Uint8Array(24))}====`,
    "with stray bits after the last byte": `whsec_${base64(new Uint8Array(25)).replace("A==", "B==")}`,
    "that is empty": "",
    "that is a seed without its public key": `whsk_${base64(new Uint8Array(32))}`,
    "whose public key belongs to another seed": `whsk_${base64(new Uint8Array(64))}`,
    "that is a longer key pair": `whsk_${base64(new Uint8Array(65))}`,
  };
  for (const [what, text] of Object.entries(junk)) {
    test(`a secret ${what} is refused`, () => expect(parseSecret(text)).toBeNull());
  }

  test("a generated secret can be used", () => {
    const secret = generateSecret(new Uint8Array(24));
    expect(secret).toBe(`whsec_${"A".repeat(32)}`);
    expect(parseSecret(secret)?.scheme).toBe("v1");
  });

  test("generating a secret from too few or too many bytes throws", () => {
    expect(() => generateSecret(new Uint8Array(23))).toThrow(RangeError);
    expect(() => generateSecret(new Uint8Array(76))).toThrow(RangeError);
  });

  test("the public form of an HMAC secret is the secret itself, and the public form of a private key is its public key", () => {
    expect(publicForm(hmacSecret)).toBe(hmacSecret);
    expect(publicForm(privateSecret)).toBe("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
  });

  test("the secret of every ed25519 key pair is accepted", () => {
    for (let i = 0; i < 20; i++) {
      const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
      const pair = Buffer.concat([Buffer.from(d!, "base64url"), Buffer.from(x!, "base64url")]);
      expect(parseSecret(`whsk_${base64(pair)}`)?.scheme).toBe("v1a");
    }
  });

  test("parsing any text as a secret never throws", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "whsec_", "whsk_"), fc.string({ unit: "binary" }), (prefix, text) => {
        parseSecret(prefix + text);
      }),
    );
  });
});

describe("signature headers", () => {
  const names = (mode: "webhook" | "svix" | "both") => signatureHeaders(mode, "i", 1, "s").map(([name]) => name);

  test("the signature headers have the names that the setting selects", () => {
    expect(signatureHeaders("webhook", "msg_1", 12, "v1,x")).toEqual([
      ["webhook-id", "msg_1"],
      ["webhook-timestamp", "12"],
      ["webhook-signature", "v1,x"],
    ]);
    expect(names("svix")).toEqual(["svix-id", "svix-timestamp", "svix-signature"]);
    expect(names("both")).toEqual([...names("webhook"), ...names("svix")]);
  });
});
