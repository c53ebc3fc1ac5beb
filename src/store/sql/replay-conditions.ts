import type { Replayable, ReplayOrder } from "../index.ts";
import { addResponseClass } from "./attempt-filter.ts";
import type { DeliveryAttempts } from "./delivery-attempts.ts";
import { STATE, STATE_NAMES, TRIGGER } from "./delivery-row.ts";
import { Conditions } from "./page.ts";
import { parsedOrNull } from "./rows.ts";

/** The columns of the next messages of an application. `kept` states whether the payload exists. */
export const NEXT_MESSAGE_COLUMNS = "seq, event_type, channels, tags, deliver_at, payload IS NOT NULL AS kept";

/**
 * The delivery ended before the request. If it ended later than now, the clock has been set back
 * since, so it ended before the request too.
 */
const ENDED_BEFORE = "(d.ended_at <= $askedAt OR d.ended_at > $now)";
/** The message was not scheduled, or was due at the request and is due now. */
const DUE = "(m.deliver_at IS NULL OR m.deliver_at <= $dueUntil)";

/**
 * A delivery that has just been resent matches none of these conditions, so repeating a step sends
 * nothing twice.
 */
const WHICH: Readonly<Record<ReplayOrder["which"], (attempts: DeliveryAttempts) => string>> = {
  failed: ({ hasSucceeded }) =>
    `((d.state = ${STATE.dead} AND ${ENDED_BEFORE}) OR (d.state = ${STATE.pending} AND d.attempts > 0)) AND NOT ${hasSucceeded}`,
  missing: () => `(d.seq IS NULL OR (d.state = ${STATE.dead} AND d.attempts_total = 0 AND ${ENDED_BEFORE}))
    AND ${DUE}`,
  sent: () => `((d.state <> ${STATE.pending} AND ${ENDED_BEFORE}) OR (d.state = ${STATE.pending} AND d.attempts > 0))`,
};

const SENT_WITH: Readonly<Record<NonNullable<ReplayOrder["status"]>, string>> = {
  delivered: `d.state = ${STATE.delivered} AND ${ENDED_BEFORE}`,
  waiting: `d.state = ${STATE.pending} AND d.attempts_total = 0 AND d.trigger = ${TRIGGER.schedule} AND ${DUE}`,
  failed: `d.state = ${STATE.dead} AND ${ENDED_BEFORE}`,
  retrying: `d.state = ${STATE.pending} AND d.attempts > 0`,
  cancelled: `d.state = ${STATE.cancelled} AND ${ENDED_BEFORE}`,
};

/** Returns the conditions of a replay on the message `m` and its delivery `d`, but not those of the message filter. */
export function replayConditions(
  { which, status, responseClass, askedAt, now }: ReplayOrder,
  attempts: DeliveryAttempts,
): Conditions {
  const where = new Conditions().add("m.kept");
  const times = { askedAt, now, dueUntil: Math.min(askedAt, now) };
  where.add(which === "sent" && status !== undefined ? SENT_WITH[status] : WHICH[which](attempts), times);
  addResponseClass(where, attempts.latestStatus, responseClass);
  return where;
}

/** The columns of `ReplayableRow`. */
export const REPLAYABLE_COLUMNS = `m.seq AS "messageSeq", m.event_type AS "eventType", m.channels, d.seq, d.state, d.round`;

export interface ReplayableRow {
  messageSeq: number;
  eventType: string;
  channels: string | null;
  seq: number | null;
  state: number;
  round: number;
}

export function toReplayable({ messageSeq, eventType, channels, seq, state, round }: ReplayableRow): Replayable {
  const delivery = seq === null ? null : { seq, state: STATE_NAMES[state]!, round };
  return { messageSeq, eventType, channels: parsedOrNull<string[]>(channels), delivery };
}
