import { createCipheriv, createDecipheriv } from "node:crypto";
import { type LoginAttempt, loginTimeMaxMs } from "../../../core/oidc.ts";
import type { Clock, Random } from "../../../ports.ts";
import { cookieNamed, cookieValue, isEncrypted } from "../../identity/cookie.ts";
import type { CookiePlace } from "../../identity/session-cookie.ts";

const NAME = "boathook_login";
const PATH = "/api/v1/oidc";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Sealed extends LoginAttempt {
  readonly expiresAt: number;
}

/**
 * Keeps a login that is under way in a cookie of its browser, so that only this browser can complete
 * it. The cookie is `SameSite=Lax`, because the provider sends the browser back from another site. It
 * is encrypted with a key of this process, so a login does not survive a restart.
 */
export class AttemptCookie {
  readonly #key: Uint8Array;

  constructor(
    private readonly clock: Pick<Clock, "now">,
    private readonly random: Random,
  ) {
    this.#key = random.bytes(KEY_BYTES);
  }

  /** Returns a `Set-Cookie` header. Null deletes the cookie. */
  set(attempt: LoginAttempt | null, request: Request, place: CookiePlace): string {
    return [
      `${nameOf(place)}=${attempt === null ? "" : this.#seal({ ...attempt, expiresAt: this.clock.now() + loginTimeMaxMs })}`,
      `Path=${place.prefix}${PATH}`,
      `Max-Age=${attempt === null ? 0 : loginTimeMaxMs / 1000}`,
      "HttpOnly",
      "SameSite=Lax",
      ...(isEncrypted(request, place.publicUrl) ? ["Secure"] : []),
    ].join("; ");
  }

  /** Returns the login of a request's cookie, or null if there is none or it has expired. */
  read(request: Request, place: CookiePlace): LoginAttempt | null {
    const value = cookieValue(request, nameOf(place));
    const attempt = value === null ? null : this.#open(value);
    return attempt === null || attempt.expiresAt <= this.clock.now() ? null : attempt;
  }

  #seal(attempt: Sealed): string {
    const nonce = this.random.bytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const text = Buffer.concat([cipher.update(JSON.stringify(attempt), "utf8"), cipher.final()]);
    return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64url");
  }

  #open(value: string): Sealed | null {
    const bytes = Buffer.from(value, "base64url");
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return JSON.parse(text.toString("utf8")) as Sealed;
    } catch {
      return null;
    }
  }
}

function nameOf({ publicUrl }: CookiePlace): string {
  return cookieNamed(NAME, publicUrl, "__Secure-");
}
