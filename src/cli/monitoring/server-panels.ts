import { OF_BOATHOOK, ON, once, quantiles, type Row } from "./panel.ts";

/** Panels about the store, its copies and the process. */
export const SERVER_ROWS: readonly Row[] = [
  {
    title: "Store",
    panels: [
      {
        title: "Commits",
        description: "Duration of commits to the database, each with one sync of the disk.",
        unit: "s",
        series: quantiles("boathook_commit_duration_seconds"),
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
    ],
  },
  {
    title: "PostgreSQL",
    panels: [
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
    ],
  },
  {
    title: "Replica and backups",
    panels: [
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
    ],
  },
  {
    title: "Process",
    panels: [
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
      {
        title: "Files and connections",
        description: "Open files of the process, and connections of clients among them.",
        unit: "short",
        series: [
          { expr: `process_open_fds${ON} ${OF_BOATHOOK}`, legend: "files {{instance}}" },
          { expr: `boathook_client_connections${ON}`, legend: "connections {{instance}}" },
        ],
      },
    ],
  },
];
