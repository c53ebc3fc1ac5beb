import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import {
  type HandshakeInput,
  type HandshakeName,
  type HandshakeSource,
  handshakes,
} from "../../src/receive/handshakes/index.ts";
import type { Cause, Handshake } from "../../src/receive/receiver.ts";

interface Sent {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text, or a value that is sent as JSON. */
  readonly body?: unknown;
}

interface Configured {
  readonly secrets?: readonly string[];
  readonly awaitsSecret?: boolean;
  readonly options?: Readonly<Record<string, string>>;
}

const URL_OF_SOURCE = "https://hooks.example.com/in/token";

function inputOf({ method = "POST", query = "", headers = {}, body = "" }: Sent): HandshakeInput {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return {
    ...{ method, query, headers, suffix: "", url: URL_OF_SOURCE + query },
    ...{ body: Buffer.from(text), json: () => json, field: () => null, parameters: new URLSearchParams(query) },
  };
}

function sourceOf({ secrets = ["test-only-secret"], awaitsSecret = false, options = {} }: Configured): HandshakeSource {
  return { secrets, url: URL_OF_SOURCE, awaitsSecret, option: (name) => options[name] ?? null };
}

const answer = (name: HandshakeName, sent: Sent, configured: Configured = {}): Handshake | null =>
  handshakes[name].answer(inputOf(sent), sourceOf(configured));

const get = (query: string, headers = {}): Sent => ({ method: "GET", query, headers });
const hmac = (text: string, secret = "test-only-secret") => createHmac("sha256", secret).update(text);

const event = {
  id: "1",
  eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
  data: { validationCode: "c0de" },
};
const azure = { "aeg-event-type": "SubscriptionValidation" };
const topic = { options: { topic: "https://example.com/feed?a=1" } };
const encodedTopic = "hub.topic=https%3A%2F%2Fexample.com%2Ffeed%3Fa%3D1";
const sns = {
  Type: "SubscriptionConfirmation",
  SubscribeURL: "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t",
};

type Answered = readonly [
  name: HandshakeName,
  sent: Sent,
  reply: { status: number; body: unknown; headers?: Readonly<Record<string, string>> },
  configured?: Configured,
];

const text = (body: string) => ({ status: 200, body, headers: { "content-type": "text/plain" } });
const json = (body: unknown) => ({ status: 200, body, headers: { "content-type": "application/json" } });
const empty = (status: number, headers = {}) => ({ status, body: "", headers });

