import type { Statement } from "bun:sqlite";
import { hash } from "node:crypto";
import type { Seq } from "../../../core/id.ts";
import { ENTRY_BYTES_MIN, type Entries } from "./entry.ts";
import { KeyIndex, type KeyIndexParts } from "./key-index.ts";

/** The ids of deleted messages are removed after at least this many messages were deleted. */
const DELETED_MIN = 1000;
/** The same, as a share of the stored ids. */
const DELETED_SHARE = 1 / 8;

/** Returns the key of an event id. */
export function eventIdKey(applicationSeq: Seq, eventId: string): Uint8Array {
  return hash("sha256", `${applicationSeq}:${eventId}`, "buffer");
}

/** The ids that senders have given to their messages. Each is the id of at most one message of its application. */
export class EventIds {
  readonly #index: KeyIndex;
  readonly #hasId: Statement<unknown, [Seq, Seq, string]>;
  readonly #exists: Statement<unknown, [Seq]>;
  readonly #oldest: Statement<{ seq: Seq }, []>;
  /** No message from this one on has been deleted. */
  #firstKept: Seq = 0;
  /** No message before this one is stored. */
  #firstStored: Seq = 0;
  #deletedSincePrune = 0;

  constructor(parts: KeyIndexParts) {
    const { db, committer } = parts;
    this.#hasId = db.prepare("SELECT 1 FROM message WHERE seq = ? AND application_seq = ? AND event_id = ?");
    this.#exists = db.prepare("SELECT 1 FROM message WHERE seq = ?");
    this.#oldest = db.prepare("SELECT seq FROM message ORDER BY seq LIMIT 1");
    this.#index = new KeyIndex(parts, {
      log: "event_id_log",
      ranges: "event_id_range",
      entryBytes: ENTRY_BYTES_MIN,
      isLive: (entries, index) => this.#isStored(entries, index),
    });
    // The messages that were to be deleted are stored again.
    committer.onRollback(() => {
      this.#firstKept = 0;
    });
  }

  /** Returns the number of the message with an event id, or null. */
  seqOf(applicationSeq: Seq, eventId: string, key = eventIdKey(applicationSeq, eventId)): Seq | null {
    const entry = this.#index.find(key, 0);
    if (entry === null) return null;
    const seq = entry.entries.seqOf(entry.index);
    return this.#hasId.get(seq, applicationSeq, eventId) === null ? null : seq;
  }

  /** Adds the event id of a message that the open transaction has stored. `seqOf` must have returned null. */
  add(key: Uint8Array, messageSeq: Seq): void {
    // An application that moves here brings older messages.
    this.#firstStored = Math.min(this.#firstStored, messageSeq);
    this.#index.add(key, messageSeq);
  }

  /**
   * Removes ids of deleted messages when there are many. `firstKept` is the first message that was too
   * young to be deleted, and `deleted` the number of messages that were deleted since the last call.
   * Returns whether there is more to do. Must be called within a commit, after the deletion.
   */
  prune(firstKept: Seq, deleted: number): boolean {
    this.#firstKept = firstKept;
    this.#firstStored = this.#oldest.get()?.seq ?? firstKept;
    this.#deletedSincePrune += deleted;
    const isDue = this.#deletedSincePrune >= Math.max(DELETED_MIN, this.#index.keptCount * DELETED_SHARE);
    if (isDue) this.#deletedSincePrune = 0;
    return this.#index.prune(0, isDue).more;
  }

  /** Stops the work in the background. */
  close(): void {
    this.#index.close();
  }

  #isStored(entries: Entries, index: number): boolean {
    const seq = entries.seqOf(index);
    return seq >= this.#firstKept || (seq >= this.#firstStored && this.#exists.get(seq) !== null);
  }
}
