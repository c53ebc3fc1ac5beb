import { describe, expect, test } from "bun:test";
import type { AttemptDetail } from "../../../src/api/types.ts";
import { attemptAsCurl, sentBody, sentHeaders, signedOf } from "../../../web/admin/messages/sent.ts";

const attempt: AttemptDetail = {
  id: "atmpt_1",
  msgId: "msg_1",
  endpointId: "ep_1",
  url: "https://example.com/hook?a=1",
  response: "",
  note: null,
  responseStatusCode: 503,
  responseDurationMs: 12,
  status: 2,
  statusText: "fail",
  triggerType: 0,
  reason: "status_5xx",
  nextAttempt: null,
  batchId: null,
  timestamp: "2026-01-01T00:00:07.900Z",
  requestHeaders: [
    { name: "Content-Type", value: "application/json" },
    { name: "svix-id", value: "msg_1" },
    { name: "svix-timestamp", value: "1767225610" },
    { name: "svix-signature", value: "v1,abc=" },
    { name: "X-Api-Key", value: "***" },
  ],
  responseHeaders: null,
  ...{ apiVersion: null, requestMethod: null, requestPayload: null, logs: null },
};
const success: AttemptDetail = {
  ...attempt,
  status: 0,
  statusText: "success",
  responseStatusCode: 200,
  reason: null,
  requestHeaders: null,
};
const blocked: AttemptDetail = { ...attempt, responseStatusCode: 0, reason: "blocked", requestHeaders: null };
const body = new TextEncoder().encode('{"big":12345678901234567890}');

describe("what an attempt sent", () => {
  test("an attempt with a transformation shows its own method and body", () => {
    const changed: AttemptDetail = { ...success, requestMethod: "PUT", requestPayload: '{"made":1}', logs: [] };
    expect(new TextDecoder().decode(sentBody(changed, body)!)).toBe('{"made":1}');
    expect(attemptAsCurl(changed, sentBody(changed, body)!)).toContain("PUT");
    expect(sentBody({ ...changed, requestPayload: "x".repeat(16 * 1024) }, body)).toBeNull();
    expect(sentBody(success, body)).toBe(body);
  });

  test("the body of a batch is not known, and its id is that of the batch", () => {
    const ofBatch: AttemptDetail = { ...success, batchId: "batch_1" };
    expect(sentBody(ofBatch, body)).toBeNull();
    expect(sentBody({ ...ofBatch, requestPayload: "{}" }, body)).toBeNull();
    expect(sentHeaders(ofBatch).headers[0]).toEqual({ name: "webhook-id", value: "batch_1" });
    expect(signedOf(ofBatch).id).toBe("batch_1");
  });

  test("the body of a thin event is not known, because its link is masked", () => {
    const thin = '{"id":"msg_1","url":"https://hooks.example/payload/***"}';
    expect(sentBody({ ...success, requestMethod: "POST", requestPayload: thin, logs: [] }, body)).toBeNull();
  });

  test("the headers of a successful attempt contain the payload version that was sent", () => {
    const names = (of: AttemptDetail) => sentHeaders(of).headers.map(({ name, value }) => `${name}: ${value}`);
    expect(names({ ...success, apiVersion: "2026-11-01" })).toContain("webhook-api-version: 2026-11-01");
    expect(names(success).join()).not.toContain("webhook-api-version");
  });

  test("an attempt that a transformation cancelled has sent nothing", () => {
    const cancelled: AttemptDetail = { ...success, responseStatusCode: 0, logs: [] };
    expect(sentHeaders(cancelled).kind).toBe("unsent");
  });

  test("the headers of a failed attempt are those that were sent, and what was signed is taken from them", () => {
    expect(sentHeaders(attempt)).toEqual({ kind: "stored", headers: attempt.requestHeaders! });
    expect(signedOf(attempt)).toEqual({ id: "msg_1", timestampSeconds: 1767225610, signature: "v1,abc=" });
  });

  test("the id and the timestamp of a successful attempt follow from the message and the start", () => {
    expect(sentHeaders(success)).toEqual({
      kind: "derived",
      headers: [
        { name: "webhook-id", value: "msg_1" },
        { name: "webhook-timestamp", value: "1767225607" },
      ],
    });
    expect(signedOf(success)).toEqual({ id: "msg_1", timestampSeconds: 1767225607, signature: null });
  });

  test("an attempt without a response whose headers are not stored sent no complete request", () => {
    expect(sentHeaders(blocked)).toEqual({ kind: "unsent", headers: [] });
  });

  test("the curl command has the headers and the exact body, with placeholders for secrets", () => {
    const command = attemptAsCurl(attempt, body);
    for (const part of [
      "--request 'POST'",
      "--url 'https://example.com/hook?a=1'",
      "--header 'svix-signature: v1,abc='",
      "--header 'X-Api-Key: YOUR_X_API_KEY'",
      `--data-raw '{"big":12345678901234567890}'`,
    ]) {
      expect(command).toContain(part);
    }
    expect(command).not.toContain("***");
    const derived = attemptAsCurl(success, body);
    expect(derived).toContain("--header 'webhook-signature: YOUR_SIGNATURE'");
    expect(derived).toContain("--header 'webhook-timestamp: 1767225607'");
  });
});