const UNSIGNED: readonly Answered[] = [
  ["dropbox-challenge", get("?challenge=abc%3Cb%3E"), text("abc<b>")],
  ["nylas-challenge", get("?challenge=bc609b38"), text("bc609b38")],
  ["graph-validation-token", { query: "?validationToken=a%3A+b%2Fc" }, text("a: b/c")],
  ["onfleet-check", get("?check=4f3e"), text("4f3e")],
  ["head-200", { method: "HEAD" }, empty(200)],
  ["get-200", { method: "GET" }, empty(200)],
  [
    "adobe-sign-client-id",
    get("", { "x-adobesign-clientid": "UB7E" }),
    empty(200, { "x-adobesign-clientid": "UB7E" }),
    { options: { clientId: "UB7E" } },
  ],
  ["okta-challenge", get("", { "x-okta-verification-challenge": "Rz5h" }), json({ verification: "Rz5h" })],
  ["monday-challenge", { body: { challenge: "3eZb" } }, json({ challenge: "3eZb" })],
  ["woocommerce-ping", { body: "webhook_id=7" }, empty(200)],
  [
    "smartsheet-challenge",
    { headers: { "smartsheet-hook-challenge": "ed4c" }, body: { challenge: "ed4c" } },
    { ...json({ smartsheetHookResponse: "ed4c" }), headers: { "smartsheet-hook-response": "ed4c" } },
  ],
  ["ringcentral-validation-token", { headers: { "validation-token": "v1" } }, empty(200, { "validation-token": "v1" })],
  [
    "cloudevents-origin",
    { method: "OPTIONS", headers: { "webhook-request-origin": "eventgrid.azure.net", "webhook-request-rate": "120" } },
    empty(200, { "webhook-allowed-origin": "eventgrid.azure.net", "webhook-allowed-rate": "120" }),
  ],
  [
    "cloudevents-origin",
    { method: "OPTIONS", headers: { "webhook-request-origin": "a.example", "webhook-request-rate": "fast" } },
    empty(200, { "webhook-allowed-rate": "*" }),
  ],
  ["azure-validation", { headers: azure, body: [event] }, json({ validationResponse: "c0de" })],
  [
    "meta-hub-challenge",
    get("?hub.mode=subscribe&hub.challenge=1158&hub.verify_token=right"),
    text("1158"),
    { options: { verifyToken: "right" } },
  ],
  [
    "strava-challenge",
    get("?hub.mode=subscribe&hub.challenge=15f7&hub.verify_token=right"),
    json({ "hub.challenge": "15f7" }),
    { options: { verifyToken: "right" } },
  ],
  ["websub-challenge", get(`?hub.mode=subscribe&${encodedTopic}&hub.challenge=46`), text("46"), topic],
  ["websub-challenge", get(`?hub.mode=unsubscribe&${encodedTopic}&hub.challenge=47`), text("47"), topic],
  ["fitbit-verify", get("?verify=right"), empty(204), { options: { verifyCode: "right" } }],
  ["x-crc", get("?crc_token=9b45-x&nonce=1"), json({ response_token: `sha256=${hmac("9b45-x").digest("base64")}` })],
  [
    "linkedin-challenge",
    get("?challengeCode=890e-4665"),
    json({ challengeCode: "890e-4665", challengeResponse: hmac("890e-4665").digest("hex") }),
  ],
  [
    "ebay-challenge",
    get("?challenge_code=a862"),
    json({ challengeResponse: createHash("sha256").update(`a862test-only-secret${URL_OF_SOURCE}`).digest("hex") }),
  ],
  [
    "braintree-challenge",
    get("?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"),
    text("test_only_public_key|e1fe27058b512ecd2b7dc6d98c0dab99a9a822f8"),
    { secrets: ["test_only_private_key"], options: { publicKey: "test_only_public_key" } },
  ],
];

const SIGNED: readonly Answered[] = [
  [
    "slack-url-verification",
    { body: { type: "url_verification", challenge: "3e", token: "t" } },
    json({ challenge: "3e" }),
  ],
  [
    "zoom-url-validation",
    { body: { event: "endpoint.url_validation", payload: { plainToken: "qg" } } },
    json({ plainToken: "qg", encryptedToken: hmac("qg").digest("hex") }),
  ],
  [
    "front-challenge",
    { headers: { "x-front-challenge": "r4nd" }, body: { type: "sync" } },
    json({ challenge: "r4nd" }),
  ],
  ["discord-ping", { body: { type: 1, id: "2" } }, json({ type: 1 })],
  ["discord-ping", { body: { type: 0, version: 1 } }, empty(204)],
  [
    "twitch-challenge",
    { headers: { "twitch-eventsub-message-type": "webhook_callback_verification" }, body: { challenge: "pog" } },
    text("pog"),
  ],
  ["xero-intent", { body: { events: [], entropy: "S0" } }, empty(200)],
  ["sns-confirmation", { body: sns }, empty(200)],
];

const shownRequest = ({ method = "POST", query = "", body = "" }: Sent) =>
  `${method} ${query} ${typeof body === "string" ? body : JSON.stringify(body)}`.trim().slice(0, 70);

function expectReply(handshake: Handshake | null, { status, body, headers = {} }: Answered[2]): void {
  expect(handshake?.refused).toBeUndefined();
  expect(handshake?.reply.status).toBe(status);
  expect(handshake?.reply.headers).toMatchObject(headers);
  const got = handshake!.reply.body;
  expect(typeof body === "string" ? got : JSON.parse(got)).toEqual(body);
}

describe("an unsigned handshake", () => {
  for (const [name, sent, reply, configured] of UNSIGNED) {
    test(`${name} answers ${shownRequest(sent)} with ${reply.status}`, () => {
      const handshake = answer(name, sent, configured);
      expect(handshake?.isSigned).toBe(false);
      expectReply(handshake, reply);
    });
  }
});

