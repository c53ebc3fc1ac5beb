import type { Database } from "bun:sqlite";
import type { Cause } from "../../../core/received.ts";
import type { RefusingSource } from "../../index.ts";
import { IS_REFUSAL } from "../../sql/source-log-row.ts";
import type { Turns } from "../../turns.ts";

/** Number of sources that one step reads. */
const STEP_ROWS = 100;

interface Row {
  readonly seq: number;
  readonly name: string;
  readonly applicationSeq: number;
}

/**
 * Returns a function that finds the sources of an environment whose latest refused request is newer
 * than their latest message. Messages and entries of logs are numbered together, so their numbers
 * tell which is newer.
 */
export function refusingSources(db: Database, turns: Turns) {
  const step = db.prepare<Row, [number, number]>(
    `SELECT seq, name, application_seq AS applicationSeq FROM source INDEXED BY source_environment
     WHERE environment_seq = ? AND deleted_at IS NULL AND seq > ? ORDER BY seq LIMIT ${STEP_ROWS}`,
  );
  const latestMessage = db.prepare<{ seq: number }, [number]>(
    "SELECT seq FROM application_messages WHERE application_seq = ? ORDER BY seq DESC LIMIT 1",
  );
  const latestRefusal = db.prepare<{ seq: number; cause: Cause; at: number }, [number, number]>(
    `SELECT seq, cause, created_at AS at FROM source_log WHERE source_seq = ? AND seq > ? AND ${IS_REFUSAL}
     ORDER BY seq DESC LIMIT 1`,
  );
  const firstRefusal = db.prepare<{ at: number }, [number, number]>(
    `SELECT created_at AS at FROM source_log WHERE source_seq = ? AND seq > ? AND ${IS_REFUSAL} ORDER BY seq LIMIT 1`,
  );
  const toRefusing = ({ seq, name, applicationSeq }: Row): RefusingSource[] => {
    const after = latestMessage.get(applicationSeq)?.seq ?? 0;
    const latest = latestRefusal.get(seq, after);
    if (latest === null) return [];
    return [{ seq, name, cause: latest.cause, since: firstRefusal.get(seq, after)!.at, latestAt: latest.at }];
  };
  return async (environmentSeq: number, limit: number): Promise<RefusingSource[]> => {
    const found: RefusingSource[] = [];
    for (let rows = step.all(environmentSeq, 0); rows.length > 0; ) {
      found.push(...rows.flatMap(toRefusing));
      if (rows.length < STEP_ROWS) break;
      await turns.next();
      rows = step.all(environmentSeq, rows.at(-1)!.seq);
    }
    return found.sort((a, b) => b.since - a.since).slice(0, limit);
  };
}
