import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { findProvider } from "../../src/receive/providers/index.ts";
import type { Cause, ReceivedRequest, Receiver } from "../../src/receive/receiver.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";

const NOW = 1_764_000_000;
const URL_OF_SOURCE = "https://hooks.example.com/in/token";
const BODY = Buffer.from('{"a":1}');

const hex = (secret: string, text: string | Uint8Array) => createHmac("sha256", secret).update(text).digest("hex");

function receiver(
  id: string,
  config: Record<string, unknown> = {},
  verification: "enforce" | "off" = "enforce",
): Receiver {
  return receiverOf(findProvider(id)!, config, { verification, url: URL_OF_SOURCE });
}

function request(headers: Record<string, string>, more: Partial<ReceivedRequest> = {}): ReceivedRequest {
  return { method: "POST", url: URL_OF_SOURCE, suffix: "", query: "", headers, body: BODY, ...more };
}

/** Returns `passed` or the cause. */
function verdict({ check }: Receiver, sent: ReceivedRequest): "passed" | Cause | "needs-key" {
  const result = check(sent, NOW);
  return result.kind === "failed" ? result.cause : result.kind;
}

describe("the state of a request that passes", () => {
  test.each([
    ["stripe", { secret: "a" }, "verified"],
    ["gitlab", { secret: "a" }, "authenticated"],
    ["chargebee", { secret: "a:b" }, "authenticated"],
    ["figma", { secret: "a" }, "authenticated"],
    ["strava", {}, "unattempted"],
    ["generic-webhook", {}, "unattempted"],
    ["generic-hmac", { secret: "a", header: "X" }, "verified"],
    ["generic-hmac", { secret: "a", header: "X", signedString: "{ts}", timestampHeader: "T" }, "authenticated"],
    ["grafana", { secret: "a", signedString: "{ts}" }, "verified"],
    ["github", {}, "unattempted"],
  ] as const)("of a source of type %s with %j is %s", (id, config, state) => {
    expect(receiver(id, config).state).toBe(state);
  });

  test("is unattempted if the verification is off, and everything passes", () => {
    const off = receiver("stripe", { secret: "a" }, "off");
    expect(off.state).toBe("unattempted");
    expect(verdict(off, request({}))).toBe("passed");
  });

  test.each(["github", "docusign", "easypost", "segment"])("everything passes at %s without a secret", (id) => {
    expect(verdict(receiver(id), request({}))).toBe("passed");
  });

  test("nothing passes at a source that lacks its required secret", () => {
    expect(verdict(receiver("stripe"), request({ "stripe-signature": `t=${NOW},v1=00` }))).toBe("signature_mismatch");
    expect(verdict(receiver("gitlab"), request({ "x-gitlab-token": "a" }))).toBe("token_mismatch");
  });

  test.each(["asana", "notion"])("nothing passes at %s before the handshake that brings the secret", (id) => {
    expect(receiver(id).awaitsSecret).toBe(true);
    expect(receiver(id).state).toBe("verified");
    expect(verdict(receiver(id), request({}))).toBe("missing_signature");
    expect(receiver(id, { secret: "a" }).awaitsSecret).toBe(false);
  });
});

describe("the headers that hold the secret itself", () => {
  test.each([
    ["gitlab", {}, ["x-gitlab-token"]],
    ["okta", {}, ["authorization"]],
    ["okta", { header: "X-Hook-Key" }, ["x-hook-key"]],
    ["chargebee", {}, ["authorization"]],
    ["stripe", {}, []],
  ] as const)("of %s with %j are %j", (id, config, headers) => {
    expect(receiver(id, { secret: "a:b", ...config }).secretHeaders).toEqual([...headers]);
  });
});

describe("the methods of a source", () => {
  test.each([
    ["stripe", ["POST"]],
    ["gitea", ["POST", "GET"]],
    ["intercom", ["POST", "HEAD"]],
    ["meta", ["POST", "GET"]],
    ["azure-event-grid", ["POST", "OPTIONS"]],
    ["zendesk", null],
    ["generic-hmac", null],
    ["generic-webhook", null],
    ["standard-webhooks", null],
  ])("of type %s are %j", (id, methods) => {
    const found = receiver(id, { secret: "a" }).methods;
    expect(found === null ? null : [...found].sort()).toEqual(methods === null ? null : methods.toSorted());
  });
});

