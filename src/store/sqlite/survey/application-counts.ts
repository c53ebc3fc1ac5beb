import type { Database } from "bun:sqlite";
import { timeOfSeq } from "../../../core/id.ts";
import { type ApplicationCounts, deadCountMax } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { IS_FAILING } from "../../sql/endpoint-row.ts";
import type { Bindings } from "../../sql/page.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";

/** Number of endpoints whose dead letters one step counts. */
const ENDPOINTS_AT_ONCE = 500;
/** Number of rows that are read before other work in the event loop can run. */
const ROWS_AT_ONCE = 2000;

interface Counted {
  readonly endpoints: number;
  readonly failing: number;
  readonly lastSeq: number | null;
}

export function applicationCounts(db: Database, turns: Turns): Survey["applicationCounts"] {
  const counted = db.prepare<Counted, [number]>(
    `SELECT (SELECT COUNT(*) FROM endpoint WHERE application_seq = ?1 AND deleted_at IS NULL) AS endpoints,
       (SELECT COUNT(*) FROM endpoint e WHERE e.application_seq = ?1 AND e.deleted_at IS NULL AND ${IS_FAILING}) AS failing,
       (SELECT seq FROM application_messages WHERE application_seq = ?1 ORDER BY seq DESC LIMIT 1) AS lastSeq`,
  );
  // A page of endpoints, including deleted ones.
  const page = "SELECT seq FROM endpoint WHERE application_seq = $applicationSeq AND seq > $after ORDER BY seq";
  const last = db.prepare<{ seq: number }, [Bindings]>(`${page} LIMIT 1 OFFSET ${ENDPOINTS_AT_ONCE - 1}`);
  const dead = db.prepare<{ count: number }, [Bindings]>(
    `SELECT COUNT(*) AS count FROM (SELECT 1 FROM (${page} LIMIT ${ENDPOINTS_AT_ONCE}) e
       CROSS JOIN delivery d ON d.endpoint_seq = e.seq AND d.state = ${STATE.dead} LIMIT $limit)`,
  );

  return async (_, applicationSeqs) => {
    const spend = turns.budget(ROWS_AT_ONCE);
    const deadOf = async (applicationSeq: number): Promise<number> => {
      let count = 0;
      for (let after: number | undefined = 0; after !== undefined && count < deadCountMax; ) {
        count += dead.get({ applicationSeq, after, limit: deadCountMax - count })!.count;
        after = last.get({ applicationSeq, after })?.seq;
        await spend(after === undefined ? 10 : ENDPOINTS_AT_ONCE);
      }
      return count;
    };
    const counts: ApplicationCounts[] = [];
    for (const seq of applicationSeqs) {
      const { endpoints, failing, lastSeq } = counted.get(seq)!;
      await spend(endpoints);
      const lastMessageAt = lastSeq === null ? null : timeOfSeq(lastSeq);
      counts.push({ endpoints, failing, dead: await deadOf(seq), lastMessageAt });
    }
    return counts;
  };
}
