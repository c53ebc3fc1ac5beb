import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { LaneCursor, PendingLane, Queue } from "../../index.ts";
import { PENDING_COLUMNS, type PendingRow, withTriggers } from "../../sql/delivery-row.ts";
import type { Queries } from "../connection/database.ts";
import { Gathered } from "../connection/gathered.ts";
import { numberArray } from "../connection/parameters.ts";
import { HORIZON } from "../instances/horizon.ts";

/** Number of lanes that are read at once. */
const LANES_AT_ONCE = 500;

/** Maximum number of lanes that one statement reads. */
const READ_TOGETHER = 100;

/**
 * The numbers of the lanes that a statement reads. The parameters are arrays with the values of all lanes.
 * PostgreSQL expects the same number of lanes in every plan, so it makes no new plan for each use.
 */
const EACH_LANE = "generate_subscripts($1::bigint[], 1) AS lane(number)";

/** The value of a lane in the array that is the nth parameter. */
const ofLane = (n: number): string => `($${n}::bigint[])[lane.number]`;

/** Holds for the rows of a lane after its cursor. */
const IN_LANE = `endpoint_seq = ${ofLane(1)} AND (position, seq) > (${ofLane(2)}, ${ofLane(3)})`;

/**
 * The greatest position that a lane may be read up to. In a FIFO lane, rows wait until no other process
 * can commit one before them. In other lanes the order does not count, and the feed reports each row.
 */
const VISIBLE = `LEAST(${ofLane(4)}, CASE (SELECT fifo FROM endpoint WHERE seq = ${ofLane(1)})
  WHEN 1 THEN ${HORIZON} ELSE ${Number.MAX_SAFE_INTEGER} END)`;

/** The rows of a lane after a cursor. */
interface LaneTail {
  readonly endpointSeq: Seq;
  readonly after: LaneCursor;
}

interface Due extends LaneTail {
  readonly upTo: number;
  readonly limit: number;
}

/** Returns the endpoint and the cursor of each lane as parameters. */
const cursors = (lanes: readonly LaneTail[]): string[] => [
  numberArray(lanes.map(({ endpointSeq }) => endpointSeq)),
  numberArray(lanes.map(({ after }) => after.position)),
  numberArray(lanes.map(({ after }) => after.seq)),
];

export function lanes(queries: Queries, clock: Clock): Pick<Queue, "due" | "nextPosition" | "pendingLanes"> {
  const nextPositions = new Gathered<LaneTail, Seq | null>({
    ...{ clock, sizeMax: READ_TOGETHER, sizeOf: () => 1 },
    read: (lanes) => readNextPositions(queries, lanes),
  });
  return {
    due: dueReader<PendingRow>(queries, clock, PENDING_COLUMNS),
    nextPosition: (endpointSeq, after) => nextPositions.read({ endpointSeq, after }),
    pendingLanes: async (claim, afterEndpoint, limit) => {
      const found: PendingLane[] = [];
      let after = afterEndpoint;
      for (;;) {
        const read = await nextLanes(queries, after);
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

async function readNextPositions(queries: Queries, lanes: readonly LaneTail[]): Promise<(Seq | null)[]> {
  const rows = await queries.all<{ position: Seq | null }>(
    `SELECT (SELECT position FROM pending WHERE ${IN_LANE} ORDER BY position, seq LIMIT 1) AS position
     FROM ${EACH_LANE} ORDER BY lane.number`,
    cursors(lanes),
  );
  return rows.map(({ position }) => position);
}

/** Returns a function that reads columns of the next deliveries of a lane, in order, as `Queue.due` does. */
export function dueReader<Row extends PendingRow>(queries: Queries, clock: Clock, columns: string) {
  const due = new Gathered({
    ...{ clock, sizeMax: READ_TOGETHER, sizeOf: () => 1 },
    read: (lanes: readonly Due[]) => readDue<Row>(queries, columns, lanes),
  });
  return async (endpointSeq: Seq, after: LaneCursor, upTo: number, limit: number) =>
    withTriggers(await due.read({ endpointSeq, after, upTo, limit }));
}

/** Returns the rows of each lane. */
async function readDue<Row>(queries: Queries, columns: string, lanes: readonly Due[]): Promise<Row[][]> {
  const rows = await queries.all<Row & { lane: number }>(
    `SELECT due.*, lane.number AS lane FROM ${EACH_LANE}
     CROSS JOIN LATERAL (SELECT ${columns} FROM pending WHERE ${IN_LANE} AND position <= ${VISIBLE}
       ORDER BY position, seq LIMIT ${ofLane(5)}) AS due
     ORDER BY lane.number, due.position, due.seq`,
    [...cursors(lanes), numberArray(lanes.map(({ upTo }) => upTo)), numberArray(lanes.map(({ limit }) => limit))],
  );
  const byLane: Row[][] = lanes.map(() => []);
  for (const { lane, ...row } of rows) byLane[lane - 1]!.push(row as Row);
  return byLane;
}

/**
 * Jumps from lane to lane in the index, so that the cost depends on the number of lanes rather than on
 * the number of pending deliveries.
 */
function nextLanes(queries: Queries, afterEndpoint: number): Promise<PendingLane[]> {
  return queries.all(
    `WITH RECURSIVE lane AS (
       (SELECT endpoint_seq, position FROM pending WHERE endpoint_seq > $1 ORDER BY endpoint_seq, position LIMIT 1)
       UNION ALL
       SELECT next.* FROM lane CROSS JOIN LATERAL (SELECT endpoint_seq, position FROM pending
         WHERE endpoint_seq > lane.endpoint_seq ORDER BY endpoint_seq, position LIMIT 1) AS next)
     SELECT endpoint_seq AS "endpointSeq", position FROM lane LIMIT ${LANES_AT_ONCE}`,
    [afterEndpoint],
  );
}
