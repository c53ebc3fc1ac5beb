import access from "../../../web/guide/pages/access.md" with { type: "text" };
import backup from "../../../web/guide/pages/backup.md" with { type: "text" };
import batches from "../../../web/guide/pages/batches.md" with { type: "text" };
import brokerSources from "../../../web/guide/pages/broker-sources.md" with { type: "text" };
import changelog from "../../../web/guide/pages/changelog.md" with { type: "text" };
import commandLine from "../../../web/guide/pages/command-line.md" with { type: "text" };
import configuration from "../../../web/guide/pages/configuration.md" with { type: "text" };
import deadLetters from "../../../web/guide/pages/dead-letters.md" with { type: "text" };
import doctor from "../../../web/guide/pages/doctor.md" with { type: "text" };
import eventTypes from "../../../web/guide/pages/event-types.md" with { type: "text" };
import faults from "../../../web/guide/pages/faults.md" with { type: "text" };
import filters from "../../../web/guide/pages/filters.md" with { type: "text" };
import functions from "../../../web/guide/pages/functions.md" with { type: "text" };
import keys from "../../../web/guide/pages/keys.md" with { type: "text" };
import limits from "../../../web/guide/pages/limits.md" with { type: "text" };
import metrics from "../../../web/guide/pages/metrics.md" with { type: "text" };
import moving from "../../../web/guide/pages/moving.md" with { type: "text" };
import notices from "../../../web/guide/pages/notices.md" with { type: "text" };
import operationalWebhooks from "../../../web/guide/pages/operational-webhooks.md" with { type: "text" };
import outbox from "../../../web/guide/pages/outbox.md" with { type: "text" };
import outgoing from "../../../web/guide/pages/outgoing.md" with { type: "text" };
import performance from "../../../web/guide/pages/performance.md" with { type: "text" };
import portal from "../../../web/guide/pages/portal.md" with { type: "text" };
import postgres from "../../../web/guide/pages/postgres.md" with { type: "text" };
import presets from "../../../web/guide/pages/presets.md" with { type: "text" };
import replica from "../../../web/guide/pages/replica.md" with { type: "text" };
import running from "../../../web/guide/pages/running.md" with { type: "text" };
import security from "../../../web/guide/pages/security.md" with { type: "text" };
import shards from "../../../web/guide/pages/shards.md" with { type: "text" };
import sizing from "../../../web/guide/pages/sizing.md" with { type: "text" };
import sources from "../../../web/guide/pages/sources.md" with { type: "text" };
import streams from "../../../web/guide/pages/streams.md" with { type: "text" };
import thinEvents from "../../../web/guide/pages/thin-events.md" with { type: "text" };
import transformations from "../../../web/guide/pages/transformations.md" with { type: "text" };
import transports from "../../../web/guide/pages/transports.md" with { type: "text" };
import upgrade from "../../../web/guide/pages/upgrade.md" with { type: "text" };
import versions from "../../../web/guide/pages/versions.md" with { type: "text" };
import { PRESETS, type Preset } from "../../../web/presets/presets.ts";
import { frame, type Listed, type PageFiles } from "./frame.ts";
import { Html, html } from "./html.ts";

/** The pages of the guide that are written as Markdown, in `web/guide/pages`. */

interface TextPage extends Listed {
  readonly text: string;
}

/** A page that is built from data, without a text. */
const providers = {
  name: "providers",
  title: "Providers",
  about: "whose webhooks a source can receive, and how their signatures are checked",
} satisfies Listed;

