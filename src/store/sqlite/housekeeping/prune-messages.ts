import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Run } from "../../sql/sweep-step.ts";
import { DELETE_ATTEMPTS, isListed } from "../indexes/message-attempts.ts";
import { isFar, isNear, isOfMessage } from "../indexes/message-deliveries.ts";
import { Sweep } from "./sweep.ts";

/**
 * True if the message `m` has a pending delivery. Then neither the message nor its payload is
 * deleted, however old it is.
 */
const STAYS = `EXISTS (SELECT 1 FROM delivery d WHERE ${isOfMessage("m.seq", "d")} AND d.state = 0) AS stays`;
const COLUMNS = `seq, ${STAYS}, COALESCE(LENGTH(m.payload), 0) AS payloadBytes`;

// The first SELECT reads the remaining rows with the cursor's `payload_expires_at`. SQLite uses the
// index for these rows only if they have a SELECT of their own.
const EXPIRED_PAYLOADS = `SELECT payload_expires_at AS at, ${COLUMNS} FROM message m
    WHERE payload_expires_at = ?2 AND seq > ?3 AND payload_expires_at <= ?1
  UNION ALL SELECT payload_expires_at, ${COLUMNS} FROM message m
    WHERE payload_expires_at > ?2 AND payload_expires_at <= ?1
  ORDER BY 1, 2 LIMIT ?4`;
const OLD_MESSAGES = `SELECT ?2 AS at, ${COLUMNS} FROM message m WHERE seq < ?1 AND seq > ?3 ORDER BY seq LIMIT ?4`;

/**
 * A step ends at the message with which it has more than this number of deliveries or attempts per
 * message of its limit, because a message may have thousands.
 */
const ROWS_PER_MESSAGE = 4;
/** A step ends before the message with which it has more bytes of payloads. SQLite reads what it deletes. */
const PAYLOAD_BYTES_MAX = 8 * 1024 * 1024;

interface Sized {
  readonly payloadBytes: number;
}

/** Returns how many of the first rows have at most `PAYLOAD_BYTES_MAX` bytes of payloads, but at least one. */
function countByBytes(rows: readonly Sized[]): number {
  let bytes = 0;
  for (const [index, { payloadBytes }] of rows.entries()) {
    bytes += payloadBytes;
    if (bytes > PAYLOAD_BYTES_MAX) return Math.max(1, index);
  }
  return rows.length;
}

/** Returns a sweep over the messages whose payloads have expired. */
export function expiredPayloads(db: Database): Sweep<Sized> {
  return new Sweep<Sized>(db, EXPIRED_PAYLOADS, countByBytes);
}

/** Returns a sweep over the messages that are old enough to be deleted. */
export function oldMessages(db: Database): Sweep<Sized> {
  // The attempts that are not listed are as many as the near deliveries at most.
  const beyond = [`attempt WHERE ${isListed()} AND`, `delivery WHERE ${isFar()} AND`].map((rows) =>
    db.prepare<{ seq: Seq }, [Seq, Seq, number]>(
      `SELECT message_seq AS seq FROM ${rows} message_seq BETWEEN ? AND ? ORDER BY message_seq LIMIT 1 OFFSET ?`,
    ),
  );
  // Counts all deliveries whose numbers are between those of the messages, because deleting the near
  // ones reads all of them.
  const beyondNear = db.prepare<{ seq: Seq }, [Seq, Seq, number]>(
    `SELECT seq FROM delivery WHERE ${isNear("?1", "?2")} AND (seq < ?2 OR message_seq = ?2)
     ORDER BY seq LIMIT 1 OFFSET ?3`,
  );
  return new Sweep<Sized>(db, OLD_MESSAGES, (rows, limit) => {
    const [first, last] = [rows[0]!.seq, rows[rows.length - 1]!.seq];
    const ends = beyond.map((one) => one.get(first, last, limit * ROWS_PER_MESSAGE)?.seq ?? Number.POSITIVE_INFINITY);
    const near = beyondNear.get(first, last, limit * ROWS_PER_MESSAGE);
    if (near !== null) ends.push(rows.findLast(({ seq }) => seq < near.seq)!.seq);
    const end = Math.min(...ends);
    const count = end > last ? rows.length : rows.findIndex(({ seq }) => seq >= end);
    return Math.max(1, Math.min(count, countByBytes(rows)));
  });
}

export interface DroppedMessages {
  readonly rows: number;
  /** The number of deleted dead letters by environment. */
  readonly dead: ReadonlyMap<Seq, number>;
}

/**
 * Returns a function that deletes messages with their deliveries and attempts. Deleting a run with
 * one statement per table takes a third of the time of deleting one message after another.
 */
export function messageDropper(db: Database): (runs: readonly Run[]) => DroppedMessages {
  const deadOf = db.prepare<{ environmentSeq: Seq }, [Seq, Seq]>(
    `SELECT a.environment_seq AS environmentSeq FROM delivery d INDEXED BY delivery_dead_message
     CROSS JOIN endpoint e ON e.seq = d.endpoint_seq CROSS JOIN application a ON a.seq = e.application_seq
     WHERE d.state = 2 AND d.message_seq BETWEEN ? AND ?`,
  );
  const drops = [
    ...DELETE_ATTEMPTS.map((sql) => db.prepare(sql)),
    db.prepare(`DELETE FROM delivery WHERE ${isNear("?1", "?2")} AND message_seq BETWEEN ?1 AND ?2`),
    db.prepare(`DELETE FROM delivery WHERE message_seq BETWEEN ?1 AND ?2 AND ${isFar()}`),
    db.prepare("DELETE FROM message WHERE seq BETWEEN ? AND ?"),
  ];
  return (runs) => {
    const dead = new Map<Seq, number>();
    let rows = 0;
    for (const { first, last } of runs) {
      for (const { environmentSeq } of deadOf.all(first, last)) {
        dead.set(environmentSeq, (dead.get(environmentSeq) ?? 0) + 1);
      }
      for (const drop of drops) rows += drop.run(first, last).changes;
    }
    return { rows, dead };
  };
}
