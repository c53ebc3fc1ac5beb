import { isHttp } from "../core/endpoint-url/http.ts";
import { type IdCodec, timeOfSeq } from "../core/id.ts";
import { formatInstant } from "../core/instant.ts";
import {
  headerNamePattern,
  headersSizeProblem,
  headerValueProblem,
  messageHeadersProblem,
  urlCharsMax,
} from "../core/rule.ts";
import { maskPassword } from "../core/url-password.ts";
import type { RequestMethod } from "../ports.ts";
import type { SandboxCall, SandboxResult } from "../sandbox/sandbox.ts";
import { headersBefore, requestBefore, type SeenEndpoint, senderHeaders, unmaskedHeaders } from "./seen-message.ts";
import type { TargetMessage, TransformedRequest } from "./target.ts";

/** What a transformation made of a message, or what is wrong with its result. */
export type Shaped =
  | {
      readonly kind: "message";
      readonly request: TransformedRequest;
      /** Null means the payload of the message. */
      readonly payload: Uint8Array | null;
      /** The headers that replace those of the sender. Null unless a source received the message. */
      readonly received: Pick<TargetMessage, "headers" | "contentType"> | null;
    }
  | { readonly kind: "cancelled"; readonly reason: string }
  | { readonly kind: "problem"; readonly detail: string };

type Returned = Extract<SandboxResult, { readonly kind: "returned" }>;

const METHODS: readonly unknown[] = ["POST", "PUT", "PATCH"] satisfies readonly RequestMethod[];
const REASON_CHARS_MAX = 1_000;

/** The transformation of an endpoint that is enabled. */
export interface ActiveTransformation {
  readonly code: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Returns the call that transforms a message. `now` is the time that the code sees. */
export function transformationCall(
  active: ActiveTransformation,
  endpoint: SeenEndpoint,
  message: TargetMessage,
  { now, ids }: { readonly now: number; readonly ids: IdCodec },
): SandboxCall {
  const { seq, payload, received, eventType = "", channels = null } = message;
  const isReceived = received !== null;
  const about = { id: ids.encode("msg_", seq), timestamp: formatInstant(timeOfSeq(seq)), eventType };
  const own = isReceived
    ? { headers: senderHeaders(message) }
    : { ...requestBefore(endpoint, message), channels, cancel: false };
  return {
    ...active,
    argument: JSON.stringify({ ...about, ...own }),
    // The bytes are copied, because they are handed over to another thread.
    payload: { field: isReceived ? "body" : "payload", bytes: copyOf(payload), form: isReceived ? "text" : "json" },
    now,
    seed: (seq + now) % Number.MAX_SAFE_INTEGER,
  };
}

/** Returns what the result of the call means for the message. */
export function shapedBy(
  result: Returned,
  message: Pick<TargetMessage, "received" | "headers">,
  endpoint: SeenEndpoint,
  bodyBytesMax: number,
): Shaped {
  if (message.received !== null) return shapedReceived(result, bodyBytesMax);
  return shapedWebhook(result, endpoint.url, headersBefore(endpoint, message), bodyBytesMax);
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

/** Returns what the result of `handler(webhook)` means. */
function shapedWebhook(
  result: Returned,
  url: URL,
  before: Readonly<Record<string, string>>,
  bodyBytesMax: number,
): Shaped {
  const fields = fieldsOf(result);
  if (fields === null) return problem("`handler` must return the webhook.");
  const cancelled = cancellation(fields);
  if (cancelled !== null) return cancelled;
  const { method = "POST", url: address, headers = {} } = fields;
  if (!METHODS.includes(method)) return problem("`method` must be POST, PUT or PATCH.");
  if (method !== "POST" && !isHttp(url)) return problem("`method`: only http and https endpoints have a method.");
  const changed = changedUrl(url, address);
  if (typeof changed === "string") return problem(changed);
  if (!areStrings(headers)) return problem("`headers` must be an object whose values are strings.");
  const meant = unmaskedHeaders(headers, before);
  const wrong = messageHeadersProblem(meant);
  if (wrong !== null) return problem(`\`headers\`: ${wrong}`);
  const payload = payloadOf(result, "payload", bodyBytesMax);
  if (payload !== null && "kind" in payload) return payload;
  const request = { method: method as RequestMethod, url: changed, headers: meant };
  return { kind: "message", request, payload: payload as Uint8Array | null, received: null };
}

/** Returns what the result of `handler(input)` means for a message that a source received. */
function shapedReceived(result: Returned, bodyBytesMax: number): Shaped {
  const fields = fieldsOf(result);
  if (fields === null) return problem("`handler` must return an object with `headers` and `body`.");
  const cancelled = cancellation(fields);
  if (cancelled !== null) return cancelled;
  const { headers = {} } = fields;
  if (!areStrings(headers)) return problem("`headers` must be an object whose values are strings.");
  const wrong = receivedHeadersProblem(headers);
  if (wrong !== null) return problem(`\`headers\`: ${wrong}`);
  const payload = payloadOf(result, "body", bodyBytesMax);
  if (payload !== null && "kind" in payload) return payload;
  const { "content-type": contentType = null, ...others } = lowerCase(headers);
  const request = { method: "POST", url: null, headers: null } as const;
  const received = { headers: others, contentType };
  return { kind: "message", request, payload: payload as Uint8Array | null, received };
}

function problem(detail: string): Shaped {
  return { kind: "problem", detail };
}

/** Returns the end of a message that the code cancels, or what is wrong with `cancel`. Null if the message is sent. */
function cancellation({ cancel = false }: Readonly<Record<string, unknown>>): Shaped | null {
  if (cancel === true) return { kind: "cancelled", reason: "" };
  if (typeof cancel === "string") return { kind: "cancelled", reason: cancel.slice(0, REASON_CHARS_MAX) };
  return cancel === false || cancel === null ? null : problem("`cancel` must be true, false or a string.");
}

function fieldsOf({ json, payload }: Returned): Record<string, unknown> | null {
  return json === null || payload === undefined ? null : (JSON.parse(json) as Record<string, unknown>);
}

function areStrings(value: unknown): value is Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === "string");
}

