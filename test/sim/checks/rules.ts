import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { DeliveryPolicy } from "../../../src/deliver/policy.ts";

/** The limits that the configuration sets for an endpoint. */
export interface Rules {
  readonly applicationSeq: Seq;
  /** Whether the endpoint is deleted, disabled or paused. If so, no attempt may start. */
  readonly isClosed: boolean;
  readonly isFifo: boolean;
  /** Maximum number of attempts under way. */
  readonly concurrency: number;
  /** Attempts per second; null for no limit. */
  readonly throttleRate: number | null;
  readonly scheduleMs: readonly number[];
}

interface Row {
  readonly applicationSeq: Seq;
  readonly closed: number;
  readonly fifo: number;
  readonly concurrency: number | null;
  readonly throttleRate: number | null;
  readonly schedule: string | null;
}

/** Reads the rules from the database. */
export class RuleReader {
  readonly #endpoint: Statement<Row, [number]>;
  readonly #application: Statement<{ rate: number | null }, [number]>;

  constructor(
    db: Database,
    private readonly policy: DeliveryPolicy,
  ) {
    this.#endpoint = db.prepare(
      `SELECT application_seq AS applicationSeq, deleted_at IS NOT NULL OR disabled OR paused AS closed, fifo, concurrency,
         throttle_rate AS throttleRate, retry_schedule AS schedule
       FROM endpoint WHERE seq = ?`,
    );
    this.#application = db.prepare("SELECT throttle_rate AS rate FROM application WHERE seq = ?");
  }

  ofEndpoint(seq: Seq): Rules {
    const { closed, fifo, concurrency, schedule, ...rest } = this.#endpoint.get(seq)!;
    return {
      ...rest,
      isClosed: closed === 1,
      isFifo: fifo === 1,
      concurrency: fifo === 1 ? 1 : (concurrency ?? this.policy.endpointConcurrency),
      scheduleMs: schedule === null ? this.policy.retryScheduleMs : JSON.parse(schedule),
    };
  }

  /** Returns the attempts per second over all endpoints of an application; null for no limit. */
  rateOfApplication(seq: Seq): number | null {
    return this.#application.get(seq)!.rate;
  }
}
