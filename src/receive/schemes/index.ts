import { type BasicParameters, prepareBasic } from "./basic.ts";
import { type DetachedJwsParameters, prepareDetachedJws } from "./detached-jws.ts";
import { type GenericHmacParameters, prepareGenericHmac } from "./generic-hmac.ts";
import { type HmacParameters, prepareHmac } from "./hmac.ts";
import { type HttpSignatureParameters, prepareHttpSignature } from "./http-signature.ts";
import { type JwsBodyParameters, prepareJwsBody } from "./jws-body.ts";
import { type NoneParameters, prepareNone } from "./none.ts";
import type { PreparedScheme, SourceConfig } from "./scheme.ts";
import { prepareStandardWebhooks, type StandardWebhooksParameters } from "./standard-webhooks.ts";
import { type BodyTokenParameters, prepareBodyToken, prepareToken, type TokenParameters } from "./token.ts";

/** The parameters of a scheme, one member per scheme. A scheme with a clock has a field `time`. */
export type Scheme =
  | HmacParameters
  | GenericHmacParameters
  | StandardWebhooksParameters
  | TokenParameters
  | BodyTokenParameters
  | BasicParameters
  | HttpSignatureParameters
  | DetachedJwsParameters
  | JwsBodyParameters
  | NoneParameters;

/** Prepares a scheme with the keys of one source. Secrets that cannot be a key are left out. */
export function prepareScheme(scheme: Scheme, config: SourceConfig): PreparedScheme {
  switch (scheme.type) {
    case "hmac":
      return prepareHmac(scheme, config);
    case "generic-hmac":
      return prepareGenericHmac(scheme, config);
    case "standard-webhooks":
      return prepareStandardWebhooks(scheme, config);
    case "token":
      return prepareToken(scheme, config);
    case "body-token":
      return prepareBodyToken(scheme, config);
    case "basic":
      return prepareBasic(scheme, config);
    case "http-signature":
      return prepareHttpSignature(scheme, config);
    case "detached-jws":
      return prepareDetachedJws(scheme, config);
    case "jws-body":
      return prepareJwsBody(scheme, config);
    case "none":
      return prepareNone();
  }
}
