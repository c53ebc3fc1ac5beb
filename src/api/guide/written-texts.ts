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

/** The texts of the guide's pages that are written for it, by the names of the pages. */
export const writtenTexts: Readonly<Record<string, string>> = {
  access,
  backup,
  batches,
  "broker-sources": brokerSources,
  changelog,
  "command-line": commandLine,
  configuration,
  "dead-letters": deadLetters,
  doctor,
  "event-types": eventTypes,
  faults,
  filters,
  functions,
  keys,
  limits,
  metrics,
  moving,
  notices,
  "operational-webhooks": operationalWebhooks,
  outbox,
  outgoing,
  performance,
  portal,
  postgres,
  replica,
  running,
  security,
  shards,
  sizing,
  sources,
  streams,
  "thin-events": thinEvents,
  transformations,
  transports,
  upgrade,
  versions,
  presets: [presets.trimEnd(), ...PRESETS.map(presetText)].join("\n\n"),
};

/** Returns the section about a preset. Its code may contain the fences that are usual in Markdown. */
function presetText({ title, about, webhook }: Preset): string {
  return `## ${title}\n\n${about}\n\n~~~js\n${webhook}~~~\n`;
}
