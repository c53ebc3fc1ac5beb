import { Type } from "@sinclair/typebox";
import { patchHeaders, replaceHeaders } from "../../../commands/endpoint-headers.ts";
import { headersMax } from "../../../core/rule.ts";
import { isSensitiveHeader } from "../../../core/sensitive-header.ts";
import type { Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { changeReply, noContent, reply } from "../../http/reply.ts";

export const EndpointHeadersIn = field.object("EndpointHeadersIn", { headers: field.headers });
export const EndpointHeadersPatchIn = field.object("EndpointHeadersPatchIn", {
  headers: field.headerChanges,
  deleteHeaders: Type.Optional(
    Type.Array(Type.String(), { maxItems: headersMax, description: "Names of headers to remove." }),
  ),
});
export const EndpointHeadersOut = field.object("EndpointHeadersOut", {
  headers: Type.Record(Type.String(), Type.String()),
  sensitive: Type.Array(Type.String(), { description: "Names of headers whose values are hidden." }),
});

export function endpointHeadersRoutes(context: Context): Operation[] {
  const { lookup } = context;
  const tag = "Endpoint";
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id/headers";
  const stored = { 204: { description: "The headers are sent with every delivery from now on." } };
  const bodyExample = { headers: { "X-Example": "123" } };

  return [
    operation({
      id: "v1.endpoint.get-headers",
      method: "GET",
      path,
      tag,
      summary: "Get the headers of an endpoint",
      access: "application",
      responses: {
        200: {
          description: "The headers.",
          schema: EndpointHeadersOut,
          example: { headers: { "X-Example": "123" }, sensitive: ["Authorization"] },
        },
      },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return reply(200, headersOut(endpoint));
      },
    }),

    operation({
      id: "v1.endpoint.update-headers",
      method: "PUT",
      path,
      tag,
      summary: "Replace the headers of an endpoint",
      access: "application",
      body: EndpointHeadersIn,
      bodyExample,
      responses: stored,
      problems: [404],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return changeReply(noContent, endpoint, await replaceHeaders(context, endpoint, body.headers));
      },
    }),

    operation({
      id: "v1.endpoint.patch-headers",
      method: "PATCH",
      path,
      tag,
      summary: "Change the headers of an endpoint",
      access: "application",
      body: EndpointHeadersPatchIn,
      bodyExample: { headers: { "X-Example": "456" }, deleteHeaders: ["X-Old"] },
      responses: stored,
      problems: [404],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const deleted = Object.fromEntries((body.deleteHeaders ?? []).map((name) => [name, null]));
        const after = await patchHeaders(context, endpoint, { ...deleted, ...body.headers });
        return changeReply(noContent, endpoint, after);
      },
    }),
  ];
}

export function headersOut(endpoint: Endpoint) {
  const all = Object.entries(endpoint.headers);
  // Responses contain only the names of sensitive headers.
  const sensitive = all.filter(([name]) => isSensitiveHeader(name)).map(([name]) => name);
  return { headers: Object.fromEntries(all.filter(([name]) => !isSensitiveHeader(name))), sensitive };
}
