import { Type } from "@sinclair/typebox";
import { changeEndpoint } from "../../../commands/endpoints.ts";
import type { Transformation } from "../../../core/resources/endpoint.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { nullable, record } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";

const CODE_CHARS_MIN = 10;
const CODE_CHARS_MAX = 51_200;
const VARIABLES_MAX = 100;
const VARIABLE_CHARS_MAX = 10_000;

const code = nullable(
  Type.String({ minLength: CODE_CHARS_MIN, maxLength: CODE_CHARS_MAX, description: "JavaScript; null removes it." }),
);
const variables = nullable(
  record(Type.String({ maxLength: VARIABLE_CHARS_MAX }), {
    maxProperties: VARIABLES_MAX,
    description: "Values that the code can read; null removes them.",
  }),
);

const TransformationOut = field.object("IngestEndpointTransformationOut", {
  code: nullable(Type.String()),
  enabled: Type.Boolean(),
  variables: nullable(Type.Record(Type.String(), Type.String())),
});
const TransformationPatch = field.object("IngestEndpointTransformationPatch", {
  code: Type.Optional(code),
  enabled: Type.Optional(Type.Boolean()),
  variables: Type.Optional(variables),
});

const NONE: Transformation = { code: null, enabled: false, variables: null };
const example = { code: "function handler(input) { return input; }", enabled: false, variables: null };

export function sourceTransformationRoutes(context: Context): Operation[] {
  const { lookup } = context;
  const tag = "Source";
  const path = "/ingest/api/v1/source/:source_id/endpoint/:endpoint_id/transformation";
  const description = "Transformations are stored, but this version does not run them: payloads stay unchanged.";

  async function endpointOf(identity: Identity, source: string, endpoint: string) {
    const { applicationSeq } = await lookup.source(identity, source);
    return lookup.endpoint({ seq: applicationSeq }, endpoint);
  }

  return [
    operation({
      id: "v1.ingest.endpoint.transformation.get",
      method: "GET",
      path,
      tag,
      summary: "Get the transformation of an endpoint of a source",
      description,
      access: "application",
      capability: "ManageTransformations",
      responses: { 200: { description: "The transformation.", schema: TransformationOut, example } },
      problems: [404],
      async handle({ identity, params }) {
        const { transformation } = await endpointOf(identity, params.source_id, params.endpoint_id);
        return reply(200, transformation ?? NONE);
      },
    }),

    operation({
      id: "v1.ingest.endpoint.transformation.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change the transformation of an endpoint of a source",
      description: `Absent fields are unchanged. ${description}`,
      access: "application",
      capability: "ManageTransformations",
      body: TransformationPatch,
      bodyExample: { code: example.code },
      responses: { 204: { description: "The transformation was stored." } },
      problems: [404],
      async handle({ identity, params, body }) {
        const { seq } = await endpointOf(identity, params.source_id, params.endpoint_id);
        await changeEndpoint(context, seq, ({ transformation }) => ({
          transformation: { ...(transformation ?? NONE), ...body },
        }));
        return noContent;
      },
    }),
  ];
}
