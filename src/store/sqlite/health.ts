import type { Database } from "bun:sqlite";
import { afterAttempt } from "../../core/health.ts";
import type { Attempt } from "../index.ts";

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
export function healthKeeper(db: Database): (attempt: Attempt, endedAt: number) => HealthChange {
  const current = db.prepare<{ failingSince: number | null }, [number]>(
    "SELECT failing_since AS failingSince FROM endpoint WHERE seq = ?",
  );
  // An attempt without reason and response was cancelled by a transformation. It says nothing about
  // the health.
  const laterSuccess = db.prepare<unknown, [number, number]>(
    "SELECT 1 FROM attempt WHERE endpoint_seq = ? AND seq > ? AND reason IS NULL AND response_status <> 0 LIMIT 1",
  );
  const firstLater = db.prepare<{ endedAt: number }, [number, number]>(
    `SELECT started_at + duration_ms AS endedAt FROM attempt WHERE endpoint_seq = ? AND seq > ? AND reason IS NOT NULL
     ORDER BY seq LIMIT 1`,
  );
  const change = db.prepare("UPDATE endpoint SET failing_since = ?2 WHERE seq = ?1");

  return ({ seq, endpointSeq, reason }, endedAt) => {
    const before = current.get(endpointSeq)?.failingSince ?? null;
    let after = afterAttempt(before, reason === null, endedAt);
    if (after === before || laterSuccess.get(endpointSeq, seq) !== null) return { before, after: before };
    // Without a later success, all later attempts are failures.
    if (reason === null) after = firstLater.get(endpointSeq, seq)?.endedAt ?? null;
    if (after !== before) change.run(endpointSeq, after);
    return { before, after };
  };
}
