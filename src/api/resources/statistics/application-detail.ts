/** The numbers of one application: what it has, and what deleting it affects. */
import { Type } from "@sinclair/typebox";
import { formatInstantOrNull } from "../../../core/instant.ts";
import { failureReasons } from "../../../core/outcome.ts";
import { detailCountMax, endpointStates } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable, wordOut } from "../../http/schema.ts";
import { ApplicationOut, applicationExample, applicationOut } from "../application/fields.ts";

const STOPS = `Counting stops at ${detailCountMax}, which therefore means "${detailCountMax} or more".`;
const count = (of: string) => Type.Integer({ description: `Number of ${of}. ${STOPS}` });
const [healthy, failing, disabled, paused] = endpointStates;
const endpoints = Type.Integer({ description: "Number of endpoints in this state." });

export const ApplicationDetailOut = field.object("ApplicationDetailOut", {
  application: ApplicationOut,
  endpoints: field.object("EndpointStateCounts", {
    [healthy]: endpoints,
    [failing]: endpoints,
    [disabled]: endpoints,
    [paused]: endpoints,
  }),
  pending: count("pending deliveries"),
  dead: count("dead letters, including those of deleted endpoints"),
  deadReasons: Type.Array(field.object("DeadReasonCount", { reason: wordOut(failureReasons), count: Type.Integer() }), {
    description: "The dead letters of `dead` by reason, the most frequent first.",
  }),
  messages: count("stored messages"),
  lastMessageAt: nullable(
    Type.String({
      format: "date-time",
      description: "Time of the newest message that is still stored; null if there is none.",
    }),
  ),
});

const example = {
  application: applicationExample,
  endpoints: { healthy: 2, failing: 1, disabled: 0, paused: 0 },
  ...{
    pending: 4,
    dead: 17,
    deadReasons: [{ reason: "status_5xx", count: 17 }],
    messages: 2048,
    lastMessageAt: "2026-01-01T00:00:00.000Z",
  },
};

export function applicationDetailRoutes({ store, ids, lookup }: Context): Operation[] {
  return [
    operation({
      id: "overview.get-application",
      method: "GET",
      path: "/api/v1/overview/app/:app_id",
      tag: "Overview",
      summary: "Get the numbers of an application",
      description:
        "Counts what the application has. Deleting the application deletes these endpoints and cancels these pending deliveries; its messages and dead letters can then no longer be read.",
      access: "environment",
      scopes: ["overview:Read", "application:Read"],
      responses: { 200: { description: "The numbers.", schema: ApplicationDetailOut, example } },
      problems: [404],
      async handle({ identity, params }) {
        const application = await lookup.application(identity, params.app_id);
        const { environmentSeq, seq } = application;
        const { lastMessageAt, ...counts } = await store.survey.applicationDetail(environmentSeq, seq);
        return reply(200, {
          application: applicationOut(application, ids),
          ...counts,
          lastMessageAt: formatInstantOrNull(lastMessageAt),
        });
      },
    }),
  ];
}
