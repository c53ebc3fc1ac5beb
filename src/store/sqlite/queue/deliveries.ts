import type { Database } from "bun:sqlite";
import type { DeliveryWas } from "../../../core/fact.ts";
import type { Seq } from "../../../core/id.ts";
import type { FailureReason } from "../../../core/outcome.ts";
import type { PendingDelivery, PendingLane, Queue } from "../../index.ts";
import { PENDING_COLUMNS, type PendingRow, STATE, STATE_NAMES, withTriggers } from "../../sql/delivery-row.ts";
import type { Committer } from "../commit/commit.ts";
import { isOfMessageTo } from "../indexes/message-deliveries.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { trait } from "../indexes/trait.ts";
import { positionKeeper } from "./last-position.ts";
import { type SettleParts, settleVerb } from "./settle.ts";

type Verbs = Pick<Queue, "due" | "nextPosition" | "pendingLanes" | "settle" | "bury" | "hasten" | "resend">;

/** The methods that read and change deliveries. */
export function deliveries(parts: SettleParts): Verbs {
  const { db, committer, stretches } = parts;
  return {
    ...lanes(db),
    settle: settleVerb(parts),
    bury: buryVerb(db, committer),
    hasten: hastenVerb(db, committer),
    resend: resendVerb(db, committer, stretches),
  };
}

function lanes(db: Database): Pick<Queue, "due" | "nextPosition" | "pendingLanes"> {
  const due = db.prepare<PendingRow, [number, number, number, number, number]>(
    `SELECT ${PENDING_COLUMNS} FROM delivery
     WHERE state = 0 AND endpoint_seq = ?1 AND position >= ?2 AND position <= ?4 AND (position > ?2 OR seq > ?3)
     ORDER BY position, seq LIMIT ?5`,
  );
  const next = db.prepare<{ position: number }, [number, number, number]>(
    `SELECT position FROM delivery
     WHERE state = 0 AND endpoint_seq = ?1 AND position >= ?2 AND (position > ?2 OR seq > ?3) ORDER BY position, seq LIMIT 1`,
  );
  // Jumps from lane to lane in the index, so that the cost depends on the number of lanes rather
  // than on the number of pending deliveries.
  const firstLane = db.prepare<PendingLane, [number]>(
    `SELECT endpoint_seq AS endpointSeq, position FROM delivery WHERE state = 0 AND endpoint_seq > ?
     ORDER BY endpoint_seq, position LIMIT 1`,
  );
  return {
    due: async (endpointSeq, after, upTo, limit) =>
      withTriggers(due.all(endpointSeq, after.position, after.seq, upTo, limit)),
    nextPosition: async (endpointSeq, after) => next.get(endpointSeq, after.position, after.seq)?.position ?? null,
    pendingLanes: async (_claim, afterEndpoint, limit) => {
      const found: PendingLane[] = [];
      let lane = firstLane.get(afterEndpoint);
      while (lane !== null && found.length < limit) {
        found.push(lane);
        lane = firstLane.get(lane.endpointSeq);
      }
      return found;
    },
  };
}

/**
 * Returns a function that records a delivery in the search index of messages. It is needed for
 * deliveries that are created after their message was accepted.
 */
export function lateDelivery(db: Database, stretches: Stretches): (messageSeq: Seq, endpointSeq: Seq) => void {
  const applicationOf = db.prepare<{ seq: number }, [number]>(
    "SELECT application_seq AS seq FROM message WHERE seq = ?",
  );
  return (messageSeq, endpointSeq) => {
    const application = applicationOf.get(messageSeq);
    if (application !== null) stretches.mark(application.seq, messageSeq, [trait.endpoint(endpointSeq)]);
  };
}

function buryVerb(db: Database, committer: Committer): Queue["bury"] {
  const isDisabled = db.prepare<unknown, [number]>("SELECT 1 FROM endpoint WHERE seq = ? AND disabled = 1");
  const end = db.prepare(
    `UPDATE delivery SET state = ?2, reason = ?3, ended_at = ?4
     WHERE seq IN (SELECT seq FROM delivery WHERE state = 0 AND endpoint_seq = ?1 ORDER BY position LIMIT ?5)`,
  );
  return (endpointSeq, state, now, limit) =>
    committer.write(() => {
      if (state === "dead" && isDisabled.get(endpointSeq) === null) return 0;
      const reason: FailureReason | null = state === "dead" ? "disabled" : null;
      return end.run(endpointSeq, STATE[state], reason, now, limit).changes;
    }, limit);
}

function hastenVerb(db: Database, committer: Committer): Queue["hasten"] {
  const next = db.prepare<Pick<PendingDelivery, "seq" | "messageSeq">, [number, number, number]>(
    `SELECT seq, message_seq AS messageSeq FROM delivery
     WHERE state = 0 AND attempts_total > 0 AND endpoint_seq = ? AND message_seq > ? ORDER BY message_seq LIMIT ?`,
  );
  const hasten = db.prepare<{ position: number }, [number, number]>(
    `UPDATE delivery SET due_at = ?2,
       position = CASE (SELECT fifo FROM endpoint WHERE endpoint.seq = endpoint_seq) WHEN 1 THEN position ELSE seq END
     WHERE seq = ?1 AND attempts > 0 AND due_at > ?2 RETURNING position`,
  );
  return (endpointSeq, { after, limit }, now) =>
    committer.write(() => {
      const rows = next.all(endpointSeq, after, limit);
      const positions = rows.flatMap(({ seq }) => hasten.get(seq, now)?.position ?? []);
      return {
        first: positions.length === 0 ? null : Math.min(...positions),
        last: rows.length < limit ? null : rows.at(-1)!.messageSeq,
      };
    }, limit);
}

function resendVerb(db: Database, committer: Committer, stretches: Stretches): Queue["resend"] {
  const markLate = lateDelivery(db, stretches);
  const existing = db.prepare<{ seq: number; state: number }, [number, number]>(
    `SELECT seq, state FROM delivery WHERE ${isOfMessageTo("?1", "?2")}`,
  );
  const again = db.prepare(
    `UPDATE delivery SET state = 0, position = ?2, due_at = ?3, attempts = 0, round = round + 1, trigger = 1,
       batch_seq = NULL, reason = NULL, ended_at = NULL WHERE seq = ?1`,
  );
  const insert = db.prepare(
    `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger)
     VALUES (?, ?, ?, 0, ?, ?, 0, 0, 0, 1)`,
  );
  const keepPosition = positionKeeper(db);
  return (messageSeq, endpointSeq, { seq, position, now }) =>
    committer.write((): { was: DeliveryWas; deliverySeq: number } => {
      keepPosition(position);
      const row = existing.all(messageSeq, endpointSeq).sort((a, b) => a.seq - b.seq)[0];
      if (row === undefined) {
        insert.run(seq, messageSeq, endpointSeq, position, now);
        markLate(messageSeq, endpointSeq);
        return { was: "none", deliverySeq: seq };
      }
      again.run(row.seq, position, now);
      return { was: STATE_NAMES[row.state]!, deliverySeq: row.seq };
    });
}
