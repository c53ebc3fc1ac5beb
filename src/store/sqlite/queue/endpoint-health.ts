import type { Database } from "bun:sqlite";
import { afterAttempt } from "../../../core/health.ts";
import type { Seq } from "../../../core/id.ts";
import type { Attempt } from "../../index.ts";
import type { Bindings } from "../../sql/page.ts";
import { EVERYTHING } from "../../sql/range.ts";
import type { DeferredIndex } from "../indexes/deferred-index.ts";

/** An endpoint's `failingSince` before and after an attempt. */
export interface HealthChange {
  readonly before: number | null;
  readonly after: number | null;
}

/**
 * Returns a function that applies an attempt to its endpoint's health and returns how
 * `failingSince` changed. The function writes only if `failingSince` changes. An attempt that had
 * to wait for the disk may be stored after later attempts, so the function reads later attempts
 * before it changes anything.
 */
export function healthKeeper(
  db: Database,
  endpointAttempts: DeferredIndex,
): (attempt: Attempt, endedAt: number) => HealthChange {
  const current = db.prepare<{ failingSince: number | null }, [number]>(
    "SELECT failing_since AS failingSince FROM endpoint WHERE seq = ?",
  );
  // An attempt without reason and response was cancelled by a transformation. It says nothing about
  // the health.
  const hasLaterSuccess = (endpointSeq: Seq, seq: Seq): boolean => {
    for (const { from, where, values } of endpointAttempts.read(
      endpointSeq,
      { ...EVERYTHING, from: seq + 1 },
      "DESC",
    )) {
      const success = db.query<unknown, [Bindings]>(
        `SELECT 1 FROM ${from} WHERE ${where} AND t.reason IS NULL AND t.response_status <> 0 LIMIT 1`,
      );
      if (success.get(values) !== null) return true;
    }
    return false;
  };
  const firstLater = db.prepare<{ endedAt: number }, [number, number]>(
    `SELECT started_at + duration_ms AS endedAt FROM attempt WHERE endpoint_seq = ? AND seq > ? AND reason IS NOT NULL
     ORDER BY seq LIMIT 1`,
  );
  const change = db.prepare("UPDATE endpoint SET failing_since = ?2 WHERE seq = ?1");

  return ({ seq, endpointSeq, reason }, endedAt) => {
    const before = current.get(endpointSeq)?.failingSince ?? null;
    let after = afterAttempt(before, reason === null, endedAt);
    if (after === before || hasLaterSuccess(endpointSeq, seq)) return { before, after: before };
    // Without a later success, all later attempts are failures.
    if (reason === null) after = firstLater.get(endpointSeq, seq)?.endedAt ?? null;
    if (after !== before) change.run(endpointSeq, after);
    return { before, after };
  };
}
