import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { ArrivedLane, MoveDestination } from "../../index.ts";
import { CLOCKS_DIFFER_MAX_MS } from "../../moves.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";
import type { ArrivalReader, DestinationParts } from "./destination-parts.ts";
import { type WaitingCount, waitingCounter } from "./waiting-count.ts";

/** Number of messages that are checked in one turn of the event loop. */
const CHECKED_AT_ONCE = 2000;
/** Number of messages that are deleted in one commit. */
const DELETED_AT_ONCE = 500;

/** Returns the end of a statement about the deliveries of an application in a state. */
export function deliveriesIn(state: number): string {
  return `FROM delivery WHERE state = ${state} AND endpoint_seq IN (SELECT seq FROM endpoint WHERE application_seq = ?1)`;
}

/**
 * Returns a function that takes the uid from a deleted application that is known under another number: by the
 * uid, the other one must be found.
 */
export function uidDropper(db: Database): (applicationSeq: Seq) => void {
  const drop = db.prepare<unknown, [number]>("UPDATE application SET uid = NULL WHERE seq = ?");
  return (applicationSeq) => void drop.run(applicationSeq);
}

/**
 * Says of a message `seq` of the application `?1` that neither deliveries nor consumers nor groups wait for it,
 * and that no function sent it whose delivery waits.
 */
const isUnwaited = (seq: string) => `NOT EXISTS (SELECT 1 FROM delivery d WHERE ${isOfMessage(seq, "d")})
  AND NOT EXISTS (SELECT 1 FROM function_send f JOIN delivery d ON d.seq = f.delivery_seq WHERE f.message_seq = ${seq})
  AND NOT EXISTS (SELECT 1 FROM poller p WHERE p.application_seq = ?1 AND p.cursor < ${seq})
  AND NOT EXISTS (SELECT 1 FROM poller_group g WHERE g.application_seq = ?1 AND (g.cursor < ${seq}
    OR EXISTS (SELECT 1 FROM poller_lease l WHERE l.group_id = g.id AND l.message_seq = ${seq})))`;

/**
 * Makes an application that is arriving one that has arrived. Until then, the application is served nowhere.
 * Therefore only the recorded messages are checked, which is done without a commit, and those for which
 * nobody waits are deleted. See "arrived-messages.ts".
 */
export function arrivalVerb(
  parts: DestinationParts,
  arrivalOf: ArrivalReader,
  keysReadAt: ReadonlyMap<Seq, number>,
): MoveDestination["arrive"] {
  const { db, committer, kept } = parts;
  const markArrived = db.prepare(
    "UPDATE arrival SET arrived_at = ?2 WHERE application_seq = ?1 AND arrived_at IS NULL",
  );
  const lanes = db.prepare<ArrivedLane, [number]>(
    `SELECT e.seq AS endpointSeq,
       (SELECT d.position FROM delivery d WHERE d.endpoint_seq = e.seq AND d.state = ${STATE.pending}
        ORDER BY d.position LIMIT 1) AS position
     FROM endpoint e WHERE e.application_seq = ? AND e.deleted_at IS NULL`,
  );
  const forgetDeparture = db.prepare<unknown, [number]>("DELETE FROM departure WHERE application_seq = ?");
  const dropUid = uidDropper(db);
  const forgetFormer = (former: Seq | null): void => {
    if (former === null) return;
    forgetDeparture.run(former);
    dropUid(former);
  };
  // The departure of another application is still needed by its id, and to end its move.
  const giveUid = db.prepare<unknown, [number]>(
    `UPDATE departure SET uid = NULL
     WHERE (environment_seq, uid) = (SELECT environment_seq, uid FROM application WHERE seq = ?)`,
  );
  const forgetRecords = db.prepare("DELETE FROM arrival_message WHERE application_seq = ?");
  const { deleteAllBut, deleteUnwaited } = unwaitedDeletion(parts);
  const count = waitingCounter(parts);
  const isOpen = (applicationSeq: Seq, hold: string): boolean => {
    const arrival = arrivalOf(applicationSeq);
    return arrival?.hold === hold && arrival.arrivedAt === null;
  };
  return async (applicationSeq, hold, now) => {
    // A key that had not expired at the origin then was in the latest pages that had to contain it.
    const knownAt = keysReadAt.get(applicationSeq) ?? now + CLOCKS_DIFFER_MAX_MS;
    const step = { applicationSeq, now, knownAt, isOpen: () => isOpen(applicationSeq, hold) };
    const rest = await deleteAllBut(DELETED_AT_ONCE, step);
    // Nothing changes them under the same hold after the application has departed.
    const waiting = step.isOpen() ? await count(applicationSeq) : NONE;
    return committer.write(() => {
      if (arrivalOf(applicationSeq)?.hold !== hold) return null;
      const isFirst = markArrived.run(applicationSeq, now).changes > 0;
      if (isFirst) {
        deleteUnwaited(applicationSeq, rest, now);
        forgetRecords.run(applicationSeq);
        forgetFormer(kept.takeFormer(kept.idOf("app_", applicationSeq)!));
        giveUid.run(applicationSeq);
      }
      return { lanes: lanes.all(applicationSeq), ...(isFirst ? waiting : NONE) };
    }, rest.length);
  };
}

