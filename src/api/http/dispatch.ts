import type { TObject } from "@sinclair/typebox";
import { notFound } from "../../core/problem.ts";
import { unlessDeparted } from "../../store/departed.ts";
import type { IdempotencyEntry } from "../../store/index.ts";
import { checkAccess, checkDryRun } from "../identity/access.ts";
import { type Admission, RepeatedCheck, unwatched } from "../identity/admission.ts";
import type { Authenticator } from "../identity/auth.ts";
import { anybody, type Identity } from "../identity/identity.ts";
import { AuditTrail, isAudited } from "./audit-trail.ts";
import { bodyLease, type Checking, type Framing, framingOf, readBody } from "./body.ts";
import { bodyHash } from "./body-hash.ts";
import { type ByteLease, callerOf } from "./byte-budget.ts";
import { bodySchemaOf, type CheckedBody, checkedBody, checkedLargeBody } from "./checked-body.ts";
import { changesData, requireConfirmed } from "./confirmed.ts";
import { decodedBody, withoutByteOrderMark } from "./content-coding.ts";
import type { Context } from "./context.ts";
import type { ApiDeps } from "./deps.ts";
import { errorReply, starting, stopping } from "./errors.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import { KeyedRequests } from "./keyed-requests.ts";
import type { Call, Operation } from "./operation.ts";
import { inPieces, LONG_SIZE } from "./piecewise.ts";
import { parseQuery } from "./query.ts";
import { ReadQueue } from "./read-queue.ts";
import { type Reply, toResponse } from "./reply.ts";
import { searchOf } from "./request-target.ts";
import { ignoredHeader, namingIgnored, strictSearch, unknownParameters } from "./unknown-keys.ts";
import { upgradeRequest } from "./web-socket.ts";

type Params = Readonly<Record<string, string>>;

/** An authenticated request for an operation. */
interface Admitted {
  readonly operation: Operation;
  readonly request: Request;
  readonly params: Params;
  readonly identity: Identity;
  readonly query: unknown;
  readonly begunAt: number | undefined;
  /** Undeclared keys of the body. Set after the body has been read. */
  ignored: readonly string[];
  /** The unparsed body. Null until it is needed. */
  bytes: Promise<Uint8Array> | null;
  /** The memory for the body. The lease ends when the request ends. */
  lease: ByteLease | null;
}

const noBytes: Uint8Array = new Uint8Array(0);
const noQuery = {};
const noKeys: readonly string[] = [];
/** Minimum size of a body whose check waits for its turn, in bytes. */
const LARGE_BYTES = 32 * 1024;

/**
 * Performs the steps that all operations share: authentication, access, validation, idempotency,
 * audit log and errors.
 */
export class Dispatcher {
  readonly #authenticator: Authenticator;
  readonly #keyed: KeyedRequests;
  readonly #audit: AuditTrail;

  /**
   * Bodies that wait for their decompression. The decompressed size is known only afterwards, so
   * the number of concurrent decompressions limits the memory that is not charged to a budget.
   */
  readonly #decodings: ReadQueue;
  /** Large bodies that wait for their check. */
  readonly #checks: ReadQueue;
  readonly #checking: Checking;

  constructor(
    private readonly deps: ApiDeps,
    private readonly context: Pick<Context, "bodies" | "responses" | "smallBodies" | "authenticator">,
  ) {
    this.#decodings = new ReadQueue(deps.clock);
    this.#checks = new ReadQueue(deps.clock, 1);
    this.#checking = { clock: deps.clock, keySeed: Buffer.from(deps.random.bytes(4)).readInt32LE() };
    this.#authenticator = context.authenticator;
    this.#keyed = new KeyedRequests(deps);
    this.#audit = new AuditTrail(deps);
  }

  /** Responds to a request for an operation and counts the response. Never rejects. */
  async respond(operation: Operation, sent: Request, params: Params): Promise<Response> {
    const request = operation.upgrades === undefined ? sent : upgradeRequest(sent);
    let admitted: Admitted | null = null;
    const begunAt = this.deps.tracer?.now();
    try {
      if (operation.access !== "public") this.#checkServing();
      checkParams(params);
      const found = operation.access === "public" ? anybody : this.#authenticator.identify(request);
      const caller = found instanceof Promise ? await found : found;
      checkAccess(operation, caller);
      const chosen = operation.environmentIn;
      const identity =
        chosen === undefined ? caller : await this.#authenticator.within(caller, params[chosen] as string);
      const search = searchFor(operation, request);
      const query = operation.query === undefined ? noQuery : queryOf(operation.query, search, request);
      admitted = { operation, request, params, identity, query, begunAt, ignored: noKeys, bytes: null, lease: null };
      const answer = this.#inPieces(await this.#answer(admitted), admitted);
      const { replica } = this.deps.store;
      if (replica !== undefined && changesData(operation)) await requireConfirmed(replica, answer);
      if (isAudited(operation)) await this.deps.store.feed.announced();
      const parameters = search === "" ? noKeys : unknownParameters(operation.query, search);
      const names =
        admitted.ignored.length + parameters.length === 0 ? null : ignoredHeader(admitted.ignored, parameters);
      return this.#counted(operation, names === null ? responseOf(answer) : namingIgnored(answer, names));
    } catch (error) {
      return this.#counted(operation, toResponse(errorReply(error, this.deps.log)));
    } finally {
      admitted?.lease?.end();
    }
  }

