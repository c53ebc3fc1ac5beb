/** The OAuth 2.0 client of an endpoint in the form of the Svix API. The field `auth` shows the same. */
import { createPrivateKey } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { changeEndpoint } from "../../../commands/endpoints.ts";
import { type ClientAuth, type OAuth2Auth, setMark } from "../../../core/endpoint-auth.ts";
import { invalid } from "../../../core/problem.ts";
import type { Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent } from "../../http/reply.ts";
import { choice, nullable, record, wordOut } from "../../http/schema.ts";
import { checkTokenUrl } from "./settings.ts";
import { atTopLevel, configReads, refuseOtherType } from "./svix-auth.ts";

const METHODS = ["clientSecretBasic", "clientSecretPost", "clientSecretJwt", "privateKeyJwt"] as const;
type Method = (typeof METHODS)[number];

const CLIENT_AUTHS: Readonly<Record<Method, ClientAuth>> = {
  clientSecretBasic: "basic",
  clientSecretPost: "body",
  clientSecretJwt: "clientSecretJwt",
  privateKeyJwt: "privateKeyJwt",
};

const texts = (description: string) => Type.Optional(nullable(record(Type.String(), { description })));
const scopes = Type.Optional(nullable(Type.Array(Type.String(), { maxItems: 100, description: "Scopes to request." })));

const ClientSecretJwtParamsIn = field.object("ClientSecretJwtParamsIn", {
  secretBase64: Type.String({ description: "The secret or the private key (PEM or DER) in base64." }),
  signingAlgorithm: choice(["RS256", "ES256", "HS256"], { description: "Must fit the key." }),
  secretId: Type.Optional(nullable(Type.String({ description: "The `kid` of assertions." }))),
  tokenExpirySecs: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 3600, default: 300 }))),
});

const EndpointOauthConfigIn = field.object("EndpointOauthConfigIn", {
  grantType: choice(["clientCredentials", "refreshToken"], { description: "Only `clientCredentials` is supported." }),
  authMethod: choice(METHODS, { description: "How the client authenticates." }),
  clientId: Type.String(),
  clientSecret: Type.Optional(
    nullable(Type.String({ description: "If absent, the stored secret is kept for the same token endpoint." })),
  ),
  jwtParams: Type.Optional(nullable(ClientSecretJwtParamsIn)),
  tokenUrl: Type.String({ format: "uri" }),
  scopes,
  extraParams: texts("Further parameters of the request for a token."),
  extraHeaders: texts("Further headers of the request for a token."),
  refreshToken: Type.Optional(nullable(Type.String({ description: "Not supported." }))),
});

const outFields = {
  grantType: wordOut(["clientCredentials", "refreshToken"]),
  authMethod: wordOut(METHODS),
  clientId: Type.String(),
  tokenUrl: Type.String(),
  scopes: nullable(Type.Array(Type.String())),
  extraParams: nullable(record(Type.String())),
  extraHeaders: nullable(record(Type.String())),
};
const EndpointOauthConfigOut = field.object("EndpointOauthConfigOut", outFields);
const EndpointOauthOut = field.object("EndpointOauthOut", {
  enabled: Type.Boolean(),
  config: nullable(EndpointOauthConfigOut),
});

const example = {
  grantType: "clientCredentials" as const,
  authMethod: "clientSecretBasic" as const,
  clientId: "boathook",
  tokenUrl: "https://example.com/oauth/token",
  scopes: ["webhooks"],
  extraParams: null,
  extraHeaders: null,
};

