import { and, ON, once, quantiles, type Row } from "./panel.ts";

/** Panels about messages and endpoints, in the order in which somebody on call looks. */
export const TRAFFIC_ROWS: readonly Row[] = [
  {
    title: "Is it up?",
    panels: [
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
    ],
  },
  {
    title: "What is failing?",
    panels: [
      {
        title: "Endpoints that need attention",
        description: "Failing, disabled, paused and unverified endpoints, without healthy ones.",
        unit: "short",
        series: [{ expr: once(`boathook_endpoints${and('state!="healthy"')}`, ["state"]), legend: "{{state}}" }],
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
    ],
  },
  {
    title: "Backlog",
    panels: [
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
    ],
  },
  {
    title: "Throughput",
    panels: [
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
        title: "Spans",
        description: "Spans of traces that were exported and dropped, per second. 0 without otlp-endpoint.",
        unit: "ops",
        series: [
          { expr: `sum(rate(boathook_spans_exported_total${ON}[$__rate_interval]))`, legend: "exported" },
          { expr: `sum(rate(boathook_spans_dropped_total${ON}[$__rate_interval]))`, legend: "dropped" },
        ],
      },
    ],
  },
  {
    title: "Latency",
    panels: [
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
    ],
  },
];