describe("Gitea", () => {
  const gitea = receiver("gitea", { secret: "s" });
  const payload = '{"ref":"refs/heads/main ✓"}';
  const signed = (text: string) => ({ "x-gitea-signature": hex("s", text) });
  const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };

  test("signs the field of a form, not the form", () => {
    const body = Buffer.from(new URLSearchParams({ payload }).toString());
    expect(verdict(gitea, request({ ...signed(payload), ...form }, { body }))).toBe("passed");
    expect(verdict(gitea, request({ "x-gitea-signature": hex("s", body), ...form }, { body }))).toBe(
      "signature_mismatch",
    );
  });

  test("signs the parameter of a GET request", () => {
    const query = `?${new URLSearchParams({ payload })}`;
    expect(verdict(gitea, request(signed(payload), { method: "GET", query, body: Buffer.alloc(0) }))).toBe("passed");
    expect(verdict(gitea, request(signed(payload), { method: "GET", query: "", body: Buffer.alloc(0) }))).toBe(
      "signature_mismatch",
    );
  });
});

describe("Grafana", () => {
  test("signs the body alone without a header for the time", () => {
    const sent = request({ "x-grafana-alerting-signature": hex("s", BODY), "x-time": "1" });
    expect(verdict(receiver("grafana", { secret: "s" }), sent)).toBe("passed");
    expect(verdict(receiver("grafana", { secret: "s", timestampHeader: "X-Other" }), sent)).toBe("missing_timestamp");
  });

  test("may use another header", () => {
    const sent = request({ "x-mine": hex("s", BODY) });
    expect(verdict(receiver("grafana", { secret: "s", header: "X-Mine" }), sent)).toBe("passed");
  });
});

describe("Alertmanager", () => {
  const basic = request({ authorization: `Basic ${btoa("u:p")}` });
  const bearer = request({ authorization: "Bearer u:p" });

  test("may use a password or a token unless the scheme is configured", () => {
    for (const sent of [basic, bearer])
      expect(verdict(receiver("alertmanager", { secret: "u:p" }), sent)).toBe("passed");
    expect(verdict(receiver("alertmanager", { secret: "u:p", scheme: "basic" }), bearer)).toBe("malformed_signature");
    expect(verdict(receiver("alertmanager", { secret: "u:p", scheme: "bearer" }), basic)).toBe("malformed_signature");
  });
});

describe("a time", () => {
  const slack = receiver("slack", { secret: "s" });
  const at = (time: string) =>
    request({ "x-slack-request-timestamp": time, "x-slack-signature": `v0=${hex("s", `v0:${time}:${BODY}`)}` });

  test("that is missing is a cause of its own", () => {
    expect(verdict(slack, request({ "x-slack-signature": "v0=00" }))).toBe("missing_timestamp");
    expect(verdict(receiver("stripe", { secret: "s" }), request({ "stripe-signature": "v1=00" }))).toBe(
      "missing_timestamp",
    );
  });

  test.each(["abc", "-1", "1e9", "Infinity", "0x10", `${NOW} `, "9".repeat(40)])(
    "written %j is malformed although its signature is right",
    (time) => {
      expect(verdict(slack, at(time))).toBe("malformed_signature");
    },
  );

  test("may have a fraction of a second", () => {
    expect(verdict(slack, at(`${NOW}.5`))).toBe("passed");
  });

  test.each(["2025-13-01T00:00:00Z", "2025-11-24", "yesterday", "2025-11-24T16:00:00+99:99"])(
    "written %j is not ISO 8601",
    (time) => {
      const headers = { "x-zendesk-webhook-signature-timestamp": time, "x-zendesk-webhook-signature": "AA==" };
      expect(verdict(receiver("zendesk", { secret: "s" }), request(headers))).toBe("malformed_signature");
    },
  );

  test.each([
    "2025-11-24T16:00:00Z",
    "2025-11-24T17:00:00+01:00",
    "2025-11-24T10:30:00-0530",
    "2025-11-24T16:00:00.123456789Z",
  ])("written %j is ISO 8601", (time) => {
    const signature = createHmac("sha256", "s").update(time).update(BODY).digest("base64");
    const headers = { "x-zendesk-webhook-signature-timestamp": time, "x-zendesk-webhook-signature": signature };
    expect(verdict(receiver("zendesk", { secret: "s" }), request(headers))).toBe("passed");
  });
});

