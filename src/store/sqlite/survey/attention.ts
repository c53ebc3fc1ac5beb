import type { Database } from "bun:sqlite";
import type { FailureReason } from "../../../core/outcome.ts";
import {
  type Attention,
  type AttentionEndpoint,
  attentionPendingMax,
  type DeadReason,
  type DisabledCause,
  deadReasonCountMax,
  type EndpointState,
} from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { ENDPOINT_STATE } from "../../sql/environment-endpoint.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";
import { refusingSources } from "./refusing-sources.ts";

/** Number of endpoints that one step reads. */
const STEP_ROWS = 500;
/** Work per step before other tasks may run: one unit per dead letter, or per endpoint without any. */
const COST_MAX = 2000;

interface Row {
  readonly seq: number;
  readonly state: EndpointState;
  readonly since: number | null;
  readonly cause: DisabledCause | null;
  readonly unverifiedSince: number | null;
}

type Troubled = Row & Pick<AttentionEndpoint, "state">;

interface Details {
  readonly url: string;
  readonly applicationSeq: number;
  readonly name: string;
  readonly uid: string | null;
  readonly sourceSeq: number | null;
}

export function attention(db: Database, turns: Turns): Survey["attention"] {
  const rowsOf = stepsOf(db, turns);
  const countDead = deadReasons(db);
  const detailsOf = db.prepare<Details, [number]>(
    `SELECT e.url, a.seq AS applicationSeq, a.name, a.uid, a.source_seq AS sourceSeq
     FROM endpoint e CROSS JOIN application a ON a.seq = e.application_seq WHERE e.seq = ?`,
  );
  const latestFailure = db.prepare<{ reason: FailureReason }, [number]>(
    "SELECT reason FROM attempt WHERE endpoint_seq = ? AND reason IS NOT NULL ORDER BY seq DESC LIMIT 1",
  );
  const pending = `FROM delivery INDEXED BY delivery_lane WHERE endpoint_seq = ? AND state = ${STATE.pending}`;
  const hasPending = db.prepare<{ found: number }, [number]>(`SELECT 1 AS found ${pending} LIMIT 1`);
  const pendingOf = db.prepare<{ count: number }, [number]>(
    `SELECT COUNT(*) AS count FROM (SELECT 1 ${pending} LIMIT ${attentionPendingMax})`,
  );
  const refusing = refusingSources(db, turns);
  const toEndpoint = ({ seq, state, since, cause, unverifiedSince }: Troubled): AttentionEndpoint[] => {
    const details = detailsOf.get(seq);
    if (details === null) return [];
    const { url, applicationSeq, ...application } = details;
    const reason = state === "failing" ? (latestFailure.get(seq)?.reason ?? null) : null;
    const pending = state === "paused" ? pendingOf.get(seq)!.count : null;
    const named = {
      seq,
      url,
      application: { seq: applicationSeq, ...application },
      state,
      since,
      cause,
      reason,
      pending,
    };
    return [unverifiedSince === null ? named : { ...named, unverifiedSince }];
  };

  return async (environmentSeq, limit, unverifiedBefore = Number.POSITIVE_INFINITY) => {
    const found: Troubled[] = [];
    let pausedWaiting = 0;
    const counts = { healthy: 0, failing: 0, disabled: 0, paused: 0 };
    const dead = new Map<FailureReason, DeadReason>();
    let cost = 0;
    await rowsOf(environmentSeq, async (row) => {
      counts[row.state]++;
      const { unverifiedSince } = row;
      const needsResuming = () =>
        unverifiedSince === null ? hasPending.get(row.seq) !== null : unverifiedSince < unverifiedBefore;
      const isWaiting = row.state === "paused" && needsResuming();
      if (isWaiting) pausedWaiting++;
      if (isWaiting || row.state === "disabled" || row.state === "failing") found.push(row as Troubled);
      cost += 10 + countDead(row.seq, dead);
      if (cost < COST_MAX) return;
      cost = 0;
      await turns.next();
    });
    found.sort((a, b) => rankOf(a) - rankOf(b) || (b.since ?? 0) - (a.since ?? 0));
    return {
      counts,
      pausedWaiting,
      endpoints: found.slice(0, limit).flatMap(toEndpoint),
      sources: await refusing(environmentSeq, limit),
      dead: [...dead.values()].sort((a, b) => b.count - a.count),
    } satisfies Attention;
  };
}

/** Endpoints that the server has disabled come first, and those that a request has disabled last. */
function rankOf({ state, cause }: Troubled): number {
  if (state === "failing") return 1;
  if (state === "paused") return 2;
  return cause === "gone" || cause === "failing" ? 0 : 3;
}

/** Returns a function that visits each endpoint of an environment. */
function stepsOf(db: Database, turns: Turns) {
  const step = `SELECT * FROM endpoint e INDEXED BY endpoint_listed WHERE e.deleted_at IS NULL AND e.seq > ?1
    ORDER BY e.seq LIMIT ${STEP_ROWS}`;
  const rows = db.prepare<Row, [number, number]>(
    `SELECT e.seq, ${ENDPOINT_STATE} AS state, e.disabled_cause AS cause,
       CASE WHEN e.disabled = 1 THEN e.disabled_at WHEN e.paused = 0 THEN e.failing_since END AS since,
       CASE WHEN e.disabled = 0 THEN e.challenge ->> 'since' END AS unverifiedSince
     FROM (${step}) e CROSS JOIN application a ON a.seq = e.application_seq
     WHERE a.environment_seq = ?2 AND a.deleted_at IS NULL AND a.operational = 0`,
  );
  const last = db.prepare<{ seq: number }, [number]>(
    `SELECT e.seq FROM endpoint e INDEXED BY endpoint_listed WHERE e.deleted_at IS NULL AND e.seq > ?1
     ORDER BY e.seq LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
  );
  return async (environmentSeq: number, visit: (row: Row) => Promise<void>) => {
    for (let after: number | undefined = 0; after !== undefined; ) {
      if (after > 0) await turns.next();
      const end: number | undefined = last.get(after)?.seq;
      for (const row of rows.all(after, environmentSeq)) await visit(row);
      after = end;
    }
  };
}

/** Returns a function that adds the dead letters of an endpoint to `dead`, and returns its cost. */
function deadReasons(db: Database) {
  const from = `FROM delivery INDEXED BY delivery_dead_reason WHERE state = ${STATE.dead} AND endpoint_seq = ?1`;
  const next = db.prepare<{ reason: FailureReason; firstAt: number }, [number, string]>(
    `SELECT reason, ended_at AS firstAt ${from} AND reason > ?2 ORDER BY reason, ended_at LIMIT 1`,
  );
  const counted = db.prepare<{ count: number }, [number, string, number]>(
    `SELECT COUNT(*) AS count FROM (SELECT 1 ${from} AND reason = ?2 LIMIT ?3)`,
  );
  return (endpointSeq: number, dead: Map<FailureReason, DeadReason>): number => {
    let cost = 0;
    for (let row = next.get(endpointSeq, ""); row !== null; row = next.get(endpointSeq, row.reason)) {
      const { reason, firstAt } = row;
      const known = dead.get(reason);
      const room = deadReasonCountMax - (known?.count ?? 0);
      const { count } = counted.get(endpointSeq, reason, room)!;
      const firstDeadAt = Math.min(firstAt, known?.firstDeadAt ?? firstAt);
      dead.set(reason, { reason, count: count + (known?.count ?? 0), firstDeadAt });
      cost += 10 + count;
    }
    return cost;
  };
}
