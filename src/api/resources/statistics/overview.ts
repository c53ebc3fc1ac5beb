import { Type } from "@sinclair/typebox";
import type { Context } from "../../http/context.ts";
import { corsHeaders } from "../../http/cors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { AttentionOut, attentionExample } from "../../live/attention-entry.ts";
import { ENTRIES_MAX } from "../../live/attention-source.ts";
import { LISTED_MAX, listedKinds, topics } from "../../live/changed.ts";
import { Live } from "../../live/live.ts";
import { OverviewSource } from "../../live/overview-source.ts";
import { DeliveryCounts } from "../message/delivery-counts.ts";

const failingText =
  "Failing endpoints, which are those of `GET /api/v1/endpoint?state=failing`: the latest attempt failed, and the endpoint is neither disabled nor paused. Endpoints for operational webhooks are not counted.";

const count = (description: string) => Type.Integer({ description });

export const OverviewOut = field.object("OverviewOut", {
  environment: Type.String(),
  accepted: count("Messages accepted since the server started."),
  delivered: count("Successful deliveries since the server started."),
  failing: count(failingText),
  pending: count("Pending deliveries."),
  dead: count("Dead letters."),
  oldestDueAt: nullable(
    Type.String({
      format: "date-time",
      description:
        "Time at which the oldest waiting delivery became due; null if none waits. Deliveries that are paused or held, and those of operational webhooks, do not count.",
    }),
  ),
  attention: Type.Array(AttentionOut, {
    description: `What needs attention, the most urgent first, at most ${ENTRIES_MAX} entries. If an environment has many endpoints, the list can be some seconds old.`,
  }),
  attentionTotal: count("Number of entries that `attention` would have without the limit."),
  messages: Type.Array(
    field.object("OverviewMessage", {
      id: field.idOut("msg_"),
      appId: field.idOut("app_"),
      appName: Type.String(),
      appUid: nullable(Type.String()),
      eventType: Type.String(),
      eventId: nullable(Type.String()),
      timestamp: field.instantOut,
      deliveries: DeliveryCounts,
    }),
    { description: "The latest messages, newest first, at most 50." },
  ),
});

const example = {
  environment: "default",
  accepted: 1,
  delivered: 1,
  failing: 0,
  pending: 0,
  dead: 0,
  oldestDueAt: null,
  attention: [attentionExample],
  attentionTotal: 1,
  messages: [
    {
      id: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
      appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
      appName: "Customer 17",
      appUid: "customer-17",
      eventType: "user.signup",
      eventId: null,
      timestamp: "2026-01-01T00:00:00.000Z",
      deliveries: { pending: 0, delivered: 1, dead: 0, cancelled: 0 },
    },
  ],
};

const words = (all: readonly string[]) => all.map((word) => `\`${word}\``).join(", ");

const liveQuery = Type.Object({
  differences: Type.Optional(
    Type.Boolean({ default: false, description: "Send only what has changed after the first event." }),
  ),
});

const liveText = `Sends server-sent events when something has changed, at most one per second. Each is named \`overview\` and has the whole overview.

With \`differences=true\`, events after the first one are named \`change\`. Their data has the fields of the overview that differ from the event before. \`messages\` has only messages that are new or whose deliveries changed: put new ones before those that you know, replace the others by \`id\`, and keep the first 50. \`changed\` says what else has changed: \`topics\` (of ${words(topics)}), \`ids\` (the messages, endpoints, applications and sources that changed, or whose deliveries did), and \`unlisted\` (of ${words(listedKinds)}: kinds of which more than ${LISTED_MAX} records changed, so that any of them may have). An event \`overview\` later in the stream replaces everything.

The stream ends within 2 seconds when the token expires or is revoked; its last event is \`end\` with the data \`{"reason": "token"}\`. At most 100 streams per environment.`;

export function overviewRoutes(context: Context): Operation[] {
  const source = new OverviewSource(context);
  const { clock, facts, signals, ids, store } = context;
  const environmentOf = async (applicationSeq: number) =>
    (await store.configuration.applications.get(applicationSeq))?.environmentSeq ?? null;
  const live = new Live({ source, clock, facts, signals, ids, environmentOf });
  context.stopping?.addEventListener("abort", () => live.close(), { once: true });
  const tag = "Overview";
  return [
    operation({
      id: "overview.get",
      method: "GET",
      path: "/api/v1/overview",
      tag,
      summary: "Get an overview of the environment",
      access: "environment",
      responses: { 200: { description: "Figures and latest messages.", schema: OverviewOut, example } },
      problems: [],
      async handle({ identity }) {
        return reply(200, await source.of(identity.environmentSeq));
      },
    }),

    operation({
      id: "overview.live",
      method: "GET",
      path: "/api/v1/live",
      tag,
      summary: "Stream the overview of the environment",
      description: liveText,
      access: "environment",
      query: liveQuery,
      lasting: true,
      responses: {
        200: {
          description: "The data of an event `overview` is a response of `GET /api/v1/overview`.",
          contentType: "text/event-stream",
          schema: Type.String(),
          example: `event: overview\ndata: ${JSON.stringify(example)}\n\n`,
        },
      },
      problems: [429],
      async handle({ identity, admission, query }) {
        const headers = {
          "content-type": "text/event-stream",
          "cache-control": "no-store",
          // nginx would keep events back until its buffer is full.
          "x-accel-buffering": "no",
          ...corsHeaders,
        };
        return new Response(await live.open(identity, admission, query), { headers });
      },
    }),
  ];
}
