import type { Database } from "bun:sqlite";
import { timeOfSeq } from "../../../core/id.ts";
import type { FailureReason } from "../../../core/outcome.ts";
import { type ApplicationDetail, type DeadReasonCount, detailCountMax, type EndpointState } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { ENDPOINT_STATE } from "../../sql/environment-endpoint.ts";
import type { Bindings } from "../../sql/page.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";

/** Number of rows that are read before other work in the event loop can run. */
const ROWS_AT_ONCE = 2000;
/** The cost of a query that finds nothing, as a number of rows. */
const ROWS_PER_QUERY = 10;
/** Number of endpoints whose states are read together. */
const ENDPOINTS_AT_ONCE = 500;

/** A place in an index: `key` rises, and `seq` distinguishes rows with the same key. */
interface Place {
  readonly key: number;
  readonly seq: number;
}
const START: Place = { key: -1, seq: -1 };

interface Step {
  readonly count: number;
  /** The last row that was counted, or null if there are no more rows. */
  readonly end: Place | null;
}
type Counting = (of: number, after: Place, limit: number) => Step;

/** A place in the dead letters of an endpoint, which are read by reason and time. */
interface DeadPlace {
  readonly reason: string;
  readonly endedAt: number;
  readonly seq: number;
}
const FIRST_DEAD: DeadPlace = { reason: "", endedAt: -1, seq: -1 };

interface DeadStep {
  readonly counts: readonly DeadReasonCount[];
  /** The last row that was counted, or null if there are no more rows. */
  readonly end: DeadPlace | null;
}

interface ListedEndpoint {
  readonly seq: number;
  readonly state: EndpointState;
  readonly isDeleted: number;
}

export function applicationDetail(db: Database, turns: Turns): Survey["applicationDetail"] {
  // The deleted endpoints are included, because their dead letters are.
  const endpoints = db.prepare<ListedEndpoint, [Bindings]>(
    `SELECT e.seq, ${ENDPOINT_STATE} AS state, e.deleted_at IS NOT NULL AS isDeleted
     FROM endpoint e WHERE e.application_seq = $of AND e.seq > $after ORDER BY e.seq LIMIT ${ENDPOINTS_AT_ONCE}`,
  );
  const messages = counting(db, "application_messages WHERE application_seq = $of", "seq");
  const pending = counting(db, `delivery WHERE endpoint_seq = $of AND state = ${STATE.pending}`, "position");
  const dead = deadLetters(db);
  const last = db.prepare<{ seq: number | null }, [number]>(
    "SELECT seq FROM application_messages WHERE application_seq = ? ORDER BY seq DESC LIMIT 1",
  );

  return async (_, applicationSeq) => {
    const spend = turns.budget(ROWS_AT_ONCE);
    const count = async (steps: Counting, of: number, before = 0) => {
      let total = before;
      for (let place: Place | null = START; place !== null && total < detailCountMax; ) {
        const step: Step = steps(of, place, Math.min(ROWS_AT_ONCE, detailCountMax - total));
        total += step.count;
        place = step.end;
        await spend(step.count + ROWS_PER_QUERY);
      }
      return total;
    };

    const states = { healthy: 0, failing: 0, disabled: 0, paused: 0 };
    const reasons = new Map<FailureReason, number>();
    const counts = { pending: 0, dead: 0 };
    const countDead = async (endpointSeq: number) => {
      for (let place: DeadPlace | null = FIRST_DEAD; place !== null && counts.dead < detailCountMax; ) {
        const step: DeadStep = dead(endpointSeq, place, Math.min(ROWS_AT_ONCE, detailCountMax - counts.dead));
        for (const { reason, count } of step.counts) {
          reasons.set(reason, (reasons.get(reason) ?? 0) + count);
          counts.dead += count;
        }
        place = step.end;
        await spend(ROWS_PER_QUERY + step.counts.reduce((sum, { count }) => sum + count, 0));
      }
    };
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: readonly ListedEndpoint[] = endpoints.all({ of: applicationSeq, after });
      await spend(page.length);
      for (const { seq, state, isDeleted } of page) {
        if (!isDeleted) {
          states[state] += 1;
          counts.pending = await count(pending, seq, counts.pending);
        }
        await countDead(seq);
      }
      after = page.length < ENDPOINTS_AT_ONCE ? undefined : page.at(-1)?.seq;
    }
    const lastSeq = last.get(applicationSeq)?.seq ?? null;
    const detail: ApplicationDetail = {
      endpoints: states,
      ...counts,
      deadReasons: [...reasons]
        .map(([reason, count]) => ({ reason, count }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
      messages: await count(messages, applicationSeq),
      lastMessageAt: lastSeq === null ? null : timeOfSeq(lastSeq),
    };
    return detail;
  };
}

/** Returns a function that counts the next `limit` rows of an index. */
function counting(db: Database, rows: string, key: "seq" | "position"): Counting {
  const after = key === "seq" ? "seq > $seq" : `(${key}, seq) > ($key, $seq)`;
  const next = `SELECT ${key} AS key, seq FROM ${rows} AND ${after} ORDER BY ${key}, seq`;
  const counted = db.prepare<{ count: number }, [Bindings]>(`SELECT COUNT(*) AS count FROM (${next} LIMIT $limit)`);
  const last = db.prepare<Place, [Bindings]>(`${next} LIMIT 1 OFFSET $limit - 1`);
  return (of, place, limit) => {
    const bindings = { of, limit, ...(key === "seq" ? { seq: place.seq } : place) };
    const { count } = counted.get(bindings)!;
    // The end is read only if more rows may follow, because reading it passes all rows again.
    return { count, end: count < limit ? null : last.get(bindings) };
  };
}

/** Returns a function that counts the next `limit` dead letters of an endpoint by reason. */
function deadLetters(db: Database): (of: number, after: DeadPlace, limit: number) => DeadStep {
  const next = `SELECT reason, ended_at AS endedAt, seq FROM delivery
    WHERE endpoint_seq = $of AND state = ${STATE.dead} AND (reason, ended_at, seq) > ($reason, $endedAt, $seq)
    ORDER BY reason, ended_at, seq`;
  const counted = db.prepare<DeadReasonCount, [Bindings]>(
    `SELECT reason, COUNT(*) AS count FROM (${next} LIMIT $limit) GROUP BY reason`,
  );
  const last = db.prepare<DeadPlace, [Bindings]>(`${next} LIMIT 1 OFFSET $limit - 1`);
  return (of, after, limit) => {
    const bindings = { of, limit, ...after };
    const counts = counted.all(bindings);
    const count = counts.reduce((sum, one) => sum + one.count, 0);
    return { counts, end: count < limit ? null : last.get(bindings) };
  };
}
