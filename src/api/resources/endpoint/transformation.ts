import { type Static, Type } from "@sinclair/typebox";
import {
  patchTransformation,
  type Simulated,
  type SimulatedMessage,
  simulateTransformation,
} from "../../../commands/transformation.ts";
import { invalid } from "../../../core/problem.ts";
import { isSensitiveHeader } from "../../../core/sensitive-header.ts";
import { MASK, maskPassword } from "../../../core/url-password.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { changeReply, noContent, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { payloadOf, payloadRanges } from "./payload-in-body.ts";
import { messageId, simulatedFields, simulatedOut, storedMessage } from "./simulation.ts";
import { code, outFields, patchFields, transformationOut, updatedAtOut, variables } from "./transformation-fields.ts";

export const TransformationOut = field.object("EndpointTransformationOut", { ...outFields, ...updatedAtOut });
export const TransformationPatch = field.object("EndpointTransformationPatch", patchFields);
const SimulateIn = field.object("TransformationSimulateIn", {
  code,
  eventType: Type.Optional(nullable(field.eventTypeName)),
  channels: Type.Optional(nullable(Type.Array(Type.String()))),
  payload: Type.Optional(Type.Unknown({ description: "The payload: any JSON. Needs `eventType`." })),
  messageId,
  variables: Type.Optional(variables),
});
const requestFields = {
  url: Type.String(),
  method: Type.String({ enum: ["POST", "PUT", "PATCH"] }),
  headers: Type.Record(Type.String(), Type.String()),
  payload: Type.String({ description: "The body of the request." }),
};
export const SimulateOut = field.object("TransformationSimulateOut", {
  ...requestFields,
  ...simulatedFields,
  before: Type.Object(requestFields, { description: "The request without the transformation." }),
});

const CODE = "function handler(webhook) {\n  webhook.payload.source = 'boathook';\n  return webhook;\n}";
const example = { code: CODE, enabled: true, variables: { apiKey: "[set]" }, updatedAt: "2026-01-01T00:00:00.000Z" };
const simulated = {
  ...{ url: "https://example.com/webhook", method: "POST", headers: {} },
  ...{ payload: '{"id":1,"source":"boathook"}', cancel: false, cancelReason: null, logs: [] },
  before: { url: "https://example.com/webhook", method: "POST", headers: {}, payload: '{"id":1}' },
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
        return reply(200, transformationOut(endpoint.transformation));
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
        return changeReply(noContent, endpoint, await patchTransformation(context, endpoint, body));
      },
    }),

    operation({
      ...common,
      id: "v1.endpoint.transformation.simulate",
      audited: false,
      method: "POST",
      path: `${path}/simulate`,
      summary: "Run code on a message without sending it",
      description:
        "Nothing is sent or stored. Needs either `payload` or `messageId`; the latter also defines the event type, the channels and the headers. Without `variables`, the stored ones are used.",
      body: SimulateIn,
      unreadParts: payloadRanges,
      bodyExample: { code: CODE, eventType: "user.signup", payload: { id: 1 } },
      responses: { 200: { description: "The request that would be sent.", schema: SimulateOut, example: simulated } },
      problems: [400, 404, 429],
      async handle({ identity, params, body, bytes }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const message = await messageOf(identity, params.app_id, body, payloadOf(bytes));
        const wanted = { code: body.code, variables: body.variables ?? null, message, endpoint };
        const result = await simulateTransformation(context, wanted, settings.maxBodyBytes);
        const before = { ...result.before, payload: utf8.decode(message.payload) };
        return reply(200, { ...before, ...changesOf(result.shaped), ...simulatedOut(result), before });
      },
    }),
  ];

  async function messageOf(
    identity: Identity,
    app: string,
    { eventType, channels, messageId: id }: Static<typeof SimulateIn>,
    payload: Uint8Array | null,
  ): Promise<SimulatedMessage> {
    if ((payload === null) === (id == null)) {
      const loc = ["body", payload === null ? "payload" : "messageId"];
      throw invalid(loc, "Exactly one of `payload` and `messageId` is needed.");
    }
    if (payload === null) {
      const stored = await storedMessage(context, identity, app, id!);
      return {
        ...stored,
        ...(eventType != null && { eventType }),
        ...(channels != null && { channels }),
        received: null,
      };
    }
    if (eventType == null) throw invalid(["body", "eventType"], "Needed with `payload`.");
    return { payload, contentType: null, headers: null, eventType, channels: channels ?? null, received: null };
  }
}

/** Returns the parts of the request that the code has determined. */
function changesOf(shaped: Simulated["shaped"]) {
  if (shaped.kind === "cancelled") return {};
  const { request, payload } = shaped;
  return {
    ...(request.url != null && { url: maskPassword(request.url.href) }),
    method: request.method,
    headers: masked(request.headers ?? {}),
    ...(payload !== null && { payload: utf8.decode(payload) }),
  };
}

function masked(headers: Readonly<Record<string, string>>): Record<string, string> {
  const shown = Object.entries(headers).map(([name, value]) => [name, isSensitiveHeader(name) ? MASK : value]);
  return Object.fromEntries(shown);
}
