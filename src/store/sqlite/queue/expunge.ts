import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { Expunged, Key, Queue } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";
import { taskUpdate } from "../housekeeping/tasks.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";
import type { EventIds } from "../keys/event-ids.ts";
import type { QuotaUsages } from "./quota-usage.ts";

/** Sums up the results of expunging messages. */
class Sum {
  messages = 0;
  cancelled = 0;
  readonly #endpoints = new Set<number>();

  /** Counts a cancelled delivery of this endpoint. */
  cancelledFor(endpointSeq: number): void {
    this.cancelled++;
    this.#endpoints.add(endpointSeq);
  }

  get value(): Expunged {
    return { messages: this.messages, cancelled: this.cancelled, endpoints: [...this.#endpoints] };
  }
}

interface Parts {
  readonly db: Database;
  readonly committer: Committer;
  readonly usages: QuotaUsages;
  readonly eventIds: EventIds;
  /** Number of payloads of each application that have been deleted since the start. */
  readonly erasures: Map<Seq, number>;
}

/** Deletes payloads without reading them. */
export function expunge({ db, committer, usages, eventIds, erasures }: Parts, clock: Clock): Queue["expunge"] {
  const bySeq = db.prepare<{ seq: number }, [number, number]>(
    "SELECT seq FROM message WHERE seq = ? AND application_seq = ?",
  );
  const next = db.prepare<{ seq: number }, [number, number, number, number]>(
    "SELECT seq FROM application_messages WHERE application_seq = ? AND seq > ? AND seq < ? ORDER BY seq LIMIT ?",
  );
  const forget = db.prepare<{ applicationSeq: number }, [number]>(
    `UPDATE message SET payload = NULL, payload_expires_at = NULL WHERE seq = ? AND payload IS NOT NULL
     RETURNING application_seq AS applicationSeq`,
  );
  const cancel = db.prepare<{ endpointSeq: number }, [number, number]>(
    `UPDATE delivery SET state = 3, ended_at = ?2 WHERE ${isOfMessage("?1")} AND state = 0
     RETURNING endpoint_seq AS endpointSeq`,
  );
  const storeTask = taskUpdate(db);
  const seqOf = (applicationSeq: Seq, key: Key): Seq | null =>
    "seq" in key ? (bySeq.get(key.seq, applicationSeq)?.seq ?? null) : eventIds.seqOf(applicationSeq, key.uid);

  const expungeOne = (seq: number, sum: Sum): void => {
    if (usages.isUsed()) usages.release(seq);
    const erased = forget.get(seq);
    if (erased !== null) {
      sum.messages++;
      erasures.set(erased.applicationSeq, (erasures.get(erased.applicationSeq) ?? 0) + 1);
    }
    for (const { endpointSeq } of cancel.all(seq, clock.now())) sum.cancelledFor(endpointSeq);
  };

  return {
    message: (seq) =>
      committer.write(() => {
        const sum = new Sum();
        expungeOne(seq, sum);
        return sum.value.cancelled;
      }),
    messages: (applicationSeq, keys) =>
      committer.write(() => {
        const sum = new Sum();
        const found = keys.map((key) => {
          const seq = seqOf(applicationSeq, key);
          if (seq !== null) expungeOne(seq, sum);
          return seq !== null;
        });
        return { ...sum.value, found };
      }, keys.length),
    step: (applicationSeq, { from, to, limit }, progress) =>
      committer.write(() => {
        const sum = new Sum();
        const rows = next.all(applicationSeq, from, to, limit);
        for (const { seq } of rows) expungeOne(seq, sum);
        const last = rows.length < limit ? null : rows[rows.length - 1]!.seq;
        storeTask(progress(sum.value, last));
        return { ...sum.value, last };
      }, limit),
  };
}
