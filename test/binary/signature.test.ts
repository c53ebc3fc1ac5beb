import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { Webhook as Svix1Webhook } from "svix1";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";

/** The signature of every delivery must verify with the libraries that receivers use. */

const PAYLOAD = { text: "é ह 한 𐍈", n: 1 };

let boathook: Installation;
let receiver: Receiver;
beforeAll(async () => {
  receiver = startReceiver();
  boathook = await install(["--signature-headers=both"]);
});
afterAll(async () => {
  await boathook[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

interface Signed {
  readonly app: string;
  readonly endpoint: string;
  /** Sends a message to this receiver and returns the request that arrived. */
  deliver(): Promise<Received>;
  rotate(fields: object): Promise<void>;
  /** Returns the key that the API gives to receivers. */
  key(): Promise<string>;
}

async function endpointWith(fields: object = {}, { send } = boathook): Promise<Signed> {
  const app = await makeApplication(send);
  const endpoint = await makeEndpoint(send, app, receiver.url, fields);
  const secretPath = `/app/${app}/endpoint/${endpoint}/secret`;
  return {
    app,
    endpoint,
    async deliver() {
      const message = await sendMessage(send, app, { payload: PAYLOAD });
      const [request] = await receiver.arrived(1, ({ id }) => id === message);
      return request!;
    },
    async rotate(body) {
      const { status, text } = await send("POST", `${secretPath}/rotate`, body);
      if (status !== 204) throw new Error(`Not rotated: ${status} ${text}`);
    },
    key: async () => (await send("GET", secretPath)).json.key,
  };
}

function altered(request: Received): Received {
  return { ...request, body: Buffer.concat([request.body, Buffer.from(" ")]) };
}

function secret(bytes: number): string {
  return `whsec_${randomBytes(bytes).toString("base64")}`;
}

/** Returns a `whsk_` key and its raw public key. */
function ed25519(): { readonly secret: string; readonly publicKey: string } {
  const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const [seed, publicBytes] = [Buffer.from(d!, "base64url"), Buffer.from(x!, "base64url")];
  return {
    secret: `whsk_${Buffer.concat([seed, publicBytes]).toString("base64")}`,
    publicKey: publicBytes.toString("base64"),
  };
}

type Library = new (secret: string) => { verify(body: string, headers: Record<string, string>): unknown };

function verifies(Library: Library, secret: string, { body, headers }: Received): boolean {
  const webhook = new Library(secret);
  try {
    webhook.verify(body.toString(), Object.fromEntries(headers));
    return true;
  } catch {
    return false;
  }
}

/** Verifies a signature as the specification says, because the libraries support only `v1`. */
function verifiesByKey(publicKey: string, { headers, body }: Received): boolean {
  const x = Buffer.from(publicKey, "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.concat([
    Buffer.from(`${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.`),
    body,
  ]);
  const signatures = headers.get("webhook-signature")!.split(" ");
  return signatures.some(
    (one) => one.startsWith("v1a,") && verify(null, signed, key, Buffer.from(one.slice(4), "base64")),
  );
}

describe("a whsec_ secret", () => {
  for (const [whose, fields] of [
    ["made by the server", {}],
    ["of 24 bytes", { secret: secret(24) }],
    ["of 75 bytes", { secret: secret(75) }],
  ] as const) {
    test(`a whsec_ secret ${whose} makes signatures that standardwebhooks and both svix libraries verify`, async () => {
      const endpoint = await endpointWith(fields);
      const key = await endpoint.key();
      const request = await endpoint.deliver();
      for (const Library of [Webhook, SvixWebhook, Svix1Webhook]) {
        expect(verifies(Library, key, request)).toBe(true);
        expect(verifies(Library, secret(24), request)).toBe(false);
        expect(verifies(Library, key, altered(request))).toBe(false);
      }
    });
  }

  test("signatures verify with both secrets after a rotation, and only with the new one without a grace period", async () => {
    const [first, second, third] = [secret(24), secret(32), secret(40)];
    const endpoint = await endpointWith({ secret: first });
    await endpoint.rotate({ key: second });
    const during = await endpoint.deliver();
    for (const key of [first, second]) expect(verifies(Webhook, key, during)).toBe(true);
    await endpoint.rotate({ key: third, gracePeriodSeconds: 0 });
    const after = await endpoint.deliver();
    // The grace period of the first secret continues.
    expect([first, second, third].map((key) => verifies(Webhook, key, after))).toEqual([true, false, true]);
  });

  test("a rotation without a new secret uses a secret that the server generates", async () => {
    const endpoint = await endpointWith();
    const old = await endpoint.key();
    await endpoint.rotate({});
    const made = await endpoint.key();
    expect(made).not.toBe(old);
    const request = await endpoint.deliver();
    for (const key of [old, made]) expect(verifies(Webhook, key, request)).toBe(true);
  });
});

describe("a whsk_ key", () => {
  test("a whsk_ key makes signatures that its public key verifies, and the API returns only the public key", async () => {
    const { secret, publicKey } = ed25519();
    const endpoint = await endpointWith({ secret });
    expect(await endpoint.key()).toBe(`whpk_${publicKey}`);
    const request = await endpoint.deliver();
    expect(verifiesByKey(publicKey, request)).toBe(true);
    expect(verifiesByKey(ed25519().publicKey, request)).toBe(false);
    expect(verifiesByKey(publicKey, altered(request))).toBe(false);
  });

  test("after a rotation of whsk_ keys, signatures verify with both keys", async () => {
    const [first, second] = [ed25519(), ed25519()];
    const endpoint = await endpointWith({ secret: first.secret });
    await endpoint.rotate({ key: second.secret });
    const request = await endpoint.deliver();
    for (const { publicKey } of [first, second]) expect(verifiesByKey(publicKey, request)).toBe(true);
  });

  test("after a rotation from a whsec_ secret to a whsk_ key, signatures verify with both", async () => {
    const first = secret(24);
    const second = ed25519();
    const endpoint = await endpointWith({ secret: first });
    await endpoint.rotate({ key: second.secret });
    const request = await endpoint.deliver();
    expect(verifiesByKey(second.publicKey, request)).toBe(true);
    expect(verifies(Webhook, first, request)).toBe(true);
  });
});

describe("signature-headers", () => {
  const namesOf = ({ headers }: Received) => [...headers.keys()].filter((name) => /^(webhook|svix)-/.test(name)).sort();
  const names = (prefix: string): string[] => ["id", "signature", "timestamp"].map((name) => `${prefix}-${name}`);

  for (const [mode, expected] of [
    ["webhook", names("webhook")],
    ["svix", names("svix")],
    ["both", [...names("svix"), ...names("webhook")]],
  ] as [string, string[]][]) {
    test(`signature-headers=${mode} sends these names, and the svix library finds the signature`, async () => {
      await using other = await install([`--signature-headers=${mode}`]);
      const endpoint = await endpointWith({}, other);
      const request = await endpoint.deliver();
      expect(namesOf(request)).toEqual(expected);
      expect(verifies(SvixWebhook, await endpoint.key(), request)).toBe(true);
    });
  }

  test("signature-headers is webhook by default", async () => {
    await using other = await install();
    const request = await (await endpointWith({}, other)).deliver();
    expect(namesOf(request)).toEqual(names("webhook"));
  });
});

test("every attempt has a signature with its own time", async () => {
  let failures = 1;
  receiver.answering = () => new Response(null, { status: failures-- > 0 ? 500 : 204 });
  const endpoint = await endpointWith({ retrySchedule: ["1s"] });
  const { id } = await endpoint.deliver();
  const [first, second] = await receiver.arrived(2, (request) => request.id === id);
  const timestamp = ({ headers }: Received) => Number(headers.get("webhook-timestamp"));
  expect(timestamp(second!)).toBeGreaterThan(timestamp(first!));
  for (const request of [first!, second!]) {
    expect(verifies(Webhook, await endpoint.key(), request)).toBe(true);
  }
});
