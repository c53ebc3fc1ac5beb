import type { Encoding } from "./bytes.ts";
import type { Window } from "./time.ts";

/** A JSON Web Token in a header. The token cannot choose how it is verified. */
export interface JwtParameters {
  readonly type: "jwt";
  readonly headers: readonly [string];
  /** A text before the token. The case of its letters does not matter. */
  readonly prefix?: string;
  readonly algorithms: readonly JwtAlgorithm[];
  /** Where the key comes from. `plaid`: one key by its id, with the credentials of the operator. */
  readonly key: { readonly from: "secret" | "plaid" } | { readonly from: "jwks"; readonly url: string };
  /** The claim with the SHA-256 of the body. */
  readonly bodyHash?: string;
  /** The encoding of that hash. Default: hexadecimal. */
  readonly bodyHashEncoding?: Encoding;
  /** Whether the claim with the hash may be missing if the body is empty. */
  readonly isHashOptional?: boolean;
  /** The claim with the SHA-256 of the URL in hexadecimal digits. */
  readonly urlHash?: string;
  /** The accepted values of the claim `iss`. */
  readonly issuers?: readonly string[];
  /** Whether `aud` must be the field `audience` or the URL, and `email` the field `email`. */
  readonly hasAudience?: boolean;
  /**
   * `iat`: the time of signing lies within the window. `exp`: `nbf` and `exp` hold, with the window
   * as the tolerance.
   */
  readonly time?: Window & { readonly claim: "iat" | "exp" };
}

export type JwtAlgorithm = "HS256" | "HS384" | "HS512" | "RS256" | "ES256";