export function endpointOauthRoutes(context: Context): Operation[] {
  const { lookup, settings } = context;
  const common = { tag: "Endpoint", access: "application" } as const;
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id/oauth";
  return [
    ...configReads(context, {
      part: "oauth",
      title: "OAuth client",
      description: "The client.",
      schema: EndpointOauthConfigOut,
      optionalSchema: EndpointOauthOut,
      example,
      configOf,
    }),

    operation({
      ...common,
      id: "v1.endpoint.set-oauth-config",
      method: "PUT",
      path,
      summary: "Set the OAuth client of an endpoint",
      description: "Sets the field `auth` of the endpoint. Deliveries carry an access token of this client.",
      body: EndpointOauthConfigIn,
      bodyExample: { ...example, clientSecret: "secret", extraParams: undefined, extraHeaders: undefined },
      responses: { 204: { description: "Deliveries carry an access token from now on." } },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const auth = authOfConfig(body);
        await atTopLevel(async () => {
          checkTokenUrl({ auth: { ...auth } }, settings);
          await changeEndpoint(context, endpoint.seq, (before) => {
            refuseOtherType(before, "oauth2");
            return { auth };
          });
        });
        return noContent;
      },
    }),

    operation({
      ...common,
      id: "v1.endpoint.delete-oauth-config",
      method: "DELETE",
      path,
      summary: "Remove the OAuth client of an endpoint",
      responses: { 204: { description: "The endpoint has no OAuth client." } },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        await changeEndpoint(context, endpoint.seq, ({ auth }) => (auth?.type === "oauth2" ? { auth: null } : {}));
        return noContent;
      },
    }),
  ];
}

function configOf({ auth }: Pick<Endpoint, "auth">): Static<typeof EndpointOauthConfigOut> | null {
  if (auth?.type !== "oauth2") return null;
  const { clientId, tokenUrl, scope, clientAuth = "basic", extraParams = null, extraHeaders = null } = auth;
  const authMethod = METHODS.find((method) => CLIENT_AUTHS[method] === clientAuth)!;
  const scopesOut = scope?.split(" ") ?? null;
  return {
    grantType: "clientCredentials",
    authMethod,
    clientId,
    tokenUrl,
    scopes: scopesOut,
    extraParams,
    extraHeaders,
  };
}

/** Returns the `auth` that a request means. An absent secret means the stored one. */
function authOfConfig(sent: Static<typeof EndpointOauthConfigIn>): OAuth2Auth {
  if (sent.grantType === "refreshToken" || sent.refreshToken != null) {
    throw invalid(["body", "grantType"], "Only clientCredentials is supported. Use a client with that grant.");
  }
  const { jwtParams = null, scopes: list } = sent;
  const scope = list == null || list.length === 0 ? undefined : list.join(" ");
  return {
    type: "oauth2",
    ...{ tokenUrl: sent.tokenUrl, clientId: sent.clientId, clientAuth: CLIENT_AUTHS[sent.authMethod] },
    clientSecret: jwtParams === null ? (sent.clientSecret ?? setMark) : jwtSecret(jwtParams),
    ...(scope !== undefined && { scope }),
    ...(sent.extraParams != null && { extraParams: sent.extraParams }),
    ...(sent.extraHeaders != null && { extraHeaders: sent.extraHeaders }),
    ...(jwtParams?.secretId != null && { keyId: jwtParams.secretId }),
    ...(jwtParams?.tokenExpirySecs != null && { assertionSeconds: jwtParams.tokenExpirySecs }),
  };
}

/** Returns the text of a secret, or the PEM of a private key. Throws 422 if it does not fit the algorithm. */
function jwtSecret({ secretBase64, signingAlgorithm }: Static<typeof ClientSecretJwtParamsIn>): string {
  const bytes = Buffer.from(secretBase64, "base64");
  const text = bytes.toString("utf8");
  if (signingAlgorithm === "HS256") return text;
  const pem = text.includes("-----BEGIN")
    ? pemOf(text)
    : (pemOf(bytes, "pkcs8") ?? pemOf(bytes, "pkcs1") ?? pemOf(bytes, "sec1"));
  if (pem?.type === (signingAlgorithm === "RS256" ? "rsa" : "ec")) return pem.text;
  throw invalid(["body", "jwtParams", "secretBase64"], `Must be a private key for ${signingAlgorithm} in base64.`);
}

function pemOf(
  key: string | Buffer,
  form?: "pkcs8" | "pkcs1" | "sec1",
): { text: string; type: string | undefined } | null {
  try {
    const parsed =
      typeof key === "string" ? createPrivateKey(key) : createPrivateKey({ key, format: "der", type: form! });
    return { text: parsed.export({ type: "pkcs8", format: "pem" }).toString(), type: parsed.asymmetricKeyType };
  } catch {
    return null;
  }
}
