import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { Message } from "../../../store/index.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Returns a message as JSON. The text is concatenated, so that the payload's bytes are preserved.
 */
export function messageText(message: Message, ids: IdCodec, withContent: boolean): string {
  const payload = withContent ? payloadText(message) : "{}";
  return messageTextWith(message, ids, payload);
}

export function messageTextWith(
  message: Omit<Message, "payload" | "applicationSeq" | "contentType" | "headers">,
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
  if (payload === null) return '{"expired":true}';
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
