import { afterEach, describe, expect, test } from "bun:test";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { type DatabaseState, StoreUnavailable } from "../../src/store/index.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { RequestCounts } from "../../src/telemetry/request-counts.ts";
import { Tally } from "../../src/telemetry/tally.ts";

let metrics: Metrics | null = null;
afterEach(() => metrics?.stop());

let facts = new Facts();
let requests = new RequestCounts();

function metricsWith(oldestDueAgeMs = 0, syncsCommits = true, databaseState?: () => Promise<DatabaseState>): Metrics {
  facts = new Facts();
  requests = new RequestCounts();
  metrics = new Metrics(
    {
      build: { version: "1.2.3", commit: "abc", data: "0a1b2c3d" },
      tally: new Tally([{ environmentSeq: 1, pending: 11, dead: 7 }]),
      engine: {
        attemptsUnderWay: () => 3,
        oldestDueAgeMs: () => oldestDueAgeMs,
        isDeliveryHeld: () => true,
        environmentsPaused: () => 2,
        lanes: () => ({ idle: 4, ready: 1 }),
        deliveriesInMemory: () => 9,
        socketConsumers: () => 13,
        tasks: () => ({ running: 2, waiting: 6 }),
      },
      failingEndpoints: async () => 5,
      endpointCounts: async () => ({ healthy: 8, disabled: 1, paused: 2, unverified: 3 }),
      sourceConnections: () => ({ connected: 2, connecting: 0, failed: 1 }),
      requests,
      certificateEnds: async () => ({ server: 2000, client: null, ca: 3000 }),
      storeSize: async () => ({ databaseBytes: 4096, walBytes: 512 }),
      diskFreeBytes: async () => 2048,
      storeHealth: async () => ({ failing: false, damaged: false }),
      syncsCommits,
      ...(databaseState !== undefined && { databaseState }),
      logLinesDropped: () => 4,
      process: {
        memory: () => ({ residentBytes: 1e8, heapBytes: 1e7 }),
        openFiles: async () => ({ open: 20, max: 1024 }),
        connections: () => ({ open: 3, max: 90 }),
      },
    },
    facts,
  );
  return metrics;
}

const attempt: Extract<Fact, { type: "attempt.finished" }> = {
  type: "attempt.finished",
  deliverySeq: 1,
  messageSeq: 1,
  endpointSeq: 1,
  applicationSeq: 1,
  environmentSeq: 1,
  attemptSeq: 2,
  failedBefore: 0,
  reason: null,
  responseStatus: 200,
  durationMs: 30,
  next: "delivered",
  was: "pending",
  deadReason: null,
  sinceAcceptedMs: 70,
};

