import type { Listed } from "./frame.ts";

/** All pages in the order in which they are listed, under their headings. */
export const chapters: ReadonlyArray<readonly [heading: string, pages: readonly Listed[]]> = [
  [
    "Begin",
    [
      {
        name: "sending",
        title: "Sending",
        about: "an application, an endpoint and a first webhook, and how receivers verify it",
      },
      {
        name: "receiving",
        title: "Receiving",
        about: "a source for the webhooks of a provider, from the first request to a replay",
      },
      { name: "concepts", title: "Concepts", about: "the way of a message, and the terms of this guide" },
      { name: "guarantees", title: "Guarantees", about: "what is guaranteed, and what is not" },
      { name: "settings", title: "Settings", about: "all settings of the server, with their defaults" },
    ],
  ],
  [
    "Install",
    [
      {
        name: "running",
        title: "Running it",
        about: "install, systemd, containers, TLS, Unix socket, nginx and Caddy, signals",
      },
      {
        name: "doctor",
        title: "Checking an installation",
        about: "what boathook doctor checks, and what to do about each finding",
      },
      {
        name: "configuration",
        title: "Configuration as code",
        about: "boathook apply, export and import: files, secrets, deleting, pipelines, Svix, Convoy, Terraform",
      },
      {
        name: "upgrade",
        title: "Upgrade",
        about: "replacing the executable, the copy before it, and going back",
      },
      {
        name: "sizing",
        title: "Sizing",
        about: "how much CPU, memory and disk a server needs, and boathook bench",
      },
      {
        name: "performance",
        title: "Where the time goes",
        about: "the CPU time of a webhook by parts, and what it would take to reach the targets that are missed",
      },
      {
        name: "postgres",
        title: "PostgreSQL",
        about: "several instances on one database: starting, nginx, backups, failover, what is different",
      },
      {
        name: "shards",
        title: "More than one machine",
        about:
          "dividing applications among servers behind nginx, moving an application, and a plan for a million per second",
      },
      { name: "moving", title: "Moving to another machine", about: "with one file and no message lost" },
    ],
  ],
  [
    "Use",
    [
      {
        name: "sources",
        title: "Sources",
        about: "types of sources, what your endpoint gets, duplicates, pace, changing secrets and URLs",
      },
      {
        name: "dead-letters",
        title: "Retries and dead letters",
        about: "the retry schedule, redriving, sending later, cancelling",
      },
      {
        name: "event-types",
        title: "Event types with schemas",
        about: "checking messages against JSON Schemas, and importing event types from OpenAPI",
      },
      {
        name: "access",
        title: "Environments, tokens and logins",
        about: "scopes, sessions, logging in at an identity provider, the audit log",
      },
      {
        name: "portal",
        title: "Portal",
        about: "a page on which your customers manage their own webhooks",
      },
      {
        name: "operational-webhooks",
        title: "Operational webhooks",
        about: "webhooks to you about endpoints and deliveries",
      },
    ],
  ],
  [
    "Keep the data",
    [
      {
        name: "backup",
        title: "Backup and disaster",
        about: "backups, by hand and on a schedule, restoring them, and what is lost when",
      },
      {
        name: "replica",
        title: "Replica",
        about: "a copy that is updated with each commit: what may be lost with the disk, restoring it, watching it",
      },
      {
        name: "keys",
        title: "Keys and tokens",
        about: "replacing the encryption key and the root token, and backups made before a rotation",
      },
    ],
  ],
  [
    "Know what happens",
    [
      {
        name: "metrics",
        title: "Metrics, alerts and traces",
        about: "what is measured and when to worry, alert rules, a board, and traces over OTLP",
      },
      {
        name: "notices",
        title: "Notices",
        about: "mail, Slack and Teams about endpoints that fail and backlogs that grow",
      },
      {
        name: "faults",
        title: "When something fails",
        about: "what the server does when a disk, a network, a clock or another program fails",
      },
      {
        name: "limits",
        title: "Limits against abuse",
        about: "quotas of customers, what counts, what happens beyond them, and what all clients may use together",
      },
      {
        name: "security",
        title: "Security model",
        about: "what is encrypted, tokens, sessions, separation, and what an attacker gets",
      },
    ],
  ],
  [
    "Connect",
    [
      {
        name: "command-line",
        title: "From your own machine",
        about: "boathook login, listen, trigger, replay and tail: webhooks on a developer's machine",
      },
      {
        name: "outbox",
        title: "Outbox in PostgreSQL",
        about: "boathook relay: messages that are written in the transaction of the change that they report",
      },
      {
        name: "outgoing",
        title: "Outgoing connections",
        about: "tokens, OAuth 2.0, client certificates, private authorities, a proxy",
      },
      {
        name: "transports",
        title: "Transports",
        about:
          "endpoints that are not http: gRPC, RabbitMQ, NATS, Kafka, SQS, Lambda; sending over gRPC; passwords in URLs",
      },
      {
        name: "broker-sources",
        title: "Sources from queues",
        about: "sources that take messages from RabbitMQ, Kafka, NATS or SQS instead of receiving requests",
      },
      {
        name: "filters",
        title: "Filters",
        about: "which messages an endpoint gets by their content, operators, and trying a filter",
      },
      {
        name: "transformations",
        title: "Transformations",
        about: "code that changes or cancels what an endpoint gets, its limits, and what it cannot reach",
      },
      {
        name: "batches",
        title: "Batches",
        about: "several messages in one request, how to receive them, retries, and limits",
      },
      {
        name: "thin-events",
        title: "Thin events",
        about: "a URL instead of the payload, which is good for one GET",
      },
      {
        name: "functions",
        title: "Functions",
        about: "endpoints that are code: what it can do, what happens in retries, and its limits",
      },
      {
        name: "streams",
        title: "Streams",
        about: "reading messages instead of receiving them: server-sent events, and workers that share messages",
      },
      {
        name: "presets",
        title: "Presets of transformations",
        about: "code for Slack, Microsoft Teams, Discord and CloudEvents",
      },
      {
        name: "versions",
        title: "Payload versions",
        about: "changing the form of payloads without breaking receivers, deprecation, and checks of schema changes",
      },
      {
        name: "providers",
        title: "Providers",
        about: "whose webhooks a source can receive, and how their signatures are checked",
      },
    ],
  ],
  ["Versions", [{ name: "changelog", title: "Changelog", about: "what has changed, by version" }]],
];

/** All pages of the guide, in the order in which they are listed. */
export const guidePages: readonly Listed[] = chapters.flatMap(([, pages]) => pages);
