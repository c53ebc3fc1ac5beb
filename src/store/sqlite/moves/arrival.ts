import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { ArrivedLane, MoveDestination } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { ArrivalReader, DestinationParts } from "./destination-parts.ts";

/** Number of messages that are checked in one commit. */
const CHECKED_AT_ONCE = 500;

/** Returns the end of a statement about the deliveries of an application in a state. */
export function deliveriesIn(state: number): string {
  return `FROM delivery WHERE state = ${state} AND endpoint_seq IN (SELECT seq FROM endpoint WHERE application_seq = ?1)`;
}

/**
 * Deletes the messages from `?2` to `?3` for which neither deliveries nor consumers nor groups wait, and to
 * which no idempotency key belongs.
 */
const UNWAITED_DELETION = `DELETE FROM message AS m
  WHERE m.seq IN (SELECT seq FROM application_messages WHERE application_seq = ?1 AND seq BETWEEN ?2 AND ?3)
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_seq = m.seq)
  AND NOT EXISTS (SELECT 1 FROM arrival_message k WHERE k.application_seq = ?1 AND k.message_seq = m.seq)
  AND NOT EXISTS (SELECT 1 FROM poller p WHERE p.application_seq = ?1 AND p.cursor < m.seq)
  AND NOT EXISTS (SELECT 1 FROM poller_group g WHERE g.application_seq = ?1 AND (g.cursor < m.seq
    OR EXISTS (SELECT 1 FROM poller_lease l WHERE l.group_id = g.id AND l.message_seq = m.seq)))`;

/** Makes an application that is arriving one that has arrived. */
export function arrivalVerb(
  { db, committer, kept }: DestinationParts,
  arrivalOf: ArrivalReader,
): MoveDestination["arrive"] {
  const count = db.prepare<{ pending: number; dead: number }, [number]>(
    `SELECT (SELECT COUNT(*) ${deliveriesIn(STATE.pending)}) AS pending, (SELECT COUNT(*) ${deliveriesIn(STATE.dead)}) AS dead`,
  );
  const markArrived = db.prepare(
    "UPDATE arrival SET arrived_at = ?2 WHERE application_seq = ?1 AND arrived_at IS NULL",
  );
  const lanes = db.prepare<ArrivedLane, [number]>(
    `SELECT e.seq AS endpointSeq,
       (SELECT d.position FROM delivery d WHERE d.endpoint_seq = e.seq AND d.state = ${STATE.pending}
        ORDER BY d.position LIMIT 1) AS position
     FROM endpoint e WHERE e.application_seq = ? AND e.deleted_at IS NULL`,
  );
  const forgetDepartures = db.prepare(
    `DELETE FROM departure WHERE application_seq = ?2
       OR (environment_seq, uid) = (SELECT environment_seq, uid FROM application WHERE seq = ?1)`,
  );
  const forgetSome = unwaitedDeleter(db);
  const isOpen = (applicationSeq: Seq, hold: string): boolean => {
    const arrival = arrivalOf(applicationSeq);
    return arrival?.hold === hold && arrival.arrivedAt === null;
  };
  return async (applicationSeq, hold, now) => {
    // If this is interrupted, the next call continues after the last commit.
    const step = () => isOpen(applicationSeq, hold) && forgetSome(applicationSeq);
    while (await committer.write(step, CHECKED_AT_ONCE));
    return committer.write(() => {
      if (arrivalOf(applicationSeq)?.hold !== hold) return null;
      const isFirst = markArrived.run(applicationSeq, now).changes > 0;
      if (isFirst) forgetDepartures.run(applicationSeq, kept.takeFormer(kept.idOf("app_", applicationSeq)!));
      const counts = isFirst ? count.get(applicationSeq)! : { pending: 0, dead: 0 };
      return { lanes: lanes.all(applicationSeq), ...counts };
    });
  };
}

/**
 * Returns a function that checks the next messages of an application, deletes those for which nobody waits,
 * and returns whether there are more. Must be called within a commit, and only when no page can arrive any
 * more.
 */
function unwaitedDeleter(db: Database): (applicationSeq: Seq) => boolean {
  const next = db.prepare<{ seq: Seq }, [number, number]>(
    `SELECT seq FROM application_messages
     WHERE application_seq = ?1 AND seq > (SELECT checked_to FROM arrival WHERE application_seq = ?1) ORDER BY seq LIMIT ?2`,
  );
  const deleteUnwaited = db.prepare<unknown, [number, number, number]>(UNWAITED_DELETION);
  const forgetKept = db.prepare<unknown, [number, number]>(
    "DELETE FROM arrival_message WHERE application_seq = ? AND message_seq <= ?",
  );
  const advance = db.prepare<unknown, [number, number]>(
    "UPDATE arrival SET checked_to = ?2 WHERE application_seq = ?1",
  );
  return (applicationSeq) => {
    const seqs = next.values(applicationSeq, CHECKED_AT_ONCE).flat() as Seq[];
    const [first, last] = [seqs[0], seqs.at(-1)];
    if (first === undefined || last === undefined) return false;
    deleteUnwaited.run(applicationSeq, first, last);
    forgetKept.run(applicationSeq, last);
    advance.run(applicationSeq, last);
    return seqs.length === CHECKED_AT_ONCE;
  };
}