/** All pages in the order in which they are listed, under their headings. */
const chapters: ReadonlyArray<readonly [heading: string, pages: ReadonlyArray<TextPage | Listed>]> = [
  [
    "Install",
    [
      {
        name: "running",
        title: "Running it",
        about: "install, systemd, containers, TLS, Unix socket, nginx and Caddy, signals",
        text: running,
      },
      {
        name: "doctor",
        title: "Checking an installation",
        about: "what boathook doctor checks, and what to do about each finding",
        text: doctor,
      },
      {
        name: "configuration",
        title: "Configuration as code",
        about: "boathook apply, export and import: files, secrets, deleting, pipelines, Svix, Convoy, Terraform",
        text: configuration,
      },
      {
        name: "upgrade",
        title: "Upgrade",
        about: "replacing the executable, the copy before it, and going back",
        text: upgrade,
      },
      {
        name: "sizing",
        title: "Sizing",
        about: "how much CPU, memory and disk a server needs, and boathook bench",
        text: sizing,
      },
      {
        name: "performance",
        title: "Where the time goes",
        about: "the CPU time of a webhook by parts, and what it would take to reach the targets that are missed",
        text: performance,
      },
      {
        name: "postgres",
        title: "PostgreSQL",
        about: "several instances on one database: starting, nginx, backups, failover, what is different",
        text: postgres,
      },
      {
        name: "shards",
        title: "More than one machine",
        about:
          "dividing applications among servers behind nginx, moving an application, and a plan for a million per second",
        text: shards,
      },
      { name: "moving", title: "Moving to another machine", about: "with one file and no message lost", text: moving },
    ],
  ],
  [
    "Use",
    [
      {
        name: "sources",
        title: "Sources",
        about: "types of sources, what your endpoint gets, duplicates, pace, changing secrets and URLs",
        text: sources,
      },
      {
        name: "dead-letters",
        title: "Retries and dead letters",
        about: "the retry schedule, redriving, sending later, cancelling",
        text: deadLetters,
      },
      {
        name: "event-types",
        title: "Event types with schemas",
        about: "checking messages against JSON Schemas, and importing event types from OpenAPI",
        text: eventTypes,
      },
      {
        name: "access",
        title: "Environments, tokens and logins",
        about: "scopes, sessions, logging in at an identity provider, the audit log",
        text: access,
      },
      {
        name: "portal",
        title: "Portal",
        about: "a page on which your customers manage their own webhooks",
        text: portal,
      },
      {
        name: "operational-webhooks",
        title: "Operational webhooks",
        about: "webhooks to you about endpoints and deliveries",
        text: operationalWebhooks,
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
        text: backup,
      },
      {
        name: "replica",
        title: "Replica",
        about: "a copy that is updated with each commit: what may be lost with the disk, restoring it, watching it",
        text: replica,
      },
      {
        name: "keys",
        title: "Keys and tokens",
        about: "replacing the encryption key and the root token, and backups made before a rotation",
        text: keys,
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
        text: metrics,
      },
      {
        name: "notices",
        title: "Notices",
        about: "mail, Slack and Teams about endpoints that fail and backlogs that grow",
        text: notices,
      },
      {
        name: "faults",
        title: "When something fails",
        about: "what the server does when a disk, a network, a clock or another program fails",
        text: faults,
      },
      {
        name: "limits",
        title: "Limits against abuse",
        about: "quotas of customers, what counts, what happens beyond them, and what all clients may use together",
        text: limits,
      },
      {
        name: "security",
        title: "Security model",
        about: "what is encrypted, tokens, sessions, separation, and what an attacker gets",
        text: security,
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
        text: commandLine,
      },
      {
        name: "outbox",
        title: "Outbox in PostgreSQL",
        about: "boathook relay: messages that are written in the transaction of the change that they report",
        text: outbox,
      },
      {
        name: "outgoing",
        title: "Outgoing connections",
        about: "tokens, OAuth 2.0, client certificates, private authorities, a proxy",
        text: outgoing,
      },
      {
        name: "transports",
        title: "Transports",
        about:
          "endpoints that are not http: gRPC, RabbitMQ, NATS, Kafka, SQS, Lambda; sending over gRPC; passwords in URLs",
        text: transports,
      },
      {
        name: "broker-sources",
        title: "Sources from queues",
        about: "sources that take messages from RabbitMQ, Kafka, NATS or SQS instead of receiving requests",
        text: brokerSources,
      },
      {
        name: "filters",
        title: "Filters",
        about: "which messages an endpoint gets by their content, operators, and trying a filter",
        text: filters,
      },
      {
        name: "transformations",
        title: "Transformations",
        about: "code that changes or cancels what an endpoint gets, its limits, and what it cannot reach",
        text: transformations,
      },
      {
        name: "batches",
        title: "Batches",
        about: "several messages in one request, how to receive them, retries, and limits",
        text: batches,
      },
      {
        name: "thin-events",
        title: "Thin events",
        about: "a URL instead of the payload, which is good for one GET",
        text: thinEvents,
      },
      {
        name: "functions",
        title: "Functions",
        about: "endpoints that are code: what it can do, what happens in retries, and its limits",
        text: functions,
      },
      {
        name: "streams",
        title: "Streams",
        about: "reading messages instead of receiving them: server-sent events, and workers that share messages",
        text: streams,
      },
      {
        name: "presets",
        title: "Presets of transformations",
        about: "code for Slack, Microsoft Teams, Discord and CloudEvents",
        text: [presets.trimEnd(), ...PRESETS.map(presetText)].join("\n\n"),
      },
      {
        name: "versions",
        title: "Payload versions",
        about: "changing the form of payloads without breaking receivers, deprecation, and checks of schema changes",
        text: versions,
      },
      providers,
    ],
  ],
  ["Versions", [{ name: "changelog", title: "Changelog", about: "what has changed, by version", text: changelog }]],
];

