import type { Database, Statement } from "bun:sqlite";
import { isBrokerType } from "../../../src/core/broker.ts";
import type { Fact } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { NewMessage } from "../../../src/store/index.ts";
import { fromReceivedColumn } from "../../../src/store/sql/received-column.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import type { Sent } from "../scene.ts";
import type { Flaw } from "../sources/kinds.ts";
import type { DoorCall, Posting, SourceRecord } from "../sources/record.ts";
import { CronChecks } from "./cron.ts";
import { DoorReplies } from "./door-replies.ts";
import { QueueChecks } from "./queues.ts";
import { SourceCountChecks } from "./source-counts.ts";
import type { Violation } from "./violation.ts";

export interface ReceivedRow {
  readonly seq: Seq;
  readonly application_seq: Seq;
  readonly payload: Uint8Array;
  readonly received: string;
  readonly accepted_at: number;
}

/** Flaws of requests that are never stored, whatever the settings of the source are. */
const NEVER_STORED: readonly (Flaw | null)[] = ["method", "large", "handshake"];

/**
 * Checks what sources store and how they respond. The triggers see every commit, even one that is
 * followed by a crash.
 */
export class SourceChecks {
  readonly sources: SourceRecord[] = [];
  readonly cron: CronChecks;
  readonly counts: SourceCountChecks;
  readonly replies: DoorReplies;
  readonly queues: QueueChecks;
  readonly #byBody = new Map<string, Posting>();
  readonly #rows: Statement<ReceivedRow, []>;
  readonly #forget: Statement<unknown, []>;
  /** The number of the program's present life. */
  #life = 0;
  #uids = 0;

