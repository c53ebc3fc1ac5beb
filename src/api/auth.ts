import { hash as digestOf, timingSafeEqual } from "node:crypto";
import type { IdCodec, Seq } from "../core/id.ts";
import { notFound } from "../core/problem.ts";
import type { Clock } from "../ports.ts";
import type { Store, Token } from "../store/index.ts";
import { unauthenticated } from "./errors.ts";

/** On whose behalf a request acts. */
export interface Identity {
  /** Names the caller within the process and over restarts: idempotency keys and rates are kept by it. */
  readonly caller: string;
  readonly environmentSeq: Seq;
  /** Null: the whole environment. */
  readonly applicationSeq: Seq | null;
  readonly root: boolean;
}

/** For operations that ask nobody who they are. */
export const anybody: Identity = { caller: "", environmentSeq: 0, applicationSeq: null, root: false };

interface CachedToken {
  readonly identity: Identity;
  readonly expiresAt: number;
  /** The store's `foreignVersion` when it was looked up: a token that another process has revoked since is looked up again. */
  readonly version: number;
}

/** Tokens in use at the same time that need no look-up. */
const CACHED_TOKENS_MAX = 10_000;
const CACHED_ENVIRONMENTS_MAX = 10_000;
const ENVIRONMENT_HEADER = "boathook-environment";
const DEFAULT_ENVIRONMENT = "default";
/** The meta value with the hash of the root token that was made on the first start. */
export const ROOT_TOKEN_META = "root-token-sha256";

/**
 * Finds out who sends a request. Tokens are known by their SHA-256 alone. Answers at once for a token that was seen
 * within the last second.
 */
export class Authenticator {
  readonly #store: Store;
  readonly #ids: IdCodec;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, CachedToken>();
  readonly #roots = new Map<string, Identity>();
  /** Null: not read yet, or there is none. */
  #rootHash: Buffer | null;
  #readingRootHash: Promise<string | null> | null = null;

  constructor(store: Store, ids: IdCodec, clock: Clock, rootToken: string | null) {
    this.#store = store;
    this.#ids = ids;
    this.#clock = clock;
    this.#rootHash = rootToken === null ? null : sha256(rootToken);
  }

  identify(request: Request): Identity | Promise<Identity> {
    const hash = sha256(bearerOf(request));
    if (this.#rootHash !== null && timingSafeEqual(hash, this.#rootHash)) return this.#rootIdentity(request);
    const key = hash.toString("base64");
    const cached = this.#tokens.get(key);
    const now = this.#clock.now();
    if (cached === undefined || cached.version !== this.#store.foreignVersion()) {
      return this.#lookUp(request, hash, key, now, this.#store.foreignVersion());
    }
    if (cached.expiresAt <= now) throw unauthenticated("The token has expired.");
    return cached.identity;
  }

  async #lookUp(request: Request, hash: Buffer, key: string, now: number, version: number): Promise<Identity> {
    const token = await this.#store.tokens.withHash(hash);
    if (token === null) {
      this.#tokens.delete(key);
      if (await this.#isGeneratedRoot(hash)) return this.#rootIdentity(request);
      throw unauthenticated("Invalid token");
    }
    return this.#admit(token, key, now, version);
  }

  #admit(token: Token, key: string, now: number, version: number): Identity {
    this.#tokens.delete(key);
    if (token.revokedAt !== null) throw unauthenticated("The token has been revoked.");
    if (token.expiresAt !== null && token.expiresAt <= now) throw unauthenticated("The token has expired.");
    const identity = {
      caller: this.#ids.encode("tok_", token.seq),
      environmentSeq: token.environmentSeq,
      applicationSeq: token.applicationSeq,
      root: false,
    };
    if (this.#tokens.size >= CACHED_TOKENS_MAX) this.#tokens.delete(this.#tokens.keys().next().value!);
    this.#tokens.set(key, { identity, expiresAt: token.expiresAt ?? Number.POSITIVE_INFINITY, version });
    return identity;
  }

  /** The hash of a generated root token is read once, when it is first needed. */
  async #isGeneratedRoot(hash: Buffer): Promise<boolean> {
    if (this.#rootHash !== null) return false;
    this.#readingRootHash ??= this.#store.meta.get(ROOT_TOKEN_META).finally(() => {
      this.#readingRootHash = null;
    });
    const hex = await this.#readingRootHash;
    if (hex === null) return false;
    const rootHash = Buffer.from(hex, "hex");
    this.#rootHash = rootHash;
    return timingSafeEqual(hash, rootHash);
  }

  #rootIdentity(request: Request): Identity | Promise<Identity> {
    const environment = request.headers.get(ENVIRONMENT_HEADER) ?? DEFAULT_ENVIRONMENT;
    return this.#roots.get(environment) ?? this.#rootIn(environment);
  }

  async #rootIn(environment: string): Promise<Identity> {
    const seq = this.#ids.decode("org_", environment);
    const { environments } = this.#store;
    const found = seq === null ? await environments.named(environment) : await environments.get(seq);
    if (found === null) throw notFound("There is no such environment.");
    const caller = `root ${this.#ids.encode("org_", found.seq)}`;
    const identity = { caller, environmentSeq: found.seq, applicationSeq: null, root: true };
    // Environments are never deleted or renamed, so this holds.
    if (this.#roots.size < CACHED_ENVIRONMENTS_MAX) this.#roots.set(environment, identity);
    return identity;
  }
}

/** Does the request carry this token? Takes as long for a wrong one as for the right one. */
export function carriesToken(request: Request, token: string): boolean {
  return timingSafeEqual(sha256(bearerOf(request)), sha256(token));
}

const BEARER_CHARS = "bearer ".length;

function bearerOf(request: Request): string {
  const header = request.headers.get("authorization");
  if (header === null || header.slice(0, BEARER_CHARS).toLowerCase() !== "bearer ") {
    throw unauthenticated("A token is needed: Authorization: Bearer TOKEN");
  }
  return header.slice(BEARER_CHARS).trim();
}

function sha256(text: string): Buffer {
  return digestOf("sha256", text, "buffer");
}
