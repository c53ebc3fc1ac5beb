import { timingSafeEqual } from "node:crypto";
import { ensureEnvironment } from "../../commands/environments.ts";
import { environmentPrefix } from "../../core/environment.ts";
import type { IdCodec, SeqSource } from "../../core/id.ts";
import { instantMax } from "../../core/instant.ts";
import { type Claims, jwtLeewaySeconds, looksLikeJwt, signJwt, verifyJwt } from "../../core/jwt.ts";
import { tokenHash } from "../../core/token.ts";
import type { Clock } from "../../ports.ts";
import { checkDeparted } from "../../store/departed.ts";
import type { Application, Environment, Store } from "../../store/index.ts";
import { badRequest, unauthenticated } from "../http/errors.ts";
import { findEnvironment } from "./find-environment.ts";
import type { Identity } from "./identity.ts";

const APPLICATION_PREFIX = "app_";
/** The prefix is followed by an id or a uid. */
const subjectPattern = /^(org|app)_[a-zA-Z0-9\-_.]{1,252}$/;

const PROBLEMS = {
  malformed: "Invalid token",
  signature: "Invalid token",
  expired: "The token has expired.",
  early: "The token is not valid yet.",
} as const;

/**
 * The caller that a JWT identifies, and the time from which the JWT is no longer accepted, in ms
 * since the Unix epoch, or infinity.
 */
export interface JwtBearer {
  readonly identity: Identity;
  readonly expiresAt: number;
}

interface Deps {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly clock: Clock;
}

/**
 * Reads JWTs in the Svix format, signed with the setting `jwt-secret`. `sub` is an `org_…` for a
 * whole environment, or an `app_…` whose environment is in `org`. An unknown `org_…` creates its
 * environment.
 */
export class JwtReader {
  readonly #store: Store;
  readonly #ids: IdCodec;
  readonly #secretHash: Uint8Array;

  constructor(
    private readonly deps: Deps,
    private readonly secret: string,
  ) {
    this.#store = deps.store;
    this.#ids = deps.ids;
    this.#secretHash = tokenHash(secret);
  }

  /**
   * Identifies the caller. Returns null if the token is not a JWT. Throws 401 if the JWT is
   * invalid, and 400 if its claims cannot be used.
   */
  async read(text: string, sha256: Uint8Array): Promise<JwtBearer | null> {
    if (timingSafeEqual(sha256, this.#secretHash)) {
      throw unauthenticated("This is the secret that signs JWTs, not a token. Sign a JWT with it and send that.");
    }
    if (!looksLikeJwt(text)) return null;
    const verified = verifyJwt(text, this.secret, this.deps.clock.now());
    if ("problem" in verified) throw unauthenticated(PROBLEMS[verified.problem]);
    return this.#bearer(verified.claims, sha256);
  }

  /** Returns a JWT with the signature that it must have. `unsigned` is the JWT without signature. */
  signed(unsigned: string): string {
    return signJwt(unsigned, this.secret);
  }

  async #bearer(claims: Claims, sha256: Uint8Array): Promise<JwtBearer> {
    const subject = subjectOf(claims.sub);
    const forApplication = subject.startsWith(APPLICATION_PREFIX);
    const environment = await this.#environment(forApplication ? organisationOf(claims.org) : subject);
    const application = forApplication ? await this.#application(environment, subject) : null;
    const expiresAt = await this.#endOf(claims, application);
    const identity: Identity = {
      caller: `jwt ${Buffer.from(sha256).toString("hex")}`,
      credential: {
        kind: "jwt",
        subject,
        sha256,
        expiresAt: typeof claims.exp === "number" ? endOf(claims.exp) : null,
      },
      environmentSeq: environment.seq,
      applicationSeq: application?.seq ?? null,
      capabilities: null,
      scopes: null,
      featureFlags: application === null ? null : flagsOf(claims.feature_flags),
      root: false,
      readOnly: false,
    };
    return { identity, expiresAt };
  }

  async #environment(org: string): Promise<Environment> {
    const found = await findEnvironment(this.#store, this.#ids, org);
    if (found !== null) return found;
    return ensureEnvironment(this.deps, org);
  }

  async #application(environment: Environment, text: string): Promise<Application> {
    const seq = this.#ids.decode(APPLICATION_PREFIX, text);
    const key = seq === null ? { uid: text } : { seq };
    const application = await this.#store.configuration.applications.find(environment.seq, key);
    if (application === null) await checkDeparted({ store: this.#store }, environment.seq, key);
    if (application === null) throw unauthenticated("The application of this token does not exist.");
    return application;
  }

  /**
   * Returns the time from which the JWT is no longer accepted: `exp` plus a leeway, or earlier if
   * the application's tokens were expired.
   */
  async #endOf({ exp, iat }: Claims, application: Application | null): Promise<number> {
    const own = typeof exp === "number" ? endOf(exp + jwtLeewaySeconds) : Number.POSITIVE_INFINITY;
    if (application === null) return own;
    // A JWT without `iat` may be arbitrarily old.
    const issuedAt = typeof iat === "number" && Number.isFinite(iat) ? Math.floor(iat * 1000) : 0;
    const end = await this.#store.configuration.tokens.jwtEnd(application.seq, issuedAt);
    return Math.min(own, end ?? Number.POSITIVE_INFINITY);
  }
}

/**
 * Converts a NumericDate (RFC 7519, 2) to ms. The number may have a fraction or be out of range.
 */
function endOf(expSeconds: number): number {
  return Math.min(Math.ceil(expSeconds * 1000), instantMax);
}

/**
 * Returns the time until which a JWT is accepted: `expiresAt` (its `exp`) plus the leeway. Sessions of the
 * JWT and its revocation last as long.
 */
export function acceptedUntil(expiresAt: number | null): number | null {
  return expiresAt === null ? null : Math.min(expiresAt + jwtLeewaySeconds * 1000, instantMax);
}

function subjectOf(sub: unknown): string {
  if (typeof sub === "string" && subjectPattern.test(sub)) return sub;
  throw badToken("The claim `sub` of the token must be an `org_…` or an `app_…`.");
}

function organisationOf(org: unknown): string {
  if (typeof org === "string" && subjectPattern.test(org) && org.startsWith(environmentPrefix)) return org;
  throw badToken("The token of an application must have an `org_…` in the claim `org`.");
}

function badToken(detail: string) {
  return badRequest(detail, "bad_token");
}

function flagsOf(claim: unknown): readonly string[] {
  return Array.isArray(claim) ? claim.filter((flag) => typeof flag === "string") : [];
}