/** Returns the section about a preset. Its code may contain the fences that are usual in Markdown. */
function presetText({ title, about, webhook }: Preset): string {
  return `## ${title}\n\n${about}\n\n~~~js\n${webhook}~~~\n`;
}

/** All pages of the guide, in the order in which they are listed. */
export const guidePages: readonly Listed[] = chapters.flatMap(([, pages]) => pages);

export const textPages: readonly TextPage[] = guidePages.filter((page): page is TextPage => "text" in page);

/** Returns the document of a page. */
export function textPage(files: PageFiles, { title, text, name }: TextPage): string {
  const at = guidePages.findIndex((page) => page.name === name);
  const [before, after] = [guidePages[at - 1], guidePages[at + 1]];
  return frame(
    files,
    title,
    html`<article class="text">${new Html(Bun.markdown.html(text, MARKDOWN))}</article>
      <nav class="turn" aria-label="Pages">${[before, after]
        .filter((page) => page !== undefined)
        .map(
          (page) =>
            html`<a href="${page.name}">${page === before ? "← " : ""}${page.title}${page === after ? " →" : ""}</a> `,
        )}</nav>`,
  );
}

/** Returns the document with the list of all pages. */
export function guideIndex(files: PageFiles): string {
  const lists = chapters.map(
    ([heading, pages]) =>
      html`<h2>${heading}</h2><ul>${pages.map(
        ({ name, title, about }) => html`<li><a href="${name}">${title}</a>: ${about}</li>`,
      )}</ul>`,
  );
  return frame(files, "Contents", html`<article class="text"><h1>Guide</h1>${COMMANDS}${lists}</article>`);
}

/** What the commands of all pages need. */
const COMMANDS = html`<p>
  The commands assume a server at <code>http://127.0.0.1:8071</code>, started with
  <code>boathook serve --data-dir data</code> in the directory in which you run them, and the application
  <code>demo</code>, which the first start creates. They read the root token from the file
  <code>data/root-token</code>. If the first start printed the token instead, because it ran in a terminal, write it
  to that file.
</p>`;

/** HTML in the text is shown, not interpreted. */
const MARKDOWN = { headings: { ids: true }, noHtmlBlocks: true, noHtmlSpans: true } as const;
