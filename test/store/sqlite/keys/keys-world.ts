import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { systemClock } from "../../../../src/edge/clock.ts";
import { MESSAGE_KEY_BYTES, MessageKeys } from "../../../../src/store/sqlite/keys/message-keys.ts";
import { Turns } from "../../../../src/store/turns.ts";
import { IndexWorld } from "./index-world.ts";

export const NOW = 1000;
export const EXPIRY = 2000;

export const keyOf = (number: number) => createHash("sha256").update(String(number)).digest();
export const entryOf = (number: number, expiresAt = EXPIRY) => ({ key: keyOf(number), expiresAt, bodyHash: null });

/** Keys on a database in memory. The message of a key has the key's number. */
export class KeysWorld extends IndexWorld {
  now = NOW;
  readonly clock = { ...systemClock, now: () => this.now };
  keys!: MessageKeys;

  constructor(
    readonly keysMax = 1000,
    db = new Database(":memory:", { strict: true }),
  ) {
    super({ log: "key_log", range: "key_range", entryBytes: MESSAGE_KEY_BYTES }, db);
    this.open();
  }

  open(): void {
    this.committer = this.newCommitter(this.clock);
    const { db, committer, clock, keysMax, onFact } = this;
    this.keys = new MessageKeys({ db, committer, turns: new Turns(clock), clock, onFact, keysMax });
  }

  add(number: number, expiresAt = EXPIRY): Promise<boolean> {
    return this.committer.write(() => this.addNow(number, expiresAt));
  }

  addNow(number: number, expiresAt = EXPIRY): boolean {
    if (this.isKnown(number)) return false;
    this.db.run(
      "INSERT OR REPLACE INTO message (seq, application_seq, event_type, accepted_at) VALUES (?, 1, 'a', 0)",
      [number],
    );
    this.keys.add(entryOf(number, expiresAt), number);
    return true;
  }

  isKnown(number: number): boolean {
    return this.keys.get(keyOf(number), this.now) !== null;
  }
}
