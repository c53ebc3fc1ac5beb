import { addGauge } from "./gauge.ts";
import { Counter, Gauge, Histogram, type Registry } from "./prom-client.ts";

/** The buckets of all durations, in seconds. */
export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LAG_SAMPLE_MS = 250;

/** Numbers are null while they are not known. */
export interface ProcessReadings {
  memory(): { readonly residentBytes: number | null; readonly heapBytes: number | null };
  openFiles(): Promise<{ readonly open: number | null; readonly max: number | null }>;
  /** Connections of clients to the HTTP server. */
  connections(): { readonly open: number | null; readonly max: number | null };
}

/**
 * Adds the memory, CPU time, start time, files and connections of the process, with the names that
 * Prometheus clients use. Unknown numbers are NaN.
 */
export function addProcessMetrics(registry: Registry, { openFiles, connections, memory }: ProcessReadings): void {
  const registers = [registry];
  addGauge(registry, "process_open_fds", "Open files and connections of the process. Known on Linux only.", async () =>
    known((await openFiles()).open),
  );
  addGauge(registry, "process_max_fds", "Limit of open files and connections. Known on Linux only.", async () =>
    known((await openFiles()).max),
  );
  addGauge(
    registry,
    "boathook_client_connections",
    "Open connections of clients to the HTTP server. Known on Linux only.",
    () => known(connections().open),
  );
  addGauge(
    registry,
    "boathook_client_connections_max",
    "Limit of the connections of clients. Idle ones are closed above it, and then new ones refused. NaN if there is none.",
    () => known(connections().max),
  );
  addGauge(registry, "process_resident_memory_bytes", "Resident memory of the process.", () =>
    known(memory().residentBytes),
  );
  addGauge(
    registry,
    "boathook_heap_bytes",
    "Memory of JavaScript objects, including those not collected yet. Buffers and SQLite are not in it.",
    () => known(memory().heapBytes),
  );
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since the Unix epoch.",
    registers,
    collect() {
      this.set(performance.timeOrigin / 1000);
    },
  });
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of the process.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}

function known(count: number | null): number {
  return count ?? Number.NaN;
}

/** Measures how late the timers of the event loop run. */
export class EventLoopLag {
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(registry: Registry) {
    const lag = new Histogram({
      name: "boathook_event_loop_lag_seconds",
      help: "Event-loop delay, sampled four times per second.",
      buckets: SECONDS,
      registers: [registry],
    });
    let expectedAt = performance.now() + LAG_SAMPLE_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      lag.observe(Math.max(0, now - expectedAt) / 1000);
      expectedAt = now + LAG_SAMPLE_MS;
    }, LAG_SAMPLE_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
