/**
 * How the providers sign, written out from their documentation and independent of the code that
 * checks. Each sender returns the headers of a request, with names in lower case.
 */
import { createHmac, type Encoding, generateKeyPairSync, sign as signBytes } from "node:crypto";

export interface Sender {
  /** As pasted by the operator. */
  readonly secret: string;
  /** Another secret of the same form. */
  readonly otherSecret: string;
  /** The header that is left out when the signature is missing; null if it stands in the body. */
  readonly header: string | null;
  readonly headers: (body: Buffer, secret: string, nowSeconds: number) => Record<string, string>;
  /** Returns the body that is sent. The default is a JSON object that contains the note. */
  readonly body?: (note: string, secret: string, nowSeconds: number) => Buffer;
  /** The clock: how old a request may be, and how far ahead, in seconds. */
  readonly window?: { readonly past: number; readonly future: number };
  /** Further fields of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly contentType?: string;
  /** `none`: the sender's secret covers nothing of the body. `unsigned`: there is no secret. */
  readonly covers?: "body" | "none" | "unsigned";
}

type Parts = readonly (string | Buffer)[];

function mac(algorithm: string, key: string | Buffer, encoding: Encoding, ...parts: Parts): string {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest(encoding as "hex");
}

const hex = (key: string | Buffer, ...parts: Parts) => mac("sha256", key, "hex", ...parts);
const base64 = (key: string | Buffer, ...parts: Parts) => mac("sha256", key, "base64", ...parts);

const plain = { secret: "test-only-secret-é", otherSecret: "test-only-other" } as const;
const both = { past: 300, future: 300 } as const;

/** An HMAC of the body alone. */
function ofBody(header: string, value: (body: Buffer, secret: string) => string, more: Partial<Sender> = {}): Sender {
  return { ...plain, header, headers: (body, secret) => ({ [header]: value(body, secret) }), ...more };
}

/** An HMAC with a time. */
function timed(
  header: string,
  headers: Sender["headers"],
  window: { readonly past: number; readonly future: number } = both,
  more: Partial<Sender> = {},
): Sender {
  return { ...plain, header, headers, window, ...more };
}

/** `t=1,v1=…` and the like over `{t}.{body}`. */
function pairs(
  header: string,
  {
    time,
    signature,
    scale = 1,
    separator = ",",
  }: { time: string; signature: string; scale?: number; separator?: string },
  window?: { readonly past: number; readonly future: number },
): Sender {
  const headers: Sender["headers"] = (body, secret, now) => {
    const t = now * scale;
    return { [header]: `${time}=${t}${separator}${signature}=${hex(secret, `${t}.`, body)}` };
  };
  return timed(header, headers, window);
}

/** Standard Webhooks with an HMAC. `keyOf` turns the pasted text into the key. */
function standard(
  prefix: string,
  secrets: Pick<Sender, "secret" | "otherSecret">,
  keyOf: (text: string) => Buffer,
): Sender {
  const headers: Sender["headers"] = (body, secret, now) => ({
    [`${prefix}-id`]: "msg_1",
    [`${prefix}-timestamp`]: String(now),
    [`${prefix}-signature`]: `v1,${base64(keyOf(secret), `msg_1.${now}.`, body)}`,
  });
  return { ...secrets, header: `${prefix}-signature`, headers, window: both };
}

const bytes = (text: string) => Buffer.from(`test-only-key-not-real-${text}`).toString("base64");
const whsec = { secret: `whsec_${bytes("one")}`, otherSecret: `whsec_${bytes("two")}` } as const;
const fromWhsec = (text: string) => Buffer.from(text.slice("whsec_".length), "base64");
const webhook = () => standard("webhook", whsec, fromWhsec);
const svix = () => standard("svix", whsec, fromWhsec);
const utf8 = (text: string) => Buffer.from(text);

/** A header that is the secret itself. */
function token(header: string, more: Partial<Sender> = {}): Sender {
  const ascii = { secret: "test-only-token", otherSecret: "test-only-other-token" };
  return { ...ascii, header, headers: (_body, secret) => ({ [header]: secret }), covers: "none", ...more };
}

const basic = (): Sender => ({
  secret: "user:test-only-päss:word",
  otherSecret: "user:other",
  header: "authorization",
  headers: (_body, secret) => ({ authorization: `Basic ${Buffer.from(secret).toString("base64")}` }),
  covers: "none",
});

const unsigned = (): Sender => ({ ...plain, header: null, headers: () => ({}), covers: "unsigned" });

/** Returns a time without the fraction of a second. */
const iso = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 19);

