import { defaultEnvironment } from "../../core/environment.ts";
import type { IdCodec, Seq, SeqSource } from "../../core/id.ts";
import type { Signals } from "../../core/signal.ts";
import { tokenHash, tokenUseStepMs } from "../../core/token.ts";
import type { Clock } from "../../ports.ts";
import { afterCatchUp } from "../../store/feed.ts";
import type { Session, SessionUser, Store } from "../../store/index.ts";
import { unauthenticated } from "../http/errors.ts";
import { bearerOrNull, missing } from "./bearer.ts";
import { findEnvironment, noEnvironment } from "./find-environment.ts";
import type { Identity } from "./identity.ts";
import { JwtReader } from "./jwt-identity.ts";
import { RootHash } from "./root-hash.ts";
import { RootIdentities } from "./root-identities.ts";
import { Sessions } from "./sessions.ts";
import { type Bearer, bearerOf } from "./stored-token.ts";

export { hasBearerToken } from "./bearer.ts";
export { anybody, type Identity } from "./identity.ts";

interface Deps {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly clock: Clock;
  readonly signals: Signals;
  readonly settings: { readonly rootToken: string | null; readonly jwtSecret: string | null };
  /** Decides which people who have logged in at the identity provider may use the server. */
  readonly login?: { readonly admits: (user: SessionUser) => boolean } | null;
  readonly publicUrl: () => string;
  readonly pathPrefix?: string;
}

/** Maximum number of cached tokens. */
const CACHED_TOKENS_MAX = 10_000;
const ENVIRONMENT_HEADER = "boathook-environment";
/** Separates a token from the name of its environment, as Svix's Terraform provider sends them. */
const SEPARATOR = "|";

/**
 * Identifies the caller of a request by its token or session. Caches tokens by their SHA-256; signals
 * invalidate the cache.
 */
export class Authenticator {
  readonly #store: Store;
  readonly #ids: IdCodec;
  readonly #clock: Clock;
  readonly #jwts: JwtReader | null;
  readonly sessions: Sessions;
  readonly #admits: (user: SessionUser) => boolean;
  readonly #tokens = new Map<string, Bearer>();
  readonly #roots: RootIdentities;
  /**
   * Incremented with every change, so that a value read before a change is not cached after the
   * change.
   */
  #changes = 0;
  readonly #rootHash: RootHash;

