/** Dead letters in responses, and the filters for them. */
import { Type } from "@sinclair/typebox";
import type { IdCodec, Seq } from "../../../core/id.ts";
import { formatInstant, parseInstant } from "../../../core/instant.ts";
import { type FailureReason, failureReasons } from "../../../core/outcome.ts";
import { invalid, notFound } from "../../../core/problem.ts";
import type { DeadLetter, DeadLetterFilter, DeadLetterGroup } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import type { Names } from "../../http/names.ts";
import { windowOf, windowQuery } from "../../http/paging.ts";
import { choice, instantText, nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/auth.ts";
import { attemptExample, attemptOut, MessageAttemptOut, reasonOut } from "../attempt/fields.ts";

const EVENT_TYPES_MAX = 250;
const IDS_MAX = 1000;

const reason = choice(failureReasons, { description: "Include only dead letters with this reason." });
const eventTypes = Type.Array(field.eventTypeName, {
  minItems: 1,
  maxItems: EVENT_TYPES_MAX,
  description: "Include only these event types.",
});
const dlvIds = Type.Array(Type.String(), {
  minItems: 1,
  maxItems: IDS_MAX,
  description: "Include only these dead letters.",
});

/** Query parameters that filter an application's dead letters. */
export const deadLetterQuery = {
  endpoint_id: Type.Optional(Type.String({ description: "Include only dead letters of this endpoint." })),
  event_types: Type.Optional(eventTypes),
  reason: Type.Optional(reason),
  ...windowQuery,
};

/** Query parameters that filter an environment's dead letters. */
export const environmentDeadLetterQuery = {
  app_id: Type.Optional(Type.String({ description: "Include only dead letters of this application." })),
  ...deadLetterQuery,
  ids: Type.Optional(dlvIds),
};

const all = Type.Optional(
  Type.Boolean({ description: "True matches all dead letters. Cannot be combined with other filters." }),
);

/** Query parameters that select the dead letters to drop. */
export const dropQuery = { all, ...environmentDeadLetterQuery };

/**
 * The filters of `dropQuery` as fields of a body. Their values must not be empty, because an empty
 * filter would match everything.
 */
export const DeadLetterFilterIn = field.object("DeadLetterFilter", {
  all,
  appId: Type.Optional(Type.String({ minLength: 1, description: "Id or uid of an application." })),
  endpointId: Type.Optional(
    Type.String({ minLength: 1, description: "Id of an endpoint, or its uid if `appId` is set." }),
  ),
  eventTypes: Type.Optional(eventTypes),
  reason: Type.Optional(reason),
  before: Type.Optional(instantText("Include only deliveries that failed for good before this instant.")),
  after: Type.Optional(instantText("Include only deliveries that failed for good after this instant.")),
  ids: Type.Optional(dlvIds),
});

/**
 * Throws 422 unless the filter of a bulk operation states what it matches: either `all` or at least
 * one other filter. A filter that is empty by mistake must not match everything.
 */
export function checkSelection(
  { all = false, ...others }: object & { readonly all?: boolean },
  loc: readonly string[],
): void {
  const hasOthers = Object.values(others).some((value) => value !== undefined);
  if (all && hasOthers) throw invalid([...loc, "all"], "Cannot be combined with other filters.");
  if (!all && !hasOthers) throw invalid([...loc], "Set at least one filter, or all to match everything.");
}

/** A filter from a query or a body. */
export interface SentFilter {
  readonly appId?: string | undefined;
  readonly endpointId?: string | undefined;
  readonly eventTypes?: readonly string[] | undefined;
  readonly reason?: FailureReason | undefined;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly ids?: readonly string[] | undefined;
}

/**
 * Resolves the ids and uids in a filter. Throws 404 for applications and endpoints that the caller
 * cannot see.
 */
export async function resolveFilter(
  context: Context,
  identity: Identity,
  { sent, loc }: { readonly sent: SentFilter; readonly loc: readonly string[] },
): Promise<DeadLetterFilter> {
  const applicationSeq = sent.appId === undefined ? null : (await context.lookup.application(identity, sent.appId)).seq;
  const endpointSeq = sent.endpointId === undefined ? null : await endpointOf(context, sent.endpointId, applicationSeq);
  return {
    environmentSeq: identity.environmentSeq,
    ...(applicationSeq !== null && { applicationSeq }),
    ...(endpointSeq !== null && { endpointSeq }),
    ...(sent.eventTypes !== undefined && { eventTypes: sent.eventTypes }),
    ...(sent.reason !== undefined && { reason: sent.reason }),
    ...windowOf({
      ...(sent.before !== undefined && { before: sent.before }),
      ...(sent.after !== undefined && { after: sent.after }),
    }),
    ...(sent.ids !== undefined && { deliverySeqs: sent.ids.map((id) => deadLetterSeq(context.ids, id, loc)) }),
  };
}

/**
 * Finds an endpoint, including deleted ones, because their dead letters still exist. Ids from other
 * environments need no check, because the filter contains the environment.
 */
async function endpointOf({ ids, store }: Context, text: string, applicationSeq: Seq | null): Promise<Seq> {
  const seq = ids.decode("ep_", text);
  if (seq !== null) return seq;
  const endpoint =
    applicationSeq === null ? null : await store.configuration.endpoints.find(applicationSeq, { uid: text });
  if (endpoint === null) throw notFound("Endpoint not found");
  return endpoint.seq;
}

function deadLetterSeq(ids: IdCodec, text: string, loc: readonly string[]): Seq {
  const seq = ids.decode("dlv_", text);
  if (seq === null) throw invalid([...loc, "ids"], "Must be ids of dead letters (dlv_…).");
  return seq;
}

export function filterOfQuery(query: {
  readonly app_id?: string;
  readonly endpoint_id?: string;
  readonly event_types?: readonly string[];
  readonly reason?: FailureReason;
  readonly before?: number;
  readonly after?: number;
  readonly ids?: readonly string[];
}) {
  const { app_id: appId, endpoint_id: endpointId, event_types: eventTypes, ...rest } = query;
  const { reason, before, after, ids } = rest;
  return { sent: { appId, endpointId, eventTypes, reason, before, after, ids }, loc: ["query"] };
}

export function filterOfBody({
  before,
  after,
  ...rest
}: Omit<SentFilter, "before" | "after"> & { readonly before?: string; readonly after?: string }) {
  return { sent: { ...rest, before: instantOf(before), after: instantOf(after) }, loc: ["body", "filter"] };
}

function instantOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : (parseInstant(text) ?? undefined);
}

