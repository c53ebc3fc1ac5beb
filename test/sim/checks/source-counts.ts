import type { Database, Statement } from "bun:sqlite";
import { isBrokerType } from "../../../src/core/broker.ts";
import type { Fact } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import { type LogCause, outcomes, type ReceivedOutcome, type SourceCounts } from "../../../src/core/received.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import type { Flaw } from "../sources/kinds.ts";
import type { Posting, SourceRecord } from "../sources/record.ts";
import type { Violation } from "./violation.ts";

/** Time whose counts a crash may lose, in ms: the product stores them every 3 s. */
const LOST_MS_MAX = 3100;
/** Number of refused requests in one life of the program that do not reach the limit of the log. */
const LOGGED_ALWAYS = 50;

interface LogRow {
  readonly source_seq: Seq;
  readonly method: string;
  readonly cause: LogCause;
  readonly payload: Uint8Array;
}

interface Counted {
  readonly source: Pick<SourceRecord, "seq" | "state">;
  /** Counts since the creation, as the facts say. */
  counts: Record<ReceivedOutcome, number>;
  /** True times of the requests that may not have been stored yet. */
  lately: number[];
  /** In this life of the program: requests that were refused, and those that the facts say are logged. */
  ofLife: { refused: number; logged: number };
  /** Number of requests that the facts say are logged, and of those that are stored. */
  statedAsLogged: number;
  logged: number;
}

interface Around {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly marks: Marks;
  readonly violation: Violation;
  readonly postingOf: (body: Uint8Array) => Posting | undefined;
}

const CAUSES: Readonly<Record<Exclude<Flaw, "handshake">, readonly LogCause[]>> = {
  forged: ["signature_mismatch", "missing_signature"],
  stale: ["timestamp_too_old"],
  early: ["timestamp_in_future"],
  method: ["method_not_allowed"],
  large: ["payload_too_large"],
};

/** Checks the counts and the logs of sources against the facts about their requests. */
export class SourceCountChecks {
  readonly #counted = new Map<Seq, Counted>();
  readonly #counts: Statement<SourceCounts, [number]>;
  readonly #rows: Statement<LogRow, []>;
  readonly #forget: Statement<unknown, []>;

  constructor(private readonly around: Around) {
    const { db } = around;
    db.run(`
      CREATE TEMP TABLE logged_request (source_seq INTEGER, method TEXT, cause TEXT, payload BLOB);
      CREATE TEMP TRIGGER request_logged AFTER INSERT ON source_log BEGIN
        INSERT INTO logged_request VALUES (NEW.source_seq, NEW.method, NEW.cause, NEW.payload);
      END;
    `);
    const columns = outcomes.map((outcome) => `count_${outcome} AS ${outcome}`).join(", ");
    this.#counts = db.prepare(`SELECT ${columns} FROM source WHERE seq = ?`);
    this.#rows = db.prepare("SELECT * FROM logged_request");
    this.#forget = db.prepare("DELETE FROM logged_request");
  }

  add(source: Counted["source"]): void {
    const counts = { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };
    this.#counted.set(source.seq, { source, counts, lately: [], ofLife: newLife(), statedAsLogged: 0, logged: 0 });
  }

  happened(fact: Fact): void {
    if (fact.type !== "source.received" && fact.type !== "source.refused") return;
    const counted = this.#counted.get(fact.sourceSeq);
    if (counted === undefined) return;
    if (fact.type === "source.refused") {
      counted.statedAsLogged++;
      counted.ofLife.logged++;
    } else {
      const { now } = this.around.clock;
      counted.counts[fact.outcome]++;
      counted.lately = [...counted.lately.filter((at) => now - at <= LOST_MS_MAX), now];
      if (fact.outcome === "refused" || fact.outcome === "limited") counted.ofLife.refused++;
    }
  }

  programStarted(): void {
    for (const counted of this.#counted.values()) counted.ofLife = newLife();
  }

  /** Checks the counts after a graceful stop, or at the end. */
  nothingIsMissing(when: string, { isDiskFaulty }: { readonly isDiskFaulty: boolean }): void {
    for (const [{ source, counts, ofLife }, stored] of this.#pairs()) {
      const { refused, logged } = ofLife;
      if (!isDiskFaulty && refused <= LOGGED_ALWAYS && logged < refused) {
        this.around.violation(`source ${source.seq} has logged ${logged} of ${refused} refused requests`);
      }
      for (const outcome of outcomes) {
        if (stored[outcome] === counts[outcome]) continue;
        this.around.violation(
          `source ${source.seq} counts ${stored[outcome]} requests as ${outcome} ${when}, ${counts[outcome]} happened`,
        );
      }
    }
    this.#checkLog();
  }

  /** Must be called after a crash, and after a stop while the disk was full: counts may be lost. */
  mayBeLost({ isDiskFaulty }: { readonly isDiskFaulty: boolean }): void {
    for (const [counted, stored] of this.#pairs()) {
      const { source, counts, lately } = counted;
      const missing = outcomes.map((outcome) => counts[outcome] - stored[outcome]);
      const sum = missing.reduce((a, b) => a + b, 0);
      const { now } = this.around.clock;
      if (missing.some((count) => count < 0)) this.around.violation(`source ${source.seq} counts too many requests`);
      const losable = lately.filter((at) => now - at <= LOST_MS_MAX).length;
      if (sum > losable && !isDiskFaulty) {
        this.around.violation(`source ${source.seq} has lost ${sum} counts, ${losable} of them are recent`);
      }
      if (sum > 0) this.around.marks.hit("source: counts lost in a crash");
      counted.counts = { ...stored };
      counted.lately = [];
    }
    this.#checkLog();
  }

  #pairs(): [Counted, SourceCounts][] {
    const live = [...this.#counted.values()].filter(({ source }) => source.state === "live");
    return live.map((counted) => [counted, this.#counts.get(counted.source.seq)!]);
  }

  #checkLog(): void {
    const { postingOf, violation } = this.around;
    for (const { source_seq: seq, method, cause, payload } of this.#rows.all()) {
      const counted = this.#counted.get(seq)!;
      counted.logged++;
      // The messages of queues are checked where they are settled.
      if (payload.byteLength === 0 || isBrokerType(method)) continue;
      const posting = postingOf(payload);
      if (posting?.source.seq !== seq) violation(`the log of source ${seq} has a request to another source`);
      else this.#checkCause(posting, cause);
    }
    this.#forget.run();
    for (const { source, logged, statedAsLogged } of this.#counted.values()) {
      if (source.state === "live" && logged < statedAsLogged) {
        violation(`the log of source ${source.seq} has ${logged} of ${statedAsLogged} requests`);
      }
    }
  }

  #checkCause({ id, flaw, isUncertain, underWay }: Posting, cause: LogCause): void {
    if (cause === "rate_limited" || flaw === null || flaw === "handshake" || isUncertain || underWay.size > 0) return;
    if (!CAUSES[flaw].includes(cause)) this.around.violation(`event ${id} is ${flaw} and is logged as ${cause}`);
  }
}

function newLife(): Counted["ofLife"] {
  return { refused: 0, logged: 0 };
}
