import type { Database } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { DeadLetterFilter, DeadLetterGroup } from "../index.ts";
import type { Turns } from "../turns.ts";
import { STATE } from "./deliveries.ts";
import { type Bindings, Conditions } from "./page.ts";

/** Number of dead letters that one step reads, whether or not they match. A step takes a few ms. */
const STEP_ROWS = 2000;

const DEAD = `delivery INDEXED BY delivery_dead_message
  WHERE state = ${STATE.dead} AND (message_seq, endpoint_seq) > ($messageSeq, $endpointSeq)`;
const NEXT = `${DEAD} ORDER BY message_seq, endpoint_seq LIMIT`;

/** A place in the index of dead letters. */
interface Place {
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
}

type Row = [endpointSeq: Seq, reason: FailureReason, eventType: string, endedAt: number];
type Group = { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] };

interface KnownEndpoint {
  readonly applicationSeq: Seq;
  readonly environmentSeq: Seq;
  readonly acceptsDeliveries: number;
}

/**
 * Returns a function that counts dead letters in steps. If `isRedrivable` is true, only those that
 * a redrive would make pending. Changes between two steps may or may not be counted.
 *
 * Reads an index in the order of messages, which contains what the groups need except the event
 * type. Neighbouring messages are on the same pages, so reading their event types takes a sixth of
 * the time that it takes in the order of endpoints.
 */
export function deadLetterGroups(db: Database, turns: Turns) {
  const known = db.prepare<KnownEndpoint, [number]>(
    `SELECT e.application_seq AS applicationSeq, a.environment_seq AS environmentSeq,
       e.deleted_at IS NULL AND e.disabled = 0 AND a.deleted_at IS NULL AS acceptsDeliveries
     FROM endpoint e CROSS JOIN application a ON a.seq = e.application_seq WHERE e.seq = ?`,
  );
  const lastOfStep = db.prepare<Place, [Bindings]>(
    `SELECT message_seq AS messageSeq, endpoint_seq AS endpointSeq FROM ${NEXT} 1 OFFSET ${STEP_ROWS - 1}`,
  );

  return async (filter: DeadLetterFilter, isRedrivable: boolean): Promise<DeadLetterGroup[]> => {
    const where = conditions(filter, isRedrivable);
    const step = db.query<Row, [Bindings]>(
      `SELECT d.endpoint_seq, d.reason, m.event_type, d.ended_at
       FROM (SELECT message_seq, endpoint_seq, reason, ended_at FROM ${NEXT} ${STEP_ROWS}) d
         CROSS JOIN message m ON m.seq = d.message_seq WHERE 1${where.sql}`,
    );
    const endpoints = new Map<Seq, KnownEndpoint | null>();
    const applicationOf = (endpointSeq: Seq): Seq | null => {
      const found = endpoints.get(endpointSeq) ?? known.get(endpointSeq);
      endpoints.set(endpointSeq, found);
      if (found === null || found.environmentSeq !== filter.environmentSeq) return null;
      return isRedrivable && found.acceptsDeliveries === 0 ? null : found.applicationSeq;
    };
    const groups = new Map<string, Group | null>();
    // A step has nearly as many groups as rows, so grouping in SQL would take longer.
    const count = ([endpointSeq, reason, eventType, endedAt]: Row) => {
      const key = `${endpointSeq} ${reason} ${eventType}`;
      let group = groups.get(key);
      if (group === undefined) {
        const applicationSeq = applicationOf(endpointSeq);
        const own = { endpointSeq, eventType, reason, count: 0, firstDeadAt: endedAt, lastDeadAt: endedAt };
        group = applicationSeq === null ? null : { applicationSeq, ...own };
        groups.set(key, group);
      }
      if (group === null) return;
      group.count++;
      group.firstDeadAt = Math.min(group.firstDeadAt, endedAt);
      group.lastDeadAt = Math.max(group.lastDeadAt, endedAt);
    };
    for (let place: Place | null = { messageSeq: 0, endpointSeq: 0 }; place !== null; ) {
      if (place.messageSeq > 0) await turns.next();
      for (const row of step.values({ ...where.values, ...place }) as Row[]) count(row);
      place = lastOfStep.get({ ...place });
    }
    return sorted([...groups.values()].filter((group) => group !== null));
  };
}

function conditions(filter: DeadLetterFilter, isRedrivable: boolean): Conditions {
  const where = new Conditions();
  if (filter.applicationSeq !== undefined) {
    where.add("d.endpoint_seq IN (SELECT seq FROM endpoint WHERE application_seq = $applicationSeq)", {
      applicationSeq: filter.applicationSeq,
    });
  }
  if (filter.reason !== undefined) where.add("d.reason = $reason", { reason: filter.reason });
  if (filter.before !== undefined) where.add("d.ended_at < $before", { before: filter.before });
  if (filter.after !== undefined) where.add("d.ended_at > $after", { after: filter.after });
  if (filter.eventTypes !== undefined) where.oneOf("m.event_type", filter.eventTypes);
  if (isRedrivable) where.add("m.payload IS NOT NULL");
  return where;
}

/** Returns the groups, the largest first. */
export function sorted(groups: Iterable<DeadLetterGroup>): DeadLetterGroup[] {
  return [...groups].sort((a, b) => b.count - a.count || b.lastDeadAt - a.lastDeadAt);
}

export function sumOf(before: DeadLetterGroup | undefined, group: DeadLetterGroup): DeadLetterGroup {
  if (before === undefined) return group;
  return {
    ...group,
    count: before.count + group.count,
    firstDeadAt: Math.min(before.firstDeadAt, group.firstDeadAt),
    lastDeadAt: Math.max(before.lastDeadAt, group.lastDeadAt),
  };
}