  constructor(
    db: Database,
    private readonly clock: VirtualClock,
    private readonly sent: Sent[],
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {
    db.run(`
      CREATE TEMP TABLE received_message (seq INTEGER, application_seq INTEGER, payload BLOB, received TEXT, accepted_at INTEGER);
      CREATE TEMP TRIGGER message_received AFTER INSERT ON message WHEN NEW.received IS NOT NULL BEGIN
        INSERT INTO received_message VALUES (NEW.seq, NEW.application_seq, NEW.payload, NEW.received, NEW.accepted_at);
      END;
    `);
    this.#rows = db.prepare("SELECT * FROM received_message ORDER BY seq");
    this.#forget = db.prepare("DELETE FROM received_message");
    this.cron = new CronChecks(clock, marks, violation);
    this.counts = new SourceCountChecks({ db, clock, marks, violation, postingOf: (body) => this.#postingOf(body) });
    this.replies = new DoorReplies(clock, marks, violation);
    this.queues = new QueueChecks(db, clock, marks, violation);
  }

  happened(fact: Fact): void {
    this.counts.happened(fact);
    this.queues.happened(fact);
  }

  newUid(): string {
    return `source-${this.#uids++}`;
  }

  add(source: SourceRecord): void {
    this.sources.push(source);
    this.counts.add(source);
  }

  /** Adds an event that a provider sends. Its body must be unique. */
  post(posting: Posting): Posting {
    this.#byBody.set(posting.body.toString("latin1"), posting);
    posting.source.postings.push(posting);
    return posting;
  }

  /** Must be called when messages are given to the store. */
  accepting(messages: readonly NewMessage[]): void {
    for (const { received, payload } of messages) {
      const posting = received === null ? undefined : this.#postingOf(payload);
      const call = [...(posting?.underWay ?? [])].find(({ isAccepting }) => !isAccepting);
      if (call !== undefined) call.isAccepting = true;
    }
  }

  /** Must be called after each commit, before the program learns of the commit. */
  committed(): void {
    this.queues.committed();
    if (this.sources.length === 0 && this.queues.sources.length === 0) return;
    const rows = this.#rows.all();
    if (rows.length === 0) return;
    this.#forget.run();
    for (const row of rows) this.#stored(row);
  }

  programStarted(): void {
    this.#life++;
    this.replies.life = this.#life;
    this.queues.programStarted(this.#life);
    this.counts.programStarted();
    for (const source of this.sources) source.programEnded();
  }

  /** Must be called when the program has crashed. No request gets a response anymore. */
  programCrashed(): void {
    this.queues.programCrashed();
    for (const { postings } of this.sources)
      for (const posting of postings) {
        for (const { isAccepting, isStored } of posting.underWay) {
          if (isStored) this.marks.hit("crash: between a request's commit and its response");
          else if (isAccepting) this.marks.hit("crash: between a request's check and its commit");
        }
        posting.unanswered += posting.underWay.size;
        if (posting.underWay.size > 0) posting.isUncertain = true;
        posting.underWay.clear();
      }
  }

  /** Checks at the end that each request has stored at most one message. */
  everyRequest(): void {
    for (const { postings } of this.sources)
      for (const { id, stored, succeeded, unanswered } of postings) {
        if (stored.length > succeeded + unanswered) {
          this.violation(`event ${id} is stored ${stored.length} times after ${succeeded} responses with 2xx`);
        }
      }
  }

  #postingOf(body: Uint8Array): Posting | undefined {
    return this.#byBody.get(Buffer.from(body).toString("latin1"));
  }

  #stored(row: ReceivedRow): void {
    const { seq, application_seq: applicationSeq, payload, accepted_at: acceptedAt, received } = row;
    const { sourceSeq, state, method } = fromReceivedColumn(received).received!;
    const body = new Uint8Array(payload);
    const message = { seq, applicationSeq, payload: body, deliverAt: null, expiresAt: null };
    this.sent.push({ ...message, sentAt: this.clock.now, answer: "accepted" });
    const isOfQueue = isBrokerType(method);
    const sources = isOfQueue ? this.queues.sources : this.sources;
    const source = sources.find((one) => one.seq === sourceSeq);
    // The program may have crashed before its owner learned of the source.
    if (source === undefined && method === "CRON") return;
    if (source?.applicationSeq !== applicationSeq) {
      this.violation(`message ${seq} of source ${sourceSeq} is stored in the application ${applicationSeq}`);
    }
    if (isOfQueue) {
      this.queues.stored(sourceSeq, row);
      return;
    }
    if (method === "CRON") {
      this.cron.stored(sourceSeq, acceptedAt, this.#life);
      return;
    }
    const posting = this.#postingOf(body);
    if (posting === undefined || posting.source.seq !== sourceSeq) {
      this.violation(`message ${seq} of source ${sourceSeq} was sent to another source, or to none`);
      return;
    }
    const { now: at, wall } = this.clock;
    // After the clock was set back, the time of acceptance is ahead of it, and duplicates are remembered from before it.
    const rememberedFrom = Math.min(acceptedAt, wall, ...[...posting.underWay].map(({ wallAtStart }) => wallAtStart));
    const stored = { seq, at, rememberedFrom, acceptedAt, hasFailed: state === "failed", life: this.#life };
    this.#checkStored(posting, stored);
    posting.stored.push(stored);
    const call = [...posting.underWay].find(({ isAccepting, isStored }) => isAccepting && !isStored);
    if (call !== undefined) call.isStored = true;
  }

  #checkStored({ id, flaw, source, stored, underWay }: Posting, message: Posting["stored"][number]): void {
    const { seq, hasFailed } = message;
    if (NEVER_STORED.includes(flaw)) this.violation(`event ${id} is stored although it is a request of type ${flaw}`);
    else if (flaw !== null && !hasFailed) this.violation(`event ${id} counts as genuine although it is ${flaw}`);
    // A request that was checked before the setting changed may be stored after the change.
    const couldRecord = [...underWay].some((call) => call.isAccepting && !call.isStored && call.couldRecord);
    if (hasFailed && !couldRecord && !source.verification.mayBe("record"))
      this.violation(`event ${id} is stored although it is ${flaw}`);
    if (underWay.size === 0) this.violation(`event ${id} is stored after its response or a crash`);
    if ([...underWay].every(({ newestAtStart }) => seq < newestAtStart)) {
      this.violation(`event ${id} is ordered before an event whose sender already had its response`);
    }
    const first = source.windowMs === null || hasFailed ? undefined : stored.findLast((one) => !one.hasFailed);
    if (first === undefined || this.clock.latestBetween(first.at) >= first.rememberedFrom + source.windowMs!) return;
    this.violation(`event ${id} is stored twice within its window`);
  }
}

/** Returns a request that is about to be sent. */
export function beginCall(posting: Posting, clock: VirtualClock): DoorCall {
  const { source, stored, underWay } = posting;
  const call: DoorCall = {
    posting,
    ...{ startedAt: clock.now, wallAtStart: clock.wall, clockStepsAtStart: clock.stepCount },
    ...{ storedAtStart: stored.length, versionAtStart: source.version, newestAtStart: source.newestAnswered },
    ...{ wasAlone: underWay.size === 0, isAccepting: false, isStored: false },
    couldRecord: source.verification.mayBe("record"),
  };
  underWay.add(call);
  return call;
}
