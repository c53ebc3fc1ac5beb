import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { type MovedVersions, matters, type PlaceAmongMessages } from "../../../core/moved-versions.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Row } from "../../sql/mapping.ts";
import { payloadVersionMapping } from "../../sql/mappings.ts";

/** Reads the payload versions of an environment in the order of creation. */
export function versionsReader(db: Database) {
  const all = db.prepare<Row, [number]>(
    `SELECT ${payloadVersionMapping.columns} FROM payload_version WHERE environment_seq = ?`,
  );
  return (environmentSeq: Seq) =>
    all
      .all(environmentSeq)
      .map(payloadVersionMapping.toRecord)
      .sort((a, b) => a.seq - b.seq);
}

/** Returns a function that reads the versions on which an application depends; null if it has no endpoint. */
export function movedVersionsReader(db: Database): (applicationSeq: Seq, environmentSeq: Seq) => MovedVersions | null {
  const versionsOf = versionsReader(db);
  const pins = db.prepare<{ count: number; unpinned: number; oldest: string | null }, [number]>(
    `SELECT COUNT(*) AS count, SUM(api_version IS NULL) AS unpinned, MIN(api_version) AS oldest FROM endpoint
     WHERE application_seq = ? AND deleted_at IS NULL`,
  );
  // CROSS JOIN keeps the order, so that the deliveries are found in the index of their state.
  const messagesIn = (state: number) =>
    `SELECT d.message_seq FROM endpoint e CROSS JOIN delivery d ON d.endpoint_seq = e.seq AND d.state = ${state}
     WHERE e.application_seq = ?1 AND e.deleted_at IS NULL`;
  const waiting = db.prepare<[Seq], [number]>(`${messagesIn(STATE.pending)} UNION ALL ${messagesIn(STATE.dead)}`);
  return (applicationSeq, environmentSeq) => {
    const { count, unpinned, oldest } = pins.get(applicationSeq)!;
    if (count === 0) return null;
    const all = versionsOf(environmentSeq);
    const messages = all.length === 0 ? [] : waiting.values(applicationSeq).map(([seq]) => seq as Seq);
    messages.sort((a, b) => a - b);
    const needed = { oldestPinned: unpinned > 0 ? null : oldest, oldestWaiting: messages[0] ?? null };
    const versions = all
      .filter((version) => matters(version, needed))
      .map(({ seq, version, eventTypes, downgrade, deletedSeq }) => ({
        ...{ version, eventTypes, downgrade, created: placeAmong(messages, seq) },
        deleted: deletedSeq === null ? null : placeAmong(messages, deletedSeq),
      }));
    return { ...needed, versions };
  };
}

function placeAmong(messages: readonly Seq[], seq: Seq): PlaceAmongMessages {
  const next = messages.findIndex((message) => message > seq);
  const after = next < 0 ? messages.at(-1) : messages[next - 1];
  return { after: after ?? null, before: messages[next] ?? null };
}
