import type { Database } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Dice } from "../dice.ts";
import type { Sent } from "../scene.ts";
import type { TokenChecks } from "./tokens.ts";
import type { Violation } from "./violation.ts";

/** Minimum time for which repeated calls get the first response. */
const REPEATED_FOR_MS = 12 * 3_600_000;
/** Number of keys that are in use at a time. */
const POOL = 4;

/** An idempotency key of a caller. */
export interface Key {
  readonly name: string;
  readonly kind: "message" | "token";
  readonly applicationSeq: Seq;
  /** True time of the first call. */
  readonly bornAt: number;
  /** Earliest time at which the key may be forgotten, by the wall clock. */
  expiresAt: number;
  /** The body of the first response; null until it arrives. */
  response: string | null;
  /** The life of the program that sent the first response. */
  life: number | null;
  callsUnderWay: number;
}

/**
 * Checks that the work for each key is done once, and that every call with the key gets the same
 * response.
 */
export class KeyChecks {
  readonly #keys: Key[] = [];

  constructor(
    private readonly db: Database,
    private readonly clock: VirtualClock,
    private readonly sent: Sent[],
    private readonly tokens: TokenChecks,
    private readonly violation: Violation,
  ) {}

  /** Returns one of the newest keys, or a new one. */
  pick(dice: Dice, applicationSeq: Seq): Key {
    const known = this.#keys.slice(-POOL).filter((key) => !this.#mayBeForgotten(key));
    if (known.length > 0 && dice.chance(0.7)) return this.#called(dice.pick(known));
    const key: Key = {
      name: `key-${this.#keys.length}`,
      kind: dice.chance(0.6) ? "message" : "token",
      applicationSeq,
      bornAt: this.clock.now,
      expiresAt: this.clock.wall + REPEATED_FOR_MS,
      response: null,
      life: null,
      callsUnderWay: 0,
    };
    this.#keys.push(key);
    return key;
  }

  /** Must be called when the program ends, because no call outlives it. */
  programEnded(): void {
    for (const key of this.#keys) key.callsUnderWay = 0;
  }

  responded(key: Key, body: string, { number }: { readonly number: number }): void {
    if (this.#mayBeForgotten(key)) return;
    if (key.response === null) {
      key.response = body;
      key.life = number;
      if (key.kind === "message") this.#messageAccepted(key, Number(body));
      else this.tokens.createdWithKey(JSON.parse(body) as { seq: Seq; text: string });
    } else if (key.response !== body) {
      this.violation(`the key ${key.name} got the response ${body} after ${key.response}`);
    }
  }

  /** Checks at the end that the work for each key was done only once. */
  eachWorkedOnce(): void {
    const rows = this.db
      .query<{ mark: string; count: number }, []>(
        `SELECT payload ->> 'mark' AS mark, COUNT(*) AS count FROM
           (SELECT CAST(payload AS TEXT) AS payload FROM message m JOIN application a ON a.seq = m.application_seq
            WHERE payload IS NOT NULL AND received IS NULL AND a.operational = 0)
         WHERE mark IS NOT NULL GROUP BY mark HAVING COUNT(*) > 1`,
      )
      .all();
    for (const { mark, count } of rows) {
      const key = this.#keys.find(({ name }) => name === mark);
      if (key !== undefined && !this.#mayBeForgotten(key)) {
        this.violation(`the key ${mark} stored ${count} messages`);
      }
    }
  }

  /** The key is kept from the first call that succeeds, before which the clock may be set back. */
  #called(key: Key): Key {
    if (key.response === null) key.expiresAt = Math.min(key.expiresAt, this.clock.wall + REPEATED_FOR_MS);
    return key;
  }

  #mayBeForgotten({ bornAt, expiresAt }: Key): boolean {
    return this.clock.latestBetween(bornAt) >= expiresAt;
  }

  /**
   * Checks the message that was sent with the key. A call that got no response may have stored the
   * message.
   */
  #messageAccepted({ name, applicationSeq }: Key, seq: Seq): void {
    const row = this.db
      .query<{ payload: Uint8Array | null }, [number]>("SELECT payload FROM message WHERE seq = ?")
      .get(seq);
    if (row?.payload == null) return;
    const payload = new Uint8Array(row.payload);
    const { mark } = JSON.parse(Buffer.from(payload).toString()) as { mark: string | null };
    if (mark !== name) this.violation(`the key ${name} got the message of ${mark}`);
    const sentAt = this.clock.now;
    this.sent.push({ seq, applicationSeq, sentAt, payload, deliverAt: null, expiresAt: null, answer: "accepted" });
  }
}
