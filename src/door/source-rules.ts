import { sha256 } from "../core/hash.ts";
import { asEventTypeName, type Expression, readEventType, readKey, userExpression } from "../receive/expression.ts";
import type { RequestView } from "../receive/request-view.ts";
import type { Source } from "../store/index.ts";
import type { SourceEntry } from "./source-directory.ts";

/** The rules of a source that its user has set, with their expressions parsed. */
interface Rules {
  /** Null for the provider's event type. */
  readonly eventType: Expression | null;
  /** The event type of a request without a match. */
  readonly otherEventType: string;
  /** Null if duplicates are not recognised by an expression. */
  readonly duplicateBy: Expression | null;
}

const rulesOfEntry = new WeakMap<SourceEntry, Rules>();

function rulesOf(entry: SourceEntry): Rules {
  let rules = rulesOfEntry.get(entry);
  if (rules === undefined) {
    rules = parsedRules(entry.source);
    rulesOfEntry.set(entry, rules);
  }
  return rules;
}

function parsedRules({ type, eventType, deduplicate }: Source): Rules {
  const by = deduplicate?.by;
  const isExpression = by !== undefined && by !== "delivery-id" && by !== "body";
  return {
    eventType: eventType === null ? null : userExpression(eventType),
    otherEventType: asEventTypeName(`${type}.received`),
    duplicateBy: isExpression ? userExpression(by) : null,
  };
}

/**
 * Returns the event type of a request: the source's, else the sender's, else `<type>.received`.
 * `stated` is what the sender states outside of headers and body, or null.
 */
export function eventTypeOf(entry: SourceEntry, request: RequestView, stated: string | null = null): string {
  const rules = rulesOf(entry);
  if (rules.eventType !== null) return readEventType(rules.eventType, request) ?? rules.otherEventType;
  const known = stated === null || stated === "" ? null : asEventTypeName(stated);
  return known ?? entry.receiver.eventType(request) ?? rules.otherEventType;
}

/**
 * Returns the key that duplicates of a request share, or null if the request is never a duplicate.
 * Keys of different sources differ.
 */
export function duplicateKeyOf(entry: SourceEntry, request: RequestView): Uint8Array | null {
  const { deduplicate, seq } = entry.source;
  if (deduplicate === null) return null;
  const id = duplicateIdOf(entry, deduplicate.by, request);
  if (id !== null) return sha256(`source ${seq} id\n${id}`);
  if (request.body.length === 0) return null;
  const { method, suffix, query, body } = request;
  const bodyHash = Buffer.from(sha256(body).buffer).toString("base64url");
  return sha256(`source ${seq} body\n${bodyHash}\n${method} ${suffix}${query}`);
}

/**
 * Returns the key that duplicates of a message from a queue share, or null if the message is never a
 * duplicate. In a queue, two messages with equal bodies are two messages, unless the source's user
 * wants duplicates to be recognised by the body. `id` is the broker's id of the message, or null.
 */
export function queueKeyOf(entry: SourceEntry, message: RequestView, id: string | null): Uint8Array | null {
  const by = entry.source.deduplicate?.by;
  if (by === undefined) return null;
  if (by === "body") return duplicateKeyOf(entry, message);
  const found = by === "delivery-id" ? id : readKey(rulesOf(entry).duplicateBy!, message);
  return found === null ? null : sha256(`source ${entry.source.seq} id\n${found}`);
}

/** Returns the text by which duplicates are recognised, or null for their method, path and body. */
function duplicateIdOf(entry: SourceEntry, by: string, request: RequestView): string | null {
  if (by === "body") return null;
  if (by === "delivery-id") return entry.receiver.deliveryId(request);
  return readKey(rulesOf(entry).duplicateBy!, request);
}
