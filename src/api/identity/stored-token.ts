import type { IdCodec, Seq } from "../../core/id.ts";
import { parseScopes } from "../../core/scope.ts";
import { checkDeparted } from "../../store/departed.ts";
import type { Store, Token } from "../../store/index.ts";
import { unauthenticated } from "../http/errors.ts";
import type { Identity } from "./identity.ts";

/** The caller that a token or a JWT identifies. */
export interface Bearer {
  readonly identity: Identity;
  readonly expiresAt: number;
  /** The stored token with its latest stored use. Uses of JWTs are not stored. */
  readonly used?: { readonly seq: Seq; at: number };
}

interface Parts {
  readonly store: Store;
  readonly ids: IdCodec;
}

/** Returns the caller of a stored token. Rejects with 401 if the token was revoked or its application is gone. */
export async function bearerOf(token: Token, { store, ids }: Parts): Promise<Bearer> {
  if (token.revokedAt !== null) throw unauthenticated("The token has been revoked.");
  const { applicationSeq } = token;
  if (applicationSeq !== null && (await store.configuration.applications.get(applicationSeq)) === null) {
    await checkDeparted({ store }, token.environmentSeq, { seq: applicationSeq });
    throw unauthenticated("The application of this token does not exist.");
  }
  const identity: Identity = {
    caller: ids.encode("tok_", token.seq),
    credential: { kind: "token", seq: token.seq, name: token.name },
    environmentSeq: token.environmentSeq,
    applicationSeq,
    capabilities: token.capabilities,
    scopes: token.scopes === null ? null : parseScopes(token.scopes),
    featureFlags: applicationSeq === null ? null : token.featureFlags,
    root: false,
    readOnly: token.readOnly,
  };
  return {
    identity,
    expiresAt: token.expiresAt ?? Number.POSITIVE_INFINITY,
    used: { seq: token.seq, at: token.lastUsedAt ?? 0 },
  };
}
