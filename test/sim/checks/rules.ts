import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type { DeliveryPolicy } from "../../../src/deliver/policy.ts";

/** What an endpoint allows. */
export interface Rules {
  readonly applicationSeq: Seq;
  /** Deleted, disabled or paused: nothing is started. */
  readonly isClosed: boolean;
  readonly isFifo: boolean;
  /** Attempts at once. */
  readonly concurrency: number;
  /** Attempts a second, null = any number. */
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

/** The rules as they are stored at this moment. */
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

  /** Attempts a second over all endpoints of an application, null = any number. */
  rateOfApplication(seq: Seq): number | null {
    return this.#application.get(seq)!.rate;
  }
}
