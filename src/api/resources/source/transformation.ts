import { type Static, Type } from "@sinclair/typebox";
import {
  patchTransformation,
  SIMULATED,
  type Simulated,
  type SimulatedMessage,
  simulateTransformation,
} from "../../../commands/transformation.ts";
import type { Seq } from "../../../core/id.ts";
import { invalid } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { changeReply, noContent, reply } from "../../http/reply.ts";
import { nullable, record } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { messageId, simulatedFields, simulatedOut, storedMessage } from "../endpoint/simulation.ts";
import { WHAT } from "../endpoint/transformation.ts";
import { code, outFields, patchFields, transformationOut, variables } from "../endpoint/transformation-fields.ts";

const HEADERS_MAX = 200;

export const TransformationOut = field.object("IngestEndpointTransformationOut", outFields);
const TransformationPatch = field.object("IngestEndpointTransformationPatch", patchFields);
const SimulateIn = field.object("IngestTransformationSimulateIn", {
  code,
  headers: Type.Optional(record(Type.String(), { maxProperties: HEADERS_MAX, description: "Those of the sender." })),
  body: Type.Optional(nullable(Type.String({ description: "The body of the sender's request." }))),
  messageId,
  variables: Type.Optional(variables),
});
const requestFields = { headers: Type.Record(Type.String(), Type.String()), body: Type.String() };
export const SimulateOut = field.object("IngestTransformationSimulateOut", {
  ...requestFields,
  ...simulatedFields,
  before: Type.Object(requestFields, { description: "What would be sent without the transformation." }),
});

const CODE = "function handler(input) { return { headers: input.headers, body: input.body.trim() }; }";
const example = { code: CODE, enabled: true, variables: null };
const headers = { "content-type": "application/json" };
const simulated = {
  ...{ headers, body: '{"id":1}', cancel: false, cancelReason: null, logs: [] },
  before: { headers, body: '{"id":1} ' },
};

const utf8 = new TextDecoder();

export function sourceTransformationRoutes(context: Context): Operation[] {
  const { ids, lookup, settings } = context;
  const path = "/ingest/api/v1/source/:source_id/endpoint/:endpoint_id/transformation";
  const common = { path, tag: "Source", access: "application", capability: "ManageTransformations" } as const;

  async function endpointOf(identity: Identity, source: string, endpoint: string) {
    const { applicationSeq } = await lookup.source(identity, source);
    return lookup.endpoint({ seq: applicationSeq }, endpoint);
  }

  return [
    operation({
      ...common,
      id: "v1.ingest.endpoint.transformation.get",
      method: "GET",
      summary: "Get the transformation of an endpoint of a source",
      description: WHAT,
      responses: { 200: { description: "The transformation.", schema: TransformationOut, example } },
      problems: [404],
      async handle({ identity, params }) {
        const { transformation } = await endpointOf(identity, params.source_id, params.endpoint_id);
        const { updatedAt: _, ...out } = transformationOut(transformation);
        return reply(200, out);
      },
    }),

    operation({
      ...common,
      id: "v1.ingest.endpoint.transformation.patch",
      method: "PATCH",
      summary: "Change the transformation of an endpoint of a source",
      description: `Absent fields are unchanged. ${WHAT}`,
      body: TransformationPatch,
      bodyExample: { code: CODE },
      responses: { 204: { description: "The transformation applies to all attempts from now on." } },
      problems: [404, 429],
      async handle({ identity, params, body }) {
        const endpoint = await endpointOf(identity, params.source_id, params.endpoint_id);
        return changeReply(noContent, endpoint, await patchTransformation(context, endpoint, body));
      },
    }),

    operation({
      ...common,
      id: "v1.ingest.endpoint.transformation.simulate",
      audited: false,
      method: "POST",
      path: `${path}/simulate`,
      summary: "Run code on a received request without sending it",
      description:
        "Nothing is sent or stored. Needs either `body` or `messageId`; the latter also defines the headers. Without `variables`, the stored ones are used.",
      body: SimulateIn,
      bodyExample: { code: CODE, body: '{"id":1} ' },
      responses: { 200: { description: "What would be sent.", schema: SimulateOut, example: simulated } },
      problems: [400, 404, 429],
      async handle({ identity, params, body }) {
        const endpoint = await endpointOf(identity, params.source_id, params.endpoint_id);
        const message = await messageOf(identity, endpoint.applicationSeq, body);
        const wanted = { code: body.code, variables: body.variables ?? null, message, endpoint };
        const result = await simulateTransformation(context, wanted, settings.maxBodyBytes);
        const before = { headers: result.before.headers, body: utf8.decode(message.payload) };
        return reply(200, { ...before, ...changesOf(result.shaped), ...simulatedOut(result), before });
      },
    }),
  ];

  async function messageOf(
    identity: Identity,
    applicationSeq: Seq,
    { body, headers: sent, messageId: id }: Static<typeof SimulateIn>,
  ): Promise<SimulatedMessage> {
    if ((body == null) === (id == null)) {
      throw invalid(["body", body == null ? "body" : "messageId"], "Exactly one of `body` and `messageId` is needed.");
    }
    if (body == null) {
      const stored = await storedMessage(context, identity, ids.encode("app_", applicationSeq), id!);
      return { ...stored, received: stored.received ?? SIMULATED };
    }
    const named = Object.entries(sent ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    const payload = new TextEncoder().encode(body);
    return { payload, contentType: null, headers: Object.fromEntries(named), received: SIMULATED };
  }
}

/** Returns what the code has determined. Nothing is sent of a cancelled message. */
function changesOf(shaped: Simulated["shaped"]) {
  if (shaped.kind === "cancelled") return { headers: {}, body: "" };
  const { contentType = null, headers: others = null } = shaped.received ?? {};
  return {
    headers: { ...(contentType !== null && { "content-type": contentType }), ...others },
    ...(shaped.payload !== null && { body: utf8.decode(shaped.payload) }),
  };
}
