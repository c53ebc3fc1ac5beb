/** The fields of a token, in requests and responses. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { type Token, tokenFields } from "../../../core/resources/token.ts";
import { censoredToken, tokenLimits } from "../../../core/token.ts";
import * as field from "../../http/fields.ts";
import { createProperties, exampleOf, outputOf, outputProperties, updateProperties } from "../../http/resource.ts";
import { nullable } from "../../http/schema.ts";

const EXPIRE_SECONDS_MAX = 3 * 24 * 60 * 60;
const VALID_SECONDS_MAX = 100 * 365 * 24 * 60 * 60;

export const ApiTokenIn = field.object("ApiTokenIn", {
  ...createProperties(tokenFields),
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
export const ApiTokenUpdate = field.object("ApiTokenUpdate", updateProperties(tokenFields));
export const ApiTokenPatch = field.object("ApiTokenPatch", {
  name: Type.Optional(nullable(ApiTokenIn.properties.name)),
  scopes: ApiTokenIn.properties.scopes,
});
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

const shown = outputProperties(tokenFields);
export const ApiTokenOut = field.object("ApiTokenOut", { token: Type.String(), ...shown });
export const ApiTokenCensoredOut = field.object("ApiTokenCensoredOut", { censoredToken: Type.String(), ...shown });

export const tokenExample = exampleOf(tokenFields);
export const censoredExample = { censoredToken: "bhk_***tKPN", ...tokenExample };
export const createdExample = { token: "bhk_kV3ts5tKPNJN4Dl25cMTfUNdmabxbX0OkV3ts5tKPNJ", ...tokenExample };

/** Returns a new token with its text, which cannot be returned again. */
export function createdOut(token: Token, text: string, ids: IdCodec) {
  return { token: text, ...shownOf(token, ids) };
}

export function censoredOut(token: Token, ids: IdCodec) {
  return { censoredToken: censoredToken(token.hint), ...shownOf(token, ids) };
}

function shownOf(token: Token, ids: IdCodec) {
  return { ...outputOf(tokenFields, token, ids), scopes: tokenLimits(token) };
}
