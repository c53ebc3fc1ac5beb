/** The diagnostic bundle: the data that support needs, without secrets and payloads. */
import { formatInstant } from "../../../core/instant.ts";
import type { AttentionEndpoint, Environment } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { systemOut } from "./fields.ts";

/** Maximum number of endpoints per environment. */
const ENDPOINTS_MAX = 100;
const ENVIRONMENTS_MAX = 100;
const APPLICATIONS_AT_ONCE = 250;
const APPLICATIONS_MAX = 10_000;

export async function diagnosticsOf(context: Context) {
  const { store, clock, metrics, system } = context;
  const environments = await store.configuration.environments.list();
  const reports = [];
  for (const environment of environments.slice(0, ENVIRONMENTS_MAX)) {
    reports.push(await environmentReport(context, environment));
  }
  return {
    createdAt: formatInstant(clock.now()),
    system: await systemOut(context),
    environmentsTotal: environments.length,
    environments: reports,
    unenforcedRules: await store.housekeeping.unenforcedRules(),
    metrics: await metrics.text(),
    log: system.logLines().map(harmless),
  };
}

async function environmentReport(context: Context, { seq, name, type, pausedAt }: Environment) {
  const { store, ids, overview } = context;
  const { counts, endpoints, dead } = await store.survey.attention(seq, ENDPOINTS_MAX);
  const { accepted, delivered, pending, dead: deadLetters } = await overview(seq);
  return {
    ...{ id: ids.encode("org_", seq), name, type, pausedAt: at(pausedAt) },
    ...{ acceptedSinceStart: accepted, deliveredSinceStart: delivered, pending, deadLetters },
    applications: await applicationsIn(context, seq),
    endpoints: counts,
    deadLettersByReason: dead.map(({ firstDeadAt, ...rest }) => ({ ...rest, firstDeadAt: formatInstant(firstDeadAt) })),
    troubledEndpoints: endpoints.map((endpoint) => endpointReport(context, endpoint)),
  };
}

function endpointReport({ ids }: Context, endpoint: AttentionEndpoint) {
  const { seq, application, url, state, since, cause, reason } = endpoint;
  return {
    ...{ id: ids.encode("ep_", seq), appId: ids.encode("app_", application.seq) },
    ...{ url: withoutSecrets(url), state, since: at(since) },
    reason: state === "disabled" ? cause : reason,
  };
}

/** Returns the number of applications, counted up to a limit. */
async function applicationsIn({ store }: Context, environmentSeq: number): Promise<number> {
  let total = 0;
  for (let from: number | null = null; total < APPLICATIONS_MAX; ) {
    const page = { limit: APPLICATIONS_AT_ONCE, from, backwards: false, order: "ascending" } as const;
    const { rows, more } = await store.configuration.applications.list(environmentSeq, page);
    total += rows.length;
    if (!more) return total;
    from = rows.at(-1)!.seq;
  }
  return total;
}

function at(time: number | null): string | null {
  return time === null ? null : formatInstant(time);
}

/** Returns a URL without its user name, password and query. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "" : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

/** The fields of log lines that cannot contain data of messages. */
const LOGGED = [
  ...["level", "time", "event", "msg", "appId", "endpointId", "environmentId", "sourceId", "taskId", "task"],
  ...["reason", "status", "cause", "code", "resource", "failingSince", "oldestDueAt", "since", "count", "postponed"],
  ...["damaged", "aheadDays", "dropped", "variable", "table", "rule", "rows", "connectionsMax", "openFilesMax"],
  ...["where", "dataDir"],
] as const;

/**
 * Returns a log line with only the fields that cannot contain secrets or data of messages. The
 * message of an error is omitted, because it can quote data.
 */
function harmless(line: string) {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    // The line was too long and has been cut.
    return { msg: "(a line that is too long)" };
  }
  const kept = Object.fromEntries(LOGGED.filter((name) => name in fields).map((name) => [name, fields[name]]));
  const { url, error } = fields;
  return {
    ...kept,
    ...(typeof url === "string" && { url: withoutSecrets(url) }),
    ...(isError(error) && { error: { type: error.type, stack: framesOf(error.stack) } }),
  };
}

function isError(value: unknown): value is { readonly type: unknown; readonly stack: unknown } {
  return typeof value === "object" && value !== null && "stack" in value;
}

/** Returns the lines of a stack that name places in the program. */
function framesOf(stack: unknown): string[] {
  const lines = typeof stack === "string" ? stack.split("\n") : [];
  return lines.map((line) => line.trim()).filter((line) => /^at [^"']*$/.test(line));
}
