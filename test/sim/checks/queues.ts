import type { Database, Statement } from "bun:sqlite";
import type { BrokerMessage, Disposition } from "../../../src/consume/broker.ts";
import { brokerTypes } from "../../../src/core/broker.ts";
import type { Fact } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import type { ObservedConnection } from "../queues/observed.ts";
import type { Publication } from "../queues/queue.ts";
import type { QueueSource } from "../queues/queue-source.ts";
import type { ReceivedRow } from "./sources.ts";
import type { Violation } from "./violation.ts";

/** Time that the program needs to end connections after a change of a source, in ms. */
const CHANGE_MS_MAX = 20_000;
/** Time between the reading of the clock for the window of duplicates and the commit, in ms. */
const COMMIT_MS_MAX = 5000;
/** Number of refused messages in one life of the program that do not reach the limit of the log. */
const LOGGED_ALWAYS = 50;

interface LogRow {
  readonly payload: Uint8Array;
}

/** Checks what sources store from queues, and when they settle it. */
export class QueueChecks {
  readonly sources: QueueSource[] = [];
  /** The number of the program's present life. */
  life = 0;
  /** Called when a program has received messages. */
  onReceived: () => void = () => {};
  /** The source that has received messages last. */
  latest: QueueSource | null = null;
  readonly #byBody = new Map<string, Publication>();
  /** The open connections of the program, by source. */
  readonly #connections = new Map<Seq, Set<ObservedConnection>>();
  readonly #rows: Statement<LogRow, []>;
  readonly #forget: Statement<unknown, []>;
  #refusedInLife = 0;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    private readonly marks: Marks,
    readonly violation: Violation,
  ) {
    const types = brokerTypes.map((type) => `'${type}'`).join(", ");
    db.run(`
      CREATE TEMP TABLE logged_of_queue (payload BLOB);
      CREATE TEMP TRIGGER queue_logged AFTER INSERT ON source_log WHEN NEW.method IN (${types}) BEGIN
        INSERT INTO logged_of_queue VALUES (NEW.payload);
      END;
    `);
    this.#rows = db.prepare("SELECT * FROM logged_of_queue");
    this.#forget = db.prepare("DELETE FROM logged_of_queue");
  }

  /** Adds a message of a publisher. Its body must be unique. */
  publish(publication: Publication): Publication {
    this.#byBody.set(keyOf(publication.body), publication);
    return publication;
  }

  publicationOf(body: Uint8Array): Publication | undefined {
    return this.#byBody.get(keyOf(body));
  }

  happened(fact: Fact): void {
    if (fact.type === "source.connection" && fact.state === "failed") this.marks.hit("queue: connection failed");
    if (fact.type !== "source.received" || fact.outcome !== "duplicate") return;
    if (this.sources.some(({ seq }) => seq === fact.sourceSeq)) this.marks.hit("queue: duplicate");
  }

  // --- what the program does ---

  connected({ seq }: QueueSource, connection: ObservedConnection): void {
    const connections = this.#connections.getOrInsertComputed(seq, () => new Set());
    if (connections.size > 0) this.violation(`source ${seq} has two connections at the same time`);
    connections.add(connection);
  }

  /** Must be called when a change of a source begins. */
  changing({ seq, state }: QueueSource): void {
    const connections = [...(this.#connections.get(seq) ?? [])];
    if (!connections.some(({ unsettledCount }) => unsettledCount > 0)) return;
    this.marks.hit(`queue: source ${state === "live" ? "changed" : "deleted"} with unsettled messages`);
  }

  closed({ seq }: QueueSource, connection: ObservedConnection): void {
    this.#connections.get(seq)?.delete(connection);
    if (connection.unsettledCount > 0) this.marks.hit("queue: connection closed with unsettled messages");
  }

  received(source: QueueSource, url: string, messages: readonly BrokerMessage[]): void {
    this.latest = source;
    this.onReceived();
    for (const { body } of messages) {
      const publication = this.publicationOf(body)!;
      publication.received++;
      publication.receivedAt = this.clock.wall;
    }
    const isOver = this.clock.now - source.changedAt > CHANGE_MS_MAX;
    if (isOver && !source.mayTakeFrom(url)) {
      this.violation(`source ${source.seq} still receives messages from ${url} after it was changed`);
    }
  }

  settling({ body }: BrokerMessage, how: Disposition): void {
    const publication = this.publicationOf(body)!;
    const { name, poison, stored, source } = publication;
    const { marks, violation } = this;
    if (how === "stored") {
      if (stored.length === 0) violation(`message ${name} is acknowledged but is not stored`);
      else if (stored.at(-1)!.life < this.life) marks.hit("queue: duplicate after a restart");
      return;
    }
    this.#refusedInLife++;
    if (poison === null) violation(`message ${name} is refused although it can be stored`);
    else marks.hit(poison === "large" ? "queue: refused as too large" : "queue: refused for its schema");
    // The log of a source ends with the source.
    if (source.state !== "live" || this.#refusedInLife > LOGGED_ALWAYS) publication.mayBeUnlogged = true;
    if (publication.logged === 0 && !publication.mayBeUnlogged)
      violation(`message ${name} is refused but is not logged`);
  }

  /** Must be called when a message has left its queue for good. */
  removed({ name, stored, logged, mayBeUnlogged }: Publication): void {
    if (stored.length > 0 || logged > 0 || mayBeUnlogged) return;
    this.violation(`message ${name} has left its queue but is neither stored nor logged`);
  }

  // --- what is committed ---

  /** Must be called after each commit, before the program learns of the commit. */
  committed(): void {
    const rows = this.sources.length === 0 ? [] : this.#rows.all();
    if (rows.length === 0) return;
    this.#forget.run();
    for (const { payload } of rows) {
      const publication = this.publicationOf(payload);
      if (publication === undefined) this.violation("a source has logged a message that was in no queue");
      else publication.logged++;
    }
  }

  /** Must be called for each message that a source has stored from a queue. */
  stored(sourceSeq: Seq, { seq, payload, accepted_at: acceptedAt }: ReceivedRow): void {
    const publication = this.publicationOf(payload);
    if (publication?.source.seq !== sourceSeq) {
      this.violation(`message ${seq} of source ${sourceSeq} was in the queue of another source, or in none`);
      return;
    }
    const { name, id, poison, stored, receivedAt, received, source } = publication;
    this.marks.hit("queue: stored");
    if (poison !== null) this.violation(`message ${name} is stored although it is ${poison}`);
    const [first] = stored.slice(-1);
    const isRemembered = first !== undefined && id !== null && source.windowMs !== null;
    const endsAt = isRemembered ? first.rememberedFrom + source.windowMs! : 0;
    if (isRemembered && this.clock.latestBetween(first.at) < endsAt) {
      this.violation(`message ${name} is stored twice within its window`);
    } else if (first !== undefined) {
      this.marks.hit(isRemembered ? "queue: stored again after its window" : "queue: stored again without an id");
    }
    const { now: at } = this.clock;
    stored.push({ seq, at, life: this.life, rememberedFrom: Math.min(acceptedAt, receivedAt) - COMMIT_MS_MAX });
    if (stored.length > received) this.violation(`message ${name} is stored more often than it was received`);
    for (const connection of this.#connections.get(sourceSeq) ?? []) {
      if (connection.hasOvertaken(publication)) this.violation(`message ${name} is stored after one that followed it`);
    }
  }

  // --- lives and the end ---

  /** Must be called when the program has crashed. */
  programCrashed(): void {
    for (const connection of [...this.#connections.values()].flatMap((set) => [...set])) {
      for (const { body } of connection.unsettled) {
        const isStored = this.publicationOf(body)!.stored.at(-1)?.life === this.life;
        this.marks.hit(
          isStored
            ? "crash: between a queue's commit and its acknowledgement"
            : "crash: between the receipt of a queue's message and its commit",
        );
      }
    }
  }

  programStarted(life: number): void {
    this.life = life;
    this.#refusedInLife = 0;
    this.#connections.clear();
    for (const source of this.sources) source.programEnded();
  }

  /** Returns the queues from which live sources must take everything. */
  get expected(): readonly string[] {
    const open = this.sources.filter(({ state, disabled }) => state === "live" && disabled.known === false);
    return open.flatMap(({ url }) => (url.known === undefined ? [] : [url.known]));
  }
}

/** Returns the beginning of a body, which is unique. The log contains only the beginning of long ones. */
function keyOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 256)).toString("latin1").trimEnd();
}
