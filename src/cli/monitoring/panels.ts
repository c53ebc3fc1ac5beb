/** The panels of the board that `boathook dashboard` prints. */

export interface Panel {
  readonly title: string;
  readonly description: string;
  /** A unit of Grafana. */
  readonly unit: "ops" | "short" | "s" | "bytes" | "percentunit";
  readonly series: readonly { readonly expr: string; readonly legend: string }[];
}

const ON = '{instance=~"$instance"}';
/** Leaves out the processes of other programs, whose metrics have the same names. */
const OF_BOATHOOK = "and on (job, instance) boathook_build_info";
/**
 * Adds up values that each instance reports for all data in its store. Instances that share a database
 * report the same, so they count once.
 */
const once = (metric: string, by: readonly string[] = []) =>
  `sum${by.length === 0 ? "" : ` by (${by.join()})`} (max by (${[...by, "data", "shard"].join(", ")}) (${metric} * on (job, instance) group_left (data, shard) boathook_build_info))`;
const and = (labels: string) => `{instance=~"$instance",${labels}}`;
const quantiles = (metric: string) =>
  ([0.5, 0.95, 0.99] as const).map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket${ON}[$__rate_interval])))`,
    legend: `p${quantile * 100}`,
  }));

/** The rows of the board, in the order in which somebody on call looks, with the titles of their panels. */
export const ROWS: ReadonlyArray<readonly [row: string, panels: readonly string[]]> = [
  ["Is it up?", ["Up", "Errors of requests"]],
  ["What is failing?", ["Endpoints that need attention", "Failed attempts", "Certificates"]],
  ["Backlog", ["Waiting", "How far behind", "Queues", "Background tasks"]],
  ["Throughput", ["Accepted and delivered", "Received webhooks", "API requests", "Spans"]],
  ["Latency", ["From acceptance to delivery", "Response times of endpoints"]],
  ["Store", ["Commits", "Database and disk", "Syncs per message", "Bytes written per message"]],
  [
    "PostgreSQL",
    ["Instances", "Lanes that nobody serves", "Dead rows of the queue", "Oldest snapshot and transaction"],
  ],
  ["Replica and backups", ["Replica", "Age of the newest backup"]],
  ["Process", ["CPU", "Memory", "Event loop", "Files and connections"]],
];

export const PANELS: readonly Panel[] = [
  {
    title: "Up",
    description: "1 while Prometheus can read the metrics, and the version that runs.",
    unit: "short",
    series: [{ expr: `max by (instance, version) (boathook_build_info${ON})`, legend: "{{instance}} {{version}}" }],
  },
  {
    title: "Errors of requests",
    description: "Responses with a status of 500 or above, and commits that failed, per second.",
    unit: "ops",
    series: [
      { expr: `sum(rate(boathook_api_errors_total${ON}[$__rate_interval]))`, legend: "responses" },
      { expr: `sum(rate(boathook_commits_failed_total${ON}[$__rate_interval]))`, legend: "commits" },
    ],
  },
  {
    title: "Certificates",
    description: "Time until the first certificate of a kind ends. Absent if there are none.",
    unit: "s",
    series: [
      {
        expr: `min by (certificate) (boathook_certificate_not_after_seconds${ON} > 0) - time()`,
        legend: "{{certificate}}",
      },
    ],
  },
  {
    title: "Queues",
    description:
      "Queues of endpoints by state. Those that are ready wait for a slot; full ones wait for their endpoint.",
    unit: "short",
    series: [{ expr: `sum by (state) (boathook_lanes${and('state!="idle"')})`, legend: "{{state}}" }],
  },
  {
    title: "Background tasks",
    description: "Tasks that run, and those that wait because too many run.",
    unit: "short",
    series: [{ expr: `sum by (state) (boathook_tasks${ON})`, legend: "{{state}}" }],
  },
  {
    title: "Replica",
    description: "Age of the oldest commit that the replica lacks. 0 without a replica.",
    unit: "s",
    series: [{ expr: `max by (instance) (boathook_replica_lag_seconds${ON})`, legend: "{{instance}}" }],
  },
  {
    title: "Age of the newest backup",
    description: "Absent without a scheduled backup.",
    unit: "s",
    series: [
      {
        expr: `time() - (max by (instance) (boathook_backup_newest_timestamp_seconds${ON}) > 0)`,
        legend: "{{instance}}",
      },
    ],
  },
  {
    title: "Files and connections",
    description: "Open files of the process, and connections of clients among them.",
    unit: "short",
    series: [
      { expr: `process_open_fds${ON} ${OF_BOATHOOK}`, legend: "files {{instance}}" },
      { expr: `boathook_client_connections${ON}`, legend: "connections {{instance}}" },
    ],
  },
  {
    title: "Accepted and delivered",
    description: "Messages that were accepted, and attempts that succeeded, per second.",
    unit: "ops",
    series: [
      { expr: `sum(rate(boathook_messages_accepted_total${ON}[$__rate_interval]))`, legend: "accepted" },
      {
        expr: `sum(rate(boathook_attempts_total${and('outcome="success"')}[$__rate_interval]))`,
        legend: "delivered",
      },
    ],
  },
  {
    title: "Failed attempts",
    description: "Attempts that failed, per second, by reason.",
    unit: "ops",
    series: [
      {
        expr: `sum by (outcome) (rate(boathook_attempts_total${and('outcome!="success"')}[$__rate_interval]))`,
        legend: "{{outcome}}",
      },
    ],
  },
  {
    title: "Waiting",
    description: "Deliveries that wait for an attempt or its result, and dead letters.",
    unit: "short",
    series: [
      { expr: once(`boathook_deliveries_pending${ON}`), legend: "pending" },
      { expr: `sum(boathook_attempts_under_way${ON})`, legend: "attempts under way" },
      { expr: once(`boathook_dead_letters${ON}`), legend: "dead letters" },
    ],
  },
  {
    title: "How far behind",
    description: "How long the oldest due delivery has been waiting.",
    unit: "s",
    series: [{ expr: `max by (instance) (boathook_oldest_due_age_seconds${ON})`, legend: "{{instance}}" }],
  },
  {
    title: "From acceptance to delivery",
    description: "Time from the acceptance of a message to its successful delivery.",
    unit: "s",
    series: quantiles("boathook_accept_to_delivered_seconds"),
  },
  {
    title: "Response times of endpoints",
    description: "Duration of attempts.",
    unit: "s",
    series: quantiles("boathook_attempt_duration_seconds"),
  },
  {
    title: "Endpoints that need attention",
    description: "Failing, disabled, paused and unverified endpoints, without healthy ones.",
    unit: "short",
    series: [{ expr: once(`boathook_endpoints${and('state!="healthy"')}`, ["state"]), legend: "{{state}}" }],
  },
  {
    title: "Received webhooks",
    description: "Requests to sources, per second, by outcome.",
    unit: "ops",
    series: [
      { expr: `sum by (outcome) (rate(boathook_received_total${ON}[$__rate_interval]))`, legend: "{{outcome}}" },
    ],
  },
  {
    title: "API requests",
    description: "Responses per second, by status.",
    unit: "ops",
    series: [
      { expr: `sum by (status) (rate(boathook_api_requests_total${ON}[$__rate_interval]))`, legend: "{{status}}" },
    ],
  },
  {
    title: "Commits",
    description: "Duration of commits to the database, each with one sync of the disk.",
    unit: "s",
    series: quantiles("boathook_commit_duration_seconds"),
  },
  {
    title: "Syncs per message",
    description: "Syncs of the disk for each accepted message. The more messages share a commit, the fewer.",
    unit: "short",
    series: [
      {
        expr: `sum(rate(boathook_fsyncs_total${ON}[$__rate_interval])) / sum(rate(boathook_messages_accepted_total${ON}[$__rate_interval]))`,
        legend: "syncs",
      },
    ],
  },
  {
    title: "Bytes written per message",
    description: "Bytes written to disks for each accepted message, with its attempts.",
    unit: "bytes",
    series: [
      {
        expr: `sum(rate(boathook_disk_written_bytes_total${ON}[$__rate_interval])) / sum(rate(boathook_messages_accepted_total${ON}[$__rate_interval]))`,
        legend: "written",
      },
    ],
  },
  {
    title: "Spans",
    description: "Spans of traces that were exported and dropped, per second. 0 without otlp-endpoint.",
    unit: "ops",
    series: [
      { expr: `sum(rate(boathook_spans_exported_total${ON}[$__rate_interval]))`, legend: "exported" },
      { expr: `sum(rate(boathook_spans_dropped_total${ON}[$__rate_interval]))`, legend: "dropped" },
    ],
  },
  {
    title: "Database and disk",
    description: "Sizes of the database and its write-ahead log, and free space on their disk.",
    unit: "bytes",
    series: [
      { expr: once(`boathook_database_bytes${ON}`), legend: "database" },
      { expr: `sum(boathook_wal_bytes${ON})`, legend: "write-ahead log" },
      { expr: `min(boathook_disk_free_bytes${ON})`, legend: "free" },
    ],
  },
  {
    title: "Instances",
    description: "Instances that are alive, as each of them counts, and connections that PostgreSQL still accepts.",
    unit: "short",
    series: [
      { expr: `boathook_instances${ON}`, legend: "instances, says {{instance}}" },
      { expr: `min(boathook_database_connections_free${ON})`, legend: "free connections" },
    ],
  },
  {
    title: "Lanes that nobody serves",
    description: "Share of all lanes that no live instance serves, and the share of each instance.",
    unit: "percentunit",
    series: [
      { expr: `max(boathook_lanes_unserved_ratio${ON})`, legend: "not served" },
      { expr: `boathook_lane_share_ratio${ON}`, legend: "{{instance}}" },
    ],
  },
  {
    title: "Dead rows of the queue",
    description: "Rows of deliveries that no longer wait and that PostgreSQL has not removed yet.",
    unit: "short",
    series: [{ expr: `max(boathook_queue_dead_rows${ON})`, legend: "dead rows" }],
  },
  {
    title: "Oldest snapshot and transaction",
    description: "Age of what keeps PostgreSQL from removing dead rows, and of the oldest transaction.",
    unit: "s",
    series: [
      { expr: `max(boathook_database_snapshot_age_seconds${ON})`, legend: "snapshot" },
      { expr: `max(boathook_database_transaction_age_seconds${ON})`, legend: "transaction" },
    ],
  },
  {
    title: "CPU",
    description: "CPU time that the process uses, as a share of one core.",
    unit: "percentunit",
    series: [
      {
        expr: `rate(process_cpu_seconds_total${ON}[$__rate_interval]) ${OF_BOATHOOK}`,
        legend: "{{instance}}",
      },
    ],
  },
  {
    title: "Memory",
    description: "Resident memory of the process.",
    unit: "bytes",
    series: [{ expr: `process_resident_memory_bytes${ON} ${OF_BOATHOOK}`, legend: "{{instance}}" }],
  },
  {
    title: "Event loop",
    description: "How late the process runs its timers.",
    unit: "s",
    series: quantiles("boathook_event_loop_lag_seconds"),
  },
];
