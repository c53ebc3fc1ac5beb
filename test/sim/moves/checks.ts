import { movesOf } from "../../../src/commands/move-origin.ts";
import { FUNCTION_URL } from "../../../src/core/endpoint-url/function.ts";
import type { FunctionMessage } from "../../../src/core/function-message.ts";
import type { Seq } from "../../../src/core/id.ts";
import { PARTS } from "./functions.ts";
import type { Site } from "./site.ts";

/** How long after a command an attempt that began before it may still reach the network, in ms. */
const UNDER_WAY_MS = 50;

/** Stands for the host of the endpoint that is a function. */
const FUNCTION = "the function";

/** What an endpoint must get. */
export interface Receiver {
  readonly host: string;
  readonly isFifo: boolean;
}

interface Message {
  /** Number in the order in which the client has sent them. */
  readonly number: number;
  cancelledAt: number | null;
  /** Whether it may have been cancelled. */
  isCancelling: boolean;
  /** Whether it was resent. It may then come late, or again. */
  mayRepeat: boolean;
}

interface Parts {
  readonly uid: string;
  readonly receivers: readonly Receiver[];
  readonly now: () => number;
}

/** What must be true in every world. */
export class MoveChecks {
  readonly violations: string[] = [];
  /** Whether dead letters are sent again, also those of messages that were cancelled. */
  isRedriving = false;
  readonly messages = new Map<string, Message>();
  /** Messages that a group has acknowledged. */
  readonly acknowledged = new Set<string>();
  /** Messages whose acknowledgement got no response. */
  readonly perhapsAcknowledged = new Set<string>();
  /** Messages whose payload was deleted. */
  readonly erased = new Set<string>();
  readonly consumed: string[] = [];
  /** Successes by receiver and message, with whether the server has stored them. */
  readonly #delivered = new Map<string, "received" | "settled">();
  /** The ids of the messages that the function has sent, by the number of the message that it handled and the part. */
  readonly #sentByFunction = new Map<string, string>();
  /** Attempts that wait for their responses, by site, receiver and message. */
  readonly #underWay = new Map<string, { readonly site: Site; readonly lives: number }>();

  constructor(private readonly parts: Parts) {}

  violation(text: string): void {
    this.violations.push(`${this.parts.now()}: ${text}`);
  }

  accepted(id: string, number: number): void {
    if (this.messages.has(id)) this.violation(`two messages have the id ${id}`);
    this.messages.set(id, { number, cancelledAt: null, isCancelling: false, mayRepeat: false });
  }

