/** The alert rules that `boathook rules` prints. */
import { INSTANCES, ofData } from "./of-data.ts";

export interface Alert {
  readonly name: string;
  /** Prometheus expression. `JOB` stands for the name of the scrape job. */
  readonly expr: string;
  /** How long the expression must hold; null means that one evaluation is enough. */
  readonly for: string | null;
  /** `critical`: deliveries or acceptance are affected now. `warning`: look within a day. */
  readonly severity: "critical" | "warning";
  readonly summary: string;
  /** What it means and what to do. */
  readonly description: string;
}

/** When certificates end: those of endpoints and sources, which instances share, and that of each server. */
const CERTIFICATE_ENDS = [
  ofData("min", '(boathook_certificate_not_after_seconds{certificate!="server"} > 0)', ["certificate"]),
  'boathook_certificate_not_after_seconds{certificate="server"} > 0',
].join(" or ");

export const ALERTS: readonly Alert[] = [
  {
    name: "BoathookDown",
    expr: 'up{job="JOB"} == 0',
    for: "1m",
    severity: "critical",
    summary: "Boathook on {{ $labels.instance }} does not respond to Prometheus.",
    description:
      "Nothing is accepted or delivered while the server is down. See its log; `systemctl status boathook` if systemd runs it. If only /metrics fails, check metrics-token.",
  },
  {
    name: "BoathookStoreFailing",
    expr: "increase(boathook_commits_failed_total[5m]) > 0 or boathook_store_failing == 1",
    for: null,
    severity: "critical",
    summary: "Boathook on {{ $labels.instance }} cannot write its database.",
    description:
      "Requests get 503; messages that were accepted are not lost. Most often the disk is full or read-only: see boathook_disk_free_bytes and GET /api/v1/health. With PostgreSQL, its server is away or full: `boathook doctor` names the reason.",
  },
  {
    name: "BoathookDeliveriesLate",
    expr: "boathook_oldest_due_age_seconds > 300",
    for: "5m",
    severity: "critical",
    summary: "The oldest due delivery of Boathook on {{ $labels.instance }} waits for {{ $value | humanizeDuration }}.",
    description:
      "An endpoint is slower than its messages arrive, or this machine is too slow. The log names the endpoint in the line about a growing backlog. Raise its concurrency or rate, or pause it.",
  },
  {
    name: "BoathookDeliveriesHeld",
    expr: `${ofData("max", "boathook_delivery_held")} == 1`,
    for: "15m",
    severity: "warning",
    summary: `Boathook on ${INSTANCES} has held all deliveries for 15 minutes.`,
    description: "Messages are accepted and stored. Resume with POST /api/v1/delivery/resume or on the admin page.",
  },
  {
    name: "BoathookBackupOverdue",
    expr: "boathook_backup_overdue == 1",
    for: "5m",
    severity: "warning",
    summary: "Boathook on {{ $labels.instance }} has no recent backup.",
    description:
      "The newest scheduled backup is older than twice backup-every. The system page and the log say why. Check the free space and the rights of backup-dir.",
  },
  {
    name: "BoathookReplicaFailing",
    expr: "boathook_replica_up == 0",
    for: "1m",
    severity: "critical",
    summary: "Boathook on {{ $labels.instance }} cannot write its replica.",
    description:
      "If the disk is lost now, all changes since then are lost. With replica-sync sync, requests that change data get 503. The system page and the log say why. Check the disk or the bucket of the replica.",
  },
  {
    name: "BoathookReplicaBehind",
    expr: "boathook_replica_lag_seconds > 30",
    for: "1m",
    severity: "warning",
    summary: "The replica of Boathook on {{ $labels.instance }} is {{ $value | humanizeDuration }} behind.",
    description:
      "The disk or the bucket of the replica is slower than the changes. Messages are refused with 503 when boathook_replica_lag_bytes reaches 256 MiB.",
  },
  {
    name: "BoathookLanesUnserved",
    expr: `${ofData("max", "boathook_lanes_unserved_ratio")} > 0`,
    for: "2m",
    severity: "critical",
    summary: `No instance serves {{ $value | humanizePercentage }} of the lanes of Boathook on ${INSTANCES}.`,
    description:
      "Nothing is sent to the endpoints of these lanes. Instances take over the lanes of others within lease: see their logs for errors of the database.",
  },
  {
    name: "BoathookSnapshotOld",
    expr: `${ofData("max", "boathook_database_snapshot_age_seconds")} > 600 or ${ofData("max", "boathook_database_snapshot_age_transactions")} > 1e6`,
    for: "5m",
    severity: "warning",
    summary: `Something keeps PostgreSQL from removing dead rows of Boathook on ${INSTANCES}.`,
    description:
      "The queue becomes slower with each delivery. `boathook doctor` names the session, the replication slot or the prepared transaction, and how to end it.",
  },
  {
    name: "BoathookQueueBloated",
    expr: `${ofData("max", "boathook_queue_dead_rows")} > 200000`,
    for: "15m",
    severity: "warning",
    summary: `The queue of Boathook on ${INSTANCES} has {{ $value | printf "%.0f" }} dead rows in PostgreSQL.`,
    description: "Autovacuum is off or too slow, or something keeps the rows. `boathook doctor` says which.",
  },
  {
    name: "BoathookConnectionsShort",
    expr: `${ofData("min", "boathook_database_connections_free")} < 9`,
    for: "5m",
    severity: "warning",
    summary: `PostgreSQL accepts only {{ $value }} more connections from Boathook on ${INSTANCES}.`,
    description: "Another instance needs up to 9. Raise max_connections or the limit of the user, or use PgBouncer.",
  },
  {
    name: "BoathookEnvironmentPaused",
    expr: `${ofData("max", "boathook_environments_paused")} > 0`,
    for: "1h",
    severity: "warning",
    summary: `Environments of Boathook on ${INSTANCES} that have been paused for an hour: {{ $value }}.`,
    description: "Messages are accepted and stored. Resume with POST /api/v1/environment/resume or on the admin page.",
  },
  {
    name: "BoathookDeadLettersGrowing",
    expr: `${ofData("max", "delta(boathook_dead_letters[15m])")} > 0`,
    for: null,
    severity: "warning",
    summary: `Dead letters of Boathook on ${INSTANCES} in 15 minutes: {{ $value | printf "%.0f" }}.`,
    description:
      "The page of dead letters groups them by endpoint and reason. Redrive them there once the cause is removed.",
  },
  {
    name: "BoathookEndpointsFailing",
    expr: `${ofData("max", 'boathook_endpoints{state="failing"}')} > 0`,
    for: "30m",
    severity: "warning",
    summary: `Endpoints of Boathook on ${INSTANCES} that have been failing for 30 minutes: {{ $value }}.`,
    description: "The overview of the admin page lists them with the reason. Retries go on until the schedule ends.",
  },
  {
    name: "BoathookEndpointDisabled",
    expr: `${ofData("max", 'delta(boathook_endpoints{state="disabled"}[15m])')} > 0`,
    for: null,
    severity: "warning",
    summary: `An endpoint of Boathook on ${INSTANCES} has been disabled.`,
    description:
      "A request disabled it, it responded with status 410, or it failed for the time set by endpoint-disable-after: its page says which. It receives nothing until it is enabled.",
  },
  {
    name: "BoathookShortage",
    expr: "boathook_local_shortage == 1",
    for: "2m",
    severity: "critical",
    summary: "Deliveries of Boathook on {{ $labels.instance }} wait for {{ $labels.resource }}.",
    description:
      "The machine lacks file descriptors, local ports, memory, the network or a name server. Waiting is not counted as an attempt; the log names the shortage.",
  },
  {
    name: "BoathookDiskAlmostFull",
    expr: "boathook_disk_free_bytes < 1e9",
    for: "10m",
    severity: "critical",
    summary: "The disk of Boathook on {{ $labels.instance }} has {{ $value | humanize1024 }}B left.",
    description: "Nothing can be accepted on a full disk. Enlarge it, or shorten retention.",
  },
  {
    name: "BoathookDiskFillsUp",
    expr: "predict_linear(boathook_disk_free_bytes[6h], 86400) < 0",
    for: "1h",
    severity: "warning",
    summary: "The disk of Boathook on {{ $labels.instance }} will be full within a day.",
    description: "If it goes on as in the last 6 hours. Enlarge the disk, or shorten retention.",
  },
  {
    name: "BoathookCommitsSlow",
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(boathook_commit_duration_seconds_bucket[5m]))) > 0.5",
    for: "10m",
    severity: "warning",
    summary: "Commits of Boathook on {{ $labels.instance }} take up to {{ $value | humanizeDuration }}.",
    description: "The disk is slow or shared. Each request waits for a commit.",
  },
  {
    name: "BoathookCertificateEnds",
    expr: `(${CERTIFICATE_ENDS}) - time() < 14 * 86400`,
    for: "10m",
    severity: "warning",
    summary: `A certificate ({{ $labels.certificate }}) of Boathook on {{ with $labels.instance }}{{ . }}{{ else }}${INSTANCES}{{ end }} ends in {{ $value | humanizeDuration }}.`,
    description:
      "server: renew the file of tls-cert and send SIGHUP. client and ca: the overview of the admin page names the endpoint; give it a new certificate. Deliveries fail when it has ended.",
  },
  {
    name: "BoathookApiErrors",
    expr: "increase(boathook_api_errors_total[5m]) > 0",
    for: "5m",
    severity: "warning",
    summary: "Boathook on {{ $labels.instance }} responds to API requests with errors.",
    description:
      "boathook_api_requests_total has the operation and the status. 503 means a full disk, a start or a stop; 500 is a bug in Boathook; its log has the details.",
  },
  {
    name: "BoathookReceivedRefused",
    expr: 'sum by (instance, source) (rate(boathook_received_total{outcome="refused"}[15m])) > 0.5 * sum by (instance, source) (rate(boathook_received_total[15m]))',
    for: "15m",
    severity: "warning",
    summary: "Most requests to the source {{ $labels.source }} of Boathook on {{ $labels.instance }} are refused.",
    description: "Its secret may have changed. The page of the source shows the cause of each refusal.",
  },
  {
    name: "BoathookSourceDisconnected",
    expr: 'boathook_source_connections{state="failed"} > 0',
    for: "5m",
    severity: "warning",
    summary: "{{ $value }} sources of Boathook on {{ $labels.instance }} are not connected to their queues.",
    description: "The pages of the sources show the reason, and the log names them. Their messages wait in the queues.",
  },
  {
    name: "BoathookEventLoopSlow",
    expr: "histogram_quantile(0.99, sum by (instance, le) (rate(boathook_event_loop_lag_seconds_bucket[5m]))) > 0.25",
    for: "10m",
    severity: "warning",
    summary: "The process of Boathook on {{ $labels.instance }} lags by {{ $value | humanizeDuration }}.",
    description: "The machine has too little CPU, or a neighbour takes it.",
  },
  {
    name: "BoathookSpansDropped",
    expr: "increase(boathook_spans_dropped_total[15m]) > 0",
    for: null,
    severity: "warning",
    summary: "Boathook on {{ $labels.instance }} drops spans of traces.",
    description:
      "The collector at otlp-endpoint is slow, down or refuses them: the log has the reason. Lower otlp-sample if there are too many. Deliveries are not affected.",
  },
  {
    name: "BoathookLogLinesDropped",
    expr: "increase(boathook_log_lines_dropped_total[15m]) > 0",
    for: null,
    severity: "warning",
    summary: "Boathook on {{ $labels.instance }} drops log lines.",
    description: "The program that reads its output is too slow or has stopped. Deliveries are not affected.",
  },
];
