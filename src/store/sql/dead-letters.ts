import type { FailureReason } from "../../core/outcome.ts";
import type { Attempt, DeadLetter, DeadLetterFilter, DeadLetterGroup } from "../index.ts";
import { Conditions } from "./page.ts";

/**
 * Holds if the payload exists and the endpoint accepts deliveries. A paused endpoint receives its
 * deliveries later. A disabled endpoint is excluded, because its deliveries would become dead again
 * and lose their reason.
 */
export const CAN_BE_REDRIVEN =
  "e.deleted_at IS NULL AND e.disabled = 0 AND a.deleted_at IS NULL AND m.payload IS NOT NULL";

/**
 * Returns the conditions of a filter on the dead letter `d`, its endpoint `e`, application `a` and
 * message `m`. The `before` and `after` of the filter refer to `deadAt`.
 */
export function deadLetterConditions(filter: DeadLetterFilter): Conditions {
  const where = new Conditions().add("a.environment_seq = $environmentSeq", { environmentSeq: filter.environmentSeq });
  if (filter.applicationSeq !== undefined) {
    where.add("e.application_seq = $applicationSeq", { applicationSeq: filter.applicationSeq });
  }
  if (filter.endpointSeq !== undefined) where.add("d.endpoint_seq = $endpointSeq", { endpointSeq: filter.endpointSeq });
  if (filter.eventTypes !== undefined) where.oneOf("m.event_type", filter.eventTypes);
  if (filter.reason !== undefined) where.add("d.reason = $reason", { reason: filter.reason });
  if (filter.deliverySeqs !== undefined) where.oneOf("d.seq", filter.deliverySeqs);
  if (filter.before !== undefined) where.add("d.ended_at < $before", { before: filter.before });
  if (filter.after !== undefined) where.add("d.ended_at > $after", { after: filter.after });
  return where;
}

export const DEAD_LETTER_COLUMNS = `d.seq, e.application_seq AS "applicationSeq", a.source_seq AS "sourceSeq",
  d.message_seq AS "messageSeq", m.event_id AS "eventId", m.event_type AS "eventType", d.endpoint_seq AS "endpointSeq",
  e.url, d.reason, d.attempts_total AS attempts, d.ended_at AS "deadAt"`;

export type DeadLetterRow = Omit<DeadLetter, "lastAttempt" | "reason"> & { reason: string };

export function toDeadLetter(row: DeadLetterRow, lastAttempt: Attempt | null): DeadLetter {
  return { ...row, reason: row.reason as FailureReason, lastAttempt };
}

/** The columns of a group of dead letters. */
export const DEAD_LETTER_GROUP_COLUMNS = `e.application_seq AS "applicationSeq", d.endpoint_seq AS "endpointSeq",
  m.event_type AS "eventType", d.reason, COUNT(*) AS count, MIN(d.ended_at) AS "firstDeadAt", MAX(d.ended_at) AS "lastDeadAt"`;

/** Returns the groups, the largest first. */
export function sortedGroups(groups: Iterable<DeadLetterGroup>): DeadLetterGroup[] {
  return [...groups].sort((a, b) => b.count - a.count || b.lastDeadAt - a.lastDeadAt);
}
