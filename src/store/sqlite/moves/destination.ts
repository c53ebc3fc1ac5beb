import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Arrival, ArrivedLane, MoveDestination, Row, SettingsPage } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { orTaken } from "../../sql/rows.ts";
import { applicationRemover } from "../applications.ts";
import { ArrivedRows } from "./arrived-rows.ts";
import type { ArrivalReader, DestinationParts } from "./destination-parts.ts";
import { arrivedHistory } from "./history.ts";
import { idIn } from "./rows.ts";

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
  const setHold = db.prepare("UPDATE arrival SET hold = ?2 WHERE application_seq = ?1");
  const deliveriesIn = (state: number) =>
    `FROM delivery WHERE state = ${state} AND endpoint_seq IN (SELECT seq FROM endpoint WHERE application_seq = ?1)`;
  // Before the arrival, no delivery has another state.
  const deleteDeliveries = [STATE.pending, STATE.dead].map((state) => db.prepare(`DELETE ${deliveriesIn(state)}`));
  const count = db.prepare<{ pending: number; dead: number }, [number]>(
    `SELECT (SELECT COUNT(*) ${deliveriesIn(STATE.pending)}) AS pending, (SELECT COUNT(*) ${deliveriesIn(STATE.dead)}) AS dead`,
  );
  const arrive = db.prepare("UPDATE arrival SET arrived_at = ?2 WHERE application_seq = ?1 AND arrived_at IS NULL");
  const lanes = db.prepare<ArrivedLane, [number]>(
    `SELECT e.seq AS endpointSeq,
       (SELECT d.position FROM delivery d WHERE d.endpoint_seq = e.seq AND d.state = ${STATE.pending}
        ORDER BY d.position LIMIT 1) AS position
     FROM endpoint e WHERE e.application_seq = ? AND e.deleted_at IS NULL`,
  );
  const forget = db.prepare("DELETE FROM arrival WHERE application_seq = ?");
  const remove = applicationRemover(db, parts.usages);
  const storeSettings = settingsWriter(parts, rows, arrivalOf);

  return {
    arriving,
    arrival: async (applicationId) => {
      const seq = kept.seqOf(applicationId);
      return seq === null ? null : arrivalOf(seq);
    },
    storeSettings: async (environmentSeq, page) => {
      let added: Seq | null = null;
      try {
        const stored = await orTaken(
          committer.write(() => {
            const arrival = storeSettings(environmentSeq, page);
            if (!arriving.has(arrival.applicationSeq)) {
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
    storeWaiting: (applicationSeq, page, hold, aheadMs) =>
      committer.write(() => {
        const missing = rows.missingMessages(applicationSeq, page);
        if (missing.length > 0 || hold === null) return { missing };
        if (arrivalOf(applicationSeq)?.hold !== hold) {
          for (const one of deleteDeliveries) one.run(applicationSeq);
          setHold.run(applicationSeq, hold);
        }
        for (const row of page.deliveries) rows.putDelivery(row, page.ids, aheadMs);
        return { missing };
      }, page.deliveries.length),
    storeMessages: (applicationSeq, page) =>
      committer.write(() => {
        for (const row of page.messages) rows.putMessage(applicationSeq, row, page.ids);
      }, page.messages.length),
    storeHistory: arrivedHistory(parts, rows, arrivalOf),
    abandon: async (applicationSeq, hold, now) => {
      const endpointSeqs = await committer.write(() => {
        const arrival = arrivalOf(applicationSeq);
        if (arrival === null || arrival.arrivedAt !== null || arrival.hold !== hold) return null;
        for (const one of deleteDeliveries) one.run(applicationSeq);
        forget.run(applicationSeq);
        return remove(applicationSeq, now);
      });
      if (endpointSeqs !== null) arriving.delete(applicationSeq);
      return endpointSeqs;
    },
    arrive: async (applicationSeq, hold, now) => {
      const arrived = await committer.write(() => {
        if (arrivalOf(applicationSeq)?.hold !== hold) return null;
        const isFirst = arrive.run(applicationSeq, now).changes > 0;
        const counts = isFirst ? count.get(applicationSeq)! : { pending: 0, dead: 0 };
        return { lanes: lanes.all(applicationSeq), ...counts };
      });
      if (arrived !== null) arriving.delete(applicationSeq);
      return arrived;
    },
  };
}

function arrivalReader(db: Database): ArrivalReader {
  const read = db.prepare<Arrival, [number]>(
    `SELECT application_seq AS applicationSeq, hold, arrived_at AS arrivedAt, history_to AS historyTo
     FROM arrival WHERE application_seq = ?`,
  );
  return (applicationSeq) => read.get(applicationSeq);
}

/** Returns a write that stores the settings of an application that is arriving. */
function settingsWriter({ db, kept, numbers }: DestinationParts, rows: ArrivedRows, arrivalOf: ArrivalReader) {
  const isServed = db.prepare<unknown, [number]>("SELECT 1 FROM application WHERE seq = ? AND deleted_at IS NULL");
  const begin = db.prepare(
    "INSERT INTO arrival (application_seq, history_to) VALUES (?, 0) ON CONFLICT (application_seq) DO NOTHING",
  );
  // Messages that arrive out of order are found by reading the rows. See "stretches.ts".
  const unknownTraits = db.prepare("INSERT OR IGNORE INTO stretch (list_seq, start, traits) VALUES (?, 0, NULL)");
  const hasEventType = db.prepare<unknown, [number, string]>(
    "SELECT 1 FROM event_type WHERE environment_seq = ? AND name = ?",
  );
  const dropEndpoints = db.prepare("DELETE FROM endpoint WHERE application_seq = ?");
  const dropSecrets = db.prepare(
    "DELETE FROM endpoint_secret WHERE endpoint_seq IN (SELECT seq FROM endpoint WHERE application_seq = ?)",
  );
  // The token of an application that was here before.
  const dropFormerToken = db.prepare(
    `DELETE FROM token WHERE sha256 = ?
       AND EXISTS (SELECT 1 FROM application a WHERE a.seq = application_seq AND a.deleted_at IS NOT NULL)`,
  );
  const forgetDeparture = db.prepare("DELETE FROM departure WHERE environment_seq = ? AND uid = ?");
  const dropTokens = db.prepare("DELETE FROM token WHERE application_seq = ?");
  const dropJwtEnds = db.prepare("DELETE FROM jwt_end WHERE application_seq = ?");

  /** Returns the application's number here, or a new one if it has not been here or has left again. */
  const applicationSeqOf = (page: SettingsPage): Seq => {
    const id = idIn(page.ids, "app_", page.application.seq);
    const known = kept.seqOf(id);
    if (known !== null && isServed.get(known) !== null) return known;
    const seq = rows.freeList(page.application.seq as Seq);
    kept.keep(id, seq);
    return seq;
  };

  return (environmentSeq: Seq, page: SettingsPage): Arrival => {
    const applicationSeq = applicationSeqOf(page);
    const before = arrivalOf(applicationSeq);
    if (before?.arrivedAt != null) return before;
    begin.run(applicationSeq);
    for (const drop of [dropSecrets, dropEndpoints, dropTokens, dropJwtEnds]) drop.run(applicationSeq);
    rows.put("application", { ...page.application, seq: applicationSeq, environment_seq: environmentSeq });
    // The application may come back.
    if (typeof page.application.uid === "string") forgetDeparture.run(environmentSeq, page.application.uid);
    unknownTraits.run(applicationSeq);
    for (const row of page.eventTypes) {
      if (hasEventType.get(environmentSeq, row.name as string) !== null) continue;
      rows.put("event_type", { ...row, seq: numbers.next(), environment_seq: environmentSeq });
    }
    const endpoints = new Map<unknown, Seq>();
    for (const row of page.endpoints) {
      const seq = rows.endpointSeqFor(applicationSeq, row, page.ids);
      endpoints.set(row.seq, seq);
      rows.put("endpoint", { ...row, seq, application_seq: applicationSeq });
      unknownTraits.run(seq);
    }
    for (const row of page.secrets) {
      rows.put("endpoint_secret", { ...row, endpoint_seq: endpoints.get(row.endpoint_seq)! });
    }
    for (const row of page.tokens) {
      dropFormerToken.run(bytesOf(row.sha256));
      const seq = rows.tokenSeqFor(row, page.ids);
      rows.put("token", { ...row, seq, environment_seq: environmentSeq, application_seq: applicationSeq });
    }
    for (const row of page.jwtEnds) rows.put("jwt_end", { ...row, application_seq: applicationSeq });
    return arrivalOf(applicationSeq)!;
  };
}

function bytesOf(cell: Row[string] | undefined): Uint8Array {
  return Buffer.from((cell as { readonly bytes: string }).bytes, "base64");
}