describe("a signed handshake", () => {
  for (const [name, sent, reply] of SIGNED) {
    test(`${name} answers ${shownRequest(sent)} with ${reply.status} after its check`, () => {
      const handshake = answer(name, sent);
      expect(handshake?.isSigned).toBe(true);
      expectReply(handshake, reply);
    });
  }

  test("the confirmation of SNS names the URL that must be requested", () => {
    expect(answer("sns-confirmation", { body: sns })?.confirm).toBe(sns.SubscribeURL);
  });

  const FOREIGN = [
    "http://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.us-east-1.amazonaws.com.evil.example/?Action=ConfirmSubscription",
    "https://evil.example/?x=sns.us-east-1.amazonaws.com&Action=ConfirmSubscription",
    "https://sns.us-east-1.amazonaws.com:8443/?Action=ConfirmSubscription",
    "https://user@sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.us-east-1.amazonaws.com/?Action=DeleteTopic",
    "https://sqs.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "not a url",
    7,
  ];
  for (const SubscribeURL of FOREIGN) {
    test(`the confirmation of SNS refuses the URL ${SubscribeURL}`, () => {
      const handshake = answer("sns-confirmation", { body: { ...sns, SubscribeURL } });
      expect(handshake).toMatchObject({ refused: "claim_mismatch", reply: { status: 401 } });
      expect(handshake?.confirm).toBeUndefined();
    });
  }
});

describe("a handshake that brings the secret", () => {
  const asana = { headers: { "x-hook-secret": "b537" }, body: {} };
  const notion = { body: { verification_token: "secret_1" } };

  test("sets the secret while the source waits for it", () => {
    const waits = { awaitsSecret: true, secrets: [] };
    expect(answer("asana-hook-secret", asana, waits)).toEqual({
      reply: { status: 200, headers: { "x-hook-secret": "b537" }, body: "" },
      isSigned: false,
      capture: "b537",
      unlogged: "b537",
    });
    expect(answer("notion-verification-token", notion, waits)).toMatchObject({
      reply: { status: 200 },
      capture: "secret_1",
    });
  });

  test("is refused without a capture when the source has a secret", () => {
    const refused = { reply: { status: 401, headers: {}, body: "" }, isSigned: false, refused: "unknown_key" } as const;
    expect(answer("asana-hook-secret", asana)).toEqual({ ...refused, unlogged: "b537" });
    expect(answer("notion-verification-token", notion)).toEqual({ ...refused, unlogged: "secret_1" });
  });
});

