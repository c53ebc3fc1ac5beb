import { type BasicParameters, prepareBasic } from "./basic.ts";
import { type CertificateParameters, prepareCertificate } from "./certificate.ts";
import { type DetachedJwsParameters, prepareDetachedJws } from "./detached-jws.ts";
import { type GenericHmacParameters, prepareGenericHmac } from "./generic-hmac.ts";
import { prepareHmac } from "./hmac.ts";
import type { HmacParameters } from "./hmac-parameters.ts";
import { type HmacRuleParameters, prepareHmacRule } from "./hmac-rule.ts";
import { type HttpSignatureParameters, prepareHttpSignature } from "./http-signature.ts";
import { type JwsBodyParameters, prepareJwsBody } from "./jws-body.ts";
import { prepareJwt } from "./jwt.ts";
import type { JwtParameters } from "./jwt-parameters.ts";
import { type NoneParameters, prepareNone } from "./none.ts";
import { type PublicKeyParameters, preparePublicKey } from "./public-key.ts";
import type { PreparedScheme, SourceConfig } from "./scheme.ts";
import { prepareStandardWebhooks, type StandardWebhooksParameters } from "./standard-webhooks.ts";
import { type BodyTokenParameters, prepareBodyToken, prepareToken, type TokenParameters } from "./token.ts";

/** The parameters of a scheme, one member per scheme. A scheme with a clock has a field `time`. */
export type Scheme =
  | HmacParameters
  | GenericHmacParameters
  | HmacRuleParameters
  | PublicKeyParameters
  | CertificateParameters
  | JwtParameters
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
    case "hmac-rule":
      return prepareHmacRule(scheme, config);
    case "public-key":
      return preparePublicKey(scheme, config);
    case "certificate":
      return prepareCertificate(scheme, config);
    case "jwt":
      return prepareJwt(scheme, config);
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
