import { join } from "node:path";
import { ALERTS } from "../src/cli/monitoring/alerts.ts";
import { Facts } from "../src/core/facts.ts";
import { type MetricDescription, Metrics } from "../src/telemetry/metrics.ts";
import { RequestCounts } from "../src/telemetry/request-counts.ts";
import { Tally } from "../src/telemetry/tally.ts";
import { PAGE_TABLE, withContent } from "./markers.ts";

/**
 * Prints the table of all metrics. With `--write`, inserts the table between its markers in the page
 * of the guide.
 */

const PAGE = join(import.meta.dir, "..", "web", "guide", "pages", "metrics.md");

/** For each metric, when its value needs attention. Alerts are added from the rules. */
const WORRY: Readonly<Record<string, string>> = {
  boathook_accept_to_delivered_seconds:
    "It rises for all endpoints: the server or its disk is too slow. Retries are included, so failing endpoints raise it too.",
  boathook_api_errors_total: "It rises.",
  boathook_api_requests_total:
    "Statuses 401, 403, 413, 422 or 429 become frequent: a client is misconfigured or too fast.",
  boathook_attempt_duration_seconds: "It approaches `delivery-timeout`.",
  boathook_attempts_total:
    "The share of outcomes other than `success` rises. `dns`, `tls` and `blocked` are about the URL or the network.",
  boathook_attempts_under_way: "It stays at `delivery-concurrency` while deliveries are late.",
  boathook_backup_newest_timestamp_seconds: "It is older than `backup-every`.",
  boathook_backup_overdue: "It is 1.",
  boathook_backups_total: "`failed` rises. The log has the reason.",
  boathook_build_info: "Never. Use it to see which version runs.",
  boathook_certificate_not_after_seconds: "It is less than two weeks away. The overview names the endpoint.",
  boathook_client_connections: "It approaches `boathook_client_connections_max`: clients open too many.",
  boathook_client_connections_max: "It is low because the limit of open files is: raise that.",
  boathook_commit_duration_seconds:
    "The 99th percentile is above 0.1 s: the disk is slow or shared. Every request waits for a commit.",
  boathook_commit_writes: "Never. Under load many writes share a commit, which is intended.",
  boathook_commits_failed_total: "It rises: nothing can be stored, and requests get 503.",
  boathook_database_bytes: "It grows although the number of messages does not. Shorten `retention`.",
  boathook_database_connections_free: "It is below 9: another instance may find too few.",
  boathook_database_snapshot_age_seconds:
    "It is above 600: the queue becomes slower. `boathook doctor` names what it is.",
  boathook_database_snapshot_age_transactions:
    "It grows steadily: a replication slot that nobody uses. `boathook doctor` names it.",
  boathook_database_transaction_age_seconds: "It is above 600, and no backup with `pg_dump` runs.",
  boathook_dead_letters: "It grows.",
  boathook_deliveries_in_memory:
    "It stays at 20,000: deliveries wait in many queues at once. Compare it with `boathook_deliveries_pending`.",
  boathook_deliveries_pending: "It grows steadily. It may be high while an endpoint fails or deliveries are held.",
  boathook_deliveries_postponed_total: "It rises.",
  boathook_delivery_held: "It is 1 and nobody has held the deliveries on purpose.",
  boathook_disk_free_bytes: "It falls below 2 GB, or falls steadily.",
  boathook_disk_written_bytes_total:
    "The rate approaches what the disk can take, or for an SSD what it endures. Divided by `boathook_messages_accepted_total`, it is the number of bytes per message.",
  boathook_endpoints:
    "`failing` or `disabled` rises, or `unverified` stays high: receivers do not answer the challenge of `endpoint-challenge`.",
  boathook_environments_paused: "It is not 0 and nobody has paused an environment on purpose.",
  boathook_event_loop_lag_seconds: "The 99th percentile is above 0.1 s: the CPU is too slow or shared.",
  boathook_fsyncs_total:
    "The rate approaches what the disk can take. Divided by `boathook_messages_accepted_total`, it is the number of syncs per message.",
  boathook_heap_bytes: "It grows steadily, over hours: please report it.",
  boathook_idempotency_mismatch_total: "It rises: a client uses idempotency keys more than once.",
  boathook_instances: "It is smaller than the number of instances that should run.",
  boathook_lane_share_ratio: "It is far from 1 divided by the number of instances, for minutes.",
  boathook_lanes:
    "`ready` stays high: too few slots (`delivery-concurrency`) or too little CPU. `full` stays high: endpoints are slower than their messages arrive.",
  boathook_lanes_unserved_ratio: "It is above 0 for longer than `lease`: nothing is sent to these endpoints.",
  boathook_local_shortage: "It is 1. The log names what is missing.",
  boathook_log_lines_dropped_total: "It rises: the program that reads the log is too slow or has stopped.",
  boathook_messages_accepted_total: "The rate falls to 0 although clients send messages.",
  boathook_notices_total: "`failed` rises. The log has the reason.",
  boathook_oldest_due_age_seconds: "It is above a minute: deliveries are late.",
  boathook_quota_exceeded_total:
    "It rises: a customer needs a larger quota, or abuses its endpoints. The log names the application.",
  boathook_queue_dead_rows: "It grows: something keeps PostgreSQL from removing them, or autovacuum is too slow.",
  boathook_received_total:
    "`refused` rises: the secret of a source may have changed. `limited` rises: `ingestRate` is too low.",
  boathook_replica_lag_bytes: "It grows steadily.",
  boathook_replica_lag_seconds: "It is above some seconds: that much would be lost with the disk.",
  boathook_replica_up: "It is 0.",
  boathook_socket_consumers: "It is lower than the number of your workers.",
  boathook_source_connections:
    "`failed` is above 0: the page of the source shows the reason. Its messages wait in the queue.",
  boathook_spans_dropped_total: "It rises. Deliveries are not affected.",
  boathook_spans_exported_total: "It stays the same although `otlp-endpoint` is set and messages are sent.",
  boathook_store_failing: "It is 1: requests get 503.",
  boathook_tasks: "`waiting` stays above 0 for hours: large tasks hold the places of others.",
  boathook_wal_bytes:
    "It is far above 64 MiB: something keeps the database open for reading, or the replica is behind.",
  process_cpu_seconds_total: "Its rate approaches 1: one core is used up.",
  process_max_fds: "It is low: raise the limit of open files.",
  process_open_fds: "It approaches `process_max_fds`. Deliveries need descriptors too.",
  process_resident_memory_bytes: "It grows steadily.",
  process_start_time_seconds: "It changes without a restart that you know of.",
};

