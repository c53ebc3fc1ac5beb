import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Arrival, ArrivedLane, MoveDestination } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { orTaken } from "../../sql/rows.ts";
import { applicationRemover } from "../applications.ts";
import { pollerRemover } from "../pollers.ts";
import { arrivedHistory } from "./arrived-history.ts";
import { polledWriter } from "./arrived-polled.ts";
import { ArrivedRows } from "./arrived-rows.ts";
import { ArrivedSettings } from "./arrived-settings.ts";
import type { ArrivalReader, DestinationParts, HoldRules } from "./destination-parts.ts";

/** Stores what belongs to an application that comes from another installation. */
export function moveDestination(parts: DestinationParts): MoveDestination {
  const { db, committer, kept } = parts;
  const rows = new ArrivedRows(parts);
  const arriving = new Set(
    db
      .query<{ seq: number }, []>("SELECT application_seq AS seq FROM arrival WHERE arrived_at IS NULL")
      .all()
      .map(({ seq }) => seq),
  );
  const arrivalOf = arrivalReader(db);
  const holds = holdRules(db, arrivalOf);
  const settings = new ArrivedSettings(parts, rows, arrivalOf, holds);
  const arrive = arrivalVerb(parts, arrivalOf);
  const abandon = abandonVerb(parts, arrivalOf);
  return {
    arriving,
    arrival: async (applicationId) => {
      const seq = kept.seqOf(applicationId);
      return seq === null ? null : arrivalOf(seq);
    },
    storeSettings: async (environmentSeq, page, hold) => {
      let added: Seq | null = null;
      try {
        const stored = await orTaken(
          committer.write(() => {
            const arrival = settings.store(environmentSeq, page, hold);
            if (!("obstacle" in arrival) && !arriving.has(arrival.applicationSeq)) {
              added = arrival.applicationSeq;
              arriving.add(added);
            }
            return arrival;
          }),
        );
        if (stored === "taken" && added !== null) arriving.delete(added);
        return stored;
      } catch (error) {
        if (added !== null) arriving.delete(added);
        throw error;
      }
    },
    storePolled: polledWriter(parts, rows, holds),
    storeWaiting: waitingWriter(parts, rows, holds),
    storeMessages: (applicationSeq, page) =>
      committer.write(() => {
        if (holds.hasArrived(applicationSeq)) return null;
        for (const row of page.messages) rows.putMessage(applicationSeq, row, page.ids);
        return { missing: [] };
      }, page.messages.length),
    storeHistory: arrivedHistory(parts, rows, arrivalOf),
    abandon: async (applicationSeq, hold, now) => {
      const endpointSeqs = await abandon(applicationSeq, hold, now);
      if (endpointSeqs !== null) arriving.delete(applicationSeq);
      return endpointSeqs;
    },
    arrive: async (applicationSeq, hold, now) => {
      const arrived = await arrive(applicationSeq, hold, now);
      if (arrived !== null) arriving.delete(applicationSeq);
      return arrived;
    },
  };
}

/** Number of messages of an abandoned application that are deleted in one commit. */
const DELETED_AT_ONCE = 500;

function arrivalReader(db: Database): ArrivalReader {
  const read = db.prepare<Arrival, [number]>(
    `SELECT application_seq AS applicationSeq, hold, arrived_at AS arrivedAt, history_to AS historyTo
     FROM arrival WHERE application_seq = ?`,
  );
  return (applicationSeq) => read.get(applicationSeq);
}

/** Returns the end of a statement about the deliveries of an application in a state. */
function deliveriesIn(state: number): string {
  return `FROM delivery WHERE state = ${state} AND endpoint_seq IN (SELECT seq FROM endpoint WHERE application_seq = ?1)`;
}

/** Returns a function that deletes the deliveries of an application that has not arrived. */
function deliveriesDeleter(db: Database): (applicationSeq: Seq) => void {
  // Before the arrival, no delivery has another state.
  const statements = [STATE.pending, STATE.dead].map((state) => db.prepare(`DELETE ${deliveriesIn(state)}`));
  return (applicationSeq) => {
    for (const statement of statements) statement.run(applicationSeq);
  };
}

function holdRules(db: Database, arrivalOf: ArrivalReader): HoldRules {
  const setHold = db.prepare("UPDATE arrival SET hold = ?2 WHERE application_seq = ?1");
  const deleteDeliveries = deliveriesDeleter(db);
  const removePollers = pollerRemover(db);
  return {
    beginHold(applicationSeq, hold) {
      if (arrivalOf(applicationSeq)?.hold === hold) return;
      deleteDeliveries(applicationSeq);
      removePollers(applicationSeq);
      setHold.run(applicationSeq, hold);
    },
    hasArrived: (applicationSeq) => arrivalOf(applicationSeq)?.arrivedAt != null,
  };
}