describe("several signatures in a request", () => {
  test("belong to the time before them", () => {
    const pair = (secret: string, time: number) => `t=${time},v1=${hex(secret, `${time}.${BODY}`)}`;
    const persona = receiver("persona", { secret: "s" });
    const rotated = request({ "persona-signature": `${pair("new", NOW)} ${pair("s", NOW - 1)}` });
    expect(verdict(persona, rotated)).toBe("passed");
  });

  test("are refused if they have many times", () => {
    const many = Array.from({ length: 20 }, (_, index) => `t=${NOW + index},v1=00`).join(",");
    expect(verdict(receiver("persona", { secret: "s" }), request({ "persona-signature": many }))).toBe(
      "malformed_signature",
    );
  });

  test("may stand in numbered headers", () => {
    const base64 = createHmac("sha256", "s").update(BODY).digest("base64");
    const docusign = receiver("docusign", { secret: "s" });
    expect(verdict(docusign, request({ "x-docusign-signature-1": "AAAA", "x-docusign-signature-3": base64 }))).toBe(
      "passed",
    );
  });

  test("may be made with the second of two keys", () => {
    const time = "2025-11-24T16:00:00Z";
    const signature = createHmac("sha256", "second").update(BODY).update(time).digest("base64");
    const headers = { "box-delivery-timestamp": time, "box-signature-secondary": signature };
    expect(verdict(receiver("box", { secret: "first", secondaryKey: "second" }), request(headers))).toBe("passed");
    expect(verdict(receiver("box", { secret: "first" }), request(headers))).toBe("signature_mismatch");
  });
});

describe("further rules of single providers", () => {
  test("Pusher's key must be the configured one", () => {
    const headers = { "x-pusher-key": "other", "x-pusher-signature": hex("s", BODY) };
    expect(verdict(receiver("pusher", { secret: "s", key: "mine" }), request(headers))).toBe("unknown_key");
    expect(verdict(receiver("pusher", { secret: "s" }), request(headers))).toBe("passed");
  });

  test("WebSub names the algorithm in the header", () => {
    const websub = receiver("websub", { secret: "s" });
    for (const algorithm of ["sha1", "sha256", "sha384", "sha512"]) {
      const digest = createHmac(algorithm, "s").update(BODY).digest("hex");
      expect(verdict(websub, request({ "x-hub-signature": `${algorithm}=${digest}` }))).toBe("passed");
    }
    expect(verdict(websub, request({ "x-hub-signature": "md5=00" }))).toBe("malformed_signature");
  });

  test("an OpenAI secret without its prefix is text", () => {
    const signature = createHmac("sha256", "plain text!").update(`m.${NOW}.`).update(BODY).digest("base64");
    const headers = { "webhook-id": "m", "webhook-timestamp": String(NOW), "webhook-signature": `v1,${signature}` };
    expect(verdict(receiver("openai", { secret: "plain text!" }), request(headers))).toBe("passed");
  });

  test("Svix may send headers with either prefix", () => {
    const signature = createHmac("sha256", Buffer.from("c2VjcmV0", "base64"))
      .update(`m.${NOW}.`)
      .update(BODY)
      .digest("base64");
    for (const prefix of ["svix", "webhook"]) {
      const headers = {
        [`${prefix}-id`]: "m",
        [`${prefix}-timestamp`]: String(NOW),
        [`${prefix}-signature`]: `v1,${signature}`,
      };
      expect(verdict(receiver("svix", { secret: "whsec_c2VjcmV0" }), request(headers))).toBe("passed");
    }
  });

  test("Segment signs only the first event of a list, so the request is not verified", () => {
    const segment = receiver("segment", { secret: "s" });
    const signed = (first: string) => ({ "x-signature": createHmac("sha1", "s").update(first).digest("hex") });
    const sent = (body: string, first = body) =>
      segment.check(request(signed(first), { body: Buffer.from(body) }), NOW);
    expect(sent('[{"a":1},{"b":2}]', '{"a":1}')).toEqual({ kind: "passed", state: "authenticated" });
    expect(sent('[{"a":1},{"b":2}]')).toEqual({ kind: "passed" });
    expect(sent('[{"a":1},{"b":2}]', '{"b":2}')).toEqual({ kind: "failed", cause: "signature_mismatch" });
    for (const body of ["[]", "[", "{}", "", "[{"]) {
      expect(sent(body, '{"a":1}')).toEqual({ kind: "failed", cause: "signature_mismatch" });
    }
  });

  test("the text that Cal.com sends without a secret is not a signature", () => {
    const headers = { "x-cal-signature-256": "no-secret-provided" };
    expect(verdict(receiver("cal-com", { secret: "s" }), request(headers))).toBe("signature_mismatch");
  });

  test("every notification of Microsoft Graph needs the token", () => {
    const graph = receiver("microsoft-graph", { secret: "s" });
    const body = (value: unknown) => Buffer.from(JSON.stringify({ value }));
    expect(verdict(graph, request({}, { body: body([{ clientState: "s" }, {}]) }))).toBe("missing_signature");
    expect(verdict(graph, request({}, { body: body([]) }))).toBe("missing_signature");
    expect(verdict(graph, request({}, { body: body([{ clientState: "s" }, { clientState: "t" }]) }))).toBe(
      "token_mismatch",
    );
  });

  test("a token that is not ASCII is compared as the server decodes it", () => {
    const gitlab = receiver("gitlab", { secret: "schlüssel" });
    const decoded = Buffer.from("schlüssel").toString("latin1");
    expect(verdict(gitlab, request({ "x-gitlab-token": decoded }))).toBe("passed");
  });
});

