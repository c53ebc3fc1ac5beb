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
const and = (labels: string) => `{instance=~"$instance",${labels}}`;
const quantiles = (metric: string) =>
  ([0.5, 0.95, 0.99] as const).map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket${ON}[$__rate_interval])))`,
    legend: `p${quantile * 100}`,
  }));

export const PANELS: readonly Panel[] = [
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
      { expr: `sum(boathook_deliveries_pending${ON})`, legend: "pending" },
      { expr: `sum(boathook_attempts_under_way${ON})`, legend: "attempts under way" },
      { expr: `sum(boathook_dead_letters${ON})`, legend: "dead letters" },
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
    description: "Failing, disabled and paused endpoints.",
    unit: "short",
    series: [{ expr: `sum by (state) (boathook_endpoints${ON})`, legend: "{{state}}" }],
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
      { expr: `sum(boathook_database_bytes${ON})`, legend: "database" },
      { expr: `sum(boathook_wal_bytes${ON})`, legend: "write-ahead log" },
      { expr: `min(boathook_disk_free_bytes${ON})`, legend: "free" },
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
