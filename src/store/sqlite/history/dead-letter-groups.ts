import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { FailureReason } from "../../../core/outcome.ts";
import type { DeadLetterFilter, DeadLetterGroup } from "../../index.ts";
import { sortedGroups } from "../../sql/dead-letters.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { type Bindings, Conditions } from "../../sql/page.ts";
import type { Turns } from "../../turns.ts";
import { DeadLetterBlocks, type GroupKey } from "./dead-letter-blocks.ts";

/** Number of dead letters that one step reads, whether or not they match. A step takes a few ms. */
const STEP_ROWS = 2000;
/** The cost of looking up an endpoint, as a number of rows. */
const ROWS_PER_ENDPOINT = 10;

type CountGroups = (filter: DeadLetterFilter) => Promise<DeadLetterGroup[]>;
type Group = { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] };

interface KnownEndpoint {
  readonly applicationSeq: Seq;
  readonly environmentSeq: Seq;
  readonly acceptsDeliveries: number;
}

function endpointLookup(db: Database) {
  return db.prepare<KnownEndpoint, [number]>(
    `SELECT e.application_seq AS applicationSeq, a.environment_seq AS environmentSeq,
       e.deleted_at IS NULL AND e.disabled = 0 AND a.deleted_at IS NULL AS acceptsDeliveries
     FROM endpoint e CROSS JOIN application a ON a.seq = e.application_seq WHERE e.seq = ?`,
  );
}

/**
 * Returns a function that counts the dead letters that match a filter without endpoint and ids. They are
 * kept in memory, so only changes are read again. Changes between two steps may or may not be counted.
 */
export function allGroups(db: Database, turns: Turns): CountGroups {
  const known = endpointLookup(db);
  const blocks = new DeadLetterBlocks(db, turns);

  return async (filter) => {
    const matches = matcher(filter);
    const { before = Number.POSITIVE_INFINITY, after = Number.NEGATIVE_INFINITY } = filter;
    // By the number of the group; null for groups that do not match.
    const groups: (Group | null | undefined)[] = [];
    await blocks.read((rows) => {
      for (let at = 0; at < rows.groups.length; at++) {
        const endedAt = rows.endedAts[at]!;
        if (endedAt >= before || endedAt <= after) continue;
        const number = rows.groups[at]!;
        let group = groups[number];
        if (group === undefined) {
          const key = blocks.keyOf(number);
          group = matches(key) ? newGroup(key, 0) : null;
          groups[number] = group;
        }
        if (group !== null) addTo(group, endedAt);
      }
    });
    const spend = turns.budget(STEP_ROWS);
    const endpoints = new Map<Seq, KnownEndpoint | null>();
    const found: DeadLetterGroup[] = [];
    for (const group of groups) {
      if (group == null) continue;
      let endpoint = endpoints.get(group.endpointSeq);
      if (endpoint === undefined) {
        endpoint = known.get(group.endpointSeq);
        endpoints.set(group.endpointSeq, endpoint);
        await spend(ROWS_PER_ENDPOINT);
      }
      if (endpoint?.environmentSeq !== filter.environmentSeq) continue;
      const { applicationSeq } = endpoint;
      if ((filter.applicationSeq ?? applicationSeq) === applicationSeq) found.push({ ...group, applicationSeq });
    }
    return sortedGroups(found);
  };
}

/** Returns a function that tells whether the dead letters of a group match the conditions that concern the group. */
function matcher({ reason, eventTypes }: DeadLetterFilter): (key: GroupKey) => boolean {
  const types = eventTypes === undefined ? null : new Set(eventTypes);
  return (key) => (reason ?? key.reason) === key.reason && (types === null || types.has(key.eventType));
}

const DEAD = `delivery INDEXED BY delivery_dead_message
  WHERE state = ${STATE.dead} AND (message_seq, endpoint_seq) > ($messageSeq, $endpointSeq)`;
const NEXT = `${DEAD} ORDER BY message_seq, endpoint_seq LIMIT`;

/** A place in the index of dead letters. */
interface Place {
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
}

type Row = [endpointSeq: Seq, reason: FailureReason, eventType: string, endedAt: number];

/**
 * Returns a function that counts in steps the dead letters that match and that a redrive would make
 * pending. Changes between two steps may or may not be counted.
 *
 * Reads an index in the order of messages, which contains what the groups need except the event
 * type. Neighbouring messages are on the same pages, so reading their event types takes a sixth of
 * the time that it takes in the order of endpoints.
 */
export function redrivableGroups(db: Database, turns: Turns): CountGroups {
  const known = endpointLookup(db);
  const lastOfStep = db.prepare<Place, [Bindings]>(
    `SELECT message_seq AS messageSeq, endpoint_seq AS endpointSeq FROM ${NEXT} 1 OFFSET ${STEP_ROWS - 1}`,
  );

  return async (filter) => {
    const where = conditions(filter).add("m.payload IS NOT NULL");
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
      return found.acceptsDeliveries === 0 ? null : found.applicationSeq;
    };
    const groups = new Map<string, Group | null>();
    // A step has nearly as many groups as rows, so grouping in SQL would take longer.
    const count = ([endpointSeq, reason, eventType, endedAt]: Row) => {
      const key = `${endpointSeq} ${reason} ${eventType}`;
      let group = groups.get(key);
      if (group === undefined) {
        const applicationSeq = applicationOf(endpointSeq);
        group = applicationSeq === null ? null : newGroup({ endpointSeq, reason, eventType }, applicationSeq);
        groups.set(key, group);
      }
      if (group !== null) addTo(group, endedAt);
    };
    for (let place: Place | null = { messageSeq: 0, endpointSeq: 0 }; place !== null; ) {
      if (place.messageSeq > 0) await turns.next();
      for (const row of step.values({ ...where.values, ...place }) as Row[]) count(row);
      place = lastOfStep.get({ ...place });
    }
    return sortedGroups([...groups.values()].filter((group) => group !== null));
  };
}

function conditions(filter: DeadLetterFilter): Conditions {
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
  return where;
}

function newGroup({ endpointSeq, reason, eventType }: GroupKey, applicationSeq: Seq): Group {
  const none = { count: 0, firstDeadAt: Number.POSITIVE_INFINITY, lastDeadAt: Number.NEGATIVE_INFINITY };
  return { applicationSeq, endpointSeq, eventType, reason, ...none };
}

function addTo(group: Group, endedAt: number): void {
  group.count++;
  if (endedAt < group.firstDeadAt) group.firstDeadAt = endedAt;
  if (endedAt > group.lastDeadAt) group.lastDeadAt = endedAt;
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
