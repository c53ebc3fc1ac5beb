import { type Static, Type } from "@sinclair/typebox";
import {
  bulkReplay,
  previewReplay,
  type ReplayFilter,
  type ReplayWindow,
  recover,
  replayMissing,
} from "../../../commands/replays.ts";
import { parseInstant } from "../../../core/instant.ts";
import { Turns } from "../../../store/turns.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { instantText, nullable, ruled } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { classNumbers, classOfNumber, statusNumbers, statusOfNumber } from "../attempt/svix-numbers.ts";
import { startedExample, startedOut, startedTask } from "../background-task/task.ts";

const EVENT_TYPES_MAX = 250;
const TAG_CHARS_MAX = 128;

const since = instantText("Include messages accepted at or after this instant.");
const until = Type.Optional(nullable(instantText("Include messages accepted before this instant. Defaults to now.")));

const dryRun = Type.Optional(
  Type.Boolean({ default: false, description: "Only return how many messages would be sent." }),
);

export const RecoverIn = field.object("RecoverIn", { since, until, dryRun });
export const ReplayIn = field.object("ReplayIn", { since, until, dryRun });
const BulkReplayIn = field.object("BulkReplayIn", {
  since,
  until,
  dryRun,
  eventTypes: Type.Optional(
    nullable(
      Type.Array(field.eventTypeName, {
        minItems: 1,
        maxItems: EVENT_TYPES_MAX,
        description: "Include only these event types.",
      }),
    ),
  ),
  channel: Type.Optional(nullable(field.channel)),
  tag: Type.Optional(
    nullable(
      Type.String({
        maxLength: TAG_CHARS_MAX,
        pattern: "^[a-zA-Z0-9\\-_./\\\\#]+$",
        description: "Include only messages with this tag.",
      }),
    ),
  ),
  status: Type.Optional(
    nullable(number(statusNumbers, "0 success, 1 pending, 2 fail, 3 sending (waiting for a retry), 4 canceled.")),
  ),
  statusCodeClass: Type.Optional(
    nullable(number(classNumbers, "Class of the latest response status, such as 500; 0 means no response.")),
  ),
});

export const ReplayPreviewOut = field.object("ReplayPreviewOut", {
  count: Type.Integer({ description: "Messages that would be sent." }),
  more: Type.Boolean({
    description: "Whether counting stopped early, so that there may be more: at 10,000 messages found or 100,000 read.",
  }),
});

const preview = {
  description: "With `dryRun`: how many messages would be sent. Nothing was started.",
  schema: ReplayPreviewOut,
  example: { count: 120, more: false },
};

/** Returns the schema of a value that is one of several integers. */
function number(numbers: readonly number[], description: string) {
  const rule = (value: number) => (numbers.includes(value) ? null : `Must be one of: ${numbers.join(", ")}.`);
  return ruled(Type.Integer(), rule, { enum: numbers, description });
}

interface Sent {
  readonly since: string;
  readonly until?: string | null;
}

export function endpointReplayRoutes(context: Context): Operation[] {
  const { ids, lookup } = context;
  const parts = { ...context, turns: new Turns(context.clock) };
  const tag = "Endpoint";
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id";
  const bodyExample = { since: "2026-01-01T00:00:00Z" };

  return [
    operation({
      id: "v1.endpoint.recover",
      method: "POST",
      path: `${path}/recover`,
      tag,
      summary: "Resend failed messages",
      description:
        "Resends messages that were never delivered: dead letters and messages that wait for a retry. Each gets a new retry schedule that begins now. Messages that do not match the endpoint's filter, as it is now, are skipped. The range must not exceed 14 days.",
      access: "application",
      strict: true,
      capability: "CreateAttempts",
      body: RecoverIn,
      bodyExample,
      readOnlyAccess: "dryRun",
      responses: {
        200: preview,
        202: {
          description: "The task was started.",
          schema: startedOut("RecoverOut"),
          example: startedExample("endpoint.recover"),
        },
      },
      problems: [400, 404, 429],
      async handle({ identity, params, body }) {
        const target = await targetOf(identity, params);
        if (body.dryRun) return reply(200, await previewReplay(parts, "endpoint.recover", target, windowOf(body)));
        return reply(202, startedTask(await recover(context, target, windowOf(body)), ids));
      },
    }),

    operation({
      id: "v1.endpoint.replay-missing",
      method: "POST",
      path: `${path}/replay-missing`,
      tag,
      summary: "Send messages that were never sent",
      description:
        "Sends messages that match the endpoint's subscription and filter, as they are now, but were never attempted, because they were accepted before the endpoint was created, while it was disabled, or while it subscribed to something else.",
      access: "application",
      strict: true,
      capability: "CreateAttempts",
      body: ReplayIn,
      bodyExample,
      readOnlyAccess: "dryRun",
      responses: {
        200: preview,
        202: {
          description: "The task was started.",
          schema: startedOut("ReplayOut"),
          example: startedExample("endpoint.replay"),
        },
      },
      problems: [400, 404, 429],
      async handle({ identity, params, body }) {
        const target = await targetOf(identity, params);
        if (body.dryRun) return reply(200, await previewReplay(parts, "endpoint.replay", target, windowOf(body)));
        return reply(202, startedTask(await replayMissing(context, target, windowOf(body)), ids));
      },
    }),

    operation({
      id: "v1.endpoint.bulk-replay",
      method: "POST",
      path: `${path}/bulk-replay`,
      tag,
      summary: "Resend messages",
      description:
        "Resends messages that were attempted, whether or not they were delivered. Skips messages that wait for their first attempt, and those that do not match the endpoint's filter as it is now.",
      access: "application",
      strict: true,
      capability: "CreateAttempts",
      body: BulkReplayIn,
      bodyExample: { ...bodyExample, eventTypes: ["user.signup"], status: 0 },
      readOnlyAccess: "dryRun",
      responses: {
        200: preview,
        202: {
          description: "The task was started.",
          schema: startedOut("ReplayOut"),
          example: startedExample("endpoint.bulk-replay"),
        },
      },
      problems: [400, 404, 429],
      async handle({ identity, params, body }) {
        const target = await targetOf(identity, params);
        if (body.dryRun) {
          return reply(200, await previewReplay(parts, "endpoint.bulk-replay", target, windowOf(body), filterOf(body)));
        }
        const task = await bulkReplay(context, target, windowOf(body), filterOf(body));
        return reply(202, startedTask(task, ids));
      },
    }),
  ];

  async function targetOf(identity: Identity, params: { readonly app_id: string; readonly endpoint_id: string }) {
    const target = await lookup.both(identity, params.app_id, params.endpoint_id);
    return { ...target, startedBy: actorOf(identity, ids) };
  }
}

/** Parses the window. `since` and `until` have already been validated as times. */
function windowOf({ since, until }: Sent): ReplayWindow {
  return { since: parseInstant(since)!, until: until == null ? null : parseInstant(until) };
}

function filterOf(sent: Static<typeof BulkReplayIn>): ReplayFilter {
  const { eventTypes, channel, tag, status, statusCodeClass } = sent;
  return {
    ...(eventTypes != null && { eventTypes }),
    ...(channel != null && { channel }),
    ...(tag != null && { tag }),
    ...(status != null && { status: statusOfNumber(status) }),
    ...(statusCodeClass != null && { responseClass: classOfNumber(statusCodeClass) }),
  };
}
