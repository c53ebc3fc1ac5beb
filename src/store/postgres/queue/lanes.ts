import type { Seq } from "../../../core/id.ts";
import type { LaneCursor, PendingLane, Queue } from "../../index.ts";
import { PENDING_COLUMNS, type PendingRow, withTriggers } from "../../sql/delivery-row.ts";
import type { Database } from "../connection/database.ts";
import { HORIZON } from "../instances/horizon.ts";

/** Number of lanes that are read at once. */
const LANES_AT_ONCE = 500;

/**
 * The greatest position that a lane may be read up to. In a FIFO lane, rows wait until no other process
 * can commit one before them. In other lanes the order does not count, and the feed reports each row.
 */
const VISIBLE = `LEAST($upTo::bigint, CASE (SELECT fifo FROM endpoint WHERE seq = $endpointSeq)
  WHEN 1 THEN ${HORIZON} ELSE ${Number.MAX_SAFE_INTEGER} END)`;

/** Holds for the rows of a lane after the cursor `$position`, `$seq`. */
const IN_LANE = "endpoint_seq = $endpointSeq AND (position, seq) > ($position, $seq)";

export function lanes(database: Database): Pick<Queue, "due" | "nextPosition" | "pendingLanes"> {
  return {
    due: dueReader<PendingRow>(database, PENDING_COLUMNS),
    nextPosition: async (endpointSeq, after) => {
      const row = await database.first<{ position: number }>(
        `SELECT position FROM pending WHERE ${IN_LANE} ORDER BY position, seq LIMIT 1`,
        { endpointSeq, position: after.position, seq: after.seq },
      );
      return row?.position ?? null;
    },
    pendingLanes: async (claim, afterEndpoint, limit) => {
      const found: PendingLane[] = [];
      let after = afterEndpoint;
      for (;;) {
        const read = await nextLanes(database, after);
        for (const lane of read) {
          if (!claim.owns(lane.endpointSeq)) continue;
          found.push(lane);
          if (found.length === limit) return found;
        }
        if (read.length < LANES_AT_ONCE) return found;
        after = read.at(-1)!.endpointSeq;
      }
    },
  };
}

/** Returns a function that reads columns of the next deliveries of a lane, in order, as `Queue.due` does. */
export function dueReader<Row extends PendingRow>(database: Database, columns: string) {
  return async (endpointSeq: Seq, after: LaneCursor, upTo: number, limit: number) =>
    withTriggers(
      await database.all<Row>(
        `SELECT ${columns} FROM pending WHERE ${IN_LANE} AND position <= ${VISIBLE}
         ORDER BY position, seq LIMIT $limit`,
        { endpointSeq, position: after.position, seq: after.seq, upTo, limit },
      ),
    );
}

/**
 * Jumps from lane to lane in the index, so that the cost depends on the number of lanes rather than on
 * the number of pending deliveries.
 */
function nextLanes(database: Database, afterEndpoint: number): Promise<PendingLane[]> {
  return database.all(
    `WITH RECURSIVE lane AS (
       (SELECT endpoint_seq, position FROM pending WHERE endpoint_seq > $1 ORDER BY endpoint_seq, position LIMIT 1)
       UNION ALL
       SELECT next.* FROM lane CROSS JOIN LATERAL (SELECT endpoint_seq, position FROM pending
         WHERE endpoint_seq > lane.endpoint_seq ORDER BY endpoint_seq, position LIMIT 1) AS next)
     SELECT endpoint_seq AS "endpointSeq", position FROM lane LIMIT ${LANES_AT_ONCE}`,
    [afterEndpoint],
  );
}
