import { Type } from "@sinclair/typebox";
import { aggregateApplicationStatistics, aggregateEventTypes } from "../../../commands/statistics.ts";
import type { Seq } from "../../../core/id.ts";
import { parseInstant } from "../../../core/instant.ts";
import { nameCharsMax } from "../../../core/rule.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { instantText, nullable, withoutRepetitions } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { startedExample, startedOut, startedTask } from "../background-task/task.ts";

const APP_IDS_MAX = 1000;

const UsageIn = field.object("AppUsageStatsIn", {
  since: instantText("Count attempts that ended from this instant on."),
  until: instantText("Count attempts that ended before this instant."),
  appIds: Type.Optional(
    nullable(
      Type.Array(Type.String({ minLength: 1, maxLength: nameCharsMax, pattern: "^[a-zA-Z0-9\\-_.]+$" }), {
        maxItems: APP_IDS_MAX,
        description: "Ids or uids of applications. Absent means all.",
      }),
    ),
  ),
});
const UsageOut = field.object("AppUsageStatsOut", {
  ...startedOut("AppUsageStatsOut").properties,
  unresolvedAppIds: Type.Array(Type.String(), { description: "The entries of `appIds` that do not exist." }),
});

/**
 * Defines the operations for reports that take a long time. Each is a background task whose `data`
 * contains the result.
 */
export function statisticsRoutes(context: Context): Operation[] {
  const { ids, lookup } = context;
  const tag = "Statistics";

  async function resolve(identity: Identity, appIds: readonly string[]) {
    const seqs: Seq[] = [];
    const unresolved: string[] = [];
    for (const id of appIds) {
      const application = await lookup.applicationOrNull(identity, id);
      if (application === null) unresolved.push(id);
      else seqs.push(application.seq);
    }
    return { seqs: [...new Set(seqs)], unresolved };
  }

  return [
    operation({
      id: "v1.statistics.aggregate-event-types",
      readOnlyAccess: true,
      method: "PUT",
      path: "/api/v1/stats/usage/event-types",
      tag,
      summary: "Report the event types of applications",
      description:
        "Starts a background task. When the task has finished, `data.event_types` contains, for each application, the event types that its endpoints subscribe to and whether any endpoint subscribes to all.",
      access: "environment",
      audited: false,
      responses: {
        202: {
          description: "The task was started.",
          schema: startedOut("AggregateEventTypesOut"),
          example: startedExample("event-type.aggregate"),
        },
      },
      problems: [429],
      async handle({ identity }) {
        return reply(
          202,
          startedTask(await aggregateEventTypes(context, identity.environmentSeq, actorOf(identity, ids)), ids),
        );
      },
    }),

    operation({
      id: "v1.statistics.aggregate-app-stats",
      readOnlyAccess: true,
      method: "POST",
      path: "/api/v1/stats/usage/app",
      tag,
      summary: "Report the number of attempts of applications",
      description:
        "Starts a background task. When the task has finished, `data.appStats` has one entry per application; its `messageDestinations` is the number of attempts.",
      access: "environment",
      audited: false,
      body: UsageIn,
      bodyExample: { since: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z" },
      responses: {
        202: {
          description: "The task was started.",
          schema: UsageOut,
          example: { ...startedExample("application.stats"), unresolvedAppIds: [] },
        },
      },
      problems: [429],
      async handle({ identity, body }) {
        const { seqs, unresolved } = await resolve(identity, withoutRepetitions(body.appIds ?? []));
        const wanted = {
          since: parseInstant(body.since)!,
          until: parseInstant(body.until)!,
          applicationSeqs: body.appIds == null ? null : seqs,
        };
        const startedBy = actorOf(identity, ids);
        const task = await aggregateApplicationStatistics(context, identity.environmentSeq, wanted, startedBy);
        return reply(202, { ...startedTask(task, ids), unresolvedAppIds: unresolved });
      },
    }),
  ];
}
