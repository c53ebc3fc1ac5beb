/** The fields of a token, in requests and responses. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { type Token, tokenFields } from "../../../core/resources/token.ts";
import { censoredToken, tokenLimits } from "../../../core/token.ts";
import * as field from "../../http/fields.ts";
import { createProperties, exampleOf, outputOf, outputProperties, updateProperties } from "../../http/resource.ts";
import { choice, nullable } from "../../http/schema.ts";

const EXPIRE_SECONDS_MAX = 3 * 24 * 60 * 60;
const VALID_SECONDS_MAX = 100 * 365 * 24 * 60 * 60;

export const ApiTokenIn = field.object("ApiTokenIn", {
  ...createProperties(tokenFields),
  appId: Type.Optional(
    nullable(
      Type.String({
        description:
          "The application that the token is limited to, given by id or uid. Such a token may do what the application's owner may do in the portal. Null means the whole environment.",
      }),
    ),
  ),
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
        description: "Time until the token expires, in seconds. 0 revokes the token at once.",
      }),
    ),
  ),
});

const SEARCH_CHARS_MAX = 200;

/** Query parameters that select tokens. */
export const tokenQuery = {
  app_id: Type.Optional(Type.String({ description: "List the tokens of this application, given by id or uid." })),
  include_ended: Type.Optional(
    Type.Boolean({ default: false, description: "Include tokens that are expired or revoked." }),
  ),
  state: Type.Optional(
    choice(["active", "expired", "revoked"], {
      description: "Include only tokens in this state. Takes precedence over `include_ended`.",
    }),
  ),
  search: Type.Optional(
    Type.String({
      maxLength: SEARCH_CHARS_MAX,
      description:
        "Include only tokens with this text in the name, ignoring case. A page can then be short or empty although `done` is false.",
    }),
  ),
};

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
