import { Type } from "@sinclair/typebox";
import { replaceHeaders } from "../../../commands/endpoint-headers.ts";
import { rotateSecret } from "../../../commands/endpoint-secrets.ts";
import { endpointWarnings } from "../../../commands/endpoint-warnings.ts";
import { deleteEndpoint, noEndpoint } from "../../../commands/endpoints.ts";
import { createOperationalEndpoint, putOperationalEndpoint } from "../../../commands/operational-endpoints.ts";
import type { Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/auth.ts";
import { EndpointHeadersIn, EndpointHeadersOut, headersOut } from "../endpoint/headers.ts";
import { EndpointSecretOut, EndpointSecretRotateIn, rotationOf, secretOut } from "../endpoint/secret.ts";
import { putOf, secretOf, settingsOf } from "../endpoint/settings.ts";
import {
  OperationalWebhookEndpointIn,
  OperationalWebhookEndpointOut,
  OperationalWebhookEndpointUpsertIn,
  OperationalWebhookEndpointWrittenOut,
  operationalEndpointExample,
  operationalEndpointOut,
  operationalEndpointWrittenExample,
} from "./fields.ts";

const title = (name: string) => `OperationalWebhookEndpoint${name}`;
const SecretOut = field.object(title("SecretOut"), EndpointSecretOut.properties);
const SecretIn = field.object(title("SecretIn"), EndpointSecretRotateIn.properties);
const HeadersOut = field.object(title("HeadersOut"), EndpointHeadersOut.properties);
const HeadersIn = field.object(title("HeadersIn"), EndpointHeadersIn.properties);

const found = {
  description: "The endpoint.",
  schema: OperationalWebhookEndpointOut,
  example: operationalEndpointExample,
};
const written = { ...found, schema: OperationalWebhookEndpointWrittenOut, example: operationalEndpointWrittenExample };
const created = { ...written, description: "The endpoint was created." };
const bodyExample = { url: "https://example.com/operations", eventTypes: ["message.attempt.failing"] };

const emptyPage = { rows: [], more: false };

export function operationalWebhookRoutes(context: Context): Operation[] {
  const { store, ids, lookup, operational } = context;
  const urlPolicy = { ...context, isOperational: true };
  const tag = "Operational webhook";
  const list = "/api/v1/operational-webhook/endpoint";
  const path = `${list}/:endpoint_id` as const;

  const out = (endpoint: Endpoint) => operationalEndpointOut(endpoint, ids);
  const writtenOut = async (endpoint: Endpoint) => ({
    ...out(endpoint),
    warnings: await endpointWarnings(context, endpoint),
  });
  const applicationOf = ({ environmentSeq }: Identity) => operational.applicationOf(environmentSeq);

  async function endpointOrNull(identity: Identity, text: string): Promise<Endpoint | null> {
    const application = applicationOf(identity);
    return application === null ? null : lookup.endpointOrNull(application, text);
  }

  async function endpointOf(identity: Identity, text: string): Promise<Endpoint> {
    const endpoint = await endpointOrNull(identity, text);
    if (endpoint === null) throw noEndpoint();
    return endpoint;
  }

  return [
    operation({
      id: "v1.operational-webhook.endpoint.list",
      method: "GET",
      path: list,
      tag,
      summary: "List operational webhook endpoints",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...orderQuery("descending") }),
      responses: {
        200: {
          description: "A page of endpoints.",
          schema: field.listOf("OperationalWebhookEndpointOut", OperationalWebhookEndpointOut),
          example: {
            data: [operationalEndpointExample],
            iterator: operationalEndpointExample.id,
            prevIterator: `-${operationalEndpointExample.id}`,
            done: true,
          },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const page = pageRequest(query, ids, "ep_", query.order ?? "descending");
        const application = applicationOf(identity);
        const rows = application === null ? emptyPage : await store.configuration.endpoints.list(application.seq, page);
        return reply(
          200,
          listed(rows, ({ seq }) => ids.encode("ep_", seq), out),
        );
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.create",
      method: "POST",
      path: list,
      tag,
      summary: "Create an operational webhook endpoint",
      description:
        "Operational webhooks report events about the environment's other endpoints and their deliveries. The body is `{type, data}`. They are signed and retried like every webhook. They do not report on themselves. Each is stored right after its event; if the server crashes in between, it is lost.",
      access: "environment",
      body: OperationalWebhookEndpointIn,
      bodyExample,
      responses: { 201: created },
      problems: [409],
      async handle({ identity, body }) {
        const settings = settingsOf(body, urlPolicy);
        const wanted = { settings, secret: secretOf(body.secret) };
        return reply(201, await writtenOut(await createOperationalEndpoint(context, identity.environmentSeq, wanted)));
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.get",
      method: "GET",
      path,
      tag,
      summary: "Get an operational webhook endpoint",
      access: "environment",
      responses: { 200: found },
      problems: [404],
      async handle({ identity, params }) {
        return reply(200, out(await endpointOf(identity, params.endpoint_id)));
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.upsert",
      method: "PUT",
      path,
      tag,
      summary: "Create or replace an operational webhook endpoint",
      description:
        "An unknown uid in the path creates an endpoint with that uid. Absent fields get their defaults. If the body has no `uid`, a request to the id removes the stored uid, and a request to the uid keeps it. The secret and the headers are never changed.",
      access: "environment",
      body: OperationalWebhookEndpointUpsertIn,
      bodyExample,
      responses: { 200: written, 201: created },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const key = lookup.key("ep_", params.endpoint_id);
        const wanted = putOf(params.endpoint_id, body, urlPolicy);
        const { value, created } = await putOperationalEndpoint(context, identity.environmentSeq, key, wanted);
        return reply(created ? 201 : 200, await writtenOut(value));
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Delete an operational webhook endpoint",
      description: "Cancels the pending deliveries to the endpoint. The uid can be reused.",
      access: "environment",
      responses: { 204: { description: "The endpoint was deleted." } },
      problems: [404],
      async handle({ identity, params }) {
        await deleteEndpoint(context, await endpointOf(identity, params.endpoint_id));
        return noContent;
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.get-secret",
      readOnlyAccess: false,
      method: "GET",
      path: `${path}/secret`,
      tag,
      summary: "Get the secret of an operational webhook endpoint",
      description:
        "Returns what the receiver needs to verify signatures: a `whsec_` secret, or the public `whpk_` key.",
      access: "environment",
      responses: {
        200: {
          description: "The current secret.",
          schema: SecretOut,
          example: { key: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" },
        },
      },
      problems: [404],
      async handle({ identity, params }) {
        return reply(200, await secretOut(context, await endpointOf(identity, params.endpoint_id)));
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.rotate-secret",
      method: "POST",
      path: `${path}/secret/rotate`,
      tag,
      summary: "Replace the secret of an operational webhook endpoint",
      access: "environment",
      body: SecretIn,
      bodyOptional: true,
      bodyExample: { gracePeriodSeconds: 3600 },
      responses: { 204: { description: "The new secret is used from now on." } },
      problems: [400, 404],
      async handle({ identity, params, body }) {
        await rotateSecret(context, await endpointOf(identity, params.endpoint_id), rotationOf(body));
        return noContent;
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.get-headers",
      method: "GET",
      path: `${path}/headers`,
      tag,
      summary: "Get the headers of an operational webhook endpoint",
      access: "environment",
      responses: {
        200: {
          description: "The headers.",
          schema: HeadersOut,
          example: { headers: { "X-Example": "123" }, sensitive: ["Authorization"] },
        },
      },
      problems: [404],
      async handle({ identity, params }) {
        return reply(200, headersOut(await endpointOf(identity, params.endpoint_id)));
      },
    }),

    operation({
      id: "v1.operational-webhook.endpoint.set-headers",
      method: "PUT",
      path: `${path}/headers`,
      tag,
      summary: "Replace the headers of an operational webhook endpoint",
      access: "environment",
      body: HeadersIn,
      bodyExample: { headers: { "X-Example": "123" } },
      responses: { 204: { description: "The headers are sent with every delivery from now on." } },
      problems: [404],
      async handle({ identity, params, body }) {
        await replaceHeaders(context, await endpointOf(identity, params.endpoint_id), body.headers);
        return noContent;
      },
    }),
  ];
}