const { privateKey: edPrivate, publicKey: edPublic } = generateKeyPairSync("ed25519");
const otherEd = generateKeyPairSync("ed25519").publicKey;
const whpk = (key: typeof edPublic) =>
  `whpk_${Buffer.from(key.export({ format: "jwk" }).x!, "base64url").toString("base64")}`;

/** Asymmetric Standard Webhooks (`v1a`). It has no row of its own. */
export const asymmetricStandard: Sender = {
  secret: whpk(edPublic),
  otherSecret: whpk(otherEd),
  header: "webhook-signature",
  headers: (body, _secret, now) => ({
    "webhook-id": "msg_1",
    "webhook-timestamp": String(now),
    "webhook-signature": `v1a,${signBytes(null, Buffer.concat([Buffer.from(`msg_1.${now}.`), body]), edPrivate).toString("base64")}`,
  }),
  window: both,
};

export const senders: Readonly<Record<string, Sender>> = {
  "generic-webhook": unsigned(),
  "generic-hmac": timed(
    "x-my-signature",
    (body, secret, now) => ({
      "x-my-time": String(now * 1000),
      "x-id": "7",
      "x-my-signature": `v=${mac("sha512", Buffer.from(secret, "hex"), "base64url", `7:${now * 1000}:`, body)}`,
    }),
    both,
    {
      secret: "00ff10",
      otherSecret: "00ff11",
      config: {
        header: "X-My-Signature",
        timestampHeader: "X-My-Time",
        algorithm: "SHA-512",
        encoding: "base64url",
        secretEncoding: "hex",
        prefix: "v=",
        signedString: "{header:X-Id}:{ts}:{body}",
      },
    },
  ),
  "standard-webhooks": webhook(),

  stripe: pairs("stripe-signature", { time: "t", signature: "v1" }),
  "adyen-platform": ofBody("hmacsignature", (body, secret) => base64(Buffer.from(secret, "hex"), body), {
    secret: "44782DEF547AAA06",
    otherSecret: "44782def547aaa07",
  }),
  paddle: timed(
    "paddle-signature",
    (body, secret, now) => ({ "paddle-signature": `ts=${now};h1=${hex(secret, `${now}:`, body)}` }),
    { past: 5, future: 300 },
  ),
  "lemon-squeezy": ofBody("x-signature", (body, secret) => hex(secret, body)),
  "coinbase-commerce": ofBody("x-cc-webhook-signature", (body, secret) => hex(secret, body)),
  razorpay: ofBody("x-razorpay-signature", (body, secret) => hex(secret, body)),
  paystack: ofBody("x-paystack-signature", (body, secret) => mac("sha512", secret, "hex", body)),
  flutterwave: ofBody("flutterwave-signature", (body, secret) => base64(secret, body)),
  "flutterwave-v3": token("verif-hash"),
  gocardless: ofBody("webhook-signature", (body, secret) => hex(secret, body)),
  mollie: ofBody(
    "x-mollie-signature",
    (body, secret) => `sha256=${hex("an older secret", body)}, sha256=${hex(secret, body)}`,
  ),
  "mollie-classic": unsigned(),
  xero: ofBody("x-xero-signature", (body, secret) => base64(secret, body)),
  "intuit-quickbooks": ofBody("intuit-signature", (body, secret) => base64(secret, body)),
  "modern-treasury": ofBody("x-signature", (body, secret) => hex(secret, body)),
  lithic: webhook(),
  brex: standard("webhook", { secret: bytes("one"), otherSecret: bytes("two") }, (text) => Buffer.from(text, "base64")),
  orb: timed("x-orb-signature", (body, secret, now) => ({
    "x-orb-timestamp": `${iso(now)}.123`,
    "x-orb-signature": `v1=${hex("old", "x")} v1=${hex(secret, `v1:${iso(now)}.123:`, body)}`,
  })),
  "checkout-com": ofBody("cko-signature", (body, secret) => hex(secret, body)),
  dwolla: ofBody("x-request-signature-sha-256", (body, secret) => hex(secret, body)),
  chargebee: basic(),

  shopify: ofBody("x-shopify-hmac-sha256", (body, secret) => base64(secret, body)),
  woocommerce: ofBody("x-wc-webhook-signature", (body, secret) => base64(secret.replace("&amp;", "&"), body), {
    secret: "a&amp;b",
    otherSecret: "a&amp;c",
  }),
  squarespace: ofBody("squarespace-signature", (body, secret) => hex(Buffer.from(secret, "hex"), body), {
    secret: "f3f9b981",
    otherSecret: "f3f9b982",
  }),
  webflow: timed("x-webflow-signature", (body, secret, now) => ({
    "x-webflow-timestamp": `${now}000`,
    "x-webflow-signature": hex(secret, `${now}000:`, body),
  })),
  bigcommerce: standard("webhook", plain, utf8),
  easypost: ofBody("x-hmac-signature", (body, secret) => `hmac-sha256-hex=${hex(secret.normalize("NFKD"), body)}`),
  shippo: pairs("shippo-auth-signature", { time: "t", signature: "v1" }),

  github: ofBody("x-hub-signature-256", (body, secret) => `sha256=${hex(secret, body)}`),
  gitlab: token("x-gitlab-token"),
  "gitlab-signed": webhook(),
  bitbucket: ofBody("x-hub-signature", (body, secret) => `sha256=${hex(secret, body)}`),
  gitea: ofBody("x-gitea-signature", (body, secret) => hex(secret, body)),
  vercel: ofBody("x-vercel-signature", (body, secret) => mac("sha1", secret, "hex", body)),
  heroku: ofBody("heroku-webhook-hmac-sha256", (body, secret) => base64(secret, body)),
  circleci: ofBody("circleci-signature", (body, secret) => `v2=00,v1=${hex(secret, body)}`),
  buildkite: pairs("x-buildkite-signature", { time: "timestamp", signature: "signature" }),
  "buildkite-token": token("x-buildkite-token"),
  doppler: ofBody("x-doppler-signature", (body, secret) => `sha256=${hex(secret, body)}`),
  render: webhook(),
  "supabase-auth-hooks": standard(
    "webhook",
    { secret: `v1,${whsec.secret}`, otherSecret: `v1,${whsec.otherSecret}` },
    (text) => fromWhsec(text.slice("v1,".length)),
  ),
  "supabase-database": token("x-my-token", { config: { header: "X-My-Token" } }),
  cloudflare: token("cf-webhook-auth"),
  "cloudflare-stream": pairs("webhook-signature", { time: "time", signature: "sig1" }),
  grafana: timed(
    "x-grafana-alerting-signature",
    (body, secret, now) => ({
      "x-grafana-time": String(now),
      "x-grafana-alerting-signature": hex(secret, `${now}:`, body),
    }),
    both,
    { config: { timestampHeader: "X-Grafana-Time" } },
  ),
  alertmanager: basic(),
  sentry: ofBody("sentry-hook-signature", (body, secret) => hex(secret, body)),
  pagerduty: ofBody("x-pagerduty-signature", (body, secret) => `v1=${hex("old", body)},v1=${hex(secret, body)}`),
  launchdarkly: ofBody("x-ld-signature", (body, secret) => hex(secret, body)),
  "azure-event-grid": unsigned(),
  "microsoft-graph": {
    ...plain,
    header: null,
    headers: () => ({}),
    body: (note, clientState) => Buffer.from(JSON.stringify({ value: [{ clientState, note }, { clientState }] })),
    covers: "none",
  },
  "hugging-face": token("x-webhook-secret"),
  replicate: webhook(),
  openai: webhook(),
  anthropic: webhook(),
  elevenlabs: pairs("elevenlabs-signature", { time: "t", signature: "v0" }, { past: 1800, future: 300 }),
  polar: standard("webhook", plain, utf8),
  svix: svix(),
  clerk: svix(),
  resend: svix(),

  slack: timed("x-slack-signature", (body, secret, now) => ({
    "x-slack-request-timestamp": String(now),
    "x-slack-signature": `v0=${hex(secret, `v0:${now}:`, body)}`,
  })),
  linear: {
    ...ofBody("linear-signature", (body, secret) => hex(secret, body)),
    body: (note, _secret, now) => Buffer.from(JSON.stringify({ note, webhookTimestamp: now * 1000 })),
    window: { past: 60, future: 60 },
  },
  asana: ofBody("x-hook-signature", (body, secret) => hex(secret, body)),
  jira: ofBody("x-hub-signature", (body, secret) => `sha256=${hex(secret, body)}`),
  notion: ofBody("x-notion-signature", (body, secret) => `sha256=${hex(secret, body)}`),
  airtable: ofBody(
    "x-airtable-content-mac",
    (body, secret) => `hmac-sha256=${hex(Buffer.from(secret, "base64"), body)}`,
    {
      secret: bytes("one"),
      otherSecret: bytes("two"),
    },
  ),
  figma: {
    ...plain,
    header: null,
    headers: () => ({}),
    body: (note, passcode) => Buffer.from(JSON.stringify({ note, passcode })),
    covers: "none",
  },
  intercom: ofBody("x-hub-signature", (body, secret) => `sha1=${mac("sha1", secret, "hex", body)}`),
  zendesk: timed("x-zendesk-webhook-signature", (body, secret, now) => ({
    "x-zendesk-webhook-signature-timestamp": `${iso(now)}Z`,
    "x-zendesk-webhook-signature": base64(secret, `${iso(now)}Z`, body),
  })),
  zoom: timed("x-zm-signature", (body, secret, now) => ({
    "x-zm-request-timestamp": String(now),
    "x-zm-signature": `v0=${hex(secret, `v0:${now}:`, body)}`,
  })),
  typeform: ofBody("typeform-signature", (body, secret) => `sha256=${base64(secret, body)}`),
  calendly: pairs("calendly-webhook-signature", { time: "t", signature: "v1" }, { past: 180, future: 300 }),
  "cal-com": ofBody("x-cal-signature-256", (body, secret) => hex(secret, body)),
  clickup: ofBody("x-signature", (body, secret) => hex(secret, body)),
  smartsheet: ofBody("smartsheet-hmac-sha256", (body, secret) => hex(secret, body)),
  docusign: ofBody("x-docusign-signature-2", (body, secret) => base64(secret, body)),
  dropbox: ofBody("x-dropbox-signature", (body, secret) => hex(secret, body)),
  box: timed(
    "box-signature-primary",
    (body, secret, now) => ({
      "box-delivery-timestamp": `${iso(now)}-00:00`,
      "box-signature-primary": base64(secret, body, `${iso(now)}-00:00`),
    }),
    { past: 600, future: 0 },
  ),
  sanity: ofBody("sanity-webhook-signature", (body, secret) => {
    return `t=1764000000000,v1=${mac("sha256", secret, "base64url", "1764000000000.", body)}`;
  }),
  "frame-io": timed("x-frameio-signature", (body, secret, now) => ({
    "x-frameio-request-timestamp": String(now),
    "x-frameio-signature": `v0=${hex(secret, `v0:${now}:`, body)}`,
  })),
  mux: pairs("mux-signature", { time: "t", signature: "v1" }),
  pusher: {
    ...ofBody("x-pusher-signature", () => ""),
    headers: (body, secret) => ({ "x-pusher-key": "key-1", "x-pusher-signature": hex(secret, body) }),
    config: { key: "key-1" },
  },
  ably: ofBody("x-ably-signature", (body, secret) => base64(secret.split(":")[1]!, body), {
    secret: "app.key:test-only-a",
    otherSecret: "app.key:test-only-b",
  }),
  nylas: ofBody("x-nylas-signature", (body, secret) => hex(secret, body)),

  postmark: basic(),
  "customer-io": timed("x-cio-signature", (body, secret, now) => ({
    "x-cio-timestamp": String(now),
    "x-cio-signature": hex(secret, `v0:${now}:`, body),
  })),
  segment: ofBody("x-signature", (body, secret) => mac("sha1", secret, "hex", body)),
  "twitter-x": ofBody("x-twitter-webhooks-signature", (body, secret) => `sha256=${base64(secret, body)}`),
  meta: ofBody("x-hub-signature-256", (body, secret) => `sha256=${hex(secret, body)}`),
  line: ofBody("x-line-signature", (body, secret) => base64(secret, body)),
  telegram: token("x-telegram-bot-api-secret-token"),
  tiktok: pairs("tiktok-signature", { time: "t", signature: "s" }),
  websub: ofBody("x-hub-signature", (body, secret) => `sha384=${mac("sha384", secret, "hex", body)}`),
  twitch: timed(
    "twitch-eventsub-message-signature",
    (body, secret, now) => ({
      "twitch-eventsub-message-id": "id-1",
      "twitch-eventsub-message-timestamp": `${iso(now)}.123456789Z`,
      "twitch-eventsub-message-signature": `sha256=${hex(secret, `id-1${iso(now)}.123456789Z`, body)}`,
    }),
    { past: 600, future: 600 },
  ),
  linkedin: ofBody("x-li-signature", (body, secret) => hex(secret, "hmacsha256=", body)),

  okta: token("authorization"),
  workos: pairs(
    "workos-signature",
    { time: "t", signature: "v1", scale: 1000, separator: ", " },
    { past: 180, future: 300 },
  ),
  auth0: token("authorization", { secret: "Bearer test-only", otherSecret: "Bearer other" }),
  persona: pairs("persona-signature", { time: "t", signature: "v1" }),
  checkr: ofBody("x-checkr-signature", (body, secret) => hex(secret, body)),
  onfido: ofBody("x-sha2-signature", (body, secret) => hex(secret, body)),
  fitbit: ofBody("x-fitbit-signature", (body, secret) => mac("sha1", `${secret}&`, "base64", body)),
  strava: unsigned(),
};