function waitingWriter(
  { db, committer }: DestinationParts,
  rows: ArrivedRows,
  { beginHold, hasArrived }: HoldRules,
): MoveDestination["storeWaiting"] {
  const deleteDeliveries = deliveriesDeleter(db);
  return (applicationSeq, page, hold, aheadMs) =>
    committer.write(() => {
      if (hasArrived(applicationSeq)) return null;
      const messages = page.deliveries.map((row) => row.message_seq!);
      const missing = rows.missingMessages(applicationSeq, messages, page.ids);
      if (missing.length > 0 || hold === null) return { missing };
      beginHold(applicationSeq, hold);
      if (page.isFirst) deleteDeliveries(applicationSeq);
      rows.erase(page.erased, page.ids);
      for (const row of page.deliveries) rows.putDelivery(row, page.ids, aheadMs);
      return { missing };
    }, page.deliveries.length);
}

/** Deletes the messages for which neither deliveries nor consumers nor groups wait. */
const UNWAITED_DELETION = `DELETE FROM message AS m WHERE m.application_seq = ?1
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_seq = m.seq)
  AND NOT EXISTS (SELECT 1 FROM poller p WHERE p.application_seq = ?1 AND p.cursor < m.seq)
  AND NOT EXISTS (SELECT 1 FROM poller_group g WHERE g.application_seq = ?1 AND (g.cursor < m.seq
    OR EXISTS (SELECT 1 FROM poller_lease l WHERE l.group_id = g.id AND l.message_seq = m.seq)))`;

function arrivalVerb({ db, committer, kept }: DestinationParts, arrivalOf: ArrivalReader): MoveDestination["arrive"] {
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
  const forgetUnwaited = db.prepare(UNWAITED_DELETION);
  return (applicationSeq, hold, now) =>
    committer.write(() => {
      if (arrivalOf(applicationSeq)?.hold !== hold) return null;
      const isFirst = markArrived.run(applicationSeq, now).changes > 0;
      if (isFirst) {
        forgetDepartures.run(applicationSeq, kept.takeFormer(kept.idOf("app_", applicationSeq)!));
        forgetUnwaited.run(applicationSeq);
      }
      const counts = isFirst ? count.get(applicationSeq)! : { pending: 0, dead: 0 };
      return { lanes: lanes.all(applicationSeq), ...counts };
    });
}

function abandonVerb(
  { db, committer, usages, kept }: DestinationParts,
  arrivalOf: ArrivalReader,
): MoveDestination["abandon"] {
  const deleteDeliveries = deliveriesDeleter(db);
  const forget = db.prepare("DELETE FROM arrival WHERE application_seq = ?");
  const remove = applicationRemover(db, usages);
  const giveTokens = db.prepare("UPDATE token SET application_seq = ?2 WHERE application_seq = ?1");
  // Requests with its id or its tokens must learn again where it has departed to.
  const restoreFormer = (applicationSeq: Seq) => {
    const id = kept.idOf("app_", applicationSeq)!;
    const former = kept.takeFormer(id);
    if (former === null) return;
    kept.keep(id, former);
    giveTokens.run(applicationSeq, former);
  };
  const deleteMessages = db.prepare(
    "DELETE FROM message WHERE seq IN (SELECT seq FROM message WHERE application_seq = ? LIMIT ?)",
  );
  const isOpen = (applicationSeq: Seq, hold: string | null): boolean => {
    const arrival = arrivalOf(applicationSeq);
    return arrival !== null && arrival.arrivedAt === null && arrival.hold === hold;
  };
  const deleteSome = (applicationSeq: Seq, hold: string | null): number => {
    if (!isOpen(applicationSeq, hold)) return 0;
    deleteDeliveries(applicationSeq);
    return deleteMessages.run(applicationSeq, DELETED_AT_ONCE).changes;
  };
  return async (applicationSeq, hold, now) => {
    // If the move is continued after some steps, the missing messages are copied again.
    while ((await committer.write(() => deleteSome(applicationSeq, hold), DELETED_AT_ONCE)) > 0);
    return committer.write(() => {
      if (!isOpen(applicationSeq, hold)) return null;
      forget.run(applicationSeq);
      restoreFormer(applicationSeq);
      return remove(applicationSeq, now);
    });
  };
}