describe("a refused handshake", () => {
  const REFUSED: readonly (readonly [name: HandshakeName, query: string, status: number, cause: Cause, Configured])[] =
    [
      [
        "meta-hub-challenge",
        "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong",
        403,
        "token_mismatch",
        { options: { verifyToken: "right" } },
      ],
      ["meta-hub-challenge", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x", 403, "token_mismatch", {}],
      ["strava-challenge", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x", 403, "token_mismatch", {}],
      ["fitbit-verify", "?verify=wrong", 404, "token_mismatch", { options: { verifyCode: "right" } }],
      [
        "websub-challenge",
        "?hub.mode=subscribe&hub.topic=https://o.example&hub.challenge=1",
        404,
        "topic_mismatch",
        topic,
      ],
      ["websub-challenge", "?hub.mode=subscribe&hub.topic=x&hub.challenge=1", 404, "topic_mismatch", {}],
      ["x-crc", "?crc_token=abc", 401, "unknown_key", { secrets: [] }],
      ["linkedin-challenge", "?challengeCode=abc", 401, "unknown_key", { secrets: [] }],
      ["ebay-challenge", "?challenge_code=abc", 401, "unknown_key", { secrets: [] }],
      ["braintree-challenge", "?bt_challenge=20f9f8ed05f77439fe95", 401, "unknown_key", {}],
    ];
  test("adobe-sign-client-id refuses the client id of another application", () => {
    const sent = get("", { "x-adobesign-clientid": "other" });
    const handshake = answer("adobe-sign-client-id", sent, { options: { clientId: "UB7E" } });
    expect(handshake).toEqual({ reply: empty(401), isSigned: false, refused: "token_mismatch" });
  });

  for (const [name, query, status, cause, configured] of REFUSED) {
    test(`${name} answers ${query} with ${status} and the cause ${cause}`, () => {
      expect(answer(name, get(query), configured)).toMatchObject({ refused: cause, reply: { status, body: "" } });
    });
  }
});

describe("a request that is not exactly a handshake", () => {
  const ORDINARY: readonly (readonly [name: HandshakeName, what: string, sent: Sent])[] = [
    ["get-200", "a query", get("?a=1")],
    ["get-200", "a body", { method: "GET", body: "x" }],
    ["front-challenge", "another type", { headers: { "x-front-challenge": "r" }, body: { type: "inbound" } }],
    ["adobe-sign-client-id", "an event", { headers: { "x-adobesign-clientid": "UB7E" }, body: {} }],
    ["dropbox-challenge", "an empty challenge", get("?challenge=")],
    ["dropbox-challenge", "no challenge", get("?other=1")],
    ["dropbox-challenge", "a challenge with line ends", get("?challenge=a%0d%0ab")],
    ["dropbox-challenge", "a challenge of 5,000 characters", get(`?challenge=${"x".repeat(5000)}`)],
    ["dropbox-challenge", "a POST", { query: "?challenge=abc" }],
    ["dropbox-challenge", "a body", { ...get("?challenge=abc"), body: "x" }],
    ["graph-validation-token", "a body", { query: "?validationToken=a", body: { value: [] } }],
    ["graph-validation-token", "a GET", get("?validationToken=a")],
    ["okta-challenge", "an empty header", get("", { "x-okta-verification-challenge": "" })],
    ["monday-challenge", "further fields", { body: { challenge: "a", event: {} } }],
    ["monday-challenge", "a number", { body: { challenge: 7 } }],
    ["monday-challenge", "a list", { body: ["challenge"] }],
    ["woocommerce-ping", "a signature", { headers: { "x-wc-webhook-signature": "s" }, body: "webhook_id=7" }],
    ["woocommerce-ping", "further fields", { body: "webhook_id=7&x=1" }],
    ["woocommerce-ping", "a text", { body: "webhook_id=seven" }],
    [
      "smartsheet-challenge",
      "a signature",
      {
        headers: { "smartsheet-hook-challenge": "a", "smartsheet-hmac-sha256": "s" },
      },
    ],
    ["smartsheet-challenge", "a blank in the value", { headers: { "smartsheet-hook-challenge": "a b" } }],
    ["cloudevents-origin", "a POST", { headers: { "webhook-request-origin": "a.example" } }],
    ["cloudevents-origin", "no host", { method: "OPTIONS", headers: { "webhook-request-origin": "a/<b>" } }],
    ["azure-validation", "no header", { body: [event] }],
    ["azure-validation", "two events", { headers: azure, body: [event, event] }],
    ["azure-validation", "another event type", { headers: azure, body: [{ ...event, eventType: "x" }] }],
    ["azure-validation", "a body that is not JSON", { headers: azure, body: "[" }],
    ["meta-hub-challenge", "another mode", get("?hub.mode=other&hub.challenge=1&hub.verify_token=x")],
    ["meta-hub-challenge", "no verify token", get("?hub.mode=subscribe&hub.challenge=1")],
    ["meta-hub-challenge", "a POST", { query: "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x" }],
    ["websub-challenge", "a refusal by the hub", get("?hub.mode=denied&hub.topic=x")],
    ["slack-url-verification", "another type", { body: { type: "event_callback", challenge: "x" } }],
    ["slack-url-verification", "no challenge", { body: { type: "url_verification" } }],
    ["slack-url-verification", "null", { body: "null" }],
    [
      "zoom-url-validation",
      "a token that could be the signed text of an event",
      { body: { event: "endpoint.url_validation", payload: { plainToken: "v0:1764000000:{}" } } },
    ],
    ["zoom-url-validation", "no token", { body: { event: "endpoint.url_validation", payload: {} } }],
    ["discord-ping", "a webhook event", { body: { type: 1, event: { type: "APPLICATION_AUTHORIZED" } } }],
    ["discord-ping", "a command", { body: { type: 2 } }],
    ["discord-ping", "a text for a number", { body: { type: "1" } }],
    [
      "twitch-challenge",
      "a notification",
      {
        headers: { "twitch-eventsub-message-type": "notification" },
        body: { challenge: "x" },
      },
    ],
    ["xero-intent", "events", { body: { events: [{}] } }],
    ["xero-intent", "no list", { body: { events: {} } }],
    ["sns-confirmation", "a notification", { body: { ...sns, Type: "Notification" } }],
    ["sns-confirmation", "the confirmation of an end", { body: { ...sns, Type: "UnsubscribeConfirmation" } }],
    ["asana-hook-secret", "an empty secret", { headers: { "x-hook-secret": "" } }],
    ["asana-hook-secret", "a secret of 600 characters", { headers: { "x-hook-secret": "x".repeat(600) } }],
    [
      "notion-verification-token",
      "a signature",
      {
        headers: { "x-notion-signature": "sha256=0" },
        body: { verification_token: "x" },
      },
    ],
    ["notion-verification-token", "a blank in the token", { body: { verification_token: "a b" } }],
    ["braintree-challenge", "too few digits", get("?bt_challenge=20f9")],
    ["braintree-challenge", "other characters", get("?bt_challenge=20F9F8ED05F77439FE955C977E4C8A53")],
  ];
  for (const [name, what, sent] of ORDINARY) {
    test(`${name} leaves a request with ${what} alone`, () => {
      expect(answer(name, sent, { awaitsSecret: true })).toBeNull();
    });
  }

  test("no text in JSON can be signed as a challenge with the key of events", () => {
    const bodies = ['{"a":1}', '"text"', "[1]", 'hmacsha256={"a":1}'].map(encodeURIComponent);
    for (const body of bodies) {
      expect(answer("x-crc", get(`?crc_token=${body}`))).toBeNull();
      expect(answer("linkedin-challenge", get(`?challengeCode=${body}`))).toBeNull();
    }
  });
});

describe("any request", () => {
  const names = fc.constantFrom(...(Object.keys(handshakes) as HandshakeName[]));
  const any = fc.oneof(fc.constantFrom("subscribe", "url_validation", "x"), fc.string({ unit: "binary" }));
  const keys = ["challenge", "validationToken", "hub.mode", "hub.challenge", "hub.verify_token", "hub.topic", "verify"];
  const header = fc.constantFrom(
    ...[
      "x-hook-secret",
      "validation-token",
      "x-front-challenge",
      "x-adobesign-clientid",
      "webhook-request-origin",
      "x-okta-verification-challenge",
    ],
    ...["aeg-event-type", "smartsheet-hook-challenge", "twitch-eventsub-message-type"],
  );
  const sent: fc.Arbitrary<Sent> = fc.record({
    method: fc.constantFrom("GET", "POST", "HEAD", "OPTIONS"),
    query: fc
      .dictionary(fc.constantFrom(...keys, "crc_token", "challengeCode", "challenge_code", "bt_challenge"), any)
      .map((parameters) => (Object.keys(parameters).length === 0 ? "" : `?${new URLSearchParams(parameters)}`)),
    headers: fc.dictionary(header, any),
    body: fc.oneof(
      fc.string(),
      fc.jsonValue(),
      fc.record({ type: fc.constantFrom(0, 1, "url_verification"), challenge: any, verification_token: any }),
    ),
  });

  test("gets null or a reply that no browser reads as HTML and whose headers are one line each", () => {
    fc.assert(
      fc.property(names, sent, fc.boolean(), (name, request, awaitsSecret) => {
        const handshake = answer(name, request, { awaitsSecret, options: { verifyToken: "x", verifyCode: "x" } });
        if (handshake === null) return;
        expect(handshakes[name].methods as readonly string[]).toContain(request.method!);
        const { status, headers, body } = handshake.reply;
        expect(status === 204 ? body : "").toBe("");
        if (body !== "") {
          expect(headers["content-type"]).toMatch(/^(text\/plain|application\/json)$/);
          expect(headers["x-content-type-options"]).toBe("nosniff");
        }
        for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
      }),
      { numRuns: 2000 },
    );
  });
});
