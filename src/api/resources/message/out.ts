import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { Received } from "../../../core/received.ts";
import { isJson, utf8OrNull } from "../../../core/text.ts";
import type { Message, PayloadVersion } from "../../../store/index.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const EXPIRED = '{"expired":true}';

/**
 * Returns a message as JSON. The text is concatenated, so that the payload's bytes are preserved.
 */
export function messageText(message: Message, ids: IdCodec, withContent: boolean): string {
  if (message.received !== null) return receivedMessageText(message, message.received, ids, withContent);
  const payload = withContent ? payloadText(message) : "{}";
  return messageTextWith(message, ids, payload);
}

/**
 * Returns a message of a source as JSON. A JSON payload is unchanged. Any other payload is in
 * `payloadText`, or in `payloadBase64` if it is not valid UTF-8, and `payload` is null.
 */
function receivedMessageText(message: Message, received: Received, ids: IdCodec, withContent: boolean): string {
  const { contentType, headers } = message;
  const { sourceSeq, method, path, state, cause } = received;
  const content = withContent ? receivedPayload(message.payload) : { payload: "{}", more: {} };
  const more = {
    ...content.more,
    ...{ sourceId: ids.encode("src_", sourceSeq), method, path },
    ...{ verification: state, verificationCause: cause },
    headers: { ...(contentType !== null && { "content-type": contentType }), ...headers },
  };
  return `${messageTextWith(message, ids, content.payload).slice(0, -1)},${JSON.stringify(more).slice(1)}`;
}

/** Adds the payload version of a message to its JSON, unless it has none. */
export function withVersion(messageJson: string, version: Pick<PayloadVersion, "version"> | null): string {
  // Names of versions contain no characters that need escaping.
  return version === null ? messageJson : `${messageJson.slice(0, -1)},"apiVersion":"${version.version}"}`;
}

/** Returns the payload as JSON text, and further fields if it is not JSON. */
function receivedPayload(payload: Uint8Array | null): { readonly payload: string; readonly more: object } {
  if (payload === null) return { payload: EXPIRED, more: {} };
  const text = utf8OrNull(payload);
  if (text === null) return { payload: "null", more: { payloadBase64: Buffer.from(payload).toString("base64") } };
  return isJson(text) ? { payload: text, more: {} } : { payload: "null", more: { payloadText: text } };
}

export function messageTextWith(
  message: Omit<Message, "payload" | "applicationSeq" | "contentType" | "headers" | "received">,
  ids: IdCodec,
  payload: string,
): string {
  // Ids, event types and event ids contain no characters that need escaping.
  return (
    `{"id":"${ids.encode("msg_", message.seq)}","eventType":"${message.eventType}",` +
    `"eventId":${message.eventId === null ? "null" : `"${message.eventId}"`},"payload":${payload},` +
    `"channels":${jsonOrNull(message.channels)},"tags":${jsonOrNull(message.tags)},` +
    `"timestamp":"${formatInstant(message.acceptedAt)}",` +
    `"deliverAt":${message.deliverAt === null ? "null" : `"${formatInstant(message.deliverAt)}"`}` +
    `${message.warnings === null ? "" : `,"warnings":${JSON.stringify(message.warnings)}`}}`
  );
}

/**
 * Returns the payload for a response: unchanged, marked as expired, or wrapped if it is not a JSON
 * object.
 */
export function payloadText({ payload, contentType }: Pick<Message, "payload" | "contentType">): string {
  if (payload === null) return EXPIRED;
  const text = utf8.decode(payload);
  return contentType === null || isJsonObject(text) ? text : JSON.stringify({ rawPayload: text });
}

/**
 * Returns whether the text of a payload is a JSON object. Only payloads that were sent as
 * `rawPayload` have a content type, and only these may be something other than an object.
 */
function isJsonObject(text: string): boolean {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function jsonOrNull(texts: readonly string[] | null): string {
  return texts === null ? "null" : JSON.stringify(texts);
}