/** Returns the table as Markdown. Throws if a metric has no text, or a text no metric. */
export function metricsTable(): string {
  const metrics = describedMetrics();
  const names = metrics.map(({ name }) => name);
  const wrong = [
    ...names.filter((name) => !(name in WORRY)),
    ...Object.keys(WORRY).filter((name) => !names.includes(name)),
  ];
  if (wrong.length > 0)
    throw new Error(`scripts/metrics-table.ts does not have exactly the metrics: ${wrong.join(", ")}.`);
  const rows = metrics.map(({ name, type, labels, help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${shown} | ${help.replaceAll("|", "\\|")} | ${WORRY[name]}${alertsOf(name)} |`;
  });
  return ["| metric | type | labels | meaning | when to worry |", "| --- | --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

/** Describes the metrics of a server, none of whose values are read. */
function describedMetrics(): MetricDescription[] {
  const readings = {
    build: { version: "", commit: null, data: "" },
    tally: new Tally([]),
    engine: {
      attemptsUnderWay: () => 0,
      oldestDueAgeMs: () => 0,
      isDeliveryHeld: () => false,
      environmentsPaused: () => 0,
      lanes: () => ({ idle: 0 }),
      socketConsumers: () => 0,
      deliveriesInMemory: () => 0,
      tasks: () => ({ running: 0, waiting: 0 }),
    },
    failingEndpoints: async () => 0,
    endpointCounts: async () => ({ healthy: 0, disabled: 0, paused: 0, unverified: 0 }),
    sourceConnections: () => ({ connected: 0 }),
    requests: new RequestCounts(),
    certificateEnds: async () => ({ server: null, client: null, ca: null }),
    storeSize: async () => ({ databaseBytes: 0, walBytes: 0 }),
    diskFreeBytes: async () => 0,
    storeHealth: async () => ({ failing: false, damaged: false }),
    syncsCommits: true,
    logLinesDropped: () => 0,
    process: {
      memory: () => ({ residentBytes: 0, heapBytes: 0 }),
      openFiles: async () => ({ open: 0, max: 0 }),
      connections: () => ({ open: 0, max: 0 }),
    },
  };
  const metrics = new Metrics(readings, new Facts());
  metrics.stop();
  return metrics.describe();
}

function alertsOf(metric: string): string {
  // Expressions use it only for its labels.
  if (metric === "boathook_build_info") return "";
  const uses = new RegExp(`\\b${metric}(_bucket|_count|_sum)?\\b`);
  const names = ALERTS.filter(({ expr }) => uses.test(expr)).map(({ name }) => `\`${name}\``);
  if (names.length === 0) return "";
  return ` ${names.length === 1 ? "Alert" : "Alerts"}: ${names.join(", ")}.`;
}

/** Returns the text with the current table between the markers. Throws if they are missing. */
export function withMetricsTable(text: string): string {
  return withContent(text, PAGE_TABLE, metricsTable());
}

if (import.meta.main) {
  if (process.argv.includes("--write")) await Bun.write(PAGE, withMetricsTable(await Bun.file(PAGE).text()));
  else console.log(metricsTable());
}
