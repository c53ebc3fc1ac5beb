import { Type } from "@sinclair/typebox";
import { dropDeadLetters, redrive, startDrop } from "../../../commands/dead-letters.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { DeadLetterFilter, DeadLetterGroup } from "../../../store/index.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { namesOf } from "../../http/names.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, pageQuery, pageRequest } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/identity.ts";
import { TaskOut, taskExample, taskOut } from "../background-task/task.ts";
import {
  checkSelection,
  DeadLetterFilterIn,
  DeadLetterGroupOut,
  DeadLetterOut,
  deadLetterExample,
  deadLetterOut,
  deadLetterQuery,
  dropQuery,
  environmentDeadLetterQuery,
  filterOfBody,
  filterOfQuery,
  groupExample,
  groupOut,
  resolveFilter,
  totalOf,
} from "./fields.ts";

const RATE_DEFAULT = 50;
const RATE_MAX = 10_000;
/** Maximum number of groups in a response. The total counts all groups. */
const GROUPS_MAX = 1000;

const RedriveIn = field.object("DeadLetterRedriveIn", {
  filter: DeadLetterFilterIn,
  rate: Type.Optional(
    Type.Integer({ minimum: 1, maximum: RATE_MAX, default: RATE_DEFAULT, description: "Dead letters per second." }),
  ),
  dryRun: Type.Optional(Type.Boolean({ default: false, description: "Only return what would be sent." })),
});

const groups = Type.Array(DeadLetterGroupOut, { description: `Largest first, at most ${GROUPS_MAX} groups.` });
const groupsTotal = Type.Integer({ description: "Number of groups, also of those beyond the limit." });
export const SummaryOut = field.object("DeadLetterSummaryOut", {
  total: Type.Integer({ description: "Number of dead letters, also of those in groups beyond the limit." }),
  groupsTotal,
  groups: Type.Array(DeadLetterGroupOut, { description: "Largest first, at most `limit` groups." }),
});
const DropIn = field.object("DeadLetterDropIn", {
  filter: DeadLetterFilterIn,
  dryRun: Type.Optional(Type.Boolean({ default: false, description: "Only return what would be dropped." })),
});
export const DryRunOut = field.object("DeadLetterDryRunOut", {
  count: Type.Integer(),
  before: {
    ...field.instantOut,
    description:
      "Only deliveries that failed for good before this instant are counted. Use it as `before` of the filter to affect nothing that was not counted.",
  },
  groups,
});
const dryRun = (what: string) => ({
  description: `Dry run: what would be ${what}.`,
  schema: DryRunOut,
  example: { count: 17, before: "2026-01-01T02:00:00.000Z", groups: [groupExample] },
});
const startedTask = { description: "The task was started.", schema: TaskOut, example: taskExample };
const CountOut = field.object("CountOut", { count: Type.Integer() });

const page = {
  200: {
    description: "A page of dead letters.",
    schema: field.listOf("DeadLetterOut", DeadLetterOut),
    example: {
      data: [deadLetterExample],
      iterator: deadLetterExample.id,
      prevIterator: `-${deadLetterExample.id}`,
      done: true,
    },
  },
};

type CountGroups = (filter: DeadLetterFilter) => Promise<readonly DeadLetterGroup[]>;

