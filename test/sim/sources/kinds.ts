import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { NewSource } from "../../../src/commands/sources.ts";
import type { Dice } from "../dice.ts";

/** What is wrong with a request; null for nothing. */
export type Flaw = "forged" | "stale" | "early" | "method" | "large" | "handshake";

interface Signing {
  readonly body: Buffer;
  /** The id that the provider gives the event. */
  readonly id: string;
  readonly secret: string;
  readonly nowSeconds: number;
}

/** A kind of source in the simulation, and how its provider sends. */
export interface Kind {
  readonly settings: (secret: string, dice: Dice) => Omit<NewSource, "name">;
  readonly newSecret: (dice: Dice) => string;
  readonly headers: (signing: Signing) => Record<string, string>;
  /** The member of the body that contains the id. */
  readonly idMember: string;
  readonly flaws: readonly Flaw[];
  /** Returns the body of a handshake. */
  readonly handshake?: (secret: string) => object;
}

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** The document with the key of the provider whose keys must be fetched. */
export const JWKS = JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1" }] });

const mac = (key: string | Buffer, ...parts: readonly (string | Buffer)[]) => {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};
const hex = (key: string, ...parts: readonly (string | Buffer)[]) => mac(key, ...parts).toString("hex");
const textSecret = (dice: Dice) => `secret-${Buffer.from(dice.bytes(12)).toString("hex")}`;

const withSecret = (type: string) => (secret: string) => ({ type, config: { secret } });

/** Without a window, the default of the product applies. */
function deduplicated(by: string, dice: Dice) {
  return { deduplicate: { by, windowSeconds: dice.pick([30, 600, 86_400]) } };
}

function detachedJws({ body, secret, nowSeconds }: Signing): string {
  const header = { alg: "RS256", kid: "1", b64: false, crit: ["b64"], ts: nowSeconds };
  const head = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.`;
  const signed = Buffer.concat([Buffer.from(head), secret === "" ? body : Buffer.from(secret)]);
  return `${head}.${sign("RSA-SHA256", signed, privateKey).toString("base64url")}`;
}

export const KINDS = {
  stripe: {
    settings: (secret, dice) => ({ ...withSecret("stripe")(secret), ...deduplicated("delivery-id", dice) }),
    newSecret: textSecret,
    headers: ({ body, secret, nowSeconds: t }) => ({ "stripe-signature": `t=${t},v1=${hex(secret, `${t}.`, body)}` }),
    idMember: "id",
    flaws: ["forged", "stale", "early", "method", "large"],
  },
  webhook: {
    settings: (_secret, dice) => ({
      type: "generic-webhook",
      ...(dice.chance(0.7) ? deduplicated("header:X-Id", dice) : {}),
    }),
    newSecret: () => "",
    headers: ({ id }) => ({ "x-id": id, "content-type": "application/octet-stream" }),
    idMember: "id",
    flaws: ["large"],
  },
  standard: {
    settings: (secret, dice) => ({ ...withSecret("standard-webhooks")(secret), ...deduplicated("delivery-id", dice) }),
    newSecret: (dice) => `whsec_${Buffer.from(dice.bytes(24)).toString("base64")}`,
    headers: ({ body, id, secret, nowSeconds: t }) => {
      const key = Buffer.from(secret.slice("whsec_".length), "base64");
      const signature = `v1,${mac(key, `${id}.${t}.`, body).toString("base64")}`;
      return { "webhook-id": id, "webhook-timestamp": String(t), "webhook-signature": signature };
    },
    idMember: "id",
    flaws: ["forged", "stale", "early", "large"],
  },
  recording: {
    settings: (secret, dice) => ({
      ...{ ...withSecret("github")(secret), verification: "record" as const },
      ...deduplicated("delivery-id", dice),
    }),
    newSecret: textSecret,
    headers: ({ body, id, secret }) => ({
      ...{ "x-github-event": "push", "x-github-delivery": id },
      "x-hub-signature-256": `sha256=${hex(secret, body)}`,
    }),
    idMember: "id",
    flaws: ["forged", "method", "large"],
  },
  limited: {
    settings: (secret, dice) => ({
      type: "generic-hmac",
      config: { secret, header: "X-Signature" },
      ingestRate: dice.pick([1, 3]),
      ...(dice.chance(0.7) ? deduplicated("$.id", dice) : {}),
    }),
    newSecret: textSecret,
    headers: ({ body, secret }) => ({ "x-signature": hex(secret, body) }),
    idMember: "id",
    flaws: ["forged", "large"],
  },
  capturing: {
    settings: (_secret, dice) => ({ type: "notion", ...deduplicated("delivery-id", dice) }),
    newSecret: textSecret,
    headers: ({ body, secret }) => ({ "x-notion-signature": `sha256=${hex(secret, body)}` }),
    idMember: "id",
    flaws: ["forged", "handshake", "handshake", "method"],
    handshake: (secret) => ({ verification_token: secret }),
  },
  challenged: {
    settings: (secret, dice) => ({ ...withSecret("slack")(secret), ...deduplicated("delivery-id", dice) }),
    newSecret: textSecret,
    headers: ({ body, secret, nowSeconds: t }) => ({
      "x-slack-request-timestamp": String(t),
      "x-slack-signature": `v0=${hex(secret, `v0:${t}:`, body)}`,
    }),
    idMember: "event_id",
    flaws: ["forged", "stale", "handshake", "method"],
    handshake: () => ({ type: "url_verification", challenge: "challenge" }),
  },
  keyed: {
    settings: (_secret, dice) => ({ type: "constant-contact", ...deduplicated("delivery-id", dice) }),
    newSecret: () => "",
    headers: (signing) => ({ "x-ctct-webhook-sig": detachedJws(signing) }),
    idMember: "id",
    flaws: ["forged", "stale"],
  },
  cron: {
    settings: (_secret, dice) => {
      const minutes = dice.pick(CRON_MINUTES);
      const schedule = minutes === 60 ? "0 * * * *" : `*/${minutes} * * * *`;
      return { type: "cron", config: { schedule, payload: JSON.stringify({ every: minutes }) } };
    },
    newSecret: () => "",
    headers: () => ({}),
    idMember: "id",
    flaws: [],
  },
} as const satisfies Readonly<Record<string, Kind>>;

const CRON_MINUTES = [15, 60];

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as KindName[];

export function kindOf(name: KindName): Kind {
  return KINDS[name];
}
