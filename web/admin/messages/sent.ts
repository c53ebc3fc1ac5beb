import type { AttemptDetail } from "../../../src/api/types.ts";
import { curlCommand } from "../../kit/curl.ts";

/** What an attempt sent. */

export type SentBody = Uint8Array<ArrayBuffer> | null;

interface Header {
  readonly name: string;
  readonly value: string;
}

export interface SentHeaders {
  /**
   * `stored`: the headers that were sent. `derived`: those that are known of an attempt whose headers
   * are not stored. `unsent`: no request was sent.
   */
  readonly kind: "stored" | "derived" | "unsent";
  readonly headers: readonly Header[];
}

export interface Signed {
  readonly id: string;
  readonly timestampSeconds: number;
  /** Null if it is not stored. */
  readonly signature: string | null;
}

const SUCCESS = 0;
const MASK = "***";

export function sentHeaders(attempt: AttemptDetail): SentHeaders {
  const { requestHeaders, status, responseStatusCode, msgId, batchId } = attempt;
  if (requestHeaders !== null) return { kind: "stored", headers: requestHeaders };
  // An attempt that a transformation has cancelled counts as a success, but sent nothing.
  const isCancelled = status === SUCCESS && attempt.logs !== null && attempt.requestMethod === null;
  if ((status !== SUCCESS && responseStatusCode === 0) || isCancelled) return { kind: "unsent", headers: [] };
  const headers = [
    { name: "webhook-id", value: batchId ?? msgId },
    { name: "webhook-timestamp", value: String(secondsOf(attempt)) },
    ...(attempt.apiVersion === null ? [] : [{ name: "webhook-api-version", value: attempt.apiVersion }]),
  ];
  return { kind: "derived", headers };
}

/** How attempts show the link in a thin event. */
const MASKED_LINK = `/payload/${MASK}`;

/** Stored payloads of transformations are cut at this size, in bytes. */
const STORED_BYTES_MAX = 16 * 1024;

/** Returns the body that an attempt sent. Null if it is not known as a whole. */
export function sentBody({ requestPayload, batchId }: AttemptDetail, ofMessage: SentBody): SentBody {
  // The body was an array of several messages.
  if (batchId !== null) return null;
  if (requestPayload === null) return ofMessage;
  // The link in a thin event is masked.
  if (requestPayload.includes(MASKED_LINK)) return null;
  const body = new TextEncoder().encode(requestPayload);
  // A cut may have left out up to three bytes of a character.
  return body.length < STORED_BYTES_MAX - 3 ? body : null;
}

/** Returns what the signature of an attempt covers, besides the body. */
export function signedOf(attempt: AttemptDetail): Signed {
  const headerOf = (end: string) =>
    attempt.requestHeaders?.find(({ name }) => new RegExp(`^(webhook|svix)-${end}$`, "i").test(name))?.value ?? null;
  return {
    id: headerOf("id") ?? attempt.batchId ?? attempt.msgId,
    timestampSeconds: Number(headerOf("timestamp") ?? secondsOf(attempt)),
    signature: headerOf("signature"),
  };
}

/** Returns a shell command that sends the request of an attempt again. Secrets are placeholders. */
export function attemptAsCurl(attempt: AttemptDetail, body: Uint8Array<ArrayBuffer>): string {
  const { headers, kind } = sentHeaders(attempt);
  const shown = headers.map(({ name, value }) => [name, value === MASK ? placeholderOf(name) : value]);
  const unknown =
    kind === "stored"
      ? []
      : [
          ["content-type", "application/json"],
          ["webhook-signature", placeholderOf("signature")],
        ];
  return curlCommand({
    method: attempt.requestMethod ?? "POST",
    url: attempt.url,
    path: "/",
    headers: Object.fromEntries([...unknown, ...shown]),
    body,
  });
}

function placeholderOf(name: string): string {
  return `YOUR_${name.toUpperCase().replaceAll("-", "_")}`;
}

function secondsOf({ timestamp }: AttemptDetail): number {
  return Math.floor(Date.parse(timestamp) / 1000);
}
