/** The client certificate and the CA of an endpoint in the form of the Svix API. */
import { Type } from "@sinclair/typebox";
import { changeEndpoint } from "../../../commands/endpoints.ts";
import type { MtlsAuth } from "../../../core/endpoint-auth.ts";
import { pemBlocks } from "../../../core/pem.ts";
import { invalid } from "../../../core/problem.ts";
import type { Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { atTopLevel, configReads, refuseOtherType } from "./svix-auth.ts";

const IDENTITY_CHARS_MAX = 128 * 1024;

const EndpointMtlsConfigIn = field.object("EndpointMtlsConfigIn", {
  identity: Type.String({
    maxLength: IDENTITY_CHARS_MAX,
    description: "The private key and the certificate in PEM, followed by its intermediate certificates.",
  }),
});
const EndpointMtlsConfigOut = field.object("EndpointMtlsConfigOut", {
  certificate: Type.String({ description: "The certificate, followed by its intermediate certificates, in PEM." }),
});
const EndpointMtlsOut = field.object("EndpointMtlsOut", {
  enabled: Type.Boolean(),
  config: nullable(EndpointMtlsConfigOut),
});
const cert = nullable(
  Type.String({
    description: "Certificates to trust instead of the public roots, in PEM. Null means the public roots.",
  }),
);
const EndpointServerCaIn = field.object("EndpointServerCaIn", { cert: Type.Optional(cert) });
const EndpointServerCaOut = field.object("EndpointServerCaOut", { cert });

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----";
const KEY = "-----BEGIN PRIVATE KEY-----\nMIIE…\n-----END PRIVATE KEY-----";

export function endpointCertificateRoutes(context: Context): Operation[] {
  return [...mtlsRoutes(context), ...caRoutes(context)];
}

function mtlsRoutes(context: Context): Operation[] {
  const { lookup } = context;
  const common = { tag: "Endpoint", access: "application" } as const;
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id/mtls";
  return [
    ...configReads(context, {
      part: "mtls",
      title: "client certificate",
      description: "The certificate.",
      schema: EndpointMtlsConfigOut,
      optionalSchema: EndpointMtlsOut,
      example: { certificate: CERTIFICATE },
      configOf,
    }),

    operation({
      ...common,
      id: "v1.endpoint.set-mtls-config",
      method: "PUT",
      path,
      summary: "Set the client certificate of an endpoint",
      description: "Sets the field `auth` of the endpoint. The CA of the endpoint is unchanged.",
      body: EndpointMtlsConfigIn,
      bodyExample: { identity: `${KEY}\n${CERTIFICATE}` },
      responses: { 204: { description: "The certificate is presented from now on." } },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const auth = identityOf(body.identity);
        const set = () =>
          changeEndpoint(context, endpoint.seq, (before) => {
            refuseOtherType(before, "mtls");
            const ca = before.auth?.type === "mtls" ? before.auth.ca : undefined;
            return { auth: { ...auth, ...(ca !== undefined && { ca }) } };
          });
        await atTopLevel(set, () => "identity");
        return noContent;
      },
    }),

    operation({
      ...common,
      id: "v1.endpoint.delete-mtls-config",
      method: "DELETE",
      path,
      summary: "Remove the client certificate of an endpoint",
      description: "The CA of the endpoint is unchanged.",
      responses: { 204: { description: "The endpoint has no client certificate." } },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        await changeEndpoint(context, endpoint.seq, ({ auth, tls }) => {
          if (auth?.type !== "mtls") return {};
          return { auth: null, tls: auth.ca === undefined ? tls : { ca: auth.ca } };
        });
        return noContent;
      },
    }),
  ];
}

function caRoutes(context: Context): Operation[] {
  const { lookup } = context;
  const common = { tag: "Endpoint", access: "application" } as const;
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id/ca";
  return [
    operation({
      ...common,
      id: "v1.endpoint.get-server-ca",
      method: "GET",
      path,
      summary: "Get the CA of an endpoint",
      responses: { 200: { description: "The CA.", schema: EndpointServerCaOut, example: { cert: CERTIFICATE } } },
      problems: [404],
      async handle({ identity, params }) {
        const { auth, tls } = (await lookup.both(identity, params.app_id, params.endpoint_id)).endpoint;
        return reply(200, { cert: tls?.ca ?? (auth?.type === "mtls" ? (auth.ca ?? null) : null) });
      },
    }),

    operation({
      ...common,
      id: "v1.endpoint.set-server-ca",
      method: "PUT",
      path,
      summary: "Set or remove the CA of an endpoint",
      description: "Sets the field `tls` of the endpoint. Null removes the CA.",
      body: EndpointServerCaIn,
      bodyExample: { cert: CERTIFICATE },
      responses: { 204: { description: "Receivers are verified with the CA from now on." } },
      problems: [404],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const ca = body.cert ?? null;
        const set = () =>
          changeEndpoint(context, endpoint.seq, ({ auth }) => ({
            auth: auth?.type === "mtls" ? withoutCa(auth) : auth,
            tls: ca === null ? null : { ca },
          }));
        await atTopLevel(set, () => "cert");
        return noContent;
      },
    }),
  ];
}

function configOf({ auth }: Pick<Endpoint, "auth">): { certificate: string } | null {
  return auth?.type === "mtls" ? { certificate: auth.certificate } : null;
}

function withoutCa(auth: MtlsAuth): MtlsAuth {
  if (auth.ca === undefined) return auth;
  const { ca: _, ...rest } = auth;
  return rest;
}

/** Returns the key and the certificates in a PEM text. Throws 422 if it does not contain both. */
function identityOf(text: string): MtlsAuth {
  const [keys, certificates] = [pemBlocks(text, /PRIVATE KEY$/), pemBlocks(text, /^CERTIFICATE$/)];
  if (keys.length !== 1 || certificates.length === 0) {
    throw invalid(["body", "identity"], "Must contain one private key and its certificate in PEM.");
  }
  return { type: "mtls", certificate: certificates.join("\n"), key: keys[0]! };
}
