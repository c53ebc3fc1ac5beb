import type { Seq } from "../../core/id.ts";
import type { IdempotencyEntry, IdempotentResponse } from "../../store/index.ts";
import type { Identity } from "../identity/identity.ts";
import type { ApiDeps } from "./deps.ts";
import type { Operation } from "./operation.ts";
import type { Reply } from "./reply.ts";
import { targetOf } from "./request-target.ts";

/** A request that has an idempotency key. */
export interface KeyedRequest {
  readonly operation: Operation;
  readonly request: Request;
  readonly params: Readonly<Record<string, string>>;
  readonly identity: Identity;
  readonly query: unknown;
}

type Parts = Pick<ApiDeps, "idempotency" | "directory" | "ids" | "store">;

const NONE: ReadonlyMap<Seq, string> = new Map();

/** Carries out requests that have idempotency keys, each once, and repeats their responses. */
export class KeyedRequests {
  constructor(private readonly parts: Parts) {}

  async answer(
    keyed: KeyedRequest,
    key: string,
    bodyHash: () => Promise<Uint8Array>,
    work: (entry: IdempotencyEntry) => Promise<Reply>,
  ): Promise<Reply> {
    const { operation, request, identity, params } = keyed;
    const { keyEnvironments = NONE } = this.parts.store.moves?.destination ?? {};
    const caller = keyEnvironments.size === 0 ? identity.caller : await this.#callerAtOrigin(keyed, keyEnvironments);
    return this.parts.idempotency.once<Reply>({
      scope: `${caller} POST ${addressOf(request)}`,
      key,
      bodyHash,
      storedByWork: operation.repeat !== undefined,
      work,
      repeat: (stored) => this.#repeat(keyed, stored),
      application: () => this.#applicationOf(identity, params),
    });
  }

  /**
   * Returns the name of the caller that is part of the scope. For an application that has come from another
   * installation, a root caller keeps the name that it has there, so that keys are found after the move.
   */
  async #callerAtOrigin(
    { identity, params }: KeyedRequest,
    keyEnvironments: ReadonlyMap<Seq, string>,
  ): Promise<string> {
    const seq = identity.credential.kind === "root" ? await this.#applicationOf(identity, params) : null;
    const environment = seq === null ? undefined : keyEnvironments.get(seq);
    if (environment === undefined) return identity.caller;
    return identity.caller.replace(this.parts.ids.encode("org_", identity.environmentSeq), environment);
  }

  async #repeat({ operation, params, identity, query }: KeyedRequest, stored: IdempotentResponse) {
    if (operation.repeat === undefined) return repeatText(stored);
    return operation.repeat(stored, { query, applicationSeq: await this.#applicationOf(identity, params) });
  }

  /** Returns the application in the path of a request, or null. */
  async #applicationOf({ environmentSeq }: Identity, { app_id: app }: KeyedRequest["params"]): Promise<Seq | null> {
    if (app === undefined) return null;
    const seq = this.parts.ids.decode("app_", app);
    const entry = await this.parts.directory.application(environmentSeq, seq === null ? { uid: app } : { seq });
    return entry?.application.seq ?? null;
  }
}

function repeatText(stored: IdempotentResponse): Reply | null {
  return stored.kind === "text" ? { status: stored.status, body: stored.body } : null;
}

/** Returns path and query, without the path's trailing slash. */
function addressOf({ url }: Request): string {
  const target = targetOf(url);
  const end = target.indexOf("?");
  const path = end < 0 ? target : target.slice(0, end);
  return (path.endsWith("/") ? path.slice(0, -1) : path) + (end < 0 ? "" : target.slice(end));
}
