import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Facts } from "../core/fact.ts";
import { failureReasons } from "../core/outcome.ts";
import { type ReceivedOutcome, outcomes as receivedOutcomes } from "../core/received.ts";
import { shortResources } from "../core/shortage.ts";
import type { StoreSize } from "../store/index.ts";
import type { Tally } from "./tally.ts";

/** Values that are read when metrics are requested, rather than counted from facts. */
export interface Readings {
  readonly tally: Tally;
  attemptsUnderWay(): number;
  oldestDueAt(): number | null;
  /** Returns whether all deliveries are held. */
  isDeliveryHeld(): boolean;
  environmentsPaused(): number;
  failingEndpoints(): Promise<number>;
  storeSize(): Promise<StoreSize>;
  /** Returns the number of log lines that were dropped because the output could not be written. */
  logLinesDropped(): number;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LAG_SAMPLE_MS = 250;
/** Maximum number of sources with series of their own. Further sources share one series. */
const SOURCES_MAX = 1000;
/** A uid or an id of a source never contains this character. */
const OTHER_SOURCES = "(other)";

/**
 * The metrics in the Prometheus format. Names start with `boathook_`; process metrics follow the
 * conventions of Prometheus clients.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #lagTimer: ReturnType<typeof setInterval>;

  constructor(readings: Readings, facts: Facts) {
    this.#count(facts);
    this.#gauges(readings);
    this.#process();
    this.#lagTimer = this.#eventLoopLag();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  stop(): void {
    clearInterval(this.#lagTimer);
  }

  #count(facts: Facts): void {
    const registers = [this.#registry];
    const accepted = new Counter({
      name: "boathook_messages_accepted_total",
      help: "Messages accepted, counted after their commit.",
      registers,
    });
    const attempts = new Counter({
      name: "boathook_attempts_total",
      help: "Finished attempts by outcome: success, or the failure reason.",
      labelNames: ["outcome"],
      registers,
    });
    const attemptSeconds = this.#histogram(
      "boathook_attempt_duration_seconds",
      "Duration of an attempt, from connecting to the end of the response.",
    );
    const latency = this.#histogram(
      "boathook_accept_to_delivered_seconds",
      "Time from the acceptance of a message to its successful delivery.",
    );
    const commitSeconds = this.#histogram("boathook_commit_duration_seconds", "Duration of a commit to the store.");
    const commitWrites = new Histogram({
      name: "boathook_commit_writes",
      help: "Number of writes per commit.",
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      registers,
    });
    const commitsFailed = new Counter({
      name: "boathook_commits_failed_total",
      help: "Commits that failed because the store could not be written.",
      registers,
    });
    const mismatches = new Counter({
      name: "boathook_idempotency_mismatch_total",
      help: "Requests that had another body than the first request with their idempotency key.",
      registers,
    });
    this.#countShortages(facts);
    this.#countReceived(facts);
    // The counters are looked up once, because this code runs for every attempt.
    const outcomes = new Map(["success", ...failureReasons].map((outcome) => [outcome, attempts.labels(outcome)]));
    // Every series starts at 0, so that the first failure is visible in a rate.
    for (const counter of outcomes.values()) counter.inc(0);

    facts.on(["message.accepted"], () => accepted.inc());
    facts.on(["attempt.finished"], ({ reason, durationMs, next, sinceAcceptedMs }) => {
      outcomes.get(reason ?? "success")?.inc();
      attemptSeconds.observe(durationMs / 1000);
      if (next === "delivered") latency.observe(Math.max(0, sinceAcceptedMs) / 1000);
    });
    facts.on(["commit.finished"], ({ durationMs, writes }) => {
      commitSeconds.observe(durationMs / 1000);
      commitWrites.observe(writes);
    });
    facts.on(["commit.failed"], () => commitsFailed.inc());
    facts.on(["idempotency.mismatched"], () => mismatches.inc());
  }

  #countShortages(facts: Facts): void {
    const registers = [this.#registry];
    const postponed = new Counter({
      name: "boathook_deliveries_postponed_total",
      help: "Attempts that were not made because this machine lacked a resource.",
      labelNames: ["resource"],
      registers,
    });
    const shortage = new Gauge({
      name: "boathook_local_shortage",
      help: "1 while deliveries wait for a resource of this machine.",
      labelNames: ["resource"],
      registers,
    });
    for (const resource of shortResources) {
      postponed.labels(resource).inc(0);
      shortage.labels(resource).set(0);
    }
    facts.on(["delivery.postponed"], ({ resource }) => postponed.labels(resource).inc());
    facts.on(["shortage.began"], ({ resource }) => shortage.labels(resource).set(1));
    facts.on(["shortage.ended"], ({ resource }) => shortage.labels(resource).set(0));
  }

  #countReceived(facts: Facts): void {
    // Plain numbers are counted, because this code runs for every request.
    const bySource = new Map<string, Record<ReceivedOutcome, number>>();
    const countsOf = (source: string) => {
      let counts = bySource.get(source);
      if (counts !== undefined) return counts;
      if (bySource.size >= SOURCES_MAX && source !== OTHER_SOURCES) return countsOf(OTHER_SOURCES);
      counts = { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };
      bySource.set(source, counts);
      return counts;
    };
    new Counter({
      name: "boathook_received_total",
      help: "Requests to sources by outcome. The source is its uid, or its id if it has none.",
      labelNames: ["source", "outcome"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [source, counts] of bySource) {
          for (const outcome of receivedOutcomes) this.inc({ source, outcome }, counts[outcome]);
        }
      },
    });
    facts.on(["source.received"], ({ source, outcome }) => countsOf(source)[outcome]++);
  }

  #gauges({ tally, attemptsUnderWay, oldestDueAt, storeSize, logLinesDropped, ...gate }: Readings): void {
    this.#gauge("boathook_delivery_held", "1 while all deliveries are held.", () => Number(gate.isDeliveryHeld()));
    this.#gauge("boathook_environments_paused", "Environments whose deliveries are paused.", () =>
      gate.environmentsPaused(),
    );
    this.#gauge(
      "boathook_endpoints_failing",
      "Endpoints whose latest attempt failed, except disabled and paused ones.",
      () => gate.failingEndpoints(),
    );
    this.#gauge(
      "boathook_log_lines_dropped_total",
      "Log lines that were dropped because the output could not be written.",
      logLinesDropped,
    );
    this.#gauge("boathook_deliveries_pending", "Deliveries waiting for an attempt.", () => tally.sum("pending"));
    this.#gauge("boathook_dead_letters", "Dead letters: deliveries that have failed for good.", () =>
      tally.sum("dead"),
    );
    this.#gauge("boathook_attempts_under_way", "Attempts in progress.", attemptsUnderWay);
    this.#gauge("boathook_oldest_due_age_seconds", "Time that the oldest due delivery has been waiting.", () => {
      const dueAt = oldestDueAt();
      return dueAt === null ? 0 : Math.max(0, Date.now() - dueAt) / 1000;
    });
    const sizeOf = async (part: keyof StoreSize) => (await storeSize())[part] ?? Number.NaN;
    this.#gauge("boathook_database_bytes", "Size of the database file.", () => sizeOf("databaseBytes"));
    this.#gauge("boathook_wal_bytes", "Size of the write-ahead log.", () => sizeOf("walBytes"));
    this.#gauge("boathook_disk_free_bytes", "Free space on the disk of the data directory.", () =>
      sizeOf("diskFreeBytes"),
    );
  }

  #process(): void {
    this.#gauge("process_resident_memory_bytes", "Resident memory of the process.", () => process.memoryUsage.rss());
    this.#gauge(
      "process_start_time_seconds",
      "Start time of the process since the Unix epoch.",
      () => performance.timeOrigin / 1000,
    );
    const cpu = new Counter({
      name: "process_cpu_seconds_total",
      help: "CPU time of the process.",
      registers: [this.#registry],
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
    void cpu;
  }

  #eventLoopLag(): ReturnType<typeof setInterval> {
    const lag = this.#histogram("boathook_event_loop_lag_seconds", "Event-loop delay, sampled four times per second.");
    let expectedAt = performance.now() + LAG_SAMPLE_MS;
    const timer = setInterval(() => {
      const now = performance.now();
      lag.observe(Math.max(0, now - expectedAt) / 1000);
      expectedAt = now + LAG_SAMPLE_MS;
    }, LAG_SAMPLE_MS);
    timer.unref();
    return timer;
  }

  #histogram(name: string, help: string): Histogram {
    return new Histogram({ name, help, buckets: SECONDS, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await read());
      },
    });
  }
}
