import { lookup } from "node:dns/promises";
import { type SignatureHeaders, type SigningKey, sign, signatureHeaders } from "../../core/signature.ts";
import { HttpClient } from "../../edge/http-client/client.ts";
import type { Answer, OutgoingRequest, Shortage } from "../../ports.ts";

const TIMEOUT_MS = 30_000;
/** Only the status of a response is shown. */
const RESPONSE_BYTES_MAX = 64 * 1024;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
type Method = (typeof METHODS)[number];

/** A webhook for the local server. */
export interface LocalRequest {
  readonly messageId: string;
  readonly method: string;
  /** Appended to the path of the server's URL: empty, or a path with an optional query. */
  readonly path: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
}

/** The result of a request: the status of the response, or an error. */
export interface LocalResponse {
  readonly url: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly durationMs: number;
}

interface Signing {
  readonly keys: readonly SigningKey[];
  readonly headers: SignatureHeaders;
}

/** The server on this machine to which webhooks are forwarded. Each is signed when it is sent. */
export class LocalServer {
  readonly #http = new HttpClient();
  readonly #base: URL;

  constructor(
    url: string,
    private readonly signing: Signing,
  ) {
    this.#base = new URL(url);
  }

  /** Sends one request and returns its result. Never rejects. */
  async send(request: LocalRequest, stop: AbortSignal): Promise<LocalResponse> {
    const startedAt = performance.now();
    const url = urlWith(this.#base, request.path);
    const outcome =
      url === null
        ? { status: null, error: `The path ${request.path} leads out of ${this.#base.href}.` }
        : await this.#exchange(url, request, stop);
    return { url: (url ?? this.#base).href, ...outcome, durationMs: Math.round(performance.now() - startedAt) };
  }

  async #exchange(
    url: URL,
    { messageId, method, headers, body }: LocalRequest,
    stop: AbortSignal,
  ): Promise<Pick<LocalResponse, "status" | "error">> {
    if (!isMethod(method)) return { status: null, error: `The method ${method} cannot be forwarded.` };
    let addresses: readonly string[];
    try {
      addresses = (await lookup(url.hostname.replace(/^\[|\]$/g, ""), { all: true })).map(({ address }) => address);
    } catch (error) {
      return { status: null, error: (error as Error).message };
    }
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = sign(this.signing.keys, messageId, timestamp, body);
    const all = [...headers, ...signatureHeaders(this.signing.headers, messageId, timestamp, signature)];
    const limits = { timeoutMs: TIMEOUT_MS, responseBytesMax: RESPONSE_BYTES_MAX };
    const sent: OutgoingRequest = { method, url, addresses, headers: all, body, ...limits };
    return outcomeOf(await this.#http.send(sent, AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)])));
  }
}

function outcomeOf(answer: Answer | Shortage): Pick<LocalResponse, "status" | "error"> {
  if (answer.kind === "response") return { status: answer.status, error: null };
  if (answer.kind === "failure" && answer.reason === "timeout") {
    return { status: null, error: `no response within ${TIMEOUT_MS / 1000} s` };
  }
  return { status: null, error: answer.detail };
}

/**
 * Appends a path and its query to a URL. Returns null if the result is not below the URL, because the
 * path has dot segments: a stranger must not choose another path of the local server.
 */
export function urlWith(base: URL, path: string): URL | null {
  if (path === "") return base;
  const [, suffix = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(path) ?? [];
  const root = base.pathname.replace(/\/$/, "");
  const url = new URL(base);
  url.pathname = root + suffix;
  url.search = [base.search.slice(1), query].filter((part) => part !== "").join("&");
  return url.pathname === root || url.pathname.startsWith(`${root}/`) ? url : null;
}

function isMethod(text: string): text is Method {
  return (METHODS as readonly string[]).includes(text);
}
