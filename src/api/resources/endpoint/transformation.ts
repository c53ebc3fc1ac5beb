import { Type } from "@sinclair/typebox";
import { noTransformation, patchTransformation, simulateTransformation } from "../../../commands/transformation.ts";
import { isSensitiveHeader } from "../../../core/sensitive-header.ts";
import { MASK, maskPassword } from "../../../core/url-password.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { code, outFields, patchFields, transformationOut, updatedAtOut, variables } from "./transformation-fields.ts";

const TransformationOut = field.object("EndpointTransformationOut", { ...outFields, ...updatedAtOut });
const TransformationPatch = field.object("EndpointTransformationPatch", patchFields);
const SimulateIn = field.object("TransformationSimulateIn", {
  code,
  eventType: field.eventTypeName,
  channels: Type.Optional(nullable(Type.Array(Type.String()))),
  payload: Type.Unknown({ description: "The payload: any JSON." }),
  variables: Type.Optional(variables),
});
const SimulateOut = field.object("TransformationSimulateOut", {
  url: Type.String(),
  method: Type.String({ enum: ["POST", "PUT", "PATCH"] }),
  headers: Type.Record(Type.String(), Type.String()),
  payload: Type.String({ description: "The body of the request." }),
  cancel: Type.Boolean({ description: "Whether nothing would be sent." }),
});

const CODE = "function handler(webhook) {\n  webhook.payload.source = 'boathook';\n  return webhook;\n}";
const example = { code: CODE, enabled: true, variables: { apiKey: "[set]" }, updatedAt: "2026-01-01T00:00:00.000Z" };
const simulated = {
  ...{ url: "https://example.com/webhook", method: "POST", headers: {} },
  ...{ payload: '{"id":1,"source":"boathook"}', cancel: false },
};

export const WHAT =
  "The code runs at each attempt and may change the message, so that corrected code applies to retries. If it fails, the attempt fails with the reason `transformation`.";

const utf8 = new TextDecoder();

export function endpointTransformationRoutes(context: Context): Operation[] {
  const { lookup, settings } = context;
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id/transformation";
  const common = { path, tag: "Endpoint", access: "application", capability: "ManageTransformations" } as const;

  return [
    operation({
      ...common,
      id: "v1.endpoint.transformation.get",
      method: "GET",
      summary: "Get the transformation of an endpoint",
      description: WHAT,
      responses: { 200: { description: "The transformation.", schema: TransformationOut, example } },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return reply(200, transformationOut(endpoint.transformation ?? noTransformation));
      },
    }),

    operation({
      ...common,
      id: "v1.endpoint.transformation.patch",
      method: "PATCH",
      summary: "Change the transformation of an endpoint",
      description: `Absent fields are unchanged. ${WHAT}`,
      body: TransformationPatch,
      bodyExample: { code: CODE, enabled: true },
      responses: { 204: { description: "The transformation applies to all attempts from now on." } },
      problems: [404, 429],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        await patchTransformation(context, endpoint, body);
        return noContent;
      },
    }),

    operation({
      ...common,
      id: "v1.endpoint.transformation.simulate",
      audited: false,
      method: "POST",
      path: `${path}/simulate`,
      summary: "Run code on a message without sending it",
      description: "Nothing is sent or stored. Without `variables`, the stored ones are used.",
      body: SimulateIn,
      bodyExample: { code: CODE, eventType: "user.signup", payload: { id: 1 } },
      responses: { 200: { description: "The request that would be sent.", schema: SimulateOut, example: simulated } },
      problems: [404, 429],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const payload = new TextEncoder().encode(JSON.stringify(body.payload));
        const { eventType, channels = null } = body;
        const message = { payload, contentType: null, headers: null, eventType, channels };
        const wanted = { code: body.code, variables: body.variables ?? null, message, endpoint, isReceived: false };
        const shaped = await simulateTransformation(context, wanted, settings.maxBodyBytes);
        const request = shaped.kind === "message" ? shaped.request : null;
        return reply(200, {
          url: maskPassword(request?.url?.href ?? endpoint.url),
          method: request?.method ?? "POST",
          headers: simulatedHeaders(request?.headers ?? {}),
          payload: utf8.decode((shaped.kind === "message" ? shaped.payload : null) ?? payload),
          cancel: shaped.kind === "cancelled",
        });
      },
    }),
  ];
}

function simulatedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const shown = Object.entries(headers).map(([name, value]) => [name, isSensitiveHeader(name) ? MASK : value]);
  return Object.fromEntries(shown);
}
