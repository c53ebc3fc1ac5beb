import { declaredBytes } from "../core/answer-length.ts";
import { cutUtf8 } from "../core/text.ts";
import type { Answer, OutgoingRequest, Transport, TransportFailure } from "../ports.ts";
import { IdleConnections } from "./idle-connections.ts";

const EMPTY = new Uint8Array(0);
/** A kept-alive connection that the peer has just closed fails at once; one that fails later has been in use. */
const STALE_CONNECTION_MS = 1000;

/**
 * Sends through the runtime's HTTP client, to the address that was checked: the name goes into `Host` and, for TLS, into
 * SNI and the check of the certificate. Redirects are answers like any other, and nothing is decompressed.
 */
export class FetchTransport implements Transport {
  readonly #idle = new IdleConnections();

  async send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    const destination = destinationOf(request.url, request.address);
    let response: Response;
    try {
      response = await this.#post(request, destination, signal);
    } catch (error) {
      return failureOf(error, signal, "before the answer");
    }
    try {
      const { status, headers } = response;
      const { body, mayBeKept } = await readBody(response, request.responseBytesMax);
      if (mayBeKept && !/\bclose\b/i.test(headers.get("connection") ?? "")) this.#idle.give(destination.origin);
      return { kind: "response", status, retryAfter: headers.get("retry-after"), body };
    } catch (error) {
      return failureOf(error, signal, "in the middle of the answer");
    }
  }

  /**
   * A receiver closes a kept-alive connection when it likes, also while the next request is on its way. That is no
   * failure of the receiver: the request goes once more, over a connection that is certainly new. Where the connection
   * was new, or an answer has begun, the receiver has had the request, and there is nothing to excuse.
   */
  async #post(request: OutgoingRequest, destination: Destination, signal: AbortSignal): Promise<Response> {
    const isReused = this.#idle.take(destination.origin);
    const startedAt = performance.now();
    try {
      return await post(request, destination, signal, true);
    } catch (error) {
      const isStale = codeOf(error) === "ECONNRESET" && performance.now() - startedAt < STALE_CONNECTION_MS;
      if (!isReused || !isStale || signal.aborted) throw error;
    }
    return await post(request, destination, signal, false);
  }
}

interface Destination {
  readonly address: string;
  /** The URL with the address in place of the name. */
  readonly href: string;
  /** The same for all that may share a connection. */
  readonly origin: string;
}

/** Made once for each endpoint, not for each request. */
const destinations = new WeakMap<URL, Destination>();

function destinationOf(url: URL, address: string): Destination {
  const known = destinations.get(url);
  if (known?.address === address) return known;
  const host = address.includes(":") ? `[${address}]` : address;
  const port = url.port === "" ? "" : `:${url.port}`;
  const place = `${url.protocol}//${host}${port}`;
  // The name counts for TLS: a connection that was opened under one name is not used for another.
  const origin = url.protocol === "https:" ? `${place} ${url.hostname}` : place;
  const destination = { address, href: `${place}${url.pathname}${url.search}`, origin };
  destinations.set(url, destination);
  return destination;
}

/** Without `keepalive` it goes over a connection of its own. */
function post(
  { url, headers, body }: OutgoingRequest,
  { href }: Destination,
  signal: AbortSignal,
  keepalive: boolean,
): Promise<Response> {
  return fetch(href, {
    method: "POST",
    headers: [...headers, ["Host", url.host]] as [string, string][],
    body: body as Uint8Array<ArrayBuffer>,
    signal,
    redirect: "manual",
    decompress: false,
    keepalive,
    ...(url.protocol === "https:" ? { tls: { serverName: url.hostname } } : {}),
  });
}

interface ReadBody {
  /** At most as many bytes as were asked for, cut between characters; what is beyond has not been read. */
  readonly body: Uint8Array;
  /** The answer was read to an end that is not the end of the connection. */
  readonly mayBeKept: boolean;
}

async function readBody(response: Response, bytesMax: number): Promise<ReadBody> {
  const { headers } = response;
  const transferEncoding = headers.get("transfer-encoding");
  const bytes = declaredBytes(headers.get("content-length"), transferEncoding);
  if (bytes === 0) return { body: EMPTY, mayBeKept: true };
  // `response.body` makes a stream: only for what may be too long. What comes is cut all the same: a header is a claim.
  if (bytes !== null && bytes <= bytesMax) return { body: cutUtf8(await response.bytes(), bytesMax), mayBeKept: true };
  if (response.body === null) return { body: EMPTY, mayBeKept: true };
  const { start, isWhole } = await readStart(response.body, bytesMax);
  return { body: cutUtf8(start, bytesMax), mayBeKept: isWhole && (bytes !== null || transferEncoding !== null) };
}

/** Reads on until there are more than `bytesMax` bytes. */
async function readStart(body: ReadableStream<Uint8Array>, bytesMax: number) {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      // Not awaited: a peer that goes on sending must not hold the attempt.
      void reader.cancel().catch(() => {});
      break;
    }
  }
  return { start: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), isWhole: bytes <= bytesMax };
}

/** `place` says when it went wrong, for the one failure that can happen at any time. */
function failureOf(error: unknown, signal: AbortSignal, place: string): Answer {
  if (signal.aborted) return { kind: "failure", reason: "timeout", detail: "The endpoint did not answer in time." };
  const code = codeOf(error);
  const reason = reasonOf(code);
  return { kind: "failure", reason, detail: detailOf(reason, code, error, place) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function reasonOf(code: string): TransportFailure {
  if (/CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH/.test(code)) return "tls";
  if (/ENOTFOUND|EAI_|DNS/.test(code)) return "dns";
  if (/TIMEDOUT|Timeout/.test(code)) return "timeout";
  return "connection";
}

function detailOf(reason: TransportFailure, code: string, error: unknown, place: string): string {
  if (reason === "tls") return `The TLS connection was refused (${code}).`;
  if (code === "ECONNREFUSED") return "The connection was refused.";
  if (code === "ECONNRESET") return `The connection was closed ${place}.`;
  return `The connection failed (${code || (error instanceof Error ? error.name : "unknown")}).`;
}
