import type { Facts } from "../core/facts.ts";
import { failureReasons } from "../core/outcome.ts";
import { shortResources } from "../core/shortage.ts";
import type { DatabaseState, EndpointCounts } from "../store/index.ts";
import { addDatabaseMetrics } from "./database-metrics.ts";
import { addDiskMetrics } from "./disk-metrics.ts";
import { addEngineMetrics, type EngineReadings } from "./engine-metrics.ts";
import { addGauge, addGaugeBy } from "./gauge.ts";
import { addNoticeMetrics } from "./notice-metrics.ts";
import { addProcessMetrics, EventLoopLag, type ProcessReadings, SECONDS } from "./process-metrics.ts";
import { Counter, Gauge, Histogram, Registry } from "./prom-client.ts";
import { addQuotaMetrics } from "./quota-metrics.ts";
import { addReceivedMetrics } from "./received-metrics.ts";
import type { RequestCounts } from "./request-counts.ts";
import { addStoreMetrics, type StoreReadings } from "./store-metrics.ts";
import type { Tally } from "./tally.ts";
import { addTraceMetrics } from "./trace-metrics.ts";

/** Values that are read when metrics are requested, rather than counted from facts. */
export interface Readings extends StoreReadings {
  readonly build: {
    readonly version: string;
    readonly commit: string | null;
    readonly shard?: string | null;
    /** See `dataName`. */
    readonly data: string;
  };
  readonly tally: Tally;
  readonly engine: EngineReadings;
  /** Reads the state of PostgreSQL. Absent with SQLite. */
  databaseState?(): Promise<DatabaseState>;
  failingEndpoints(): Promise<number>;
  endpointCounts(): Promise<EndpointCounts>;
  /** Returns the number of connections of sources to their queues, by state. */
  sourceConnections(): Readonly<Record<string, number>>;
  readonly requests: RequestCounts;
  /** Whether each commit is synced to the disk. */
  readonly syncsCommits: boolean;
  /** Returns the number of log lines that were dropped because the output could not be written. */
  logLinesDropped(): number;
  readonly process: ProcessReadings;
  /** Returns the earliest ends of certificates in ms, or null for those that do not exist. */
  certificateEnds(): Promise<Readonly<Record<"server" | "client" | "ca", number | null>>>;
}

export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
}

/** Properties of metrics of `prom-client`, not all of which its types name. */
type Described = Pick<MetricDescription, "name" | "help" | "type"> & { readonly labelNames: readonly string[] };

/**
 * The metrics in the Prometheus format. Names start with `boathook_`; process metrics follow the
 * conventions of Prometheus clients.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #lag: EventLoopLag;

  constructor(readings: Readings, facts: Facts) {
    this.#count(facts);
    this.#build(readings);
    this.#requests(readings);
    addEngineMetrics(this.#registry, readings.engine);
    addReceivedMetrics(this.#registry, facts, readings.sourceConnections);
    this.#gauges(readings);
    this.#endpoints(readings);
    this.#certificates(readings);
    addStoreMetrics(this.#registry, facts, readings);
    addDatabaseMetrics(this.#registry, readings.databaseState);
    addDiskMetrics(this.#registry, facts, readings.syncsCommits);
    addProcessMetrics(this.#registry, readings.process);
    this.#lag = new EventLoopLag(this.#registry);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Describes all metrics, in the order of their names. */
  describe(): MetricDescription[] {
    const described = this.#registry.getMetricsAsArray().map((metric) => {
      const { name, help, type, labelNames } = metric as unknown as Described;
      return { name, help, type, labels: labelNames };
    });
    return described.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  stop(): void {
    this.#lag.stop();
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
    const mismatches = new Counter({
      name: "boathook_idempotency_mismatch_total",
      help: "Requests that had another body than the first request with their idempotency key.",
      registers,
    });
    this.#countShortages(facts);
    addNoticeMetrics(this.#registry, facts);
    addQuotaMetrics(this.#registry, facts);
    addTraceMetrics(this.#registry, facts);
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

  #gauges({ tally, logLinesDropped }: Readings): void {
    new Counter({
      name: "boathook_log_lines_dropped_total",
      help: "Log lines that were dropped because the output could not be written.",
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(logLinesDropped());
      },
    });
    this.#gauge("boathook_deliveries_pending", "Deliveries waiting for an attempt.", () => tally.sum("pending"));
    this.#gauge("boathook_dead_letters", "Dead letters: deliveries that have failed for good.", () =>
      tally.sum("dead"),
    );
  }

  #build({ build }: Readings): void {
    new Gauge({
      name: "boathook_build_info",
      help: "Always 1. The labels are the version and the commit of this executable, the name of the shard, and a name for the data, which instances that share a database have in common.",
      labelNames: ["version", "commit", "bun", "shard", "data"],
      registers: [this.#registry],
    }).set({ ...build, commit: build.commit ?? "", bun: Bun.version, shard: build.shard ?? "" }, 1);
  }

  #requests({ requests }: Readings): void {
    new Counter({
      name: "boathook_api_requests_total",
      help: "Responses to requests for operations of the API, by operation and status.",
      labelNames: ["operation", "status"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { operation, status, count } of requests.all()) this.inc({ operation, status }, count);
      },
    });
    // It has no labels, so that it is 0 from the start and the first error is visible in a rate.
    new Counter({
      name: "boathook_api_errors_total",
      help: "Responses to requests for operations of the API with a status of 500 or above.",
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(requests.failed);
      },
    });
  }

  #certificates({ certificateEnds }: Readings): void {
    const metric = {
      name: "boathook_certificate_not_after_seconds",
      help: "Earliest end of certificates as time since the Unix epoch: of this server, and of the clients and the trusted CAs of endpoints and sources; 0 if there are none.",
      label: "certificate",
    };
    addGaugeBy(this.#registry, metric, async () => {
      const { server, client, ca } = await certificateEnds();
      return { server: (server ?? 0) / 1000, client: (client ?? 0) / 1000, ca: (ca ?? 0) / 1000 };
    });
  }

  #endpoints({ failingEndpoints, endpointCounts }: Readings): void {
    const metric = {
      name: "boathook_endpoints",
      help: "Endpoints, each in one state: healthy, disabled, paused, unverified or failing. Failing: the latest attempt failed.",
      label: "state",
    };
    addGaugeBy(this.#registry, metric, async () => ({
      failing: await failingEndpoints(),
      ...(await endpointCounts()),
    }));
  }

  #histogram(name: string, help: string): Histogram {
    return new Histogram({ name, help, buckets: SECONDS, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, read: () => number | Promise<number>): void {
    addGauge(this.#registry, name, help, read);
  }
}
