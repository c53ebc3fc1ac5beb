/** Dead letters as the API shows them, and the filters by which they are chosen. */
import { Type } from "@sinclair/typebox";
import type { IdCodec, Seq } from "../../../core/id.ts";
import { formatInstant, parseInstant } from "../../../core/instant.ts";
import { type FailureReason, failureReasons } from "../../../core/outcome.ts";
import { invalid, notFound } from "../../../core/problem.ts";
import type { DeadLetter, DeadLetterFilter, DeadLetterGroup } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { windowOf, windowQuery } from "../../http/paging.ts";
import { choice, instantText, nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/auth.ts";
import { attemptExample, attemptOut, MessageAttemptOut, reasonOut } from "../attempt/fields.ts";

const EVENT_TYPES_MAX = 250;
const IDS_MAX = 1000;

const reason = choice(failureReasons, { description: "Only those that died of this." });
const eventTypes = Type.Array(field.eventTypeName, {
  minItems: 1,
  maxItems: EVENT_TYPES_MAX,
  description: "Only these event types.",
});
const dlvIds = Type.Array(Type.String(), { minItems: 1, maxItems: IDS_MAX, description: "Only these dead letters." });

/** Filters of a list within one application. */
export const deadLetterQuery = {
  endpoint_id: Type.Optional(Type.String({ description: "Only those of this endpoint." })),
  event_types: Type.Optional(eventTypes),
  reason: Type.Optional(reason),
  ...windowQuery,
};

/** Filters over a whole environment. */
export const environmentDeadLetterQuery = {
  app_id: Type.Optional(Type.String({ description: "Only those of this application." })),
  ...deadLetterQuery,
  ids: Type.Optional(dlvIds),
};

/** The same filters in a body. An empty one is no filter, and must not be taken for one that lets everything through. */
export const DeadLetterFilterIn = field.object("DeadLetterFilter", {
  appId: Type.Optional(Type.String({ minLength: 1, description: "Id or uid of an application." })),
  endpointId: Type.Optional(
    Type.String({ minLength: 1, description: "Id of an endpoint; with `appId` its uid as well." }),
  ),
  eventTypes: Type.Optional(eventTypes),
  reason: Type.Optional(reason),
  before: Type.Optional(instantText("Only those that died before this instant.")),
  after: Type.Optional(instantText("Only those that died after this instant.")),
  ids: Type.Optional(dlvIds),
});

/** What both forms of a filter say. */
export interface SentFilter {
  readonly appId?: string | undefined;
  readonly endpointId?: string | undefined;
  readonly eventTypes?: readonly string[] | undefined;
  readonly reason?: FailureReason | undefined;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly ids?: readonly string[] | undefined;
}

/** Finds what a filter names. Applications and endpoints that the caller cannot see are 404. */
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
 * Deleted endpoints count as well: their dead letters are still there. That an id belongs to another environment needs
 * no check here, the store keeps to the environment of the filter.
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

export const DeadLetterOut = field.object("DeadLetterOut", {
  id: field.idOut("dlv_"),
  appId: field.idOut("app_"),
  msgId: field.idOut("msg_"),
  eventId: nullable(Type.String()),
  eventType: Type.String(),
  endpointId: field.idOut("ep_"),
  url: Type.String(),
  reason: reasonOut,
  attempts: Type.Integer({ description: "Attempts made, over all rounds." }),
  lastAttempt: nullable(MessageAttemptOut),
  deadAt: field.instantOut,
});

export const deadLetterExample = {
  id: "dlv_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  msgId: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  eventId: null,
  eventType: "user.signup",
  endpointId: "ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  url: "https://example.com/webhook",
  reason: "status_5xx",
  attempts: 8,
  lastAttempt: { ...attemptExample, status: 2, statusText: "fail", responseStatusCode: 500, reason: "status_5xx" },
  deadAt: "2026-01-01T00:00:00.000Z",
};

export function deadLetterOut(letter: DeadLetter, ids: IdCodec) {
  return {
    id: ids.encode("dlv_", letter.seq),
    appId: ids.encode("app_", letter.applicationSeq),
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
  endpointId: field.idOut("ep_"),
  eventType: Type.String(),
  reason: reasonOut,
  count: Type.Integer(),
  firstDeadAt: field.instantOut,
  lastDeadAt: field.instantOut,
});

export const groupExample = {
  appId: deadLetterExample.appId,
  endpointId: deadLetterExample.endpointId,
  eventType: "user.signup",
  reason: "status_5xx",
  count: 17,
  firstDeadAt: "2026-01-01T00:00:00.000Z",
  lastDeadAt: "2026-01-01T01:00:00.000Z",
};

export function groupOut(group: DeadLetterGroup, ids: IdCodec) {
  return {
    appId: ids.encode("app_", group.applicationSeq),
    endpointId: ids.encode("ep_", group.endpointSeq),
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