describe("metrics", () => {
  test("each commit is counted as one sync of the disk, unless commits are not synced", async () => {
    for (const [syncsCommits, count] of [
      [true, 2],
      [false, 0],
    ] as const) {
      const text = metricsWith(0, syncsCommits);
      for (const writes of [1, 40]) facts.state({ type: "commit.finished", writes, durationMs: 1 });
      expect(await text.text()).toContain(`\nboathook_fsyncs_total ${count}\n`);
      text.stop();
    }
  });

  test("the metrics of PostgreSQL have the values of one reading, and none while it fails", async () => {
    let readings = 0;
    const read = async (): Promise<DatabaseState> => {
      readings++;
      if (readings > 1) throw new StoreUnavailable("The server is away.");
      const instance = { slot: 1, isAlive: true, isServing: true, shares: 64, isSelf: true };
      return {
        connections: { used: 3, max: 10, free: 6 },
        holders: [
          { kind: "slot", name: "old", transactions: 900, ageMs: null },
          { kind: "session", name: "7", transactions: 8, ageMs: 4_000 },
        ],
        transactions: { oldestMs: 5_000, idleMs: 0, idlePid: null },
        tables: [{ name: "pending", live: 1, dead: 77, isVacuumed: true }],
        instances: [instance, { ...instance, shares: 128, isSelf: false }, { ...instance, isAlive: false }],
        shares: { total: 256, served: 192 },
      };
    };
    const text = metricsWith(0, true, read);
    const first = await text.text();
    for (const line of [
      ...["instances 2", "lane_share_ratio 0.25", "lanes_unserved_ratio 0.25", "queue_dead_rows 77"],
      ...["database_snapshot_age_seconds 4", "database_snapshot_age_transactions 900"],
      ...["database_transaction_age_seconds 5", "database_connections_free 6"],
    ]) {
      expect(first).toContain(`\nboathook_${line}\n`);
    }
    expect(readings).toBe(1);
    const second = await text.text();
    expect(second).not.toMatch(/^boathook_instances /m);
    expect(second).toContain("\nboathook_attempts_under_way 3\n");
  });

  test("exported and dropped spans are counted", async () => {
    const text = metricsWith();
    facts.state({ type: "spans.exported", count: 12 });
    facts.state({ type: "spans.dropped", count: 3 });
    expect(await text.text()).toContain("\nboathook_spans_exported_total 12\n");
    expect(await text.text()).toContain("\nboathook_spans_dropped_total 3\n");
  });

  test.if(process.platform === "linux")("the bytes that the process has written are known on Linux", async () => {
    expect(await metricsWith().text()).toMatch(/^boathook_disk_written_bytes_total \d+$/m);
  });

  test.each([
    "boathook_messages_accepted_total",
    "boathook_attempt_duration_seconds",
    "boathook_accept_to_delivered_seconds",
    "boathook_deliveries_pending",
    "boathook_oldest_due_age_seconds",
    "boathook_dead_letters",
    "boathook_commit_duration_seconds",
    "boathook_commit_writes",
    "boathook_commits_failed_total",
    "boathook_idempotency_mismatch_total",
    "boathook_attempts_under_way",
    "boathook_event_loop_lag_seconds",
    "boathook_heap_bytes",
    "boathook_database_bytes",
    "boathook_wal_bytes",
    "boathook_store_failing",
    "boathook_instances",
    "boathook_lanes_unserved_ratio",
    "boathook_queue_dead_rows",
    "boathook_database_snapshot_age_seconds",
    "boathook_disk_free_bytes",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_start_time_seconds",
    "boathook_deliveries_postponed_total",
    "boathook_local_shortage",
    "boathook_build_info",
    "boathook_endpoints",
    "boathook_api_errors_total",
  ])("the metric %s is present from the start, with a help text", async (name) => {
    const text = await metricsWith().text();
    expect(text).toContain(`# HELP ${name} `);
    expect(text).toMatch(new RegExp(`^${name}(_count)?(\\{.*\\})? \\S+$`, "m"));
  });

  test("every line of the metrics is a comment or a sample in Prometheus format", async () => {
    const lines = (await metricsWith().text()).split("\n").filter((line) => line !== "");
    for (const line of lines)
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? ([\d.e+-]+|Nan)|\w+\{.*\} \+?Inf)$/);
    expect(metricsWith().contentType).toStartWith("text/plain");
  });

  test("requests to the API are counted by operation and status, and errors also in sum", async () => {
    const page = metricsWith();
    requests.count("v1.message.create", 202);
    requests.count("v1.message.create", 202);
    requests.count("v1.message.create", 503);
    requests.count("v1.message.list", 500);
    const lines = (await page.text()).split("\n");
    expect(lines).toContain('boathook_api_requests_total{operation="v1.message.create",status="202"} 2');
    expect(lines).toContain('boathook_api_requests_total{operation="v1.message.create",status="503"} 1');
    expect(lines).toContain("boathook_api_errors_total 2");
  });

  test("the metrics show what deliveries wait for, and how often a delivery was postponed", async () => {
    const of = async (resource: string) =>
      (await metrics!.text()).split("\n").filter((line) => line.includes(`{resource="${resource}"}`));
    metricsWith();
    facts.state({ type: "delivery.postponed", deliverySeq: 1, endpointSeq: 1, resource: "memory" });
    facts.state({ type: "shortage.began", resource: "memory", detail: "" });
    expect(await of("memory")).toEqual([
      'boathook_deliveries_postponed_total{resource="memory"} 1',
      'boathook_local_shortage{resource="memory"} 1',
    ]);
    expect((await of("network")).every((line) => line.endsWith(" 0"))).toBe(true);
    facts.state({ type: "shortage.ended", resource: "memory", since: 0, postponed: 1 });
    expect((await of("memory"))[1]).toEndWith(" 0");
  });

  test("the counters count facts", async () => {
    metricsWith();
    const { listen, text } = { listen: (fact: Fact) => facts.state(fact), text: () => metrics!.text() };
    const message = { messageSeq: 1, applicationSeq: 1, environmentSeq: 1, eventType: "a", deliveries: 2 };
    listen({ type: "message.accepted", ...message });
    listen(attempt);
    listen({ ...attempt, reason: "timeout", next: "pending" });
    listen({ type: "commit.finished", writes: 5, durationMs: 4 });
    listen({ type: "commit.failed", writes: 5, full: true, message: "full" });
    const page = await text();
    for (const line of [
      "boathook_messages_accepted_total 1",
      'boathook_attempts_total{outcome="success"} 1',
      'boathook_attempts_total{outcome="timeout"} 1',
      "boathook_attempt_duration_seconds_count 2",
      "boathook_accept_to_delivered_seconds_count 1",
      "boathook_accept_to_delivered_seconds_sum 0.07",
      "boathook_commit_writes_sum 5",
      "boathook_commit_duration_seconds_count 1",
      "boathook_commits_failed_total 1",
    ]) {
      expect(page.split("\n")).toContain(line);
    }
  });

  test("the gauges are read when metrics are requested", async () => {
    const page = (await metricsWith(60_000).text()).split("\n");
    expect(page).toContain("boathook_deliveries_pending 11");
    expect(page).toContain("boathook_dead_letters 7");
    expect(page).toContain("boathook_attempts_under_way 3");
    expect(page).toContain("boathook_deliveries_in_memory 9");
    expect(page).toContain("boathook_socket_consumers 13");
    expect(page).toContain('boathook_lanes{state="ready"} 1');
    expect(page).toContain('boathook_tasks{state="waiting"} 6');
    expect(page).toContain('boathook_endpoints{state="healthy"} 8');
    expect(page).toContain("boathook_client_connections 3");
    expect(page).toContain('boathook_certificate_not_after_seconds{certificate="ca"} 3');
    expect(page).toContain('boathook_certificate_not_after_seconds{certificate="client"} 0');
    expect(page).toContain("process_max_fds 1024");
    expect(page).toContain("boathook_delivery_held 1");
    expect(page).toContain("boathook_environments_paused 2");
    expect(page).toContain('boathook_endpoints{state="failing"} 5');
    expect(page).toContain('boathook_source_connections{state="failed"} 1');
    expect(page).toContain("boathook_database_bytes 4096");
    expect(page).toContain("boathook_wal_bytes 512");
    expect(page).toContain("boathook_disk_free_bytes 2048");
    expect(page).toContain("boathook_oldest_due_age_seconds 60");
  });

  test("the age of the oldest due delivery is 0 if no delivery is due", async () => {
    expect((await metricsWith().text()).split("\n")).toContain("boathook_oldest_due_age_seconds 0");
  });

  test("requests to sources are counted by source and outcome, and further sources share one series", async () => {
    const text = metricsWith();
    const received = { type: "source.received", sourceSeq: 1, environmentSeq: 1, source: "stripe-eu" } as const;
    facts.state({ ...received, outcome: "stored" });
    facts.state({ ...received, outcome: "stored" });
    facts.state({ ...received, outcome: "duplicate" });
    for (let i = 0; i < 1100; i++) facts.state({ ...received, source: `source-${i}`, outcome: "refused" });
    const lines = (await text.text()).split("\n").filter((line) => line.startsWith("boathook_received_total"));
    expect(lines).toContain('boathook_received_total{source="stripe-eu",outcome="stored"} 2');
    expect(lines).toContain('boathook_received_total{source="stripe-eu",outcome="duplicate"} 1');
    expect(lines).toContain('boathook_received_total{source="stripe-eu",outcome="handshake"} 0');
    expect(lines).toContain('boathook_received_total{source="(other)",outcome="refused"} 101');
    expect(lines).toHaveLength(1001 * 5);
  });
});