/** Returns the payload, or null if it is unchanged. */
function payloadOf({ payload }: Returned, field: string, bodyBytesMax: number): Uint8Array | null | Shaped {
  if (payload === "unchanged") return null;
  if (payload === undefined || payload === "invalid") {
    return problem(
      field === "body" ? "`body` must be a string." : "`payload` must be a value that JSON can represent.",
    );
  }
  if (payload.byteLength > bodyBytesMax) return problem(`\`${field}\` has more than ${bodyBytesMax} bytes.`);
  return payload;
}

/** Returns the new URL, null if nothing has changed, or the error. */
function changedUrl(before: URL, address: unknown): URL | null | string {
  const shown = maskPassword(before.href);
  if (address === undefined || address === shown) return null;
  if (!isHttp(before)) return "`url`: only the URLs of http and https endpoints may be changed.";
  if (typeof address !== "string" || !URL.canParse(address)) return "`url` must be a URL.";
  if (address.length > urlCharsMax) return `\`url\` must have at most ${urlCharsMax} characters.`;
  const [wanted, allowed] = [new URL(address), new URL(shown)];
  const isSame = (["protocol", "host", "username", "password"] as const).every(
    (part) => wanted[part] === allowed[part],
  );
  if (!isSame) return "`url`: only the path and the query may be changed.";
  const after = new URL(before);
  after.pathname = wanted.pathname;
  after.search = wanted.search;
  return after;
}

/** Checks what could break a request. Names that are not passed on are left out later. */
function receivedHeadersProblem(headers: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(headers)) {
    if (!headerNamePattern.test(name)) return "Must be a valid header name.";
    const wrong = headerValueProblem(value);
    if (wrong !== null) return `${name}: ${wrong}`;
  }
  return headersSizeProblem(headers);
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
