/**
 * A built-in receiver for testing. It keeps the latest requests of each inbox in memory. All sizes
 * are limited; the oldest requests are dropped first.
 */
import { withoutSessionSecrets } from "../../../core/session.ts";
import type { Clock } from "../../../ports.ts";
import { targetOf } from "../../http/request-target.ts";

export interface InboxRequest {
  readonly id: string;
  readonly receivedAt: number;
  readonly method: string;
  /** The path, including the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, truncated to `BODY_BYTES_KEPT`. Invalid UTF-8 is replaced. */
  readonly body: string;
  /** The value of the `webhook-id` or `svix-id` header. */
  readonly messageId: string | null;
  /** Status of the inbox's response. */
  readonly status: number;
}

const REQUESTS_PER_INBOX = 100;
const INBOXES_MAX = 1000;
const BODY_BYTES_KEPT = 64 * 1024;
const HEADERS_CHARS_KEPT = 16 * 1024;
const PATH_CHARS_KEPT = 2048;
const BYTES_MAX = 64 * 1024 * 1024;
/** Approximate memory use of a request, in addition to its texts, in bytes. */
const BYTES_EACH = 512;

const tokenPattern = /^[A-Za-z0-9_-]{8,64}$/;

export function isInboxToken(text: string): boolean {
  return tokenPattern.test(text);
}

interface Kept {
  readonly request: InboxRequest;
  readonly bytes: number;
}

export class Inbox {
  /** The inboxes, in the order of their latest request. */
  readonly #inboxes = new Map<string, Kept[]>();
  #bytes = 0;
  #count = 0;

  constructor(private readonly clock: Clock) {}

  /** Stores a request and returns it. `body` may be larger than the part that is stored. */
  keep(token: string, request: Request, body: Uint8Array, status: number): InboxRequest {
    const kept = {
      id: `inreq_${++this.#count}`,
      receivedAt: this.clock.now(),
      method: request.method,
      path: targetOf(request.url).slice(0, PATH_CHARS_KEPT),
      headers: headersOf(request),
      body: textOf(body),
      messageId: request.headers.get("webhook-id") ?? request.headers.get("svix-id"),
      status,
    };
    this.#add(token, { request: kept, bytes: weight(kept) });
    return kept;
  }

  /** Returns the requests of an inbox, newest first. */
  requests(token: string): readonly InboxRequest[] {
    return (this.#inboxes.get(token) ?? []).map(({ request }) => request).reverse();
  }

  #add(token: string, kept: Kept): void {
    const requests = this.#inboxes.get(token) ?? [];
    this.#inboxes.delete(token);
    this.#inboxes.set(token, requests);
    requests.push(kept);
    this.#bytes += kept.bytes;
    if (requests.length > REQUESTS_PER_INBOX) this.#bytes -= requests.shift()!.bytes;
    while (this.#inboxes.size > INBOXES_MAX || this.#bytes > BYTES_MAX) this.#dropOldest();
  }

  /**
   * Drops the oldest request of the inbox that has been idle longest. If there are too many
   * inboxes, drops that whole inbox.
   */
  #dropOldest(): void {
    const [token, requests] = this.#inboxes.entries().next().value!;
    const dropped = this.#inboxes.size > INBOXES_MAX ? requests.splice(0) : requests.splice(0, 1);
    for (const { bytes } of dropped) this.#bytes -= bytes;
    if (requests.length === 0) this.#inboxes.delete(token);
  }
}

const utf8 = new TextDecoder();

function textOf(body: Uint8Array): string {
  return utf8.decode(body.subarray(0, BODY_BYTES_KEPT));
}

function headersOf(request: Request): Record<string, string> {
  const kept: [string, string][] = [];
  let chars = 0;
  for (const [name, sent] of request.headers) {
    const value = name === "cookie" ? withoutSessionSecrets(sent) : sent;
    chars += name.length + value.length;
    if (chars > HEADERS_CHARS_KEPT) break;
    kept.push([name, value]);
  }
  return Object.fromEntries(kept);
}

function weight({ body, headers, path }: InboxRequest): number {
  let chars = body.length + path.length;
  for (const [name, value] of Object.entries(headers)) chars += name.length + value.length;
  // A string with characters beyond Latin-1 takes two bytes per character.
  return BYTES_EACH + 2 * chars;
}
