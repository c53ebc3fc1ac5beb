import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Arrival, MoveDestination } from "../../index.ts";
import { orTaken } from "../../sql/rows.ts";
import { applicationRemover } from "../configuration/applications.ts";
import { arrivalVerb, uidDropper } from "./arrival.ts";
import { arrivedHistory } from "./arrived-history.ts";
import { keysWriter } from "./arrived-keys.ts";
import { messagesWriter } from "./arrived-messages.ts";
import { polledWriter } from "./arrived-polled.ts";
import { ArrivedRows } from "./arrived-rows.ts";
import { ArrivedSettings } from "./arrived-settings.ts";
import { waitingWriter } from "./arrived-waiting.ts";
import type { ArrivalReader, DestinationParts } from "./destination-parts.ts";
import { emptying, holdRules, someDeliveriesDeleter } from "./hold-rules.ts";
import { idIn } from "./rows.ts";
import { sendsWriter } from "./sends.ts";

/** Stores what belongs to an application that comes from another installation. */
export function moveDestination(parts: DestinationParts): MoveDestination {
  const { db, committer, kept } = parts;
  const rows = new ArrivedRows(parts);
  const writers = { rows, putSends: sendsWriter(parts, rows) };
  const arriving = new Set(
    db
      .query<{ seq: number }, []>("SELECT application_seq AS seq FROM arrival WHERE arrived_at IS NULL")
      .all()
      .map(({ seq }) => seq),
  );
  const keyEnvironments = new Map(
    db
      .query<{ seq: number; id: string }, []>(
        "SELECT application_seq AS seq, key_environment AS id FROM arrival WHERE key_environment IS NOT NULL",
      )
      .all()
      .map(({ seq, id }) => [seq, id]),
  );
  const keyEnvironmentOf = db.prepare<{ id: string | null }, [number]>(
    "SELECT key_environment AS id FROM arrival WHERE application_seq = ?",
  );
  const arrivalOf = arrivalReader(db);
  const holds = holdRules(db, arrivalOf);
  const empty = emptying(parts, arrivalOf, holds);
  const settings = new ArrivedSettings(parts, rows, arrivalOf, holds);
  /** The latest times of the origin at which pages of keys were read, by application. Forgotten at a restart. */
  const keysReadAt = new Map<Seq, number>();
  const arrive = arrivalVerb(parts, arrivalOf, keysReadAt);
  const abandon = abandonVerb(parts, arrivalOf);
  return {
    arriving,
    keyEnvironments,
    arrival: async (applicationId) => {
      const seq = kept.seqOf(applicationId);
      return seq === null ? null : arrivalOf(seq);
    },
    storeSettings: async (environmentSeq, page, hold) => {
      let added: Seq | null = null;
      const known = kept.seqOf(idIn(page.ids, "app_", page.application.seq));
      if (hold !== null && known !== null && arrivalOf(known)?.hold !== hold) await empty(known, hold);
      try {
        const stored = await orTaken(
          committer.write(() => {
            const arrival = settings.store(environmentSeq, page, hold);
            if (arrival !== "earlier-hold" && !("obstacle" in arrival) && !arriving.has(arrival.applicationSeq)) {
              added = arrival.applicationSeq;
              arriving.add(added);
            }
            return arrival;
          }),
        );
        if (stored === "taken" && added !== null) arriving.delete(added);
        if (typeof stored === "object" && !("obstacle" in stored)) {
          const { applicationSeq } = stored;
          // The first value stays, which the stored keys contain.
          const id = keyEnvironmentOf.get(applicationSeq)?.id ?? null;
          if (id !== null) keyEnvironments.set(applicationSeq, id);
        }
        return stored;
      } catch (error) {
        if (added !== null) arriving.delete(added);
        throw error;
      }
    },
    storePolled: polledWriter(parts, rows, holds),
    storeWaiting: waitingWriter(parts, writers, holds, empty),
    storeMessages: messagesWriter(parts, writers, holds),
    storeKeys: keysWriter(parts, rows, holds, keysReadAt),
    storeHistory: arrivedHistory(parts, writers, arrivalOf),
    abandon: async (applicationSeq, hold, now) => {
      const endpointSeqs = await abandon(applicationSeq, hold, now);
      if (endpointSeqs !== null) {
        arriving.delete(applicationSeq);
        keysReadAt.delete(applicationSeq);
        keyEnvironments.delete(applicationSeq);
      }
      return endpointSeqs;
    },
    arrive: async (applicationSeq, hold, now) => {
      const arrived = await arrive(applicationSeq, hold, now);
      if (arrived === null) return null;
      arriving.delete(applicationSeq);
      keysReadAt.delete(applicationSeq);
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

function abandonVerb(
  { db, committer, usages, kept }: DestinationParts,
  arrivalOf: ArrivalReader,
): MoveDestination["abandon"] {
  const deleteDeliveries = someDeliveriesDeleter(db);
  const forget = db.prepare("DELETE FROM arrival WHERE application_seq = ?");
  const remove = applicationRemover(db, usages);
  const giveTokens = db.prepare("UPDATE token SET application_seq = ?2 WHERE application_seq = ?1");
  const dropUid = uidDropper(db);
  // Requests with its id or its tokens must learn again where it has departed to.
  const restoreFormer = (applicationSeq: Seq) => {
    const id = kept.idOf("app_", applicationSeq)!;
    const former = kept.takeFormer(id);
    if (former === null) return;
    kept.keep(id, former);
    dropUid(applicationSeq);
    giveTokens.run(applicationSeq, former);
  };
  const deleteMessages = db.prepare(
    "DELETE FROM message WHERE seq IN (SELECT seq FROM application_messages WHERE application_seq = ? LIMIT ?)",
  );
  const deleteRecords = db.prepare(
    `DELETE FROM arrival_message WHERE application_seq = ?1
       AND message_seq IN (SELECT message_seq FROM arrival_message WHERE application_seq = ?1 LIMIT ?2)`,
  );
  const forgetKeys = db.prepare("UPDATE arrival SET keys_to = NULL WHERE application_seq = ?");
  const isOpen = (applicationSeq: Seq, hold: string | null): boolean => {
    const arrival = arrivalOf(applicationSeq);
    return arrival !== null && arrival.arrivedAt === null && arrival.hold === hold;
  };
  const deleteSome = (applicationSeq: Seq, hold: string | null): number => {
    if (!isOpen(applicationSeq, hold)) return 0;
    const deliveries = deleteDeliveries(applicationSeq);
    if (deliveries > 0) return deliveries;
    forgetKeys.run(applicationSeq);
    const messages = deleteMessages.run(applicationSeq, DELETED_AT_ONCE).changes;
    // A message that is left must keep its record, because the move may be continued.
    return messages > 0 ? messages : deleteRecords.run(applicationSeq, DELETED_AT_ONCE).changes;
  };
  return async (applicationSeq, hold, now) => {
    // If the move is continued after some steps, the missing messages and all keys are copied again.
    while ((await committer.write(() => deleteSome(applicationSeq, hold), DELETED_AT_ONCE)) > 0);
    return committer.write(() => {
      if (!isOpen(applicationSeq, hold)) return null;
      forget.run(applicationSeq);
      restoreFormer(applicationSeq);
      return remove(applicationSeq, now);
    });
  };
}
