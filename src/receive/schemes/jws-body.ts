import type { KeyObject } from "node:crypto";
import type { Check } from "../receiver.ts";
import { jsonObject } from "./envelope.ts";
import { type Jws, parseJws, pinnedJwks, rsaKeyFinder } from "./jws.ts";
import { isSignedBy, publicKeyFrom } from "./public-key.ts";
import { configText, failed, type PreparedScheme, passed, type SourceConfig, toleranceOf } from "./scheme.ts";
import type { Window } from "./time.ts";

/**
 * The body is a JWT with RS256. The key is the field `publicKey` of the configuration in PEM, or the
 * JWKS of the issuer, whose URL is the field `issuer`; `jwks` holds that document without a fetch.
 */
export interface JwsBodyParameters {
  readonly type: "jws-body";
  /** Where the issuer publishes its keys; null if the key is pasted. */
  readonly jwksPath: string | null;
  /**
   * Claims that events have. The issuer of an identity service signs the tokens of users with the
   * same key, and those are no events.
   */
  readonly claims: readonly string[];
  /** How long after the claim `exp` a token is still accepted: `past`, in seconds. */
  readonly time: Window;
}

export function prepareJwsBody({ jwksPath, claims, time }: JwsBodyParameters, config: SourceConfig): PreparedScheme {
  const { past } = toleranceOf(config, time.past, time.future);
  const pem = configText(config, "publicKey");
  const pasted = pem === null ? null : publicKeyFrom(pem, "pem", "rsa-sha256");
  const issuer = configText(config, "issuer")?.replace(/\/+$/, "") ?? null;
  const pinned = pinnedJwks(config);
  const keysOf = rsaKeyFinder();

  const checkWithJwks = (jws: Jws, fetched: string | undefined): Check => {
    const keyId = typeof jws.header.kid === "string" ? jws.header.kid : null;
    const jwks = pinned ?? fetched;
    if (jwks !== undefined) return checkSignature(jws, keysOf(jwks, keyId));
    if (issuer === null) return failed("unknown_key");
    return { kind: "needs-key", key: { url: issuer + jwksPath, kind: "jwks", keyId } };
  };

  return {
    secretHeaders: [],
    sign: null,
    check: (request, nowSeconds, fetched) => {
      const jws = parseJws(request.text.trim());
      if (jws === null) return failed(request.body.byteLength === 0 ? "missing_signature" : "malformed_signature");
      if (jws.header.alg !== "RS256") return failed("algorithm_not_allowed");
      const content = jsonObject(jws.payload);
      if (claims.some((name) => typeof content?.[name] !== "string")) return failed("claim_mismatch");
      const result =
        jwksPath === null ? checkSignature(jws, pasted === null ? [] : [pasted]) : checkWithJwks(jws, fetched);
      const expiresAt = content?.exp;
      const isExpired = typeof expiresAt === "number" && nowSeconds - expiresAt > past;
      return result.kind === "passed" && isExpired ? failed("timestamp_too_old") : result;
    },
  };
}

function checkSignature(jws: Jws, keys: readonly KeyObject[]): Check {
  if (keys.length === 0) return failed("unknown_key");
  const isRight = keys.some((key) => isSignedBy(key, "rsa-sha256", [jws.signed], jws.signature));
  return isRight ? passed : failed("signature_mismatch");
}