  #counted({ id }: Operation, response: Response): Response {
    this.deps.countRequest?.(id, response.status);
    return response;
  }

  /**
   * Streams a long response to a read, so that the memory used for clients that do not read is
   * limited. Throws 503 if the limit is reached. A change has been committed by now, so its
   * response is never refused; its length is limited by the request.
   */
  #inPieces(answer: Reply | Response, { operation, identity }: Admitted): Reply | Response {
    if (answer instanceof Response || answer.body.length < LONG_SIZE || operation.method !== "GET") return answer;
    const lease = this.context.responses.lease(callerOf(identity));
    lease.grow(answer.body.length);
    const { status, headers } = toResponse({ ...answer, body: " " });
    return new Response(inPieces(answer.body, lease), { status, headers });
  }

  /**
   * Throws 503 while the server is starting or stopping. Not called for health checks, nor for
   * inboxes, because deliveries always need them.
   */
  #checkServing(): void {
    if (this.deps.isStarting?.()) throw starting();
    if (this.deps.stopping?.aborted) throw stopping();
  }

  #answer(admitted: Admitted): Promise<Reply | Response> {
    const key = admitted.operation.method === "POST" ? idempotencyKeyOf(admitted.request) : null;
    return key === null || admitted.operation.access === "public"
      ? this.#handle(admitted, null)
      : this.#answerOnce(admitted, key);
  }

  #answerOnce(admitted: Admitted, key: string): Promise<Reply> {
    return this.#keyed.answer(
      admitted,
      key,
      async () => bodyHash(await this.#bytesOf(admitted), admitted.request.headers.get("content-type")),
      (entry) => this.#handle(admitted, entry) as Promise<Reply>,
    );
  }

  async #handle(admitted: Admitted, idempotency: IdempotencyEntry | null): Promise<Reply | Response> {
    const { operation, request, params, identity, query, begunAt } = admitted;
    const schema = bodySchemaOf(operation);
    const bytes = schema === null ? noBytes : await this.#bytesOf(admitted);
    let body: unknown;
    if (schema !== null) {
      const checked =
        bytes.length < LARGE_BYTES
          ? checkedBody(operation, schema, bytes)
          : await this.#inTurn(identity, () => checkedLargeBody(operation, schema, bytes, this.#checking));
      body = checked.value;
      checkDryRun(operation, identity, body);
      admitted.ignored = checked.ignored;
    }
    const admission = operation.lasting === undefined ? unwatched : this.#admissionOf(admitted);
    const call: Call = { request, identity, params, query, body, bytes, idempotency, admission, begunAt };
    const work = () => operation.handle(call as Call<never, never, never>);
    const { app_id: app } = params;
    if (app === undefined || operation.method === "GET" || operation.departs) return this.#recorded(admitted, work);
    return this.#recorded(admitted, () => unlessDeparted(this.deps, identity.environmentSeq, app, work));
  }

  /** Handles a request, and records it in the audit log if it belongs there. */
  #recorded(
    { operation, identity, params }: Admitted,
    work: () => Reply | Response | Promise<Reply | Response>,
  ): Reply | Response | Promise<Reply | Response> {
    return isAudited(operation) ? this.#audit.record(operation.id, identity, params, work) : work();
  }

  /**
   * Runs the check of a large body. Many concurrent checks in one turn of the event loop would delay
   * all other requests by their sum.
   */
  #inTurn(identity: Identity, check: () => Promise<CheckedBody>): Promise<CheckedBody> {
    return this.#checks.run(callerOf(identity), check, true);
  }

  /** Reads the body on first call, because a request's body can be read only once. */
  #bytesOf(admitted: Admitted): Promise<Uint8Array> {
    if (admitted.bytes !== null) return admitted.bytes;
    const { request, identity } = admitted;
    const framing = framingOf(request);
    admitted.lease = bodyLease(framing, this.context.bodies, callerOf(identity));
    admitted.bytes = this.#readAndDecode(admitted, framing);
    return admitted.bytes;
  }

  async #readAndDecode({ operation, request, identity, lease }: Admitted, framing: Framing): Promise<Uint8Array> {
    const { maxBodyBytes } = this.deps.settings;
    const bytesMax = operation.bodyBytesMax?.(maxBodyBytes) ?? maxBodyBytes;
    const bytes = await readBody(request, {
      framing,
      bytesMax,
      lease,
      clock: this.deps.clock,
      smallBodies: this.context.smallBodies,
    });
    const coding = framing.isEncoded ? request.headers.get("content-encoding") : null;
    if (coding === null) return withoutByteOrderMark(bytes);
    const decode = () => decodedBody(bytes, { coding, bytesMax, lease });
    return withoutByteOrderMark(await this.#decodings.run(callerOf(identity), decode, true));
  }

  #admissionOf({ operation, request, identity }: Admitted): Admission {
    const again = this.#authenticator.repeater(request, identity);
    return new RepeatedCheck(this.deps.clock, async () => checkAccess(operation, await again()));
  }
}

/** Throws 404 if a part of the path cannot be decoded. */
function checkParams(params: Params): void {
  for (const name in params) if (typeof params[name] !== "string") throw notFound();
}

/**
 * Returns the query string. Throws 422 if a bulk operation gets a parameter that it does not
 * declare.
 */
function searchFor({ strict, query }: Operation, { url }: Request): string {
  const search = searchOf(url);
  return strict && search !== "" ? strictSearch(query, search) : search;
}

function queryOf(schema: TObject, search: string, { method }: Request): Record<string, unknown> {
  const changesNothing = method === "GET" || method === "HEAD";
  return parseQuery(schema, search, changesNothing ? "absent" : "refused");
}

function responseOf(answer: Reply | Response): Response {
  return answer instanceof Response ? answer : toResponse(answer);
}