  /** Called when an attempt reaches the network. Returns a function to be called with its response. */
  requested(site: Site, host: string, id: string): (isSuccess: boolean) => void {
    const receiver = this.parts.receivers.find((one) => one.host === host);
    if (receiver === undefined) return () => {};
    if (!this.#owns(site)) this.violation(`${site.name} sends ${id}, but does not have the application`);
    const key = keyOf(host, id);
    const other = this.#underWay.get(key);
    if (other?.site.isAlive && other.site.lives === other.lives) {
      this.violation(`${site.name} sends ${id} while an attempt is under way at ${other.site.name}`);
    }
    this.#underWay.set(key, { site, lives: site.lives });
    const message = this.messages.get(id);
    if (message !== undefined) this.#began(id, message, receiver, site);
    return (isSuccess) => {
      this.#underWay.delete(key);
      if (isSuccess && !this.#delivered.has(key)) this.#delivered.set(key, "received");
    };
  }

  /** Called when a site begins to run the function for a message. */
  functionBegan(site: Site, id: string): void {
    if (!this.#owns(site))
      this.violation(`${site.name} runs the function for ${id}, but does not have the application`);
    const message = this.messages.get(id);
    if (message !== undefined) this.#began(id, message, { host: FUNCTION, isFifo: false }, site);
  }

  /** Called when the function has handled a message. */
  functionReturned(id: string): void {
    const key = keyOf(FUNCTION, id);
    if (!this.#delivered.has(key)) this.#delivered.set(key, "received");
  }

  /** Called when the function gets the id of a message that it has sent. */
  functionSent({ json }: FunctionMessage, id: string): void {
    const { cause, part } = (JSON.parse(json) as { readonly payload: { cause: number; part: number } }).payload;
    const key = `${cause} ${part}`;
    const before = this.#sentByFunction.get(key);
    if (before === undefined) this.#sentByFunction.set(key, id);
    else if (before !== id) this.violation(`the function has sent message ${part} for message ${cause} twice`);
  }

  #began(id: string, { number, cancelledAt, mayRepeat }: Message, { host, isFifo }: Receiver, site: Site): void {
    if (!mayRepeat && this.#delivered.get(keyOf(host, id)) === "settled") {
      this.violation(`${site.name} sends message ${number} to ${host} again`);
    }
    if (!mayRepeat && !this.isRedriving && cancelledAt !== null && cancelledAt < this.parts.now() - UNDER_WAY_MS) {
      this.violation(`${site.name} sends message ${number}, which was cancelled`);
    }
    if (!isFifo || mayRepeat) return;
    for (const [earlierId, earlier] of this.messages) {
      const isLate = earlier.number < number && !this.#delivered.has(keyOf(host, earlierId));
      if (isLate && !earlier.mayRepeat && !earlier.isCancelling) {
        this.violation(`${site.name} sends message ${number} to ${host} before message ${earlier.number}`);
        return;
      }
    }
  }

  /** Called when a site has stored a success. */
  settled(site: Site, messageSeq: Seq, endpointSeq: Seq): void {
    const sql = "SELECT url FROM endpoint WHERE seq = ?";
    const { url } = site.db.query<{ url: string }, [number]>(sql).get(endpointSeq)!;
    const key = keyOf(
      url === FUNCTION_URL ? FUNCTION : new URL(url).hostname,
      site.kernel.ids.encode("msg_", messageSeq),
    );
    if (this.#delivered.has(key)) this.#delivered.set(key, "settled");
  }

  leased(id: string): void {
    if (this.acknowledged.has(id)) this.violation(`the group gets ${id}, which it has acknowledged`);
  }

  #owns({ kernel, db }: Site): boolean {
    const row = db
      .query<{ seq: number }, [string]>("SELECT seq FROM application WHERE uid = ? AND deleted_at IS NULL")
      .get(this.parts.uid);
    return row !== null && !movesOf(kernel).destination.arriving.has(row.seq);
  }

  /** Checks what must be true at the site that has the application when everything has been delivered. */
  atTheEnd({ kernel: { ids }, db }: Site): void {
    const repeated = db.query<{ payload: string }, [string]>(
      `SELECT CAST(m.payload AS TEXT) AS payload FROM message m JOIN application a ON a.seq = m.application_seq
       WHERE a.uid = ? AND a.deleted_at IS NULL AND m.payload IS NOT NULL GROUP BY m.payload HAVING COUNT(*) > 1`,
    );
    for (const { payload } of repeated.all(this.parts.uid)) this.violation(`two messages have the payload ${payload}`);
    const payloadOf = db.query<unknown, [number]>("SELECT 1 FROM message WHERE seq = ? AND payload IS NOT NULL");
    for (const id of this.erased) {
      const seq = ids.decode("msg_", id);
      if (seq !== null && payloadOf.get(seq) !== null) this.violation(`the payload of ${id} was not deleted`);
    }
    for (const [id, { number, isCancelling }] of this.messages) {
      this.#wasGot(id, `message ${number}`, !isCancelling);
      for (let part = 0; part < PARTS && !isCancelling; part++) {
        const isSent = this.#sentByFunction.has(`${number} ${part}`);
        if (!isSent) this.violation(`the function has not sent message ${part} for message ${number}`);
      }
    }
    for (const [key, id] of this.#sentByFunction)
      this.#wasGot(id, `the message that the function sent as ${key}`, true);
  }

  /** Checks that everybody has got a message. */
  #wasGot(id: string, name: string, isDelivered: boolean): void {
    if (!this.acknowledged.has(id) && !this.perhapsAcknowledged.has(id)) {
      this.violation(`the group has not got ${name}`);
    }
    if (!this.consumed.includes(id)) this.violation(`the consumer has not got ${name}`);
    if (!isDelivered) return;
    for (const host of [...this.parts.receivers.map((one) => one.host), FUNCTION]) {
      if (!this.#delivered.has(keyOf(host, id))) this.violation(`${name} was not delivered to ${host}`);
    }
  }
}

function keyOf(host: string, id: string): string {
  return `${host} ${id}`;
}
