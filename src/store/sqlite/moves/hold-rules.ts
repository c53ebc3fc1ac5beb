import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { isEarlierHold } from "../../../core/move-hold.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { pollerRemover } from "../history/pollers.ts";
import { deliveriesIn } from "./arrival.ts";
import type { ArrivalReader, DestinationParts, HoldRules } from "./destination-parts.ts";

/** Number of waiting deliveries that are deleted in one commit. */
const DELIVERIES_AT_ONCE = 2000;

/** Returns a function that deletes the deliveries of an application that has not arrived. */
export function deliveriesDeleter(db: Database): (applicationSeq: Seq) => void {
  // Before the arrival, no delivery has another state.
  const statements = [STATE.pending, STATE.dead].map((state) => db.prepare(`DELETE ${deliveriesIn(state)}`));
  return (applicationSeq) => {
    for (const statement of statements) statement.run(applicationSeq);
  };
}

/** Returns a function that deletes some of these deliveries, and returns their number. */
export function someDeliveriesDeleter(db: Database): (applicationSeq: Seq) => number {
  const statements = [STATE.pending, STATE.dead].map((state) =>
    db.prepare<unknown, [number, number]>(
      `DELETE FROM delivery WHERE seq IN (SELECT seq ${deliveriesIn(state)} LIMIT ?2)`,
    ),
  );
  return (applicationSeq) => {
    let deleted = 0;
    for (const statement of statements) {
      if (deleted < DELIVERIES_AT_ONCE) deleted += statement.run(applicationSeq, DELIVERIES_AT_ONCE - deleted).changes;
    }
    return deleted;
  };
}

export function holdRules(db: Database, arrivalOf: ArrivalReader): HoldRules {
  const setHold = db.prepare("UPDATE arrival SET hold = ?2, checked_to = 0 WHERE application_seq = ?1");
  const deleteDeliveries = deliveriesDeleter(db);
  const removePollers = pollerRemover(db);
  return {
    beginHold(applicationSeq, hold) {
      if (arrivalOf(applicationSeq)?.hold === hold) return;
      deleteDeliveries(applicationSeq);
      removePollers(applicationSeq);
      setHold.run(applicationSeq, hold);
    },
    isOver: (applicationSeq, hold) => isEarlierHold(hold, arrivalOf(applicationSeq)?.hold ?? null),
    hasArrived: (applicationSeq) => arrivalOf(applicationSeq)?.arrivedAt != null,
  };
}

/** Deletes the deliveries that are replaced under a hold. */
export type Emptying = (applicationSeq: Seq, hold: string) => Promise<void>;

/**
 * Returns a function that deletes the deliveries of an application that is arriving. There may be very many, so
 * each commit deletes some. They are about to be replaced by what was read under a hold: if this is interrupted,
 * the application can only depart under a later one. Does nothing if a later one has begun.
 */
export function emptying(
  { db, committer }: DestinationParts,
  arrivalOf: ArrivalReader,
  { isOver }: HoldRules,
): Emptying {
  const deleteSome = someDeliveriesDeleter(db);
  const some = db.prepare<unknown, [number]>(
    `SELECT 1 ${deliveriesIn(STATE.pending)} UNION ALL SELECT 1 ${deliveriesIn(STATE.dead)} LIMIT 1`,
  );
  return async (applicationSeq, hold) => {
    const isReplaced = () => arrivalOf(applicationSeq)?.arrivedAt === null && !isOver(applicationSeq, hold);
    const step = () => (isReplaced() ? deleteSome(applicationSeq) : 0);
    while (isReplaced() && some.get(applicationSeq) !== null) await committer.write(step, DELIVERIES_AT_ONCE);
  };
}