const NONE: WaitingCount = { pending: 0, dead: 0 };

interface Deletion {
  readonly applicationSeq: Seq;
  readonly now: number;
  /** Whether payloads were deleted at the origin is known for the messages whose keys expire later. */
  readonly knownAt: number;
  readonly isOpen: () => boolean;
}

/** A recorded message for which nobody waits. */
interface Unwaited {
  readonly seq: Seq;
  /** When its key expires. 0 if it has none. */
  readonly keptUntil: number;
}

/** How the recorded messages are deleted for which nobody waits, when no page can arrive any more. */
function unwaitedDeletion({ db, committer, turns }: DestinationParts) {
  const checkedTo = db.prepare<{ seq: Seq }, [number]>(
    "SELECT checked_to AS seq FROM arrival WHERE application_seq = ?",
  );
  const nextRecords = db.prepare<{ last: Seq | null }, [number, number, number]>(
    `SELECT MAX(seq) AS last FROM (SELECT message_seq AS seq FROM arrival_message
     WHERE application_seq = ? AND message_seq > ? ORDER BY message_seq LIMIT ?)`,
  );
  const unwaited = db.prepare<Unwaited, [number, number, number, number]>(
    `SELECT r.message_seq AS seq, COALESCE(r.kept_until, 0) AS keptUntil FROM arrival_message r
     WHERE r.application_seq = ?1 AND r.message_seq > ?2 AND r.message_seq <= ?3
       AND COALESCE(r.kept_until, 0) <= ?4 AND ${isUnwaited("r.message_seq")}
     ORDER BY r.message_seq`,
  );
  const deletion = db.prepare<unknown, [number, string]>(
    `DELETE FROM message AS m WHERE m.seq IN (SELECT value FROM json_each(?2)) AND m.application_seq = ?1
     AND ${isUnwaited("m.seq")}`,
  );
  // Its key still finds the message, so that a repeated request makes no second one.
  const erasure = db.prepare<unknown, [number, string]>(
    `UPDATE message AS m SET payload = NULL, payload_expires_at = NULL
     WHERE m.seq IN (SELECT value FROM json_each(?2)) AND m.application_seq = ?1 AND ${isUnwaited("m.seq")}`,
  );
  const advance = db.prepare<unknown, [number, number]>(
    "UPDATE arrival SET checked_to = ?2 WHERE application_seq = ?1",
  );

  /**
   * Deletes those of some messages for which nobody waits. If a key has not expired, only deletes the payload.
   * Must be called within a commit.
   */
  const deleteUnwaited = (applicationSeq: Seq, some: readonly Unwaited[], now: number): void => {
    const textOf = (found: readonly Unwaited[]) => JSON.stringify(found.map(({ seq }) => seq));
    const [keyed, others] = [
      some.filter(({ keptUntil }) => keptUntil > now),
      some.filter((one) => one.keptUntil <= now),
    ];
    if (keyed.length > 0) erasure.run(applicationSeq, textOf(keyed));
    if (others.length > 0) deletion.run(applicationSeq, textOf(others));
  };

  /** Deletes all but `restMax` of the messages in steps while `isOpen`. Returns the others. */
  const deleteAllBut = async (restMax: number, about: Deletion): Promise<Unwaited[]> => {
    const { applicationSeq, now, isOpen } = about;
    const expiredAt = Math.max(now, about.knownAt);
    let found: Unwaited[] = [];
    let place = isOpen() ? checkedTo.get(applicationSeq)!.seq : null;
    while (place !== null) {
      const last: Seq | null = nextRecords.get(applicationSeq, place, CHECKED_AT_ONCE)!.last;
      if (last === null) break;
      found = found.concat(unwaited.all(applicationSeq, place, last, expiredAt));
      place = last;
      while (found.length > restMax) {
        const some = found.splice(0, DELETED_AT_ONCE);
        await committer.write(() => {
          if (!isOpen()) return;
          deleteUnwaited(applicationSeq, some, now);
          // If this is interrupted, the next call continues here.
          advance.run(applicationSeq, some.at(-1)!.seq);
        }, some.length);
      }
      await turns.next();
    }
    return found;
  };
  return { deleteAllBut, deleteUnwaited };
}