describe("generic-hmac", () => {
  const path = "/in/token/a%20b";
  const sent = { method: "PUT", url: `https://hooks.example.com${path}?q=1`, suffix: "/a%20b", query: "?q=1" };
  test.each([
    ["{method}", "PUT"],
    ["{url}", `https://hooks.example.com${path}?q=1`],
    ["{path}", path],
    ["{header:X-Id}", "7"],
    ["{body}{body}", `${BODY}${BODY}`],
    ["v1:{header:X-ID}:{method}-{body}\n", `v1:7:PUT-${BODY}\n`],
    ["literal", "literal"],
    ["é", "é"],
  ])("signs %j as %j", (signedString, text) => {
    const generic = receiver("generic-hmac", { secret: "s", header: "X-Sig", signedString });
    expect(verdict(generic, request({ "x-sig": hex("s", text), "x-id": "7" }, sent))).toBe("passed");
    expect(verdict(generic, request({ "x-sig": hex("s", `${text}.`), "x-id": "7" }, sent))).toBe("signature_mismatch");
  });

  test("refuses a request without a header that is signed", () => {
    const generic = receiver("generic-hmac", { secret: "s", header: "X-Sig", signedString: "{header:X-Id}{body}" });
    expect(verdict(generic, request({ "x-sig": hex("s", BODY) }))).toBe("missing_signature");
  });

  test.each([
    ["base64", true],
    ["base64", false],
    ["base64url", true],
    ["base64url", false],
    ["hex", true],
  ] as const)("reads %s with its padding: %p", (encoding, isPadded) => {
    const digest = createHmac("sha256", "s").update(BODY).digest(encoding);
    const text = isPadded && encoding !== "hex" ? digest.padEnd(44, "=") : digest.replace(/=+$/, "");
    const generic = receiver("generic-hmac", { secret: "s", header: "X-Sig", encoding });
    expect(verdict(generic, request({ "x-sig": text }))).toBe("passed");
  });

  test.each([
    [String(NOW), "passed"],
    [String(NOW * 1000), "passed"],
    ["2025-11-24T16:00:00Z", "passed"],
    [String(NOW - 301), "timestamp_too_old"],
    [String((NOW + 301) * 1000), "timestamp_in_future"],
    ["soon", "malformed_signature"],
  ] as const)("reads the time %j", (time, expected) => {
    const config = { secret: "s", header: "X-Sig", timestampHeader: "X-Time", signedString: "{ts}.{body}" };
    const headers = { "x-sig": hex("s", `${time}.${BODY}`), "x-time": time };
    expect(verdict(receiver("generic-hmac", config), request(headers))).toBe(expected);
  });
});