  constructor(deps: Deps) {
    const { rootToken, jwtSecret } = deps.settings;
    this.#store = deps.store;
    this.#ids = deps.ids;
    this.#clock = deps.clock;
    this.#rootHash = new RootHash(deps.store, rootToken);
    this.#roots = new RootIdentities(deps.store, deps.ids);
    this.#jwts = jwtSecret === null ? null : new JwtReader(deps, jwtSecret);
    this.#admits = deps.login?.admits ?? (() => false);
    this.sessions = new Sessions(deps, (session, environment) => this.#ownerOf(session, environment));
    deps.signals.invalidate(["application.changed"], ({ applicationSeq }) => this.#forgetApplication(applicationSeq));
    deps.signals.invalidate(["tokens.changed", "environment.changed", "store.changed"], () => this.#forgetAll());
  }

  /** Identifies the caller by the token, or by the session's cookie if there is no token. */
  identify(request: Request): Identity | Promise<Identity> {
    const text = bearerOrNull(request);
    const environment = request.headers.get(ENVIRONMENT_HEADER);
    if (text !== null) return this.#identify(text, environment);
    const secret = this.sessions.secretOf(request) ?? missing();
    this.sessions.check(request, secret);
    return this.sessions.identify(secret, environment);
  }

  /** Identifies the owner of a token. */
  async ownerOf(text: string): Promise<Identity> {
    this.#store.feed.poll();
    await this.#store.feed.catchUp();
    return this.#identityOf(text, tokenHash(text), null);
  }

  /**
   * Returns a function that identifies the same caller again, after the response has begun. The
   * function rejects with 401 if the token has ended or its environment was deleted.
   */
  repeater(request: Request, { environmentSeq }: Identity): () => Promise<Identity> {
    const text = bearerOrNull(request);
    const secret = text === null ? this.sessions.secretOf(request) : null;
    const environment = request.headers.get(ENVIRONMENT_HEADER);
    return async () => {
      this.#store.feed.poll();
      // A JWT would create its environment again, so this checks that the environment exists.
      const found = await this.#store.configuration.environments.get(environmentSeq);
      if (found === null) throw unauthenticated("The environment of this token does not exist.");
      if (secret !== null) return this.sessions.identify(secret, environment);
      return this.#identify(text ?? missing(), environment);
    };
  }

  #identify(text: string, environment: string | null): Identity | Promise<Identity> {
    return afterCatchUp(this.#store.feed, () => this.#knownIdentity(text, environment));
  }

  #knownIdentity(text: string, environment: string | null): Identity | Promise<Identity> {
    const hash = tokenHash(text);
    // Because of this poll, a token that another process has revoked or replaced is rejected from
    // the next request on.
    if (!this.#rootHash.isConfigured || !this.#rootHash.equals(hash)) this.#store.feed.poll();
    const at = text.lastIndexOf(SEPARATOR);
    // A root token may contain the separator.
    if (at < 0 || this.#rootHash.equals(hash)) return this.#identityOf(text, hash, environment);
    return this.#identityWithin(text.slice(0, at), text.slice(at + 1));
  }

  /**
   * Returns the same caller in another environment, which is given by name or id. The root token
   * may use any environment; other tokens only their own.
   */
  async within(identity: Identity, environment: string): Promise<Identity> {
    if (identity.root) {
      const { environmentSeq } = await this.#roots.in(environment);
      return { ...identity, environmentSeq };
    }
    const found = await findEnvironment(this.#store, this.#ids, environment);
    if (found?.seq !== identity.environmentSeq) throw noEnvironment();
    return identity;
  }

  /**
   * Drops the tokens of an application from the cache. If the application was deleted, its tokens
   * are invalid.
   */
  #forgetApplication(seq: Seq): void {
    this.#changes++;
    for (const [key, { identity }] of this.#tokens) if (identity.applicationSeq === seq) this.#tokens.delete(key);
  }

  #forgetAll(): void {
    this.#changes++;
    this.#tokens.clear();
    this.#roots.forget();
    this.#rootHash.forget();
  }

  #identityOf(text: string, hash: Buffer, environment: string | null): Identity | Promise<Identity> {
    if (this.#rootHash.equals(hash)) return this.#roots.in(environment ?? defaultEnvironment);
    const key = hash.toString("base64");
    const cached = this.#tokens.get(key);
    if (cached === undefined) return this.#lookUp(text, hash, key, environment);
    const now = this.#clock.now();
    if (cached.expiresAt <= now) throw unauthenticated("The token has expired.");
    this.#use(cached, now);
    return cached.identity;
  }

  /** Stores the time of use at most once a minute. A use that cannot be stored is lost. */
  #use({ used }: Bearer, now: number): void {
    if (used === undefined || now - used.at < tokenUseStepMs) return;
    used.at = now;
    this.#store.configuration.tokens.use(used.seq, now).catch(() => {});
  }

  async #identityWithin(text: string, environment: string): Promise<Identity> {
    return this.within(await this.#identityOf(text, tokenHash(text), environment), environment);
  }

  async #ownerOf({ ownerSha256, unsignedJwt, user }: Session, environment: string | null): Promise<Identity> {
    this.#store.feed.poll();
    await this.#store.feed.catchUp();
    if (user !== null) return this.#userIdentity(user, ownerSha256, environment ?? defaultEnvironment);
    const hash = Buffer.from(ownerSha256);
    const jwt = unsignedJwt === null ? null : (this.#jwts?.signed(unsignedJwt) ?? null);
    // The secret that signs JWTs may have changed.
    if (unsignedJwt !== null && (jwt === null || !tokenHash(jwt).equals(hash))) throw unauthenticated("Invalid token");
    return this.#identityOf(jwt ?? "", hash, environment);
  }

  /** Users have the rights of the root token. Throws 401 for a user who may no longer log in. */
  async #userIdentity(user: SessionUser, sha256: Uint8Array, environment: string): Promise<Identity> {
    if (!this.#admits(user)) throw unauthenticated("The session has ended. Log in again.");
    const caller = `user ${Buffer.from(sha256).toString("hex")}`;
    const credential = { kind: "user", id: user.id, name: user.email } as const;
    return { ...(await this.#roots.in(environment)), caller, credential };
  }

  async #lookUp(text: string, hash: Buffer, key: string, environment: string | null): Promise<Identity> {
    const changes = this.#changes;
    this.#tokens.delete(key);
    const token = await this.#store.configuration.tokens.withHash(hash);
    if (token === null && (await this.#rootHash.read(hash))) {
      return this.#roots.in(environment ?? defaultEnvironment);
    }
    const found =
      token === null
        ? await this.#jwts?.read(text, hash)
        : await bearerOf(token, { store: this.#store, ids: this.#ids });
    if (found == null) throw unauthenticated("Invalid token");
    const now = this.#clock.now();
    if (found.expiresAt <= now) throw unauthenticated("The token has expired.");
    this.#use(found, now);
    if (changes === this.#changes) this.#keep(key, found);
    return found.identity;
  }

  #keep(key: string, cached: Bearer): void {
    if (this.#tokens.size >= CACHED_TOKENS_MAX) this.#tokens.delete(this.#tokens.keys().next().value!);
    this.#tokens.set(key, cached);
  }
}