export function deadLetterRoutes(context: Context): Operation[] {
  const { store, ids } = context;
  const tag = "Dead letter";
  const path = "/api/v1/dead-letter";

  async function list(filter: DeadLetterFilter, query: Parameters<typeof pageRequest>[0]) {
    const rows = await store.history.deadLetters.list(filter, pageRequest(query, ids, "dlv_"));
    const names = await namesOf(store, filter.environmentSeq, rows.rows);
    return reply(
      200,
      listed(
        rows,
        ({ seq }) => ids.encode("dlv_", seq),
        (letter) => deadLetterOut(letter, ids, names),
      ),
    );
  }

  return [
    operation({
      id: "dead-letter.list-by-application",
      method: "GET",
      path: "/api/v1/app/:app_id/dead-letter",
      tag,
      summary: "List the dead letters of an application",
      description: "Deliveries that failed for good, newest first.",
      access: "application",
      query: Type.Object({ ...pageQuery, ...deadLetterQuery }),
      responses: page,
      problems: [404],
      async handle({ identity, params, query }) {
        const filter = filterOfQuery({ ...query, app_id: params.app_id });
        return list(await resolveFilter(context, identity, filter), query);
      },
    }),

    operation({
      id: "dead-letter.list",
      method: "GET",
      path,
      tag,
      summary: "List dead letters",
      description: "Deliveries that failed for good, newest first.",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...environmentDeadLetterQuery }),
      responses: page,
      problems: [404],
      async handle({ identity, query }) {
        return list(await resolveFilter(context, identity, filterOfQuery(query)), query);
      },
    }),

    operation({
      id: "dead-letter.summary",
      method: "GET",
      path: `${path}/summary`,
      tag,
      summary: "Count dead letters by application, endpoint, event type and reason",
      description: "Counts all dead letters, including those that cannot be redriven.",
      access: "environment",
      query: Type.Object({
        ...environmentDeadLetterQuery,
        limit: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: GROUPS_MAX,
            default: GROUPS_MAX,
            description: "Maximum number of groups in the response.",
          }),
        ),
      }),
      responses: {
        200: {
          description: "The counts.",
          schema: SummaryOut,
          example: { total: 17, groupsTotal: 1, groups: [groupExample] },
        },
      },
      problems: [404],
      async handle({ identity, query }) {
        const found = await store.history.deadLetters.groups(
          await resolveFilter(context, identity, filterOfQuery(query)),
        );
        return reply(200, {
          total: totalOf(found),
          groupsTotal: found.length,
          groups: await groupsOut(identity, found, query.limit),
        });
      },
    }),

    operation({
      id: "dead-letter.redrive",
      readOnlyAccess: "dryRun",
      method: "POST",
      path: `${path}/redrive`,
      tag,
      summary: "Redrive dead letters",
      description:
        'Sends dead letters again at a steady rate, each with a new retry schedule. The filter `{"all": true}` matches everything. Unknown keys are refused. Skips dead letters whose endpoint is deleted or disabled or whose payload is no longer stored; a dry run does not count them. A paused endpoint receives them when it is resumed.',
      access: "environment",
      strict: true,
      body: RedriveIn,
      bodyExample: { filter: { reason: "status_5xx" }, rate: 50, dryRun: true },
      responses: {
        200: dryRun("sent"),
        202: startedTask,
      },
      problems: [404, 429],
      async handle({ identity, body }) {
        checkSelection(body.filter, ["body", "filter"]);
        const filter = await resolveFilter(context, identity, filterOfBody(body.filter));
        if (body.dryRun) return preview(identity, filter, store.history.deadLetters.redrivable);
        const task = await redrive(context, filter, body.rate ?? RATE_DEFAULT, actorOf(identity, ids));
        return reply(202, await taskOut(task, context));
      },
    }),

    operation({
      id: "dead-letter.drop",
      readOnlyAccess: "dryRun",
      method: "POST",
      path: `${path}/drop`,
      tag,
      summary: "Drop dead letters in the background",
      description:
        'Starts a task that cancels the deliveries that match, so that they are no longer dead letters. Their messages stay. The task can be cancelled. The filter `{"all": true}` matches everything. Unknown keys are refused.',
      access: "environment",
      strict: true,
      body: DropIn,
      bodyExample: { filter: { reason: "status_4xx" }, dryRun: true },
      responses: { 200: dryRun("dropped"), 202: startedTask },
      problems: [404, 429],
      async handle({ identity, body }) {
        checkSelection(body.filter, ["body", "filter"]);
        const filter = await resolveFilter(context, identity, filterOfBody(body.filter));
        if (body.dryRun) return preview(identity, filter, store.history.deadLetters.groups);
        return reply(202, await taskOut(await startDrop(context, filter, actorOf(identity, ids)), context));
      },
    }),

    operation({
      id: "dead-letter.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Drop dead letters",
      description:
        "Cancels the deliveries that match, so that they are no longer dead letters. Their messages stay. At least one filter is required; `all=true` drops everything. Unknown parameters are refused.",
      access: "environment",
      strict: true,
      query: Type.Object(dropQuery),
      responses: {
        200: { description: "The number of dropped dead letters.", schema: CountOut, example: { count: 17 } },
      },
      problems: [404],
      async handle({ identity, query }) {
        checkSelection(query, ["query"]);
        const filter = await resolveFilter(context, identity, filterOfQuery(query));
        return reply(200, { count: await dropDeadLetters(context, filter) });
      },
    }),
  ];

  /** Counts what matches now, and says until when. */
  async function preview(identity: Identity, filter: DeadLetterFilter, count: CountGroups) {
    const before = Math.min(filter.before ?? Number.MAX_SAFE_INTEGER, context.clock.now());
    const found = await count({ ...filter, before });
    const body = { count: totalOf(found), before: formatInstant(before), groups: await groupsOut(identity, found) };
    return { ...reply(200, body), changed: null };
  }

  async function groupsOut({ environmentSeq }: Identity, found: readonly DeadLetterGroup[], limit = GROUPS_MAX) {
    const shown = found.slice(0, limit);
    const names = await namesOf(store, environmentSeq, shown);
    return shown.map((group) => groupOut(group, ids, names));
  }
}
