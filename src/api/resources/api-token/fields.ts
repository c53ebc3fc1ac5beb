/** The fields of a token, in requests and responses. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant, formatInstantOrNull } from "../../../core/instant.ts";
import { censoredToken, tokenLimits } from "../../../core/token.ts";
import type { Token } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { nullable } from "../../http/schema.ts";

const EXPIRE_SECONDS_MAX = 3 * 24 * 60 * 60;
const VALID_SECONDS_MAX = 100 * 365 * 24 * 60 * 60;
const SCOPES_MAX = 100;

const name = field.text("What the token is for.");
const scopes = Type.Optional(
  nullable(
    Type.Array(Type.String(), {
      minItems: 1,
      maxItems: SCOPES_MAX,
      description:
        "Limits what the token may do; null means no limits. Each scope is `<resource>:<Action>`. The resource is the one in the ids of the operations, ignoring case and hyphens. The action is `Read` (including secrets that can be read) or `Write` (without `Read`); `*` means any. Each operation lists the scopes that it needs under its status 403. A token with scopes can create, change and expire only tokens whose scopes are all covered by its own, but `expire-all` expires all tokens of an application.",
    }),
  ),
);

export const ApiTokenIn = field.object("ApiTokenIn", {
  name,
  scopes,
  expiry: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 1,
        maximum: VALID_SECONDS_MAX,
        description: "Time until the token expires, in seconds; null means that it does not expire.",
      }),
    ),
  ),
});
export const ApiTokenUpdate = field.object("ApiTokenUpdate", { name });
export const ApiTokenPatch = field.object("ApiTokenPatch", { name: Type.Optional(nullable(name)), scopes });
export const ApiTokenExpireIn = field.object("ApiTokenExpireIn", {
  expiry: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0,
        maximum: EXPIRE_SECONDS_MAX,
        default: 0,
        description: "Time until the token expires, in seconds.",
      }),
    ),
  ),
});

const shown = {
  id: field.idOut("tok_"),
  name: nullable(Type.String()),
  appId: nullable(
    Type.String({ description: "The application that the token is limited to, or null for the whole environment." }),
  ),
  scopes: nullable(
    Type.Array(Type.String(), {
      description: "The scopes of the token, and the capabilities of an application's token; null means no limits.",
    }),
  ),
  sessionId: nullable(Type.String()),
  createdAt: field.instantOut,
  expiresAt: nullable(field.instantOut),
  revokedAt: nullable(field.instantOut),
};
export const ApiTokenOut = field.object("ApiTokenOut", { token: Type.String(), ...shown });
export const ApiTokenCensoredOut = field.object("ApiTokenCensoredOut", { censoredToken: Type.String(), ...shown });

export const tokenExample = {
  id: "tok_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  name: "billing service",
  appId: null,
  scopes: ["application:Read", "message:*"],
  sessionId: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  expiresAt: null,
  revokedAt: null,
};
export const censoredExample = { censoredToken: "bhk_***tKPN", ...tokenExample };
export const createdExample = { token: "bhk_kV3ts5tKPNJN4Dl25cMTfUNdmabxbX0OkV3ts5tKPNJ", ...tokenExample };

/** Returns a new token with its text, which cannot be shown again. */
export function createdOut(token: Token, text: string, ids: IdCodec) {
  return { token: text, ...shownOf(token, ids) };
}

export function censoredOut(token: Token, ids: IdCodec) {
  return { censoredToken: censoredToken(token.hint), ...shownOf(token, ids) };
}

function shownOf(token: Token, ids: IdCodec) {
  return {
    id: ids.encode("tok_", token.seq),
    name: token.name,
    appId: token.applicationSeq === null ? null : ids.encode("app_", token.applicationSeq),
    scopes: tokenLimits(token),
    sessionId: token.sessionId,
    createdAt: formatInstant(token.createdAt),
    expiresAt: formatInstantOrNull(token.expiresAt),
    revokedAt: formatInstantOrNull(token.revokedAt),
  };
}
