import { csrfToken, isCsrfToken, isSameOrigin, sessionUseStepMs } from "../../core/session.ts";
import { tokenHash } from "../../core/token.ts";
import type { Clock } from "../../ports.ts";
import type { Session, Store } from "../../store/index.ts";
import { csrfFailed, unauthenticated } from "../http/errors.ts";
import type { Identity } from "./identity.ts";
import { type CookiePlace, secretIn } from "./session-cookie.ts";

export const CSRF_HEADER = "boathook-csrf";
/** Maximum number of sessions whose latest stored use is remembered. */
const USES_MAX = 1000;

interface Deps {
  readonly store: Store;
  readonly clock: Clock;
  readonly publicUrl: () => string;
  readonly pathPrefix?: string;
}

/**
 * Identifies the caller of a request by its session cookie. Sessions are read from the store for
 * every request, so a session that another process has ended is refused at once.
 */
export class Sessions {
  readonly #stored = new Map<number, number>();

  /** `owner` returns the caller for the token or user of a session, or throws 401. */
  constructor(
    private readonly deps: Deps,
    private readonly owner: (session: Session, environment: string | null) => Promise<Identity>,
  ) {}

  get place(): CookiePlace {
    return { publicUrl: this.deps.publicUrl(), prefix: this.deps.pathPrefix ?? "" };
  }

  /** Returns the secret in the request's cookie, or null. */
  secretOf(request: Request): string | null {
    return request.headers.has("cookie") ? secretIn(request, this.place) : null;
  }

  /** Throws 403 if a page of another origin may have sent the request. */
  checkOrigin({ method, headers }: Request): void {
    const origin = {
      method,
      fetchSite: headers.get("sec-fetch-site"),
      origin: headers.get("origin"),
      host: headers.get("host"),
    };
    if (!isSameOrigin(origin, this.deps.publicUrl())) {
      throw csrfFailed(
        "Pages of other origins cannot use the session of this server. Open the page at `public-url`, or send a token instead.",
      );
    }
  }

  /** Throws 403 if another origin may have sent the request, or if a change lacks the session's CSRF token. */
  check(request: Request, secret: string): void {
    this.checkOrigin(request);
    if (request.method === "GET" || request.method === "HEAD") return;
    if (!isCsrfToken(request.headers.get(CSRF_HEADER) ?? "", secret)) {
      throw csrfFailed(
        `The header ${CSRF_HEADER} is missing or wrong. Send the value \`csrf\` of GET /api/v1/session.`,
      );
    }
  }

  async identify(secret: string, environment: string | null): Promise<Identity> {
    const { store, clock } = this.deps;
    const now = clock.now();
    const session = await store.configuration.sessions.withHash(tokenHash(secret), now);
    if (session === null) throw unauthenticated("The session has ended. Log in again.");
    const identity = await this.owner(session, environment);
    this.#use(session, now);
    return { ...identity, session: { seq: session.seq, csrf: csrfToken(secret) } };
  }

  /** Stores the time of use at most once a minute. A use that cannot be stored is lost. */
  #use({ seq, lastUsedAt }: Session, now: number): void {
    if (now - Math.max(lastUsedAt, this.#stored.get(seq) ?? 0) < sessionUseStepMs) return;
    if (this.#stored.size >= USES_MAX) this.#stored.delete(this.#stored.keys().next().value!);
    this.#stored.set(seq, now);
    this.deps.store.configuration.sessions.use(seq, now).catch(() => {});
  }
}
