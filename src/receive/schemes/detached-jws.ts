import type { Check } from "../receiver.ts";
import { parseJws, pinnedJwks, rsaKeyFinder } from "./jws.ts";
import { isSignedBy } from "./public-key.ts";
import { failed, type PreparedScheme, passed, type SourceConfig, toleranceOf } from "./scheme.ts";
import { outside, type Window } from "./time.ts";

/**
 * A JWS with RS256 whose payload is the body, unencoded (RFC 7515, appendix F; RFC 7797). The key is
 * fetched, unless the field `jwks` of the configuration holds it.
 */
export interface DetachedJwsParameters {
  readonly type: "detached-jws";
  readonly headers: readonly [string];
  readonly jwksUrl: string;
  /** The member of the JWS header with the time in seconds. */
  readonly time: Window & { readonly member: string };
}

export function prepareDetachedJws(parameters: DetachedJwsParameters, config: SourceConfig): PreparedScheme {
  const { headers, jwksUrl, time } = parameters;
  const window = toleranceOf(config, time.past, time.future);
  const pinned = pinnedJwks(config);
  const keysOf = rsaKeyFinder();
  const name = headers[0].toLowerCase();

  return {
    secretHeaders: [],
    sign: null,
    check: (request, nowSeconds, fetched): Check => {
      const value = request.header(name);
      if (value === null || value === "") return failed("missing_signature");
      const jws = parseJws(value);
      if (jws === null || jws.payload.byteLength > 0 || jws.header.b64 !== false) return failed("malformed_signature");
      if (jws.header.alg !== "RS256") return failed("algorithm_not_allowed");
      const seconds = jws.header[time.member];
      if (typeof seconds !== "number") return failed("missing_timestamp");
      const keyId = typeof jws.header.kid === "string" ? jws.header.kid : null;
      const jwks = pinned ?? fetched;
      if (jwks === undefined) return { kind: "needs-key", key: { url: jwksUrl, kind: "jwks", keyId } };
      const keys = keysOf(jwks, keyId);
      if (keys.length === 0) return failed("unknown_key");
      const parts = [jws.signed, request.body];
      if (!keys.some((key) => isSignedBy(key, "rsa-sha256", parts, jws.signature))) return failed("signature_mismatch");
      const cause = outside(seconds, nowSeconds, window);
      return cause === null ? passed : failed(cause);
    },
  };
}
