import { receive } from "../../../commands/receive.ts";
import type { DoorReply } from "../../../core/received.ts";
import type { SourceEntry } from "../../../door/source-directory.ts";
import { bodyLease, framing, readBody } from "../../http/body.ts";
import type { ByteLease } from "../../http/byte-budget.ts";
import { requireConfirmed } from "../../http/confirmed.ts";
import type { Context } from "../../http/context.ts";
import { badRequest, errorReply, starting, stopping } from "../../http/errors.ts";
import { type DoorTarget, doorTargetOf, headersOf } from "./request.ts";
import { UnknownTokens } from "./unknown-tokens.ts";

const RETRY_AFTER_DEFECT_SECONDS = 5;
/** Bun does not read the bodies of these methods (Bun 1.4.5). */
const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD", "TRACE"]);

const noBytes = new Uint8Array(0);

/** Returns the address of the client that has sent a request, or an empty text if it is not known. */
export type AddressOf = (request: Request) => string;

/** Responds to requests at `/in/…`, the URLs of sources. */
export class Door {
  readonly #unknown: UnknownTokens;
  readonly #prefix: string;

  constructor(private readonly context: Context) {
    this.#unknown = new UnknownTokens(context.clock);
    this.#prefix = context.pathPrefix ?? "";
  }

  /**
   * Responds to a request of any method. Never rejects. Responds to a fault of ours with 503, so
   * that the sender tries again.
   */
  async respond(request: Request, addressOf: AddressOf): Promise<Response> {
    const begunAt = this.context.tracer?.now();
    const reading = new BodyReading(this.context, request);
    try {
      const address = () => addressOf(request);
      const target = this.#targetOf(request, address);
      const found = this.context.sources.find(target.token);
      const entry = found instanceof Promise ? await found : found;
      if (entry === null) throw this.#unknown.problemFor(address());
      const { suffix, query } = target;
      const parts = { method: request.method, suffix, query, headers: headersOf(request), address, begunAt };
      const reply = await receive(this.context, entry, parts, () => reading.of(entry, parts.headers));
      const { replica } = this.context.store;
      if (replica !== undefined) await requireConfirmed(replica, reply);
      return toResponse(reply);
    } catch (error) {
      return toResponse(this.#replyTo(error));
    } finally {
      reading.end();
    }
  }

  #targetOf(request: Request, address: () => string): DoorTarget {
    if (this.context.isStarting?.()) throw starting();
    if (this.context.stopping?.aborted) throw stopping();
    const target = doorTargetOf(request.url, this.#prefix);
    if (target === null) throw this.#unknown.problemFor(address());
    return target;
  }

  #replyTo(error: unknown): DoorReply {
    const { status, headers, body } = errorReply(error, this.context.log);
    const json = { "content-type": "application/json", ...headers };
    if (status !== 500) return { status, headers: json, body };
    return { status: 503, headers: { ...json, "retry-after": String(RETRY_AFTER_DEFECT_SECONDS) }, body };
  }
}

/** The body of one request, and the memory that it takes from the budget of its source. */
class BodyReading {
  #lease: ByteLease | null = null;

  constructor(
    private readonly context: Context,
    private readonly request: Request,
  ) {}

  /** Reads the body, byte for byte. */
  of({ source }: SourceEntry, headers: Readonly<Record<string, string>>): Promise<Uint8Array> | Uint8Array {
    const { request, context } = this;
    if (WITHOUT_BODY.has(request.method)) return withoutBody(request);
    const { bodies, settings, clock, smallBodies } = context;
    const stated = framing(headers["content-length"] ?? null, headers["content-encoding"] !== undefined);
    this.#lease = bodyLease(stated, bodies, { kind: "application", key: String(source.applicationSeq) });
    return readBody(request, {
      framing: stated,
      bytesMax: settings.maxBodyBytes,
      lease: this.#lease,
      clock,
      smallBodies,
    });
  }

  /** Returns the memory. */
  end(): void {
    this.#lease?.end();
  }
}

/** Throws 400 if the request has a body. Storing the request without it would lose the body. */
function withoutBody({ headers, method }: Request): Uint8Array {
  const length = headers.get("content-length");
  if ((length === null || Number(length) === 0) && !headers.has("transfer-encoding")) return noBytes;
  throw badRequest(`A ${method} request must not have a body. Send it with POST.`);
}

/**
 * Headers that keep a browser from running scripts in a response. A source's `answer` can be any page,
 * and pages of this server could use the session of whoever opens them.
 */
const harmless = { "content-security-policy": "sandbox; default-src 'none'", "x-content-type-options": "nosniff" };

function lowerCase(headers: DoorReply["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/**
 * The responses without headers and body, by status. Sharing them saves the time to build headers
 * for the most frequent response.
 */
const initOf = new Map<number, ResponseInit>();

function toResponse({ status, headers, body }: DoorReply): Response {
  for (const _ in headers) {
    return new Response(body === "" ? null : body, { status, headers: { ...lowerCase(headers), ...harmless } });
  }
  let init = initOf.get(status);
  if (init === undefined) {
    init = { status, headers: new Headers() };
    initOf.set(status, init);
  }
  return new Response(body === "" ? null : body, init);
}
