import { cutUtf8 } from "../core/text.ts";
import type { Answer, OutgoingRequest, Transport, TransportFailure } from "../ports.ts";

const EMPTY = new Uint8Array(0);
/** A kept-alive connection that the peer has just closed fails at once; one that fails later has been in use. */
const STALE_CONNECTION_MS = 1000;

/**
 * Sends through the runtime's HTTP client, to the address that was checked: the name goes into `Host` and, for TLS, into
 * SNI and the check of the certificate. Redirects are answers like any other, and nothing is decompressed.
 */
export class FetchTransport implements Transport {
  async send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    const startedAt = performance.now();
    try {
      return await post(request, signal);
    } catch (error) {
      const failure = failureOf(error, signal);
      const isStale = failure.code === "ECONNRESET" && performance.now() - startedAt < STALE_CONNECTION_MS;
      if (!isStale) return failure.answer;
    }
    // Most likely the connection had been closed by the other side before it was used again: once more on a new one.
    try {
      return await post(request, signal);
    } catch (error) {
      return failureOf(error, signal).answer;
    }
  }
}

/** The URL with the address in place of the name. Made once for each endpoint, not for each request. */
const pinnedUrls = new WeakMap<URL, { readonly address: string; readonly href: string }>();

function pinned(url: URL, address: string): string {
  const known = pinnedUrls.get(url);
  if (known?.address === address) return known.href;
  const host = address.includes(":") ? `[${address}]` : address;
  const port = url.port === "" ? "" : `:${url.port}`;
  const href = `${url.protocol}//${host}${port}${url.pathname}${url.search}`;
  pinnedUrls.set(url, { address, href });
  return href;
}

async function post(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
  const { url } = request;
  const response = await fetch(pinned(url, request.address), {
    method: "POST",
    headers: [...request.headers, ["Host", url.host]] as [string, string][],
    body: request.body as Uint8Array<ArrayBuffer>,
    signal,
    redirect: "manual",
    decompress: false,
    ...(url.protocol === "https:" ? { tls: { serverName: url.hostname } } : {}),
  });
  return {
    kind: "response",
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: await readBody(response, request.responseBytesMax),
  };
}

/** At most `bytesMax` bytes of the body; what is beyond is not read. */
async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  const length = response.headers.get("content-length");
  if (length === "0") return EMPTY;
  // `response.body` makes a stream: only for what may be too long.
  if (length !== null && Number(length) <= bytesMax) return response.bytes();
  if (response.body === null) return EMPTY;
  const reader = response.body.getReader();
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
  return cutUtf8(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), bytesMax);
}

function failureOf(error: unknown, signal: AbortSignal): { code: string; answer: Answer } {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (signal.aborted) {
    return { code, answer: { kind: "failure", reason: "timeout", detail: "The endpoint did not answer in time." } };
  }
  const reason = reasonOf(code);
  return { code, answer: { kind: "failure", reason, detail: detailOf(reason, code, error) } };
}

function reasonOf(code: string): TransportFailure {
  if (/CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH/.test(code)) return "tls";
  if (/ENOTFOUND|EAI_|DNS/.test(code)) return "dns";
  if (/TIMEDOUT|Timeout/.test(code)) return "timeout";
  return "connection";
}

function detailOf(reason: TransportFailure, code: string, error: unknown): string {
  if (reason === "tls") return `The TLS connection was refused (${code}).`;
  if (code === "ECONNREFUSED") return "The connection was refused.";
  if (code === "ECONNRESET") return "The connection was closed before the answer.";
  return `The connection failed (${code || (error instanceof Error ? error.name : "unknown")}).`;
}
