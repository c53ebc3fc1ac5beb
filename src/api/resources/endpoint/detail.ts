/** What the settings of an endpoint do not say: its state, what waits for it, and the defaults in force. */
import { Type } from "@sinclair/typebox";
import { formatInstantOrNull } from "../../../core/instant.ts";
import { notFound } from "../../../core/problem.ts";
import { formatDuration } from "../../../core/unit.ts";
import { type Application, type Endpoint, endpointPendingMax } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { applicationNameExample, applicationNameFields, applicationNameOut } from "../application/name.ts";
import { endpointStateOut, failureReasonOut } from "./of-environment.ts";

export const endpointDetailFields = {
  state: endpointStateOut,
  failureReason: failureReasonOut,
  pending: Type.Integer({
    description: `Number of pending deliveries. Counting stops at ${endpointPendingMax}, which therefore means "${endpointPendingMax} or more".`,
  }),
  oldSecretUntil: nullable(
    Type.String({
      format: "date-time",
      description: "Time until which deliveries are also signed with an old secret; null if there is none.",
    }),
  ),
};

export const EndpointDetailOut = field.object("EndpointDetailOut", {
  ...applicationNameFields,
  ...endpointDetailFields,
});

export const endpointDetailExample = {
  state: "failing",
  failureReason: "timeout",
  pending: 4,
  oldSecretUntil: null,
} as const;

/** Reads the state of an endpoint. Throws 404 if it does not exist any more. */
export async function endpointDetail(
  { store, clock }: Pick<Context, "store" | "clock">,
  { environmentSeq }: Pick<Application, "environmentSeq">,
  { seq }: Pick<Endpoint, "seq">,
) {
  const detail = await store.survey.endpointDetail(environmentSeq, seq);
  if (detail === null) throw notFound("Endpoint not found");
  const secrets = await store.configuration.endpoints.secrets(seq, clock.now());
  const ends = secrets.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt]));
  return { ...detail, oldSecretUntil: formatInstantOrNull(ends.length === 0 ? null : Math.max(...ends)) };
}

export const DeliveryDefaultsOut = field.object("DeliveryDefaultsOut", {
  retrySchedule: Type.Array(Type.String(), { description: "Delays after failed attempts." }),
  timeoutMs: Type.Integer({ description: "Timeout of an attempt, in ms." }),
  concurrency: Type.Integer({ description: "Maximum concurrent attempts to one endpoint." }),
});

export function endpointDetailRoutes(context: Context): Operation[] {
  const { ids, lookup, settings } = context;
  return [
    operation({
      id: "overview.get-endpoint",
      method: "GET",
      path: "/api/v1/overview/app/:app_id/endpoint/:endpoint_id",
      tag: "Overview",
      summary: "Get the state of an endpoint",
      description: "Deleting the endpoint cancels its pending deliveries.",
      access: "environment",
      scopes: ["overview:Read", "endpoint:Read"],
      responses: {
        200: {
          description: "The state.",
          schema: EndpointDetailOut,
          example: { ...applicationNameExample, ...endpointDetailExample },
        },
      },
      problems: [404],
      async handle({ identity, params }) {
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const detail = await endpointDetail(context, application, endpoint);
        return reply(200, { ...applicationNameOut(application, ids), ...detail });
      },
    }),

    operation({
      id: "endpoint.get-defaults",
      method: "GET",
      path: "/api/v1/delivery-defaults",
      tag: "Endpoint",
      summary: "Get the defaults of deliveries",
      description: "The settings of the server that endpoints use unless they have their own.",
      access: "environment",
      scopes: ["endpoint:Read"],
      responses: {
        200: {
          description: "The defaults.",
          schema: DeliveryDefaultsOut,
          example: { retrySchedule: ["5s", "5m"], timeoutMs: 15_000, concurrency: 16 },
        },
      },
      problems: [],
      async handle() {
        const { retryScheduleMs, deliveryTimeoutMs, endpointConcurrency } = settings;
        return reply(200, {
          retrySchedule: retryScheduleMs.map(formatDuration),
          ...{ timeoutMs: deliveryTimeoutMs, concurrency: endpointConcurrency },
        });
      },
    }),
  ];
}
