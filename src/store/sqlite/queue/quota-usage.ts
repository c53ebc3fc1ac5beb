import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { countAt, endOf, type MessageUse, startOf, useWith } from "../../../core/quota.ts";
import type { AcceptResult, NewMessage, Queue } from "../../index.ts";
import { COUNTED_AT_ONCE, type Counted, countInSteps, exceeding, UNCOUNTED } from "../../sql/quota-usage.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";

interface Usage extends MessageUse {
  /** Messages up to this number are counted. */
  readonly countedTo: Seq;
  /** 1 if the application has later messages. */
  readonly isBehind: 0 | 1;
}

/**
 * What applications use of their quotas. The table `quota_usage` has a row for each application
 * whose messages are counted. Each commit that stores a message or deletes a payload also changes
 * the row, so the counts hold after a crash, and messages of one commit cannot exceed a quota
 * together.
 *
 * The row counts the messages up to `counted_to`. Later messages were stored while the application
 * had no quota. They are counted, in steps, before the next message is stored.
 */
export class QuotaUsages {
  readonly #get: Statement<Usage, [number]>;
  readonly #set: Statement<unknown, [number, number, number, number, number]>;
  readonly #add: Statement<unknown, [number]>;
  readonly #next: Statement<Counted, [number, number, number, number, number]>;
  readonly #drop: Statement<unknown, [number]>;
  readonly #any: Statement<unknown, []>;
  readonly #payload: Statement<{ applicationSeq: number; bytes: number }, [number]>;
  readonly #subtract: Statement<unknown, [number, number, number]>;
  readonly #exists: Statement<unknown, [number]>;

  constructor(db: Database) {
    this.#get = db.prepare(
      `SELECT counted_to AS countedTo, day, messages, stored_bytes AS storedBytes,
         EXISTS (SELECT 1 FROM application_messages i WHERE i.application_seq = u.application_seq AND i.seq > u.counted_to) AS isBehind
       FROM quota_usage u WHERE application_seq = ?`,
    );
    this.#set = db.prepare(
      `UPDATE quota_usage SET counted_to = ?2, day = ?3, messages = ?4, stored_bytes = ?5
       WHERE application_seq = ?1`,
    );
    this.#add = db.prepare("INSERT INTO quota_usage VALUES (?1, 0, 0, 0, 0) ON CONFLICT DO NOTHING");
    this.#next = db.prepare(
      `SELECT COUNT(*) AS rows, MAX(seq) AS last, TOTAL(bytes) AS bytes, TOTAL(acceptedAt >= ?3 AND acceptedAt < ?4) AS today
       FROM (SELECT m.seq, LENGTH(m.payload) AS bytes, m.accepted_at AS acceptedAt
             FROM (SELECT seq FROM application_messages WHERE application_seq = ?1 AND seq > ?2 ORDER BY seq LIMIT ?5) listed
             CROSS JOIN message m ON m.seq = listed.seq)`,
    );
    this.#drop = db.prepare("DELETE FROM quota_usage WHERE application_seq = ?");
    this.#any = db.prepare("SELECT 1 FROM quota_usage LIMIT 1");
    this.#payload = db.prepare(
      `SELECT application_seq AS applicationSeq, LENGTH(payload) AS bytes FROM message
       WHERE seq = ? AND payload IS NOT NULL`,
    );
    this.#subtract = db.prepare(
      "UPDATE quota_usage SET stored_bytes = stored_bytes - ?3 WHERE application_seq = ?1 AND counted_to >= ?2",
    );
    this.#exists = db.prepare("SELECT 1 FROM application WHERE seq = ? AND deleted_at IS NULL");
  }

  /**
   * Counts a new message. Returns null, or why it must not be stored. Must be called in the commit
   * that stores the message, before the message is stored.
   */
  take(message: NewMessage): AcceptResult | null {
    const { seq, applicationSeq, quota } = message;
    if (quota == null) return null;
    const usage = this.#get.get(applicationSeq);
    if (usage === null || usage.isBehind === 1) return UNCOUNTED;
    const use = useWith(usage, message, quota);
    if ("quota" in use) return exceeding(use);
    this.#set.run(applicationSeq, seq, use.day, use.messages, use.storedBytes);
    return null;
  }

  /** Returns whether any application is counted. If not, `release` need not be called. */
  isUsed(): boolean {
    return this.#any.get() !== null;
  }

  /** Must be called in the commit that deletes the payload of a message, before it is deleted. */
  release(messageSeq: Seq): void {
    const payload = this.#payload.get(messageSeq);
    if (payload !== null) this.#subtract.run(payload.applicationSeq, messageSeq, payload.bytes);
  }

  /** Drops the counts of an application. They are counted again when they are needed. */
  drop(applicationSeq: Seq): void {
    this.#drop.run(applicationSeq);
  }

  get(applicationSeq: Seq): Usage | null {
    const usage = this.#get.get(applicationSeq);
    return usage === null || usage.isBehind === 1 ? null : usage;
  }

  /** Counts the next stored messages of an application. `gone` means that it was deleted. */
  countStep(applicationSeq: Seq, now: number): "more" | "counted" | "gone" {
    if (this.#exists.get(applicationSeq) === null) return "gone";
    this.#add.run(applicationSeq);
    const usage = this.#get.get(applicationSeq)!;
    if (usage.isBehind === 0) return "counted";
    const { day, messages } = countAt(usage, now);
    const next = this.#next.get(applicationSeq, usage.countedTo, startOf({ day }), endOf({ day }), COUNTED_AT_ONCE)!;
    this.#set.run(applicationSeq, next.last!, day, messages + next.today, usage.storedBytes + next.bytes);
    return next.rows < COUNTED_AT_ONCE ? "counted" : "more";
  }
}

export function usageVerbs(db: Database, committer: Committer, usages: QuotaUsages, turns: Turns): Queue["usage"] {
  const endpoints = db.prepare<{ count: number }, [number]>(
    "SELECT COUNT(*) AS count FROM endpoint WHERE application_seq = ? AND deleted_at IS NULL",
  );
  return {
    count: countInSteps(async (applicationSeq, now) => {
      const state = await committer.write(() => usages.countStep(applicationSeq, now), COUNTED_AT_ONCE);
      if (state === "more") await turns.next();
      return state;
    }),
    read: async (applicationSeq, now) => {
      const usage = usages.get(applicationSeq);
      const messages = usage && { ...countAt(usage, now), storedBytes: usage.storedBytes };
      return { endpoints: endpoints.get(applicationSeq)!.count, messages };
    },
  };
}