const names = {
  appName: Type.String({ description: "Name of the application, also if it was deleted." }),
  endpointDescription: Type.String(),
  endpointDeleted: Type.Boolean({ description: "Whether the endpoint or its application was deleted." }),
};

export const DeadLetterOut = field.object("DeadLetterOut", {
  id: field.idOut("dlv_"),
  appId: field.idOut("app_"),
  ...names,
  sourceId: Type.Optional(
    Type.String({ description: "The source that received the message; absent for messages sent through the API." }),
  ),
  msgId: field.idOut("msg_"),
  eventId: nullable(Type.String()),
  eventType: Type.String(),
  endpointId: field.idOut("ep_"),
  url: Type.String(),
  reason: reasonOut,
  attempts: Type.Integer({ description: "Number of attempts, including those before a redrive or resend." }),
  lastAttempt: nullable(MessageAttemptOut),
  deadAt: field.instantOut,
});

const nameExample = { appName: "Customer 17", endpointDescription: "Billing", endpointDeleted: false };

export const deadLetterExample = {
  id: "dlv_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  msgId: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  ...nameExample,
  eventId: null,
  eventType: "user.signup",
  endpointId: "ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  url: "https://example.com/webhook",
  reason: "status_5xx",
  attempts: 8,
  lastAttempt: { ...attemptExample, status: 2, statusText: "fail", responseStatusCode: 500, reason: "status_5xx" },
  deadAt: "2026-01-01T00:00:00.000Z",
};

function namesOut(
  { applicationSeq, endpointSeq }: Pick<DeadLetter, "applicationSeq" | "endpointSeq">,
  { applications, endpoints }: Names,
) {
  const endpoint = endpoints.get(endpointSeq);
  return {
    appName: applications.get(applicationSeq)?.name ?? "",
    endpointDescription: endpoint?.description ?? "",
    endpointDeleted: endpoint?.isDeleted ?? true,
  };
}

export function deadLetterOut(letter: DeadLetter, ids: IdCodec, found: Names) {
  return {
    id: ids.encode("dlv_", letter.seq),
    appId: ids.encode("app_", letter.applicationSeq),
    ...namesOut(letter, found),
    ...(letter.sourceSeq !== null && { sourceId: ids.encode("src_", letter.sourceSeq) }),
    msgId: ids.encode("msg_", letter.messageSeq),
    eventId: letter.eventId,
    eventType: letter.eventType,
    endpointId: ids.encode("ep_", letter.endpointSeq),
    url: letter.url,
    reason: letter.reason,
    attempts: letter.attempts,
    lastAttempt: letter.lastAttempt === null ? null : attemptOut(letter.lastAttempt, ids, true),
    deadAt: formatInstant(letter.deadAt),
  };
}

export const DeadLetterGroupOut = field.object("DeadLetterGroupOut", {
  appId: field.idOut("app_"),
  ...names,
  endpointId: field.idOut("ep_"),
  url: Type.String({ description: "URL of the endpoint, with its password masked." }),
  eventType: Type.String(),
  reason: reasonOut,
  count: Type.Integer(),
  firstDeadAt: field.instantOut,
  lastDeadAt: field.instantOut,
});

export const groupExample = {
  appId: deadLetterExample.appId,
  ...nameExample,
  ...{ endpointId: deadLetterExample.endpointId, url: deadLetterExample.url },
  eventType: "user.signup",
  reason: "status_5xx",
  count: 17,
  firstDeadAt: "2026-01-01T00:00:00.000Z",
  lastDeadAt: "2026-01-01T01:00:00.000Z",
};

export function groupOut(group: DeadLetterGroup, ids: IdCodec, found: Names) {
  return {
    appId: ids.encode("app_", group.applicationSeq),
    ...namesOut(group, found),
    endpointId: ids.encode("ep_", group.endpointSeq),
    url: found.endpoints.get(group.endpointSeq)?.url ?? "",
    eventType: group.eventType,
    reason: group.reason,
    count: group.count,
    firstDeadAt: formatInstant(group.firstDeadAt),
    lastDeadAt: formatInstant(group.lastDeadAt),
  };
}

export function totalOf(groups: readonly DeadLetterGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}
