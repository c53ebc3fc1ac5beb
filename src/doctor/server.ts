/** Findings about a running server. */
import { certificateSeverity } from "../core/attention-rules.ts";
import { counted } from "../core/text.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { ServerReport } from "./server-report.ts";
import { bytesText, durationText } from "./text.ts";

/** Result of a request to a server. `other`: the response is not that of Boathook in this version. */
export type ServerReading =
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "other" }
  | { readonly kind: "report"; readonly report: ServerReport };

export interface ServerFacts {
  readonly url: string;
  readonly reading: ServerReading;
  /** The version of this program. */
  readonly version: string;
  /** The age in ms above which a backlog counts as growing; 0 means never. */
  readonly backlogThresholdMs: number;
}

/** Duration of a commit, in ms, above which the disk is slow. One commit in a hundred may take longer. */
const COMMIT_MS_MAX = 250;
/** Share of the limit of open files above which it is nearly reached. */
const FILES_SHARE_MAX = 0.8;

/** The checks of a running server. A check returns null if there is nothing to check. */
const CHECKS: ReadonlyArray<(report: ServerReport, facts: ServerFacts, now: number) => Finding | null> = [
  versionFinding,
  storeFinding,
  commitFinding,
  deliveryFinding,
  backlogFinding,
  endpointFinding,
  deadLetterFinding,
  instanceFinding,
  backupFinding,
  replicaFinding,
  certificateFinding,
  clockFinding,
  filesFinding,
];

export function serverFindings(facts: ServerFacts, now: number): Finding[] {
  const { url, reading } = facts;
  if (reading.kind === "unreachable") {
    return [
      fail("server", `The server at ${url} cannot be reached (${reading.reason}).`, "Start it, or correct --server."),
    ];
  }
  if (reading.kind === "other") {
    const remedy = "Correct --server, or use the executable of the server.";
    return [fail("server", `The response from ${url} is not that of Boathook in this version.`, remedy)];
  }
  if (reading.kind === "refused") return [refusedFinding(url, reading.status)];
  const found = CHECKS.map((check) => check(reading.report, facts, now)).filter((finding) => finding !== null);
  return [ok("server", `${nameOf(reading.report)} at ${url} is running.`), ...found];
}

/** Returns what a server is called in a sentence: it has a name if it is one of several shards. */
function nameOf({ system }: ServerReport): string {
  const shard = system.settings.find(({ name }) => name === "shard")?.value ?? null;
  return shard === null ? "The server" : `The shard ${shard}`;
}

function refusedFinding(url: string, status: number): Finding {
  if (status === 401 || status === 403) {
    return fail(
      "server",
      `The server at ${url} does not accept the token in BOATHOOK_TOKEN for this command (status ${status}).`,
      "Set it to the root token.",
    );
  }
  return fail("server", `The server at ${url} responds with status ${status}.`, "See its log.");
}

function versionFinding({ system }: ServerReport, { version }: ServerFacts): Finding {
  const detail = `The server has version ${system.version} and schema ${system.store.schemaVersion}`;
  if (system.version === version) return ok("server-version", `${detail}.`);
  return warn("server-version", `${detail}, this program version ${version}.`, "Use the same executable for both.");
}

function storeFinding({ system: { store } }: ServerReport): Finding {
  if (store.failing) {
    return fail("server-store", "The last commit or read of the server failed.", "See its log; check disk and rights.");
  }
  if (store.damaged) {
    return fail("server-store", "The server has found damaged data.", "Stop the server and restore a backup.");
  }
  return ok("server-store", "The server can read and write its data.");
}

function commitFinding({ system: { store } }: ServerReport): Finding {
  const { count, p99Ms } = store.commits;
  if (count === 0 || p99Ms === null) return ok("server-commits", "There were no commits in the last minutes.");
  const detail = `99 % of the latest ${counted(count, "commit")} took at most ${Math.ceil(p99Ms)} ms.`;
  if (p99Ms <= COMMIT_MS_MAX) return ok("server-commits", detail);
  return warn("server-commits", detail, "The disk is slow: move the data to a faster one, or find what else uses it.");
}

function deliveryFinding({ system: { delivery }, environments }: ServerReport): Finding {
  if (delivery.state === "held") {
    const since = delivery.heldSince === null ? "" : ` since ${delivery.heldSince}`;
    return warn("server-delivery", `Deliveries are held${since}: nothing is sent.`, "Resume them on the admin page.");
  }
  const paused = environments.filter(({ pausedAt }) => pausedAt !== null).map(({ name }) => name);
  if (paused.length === 0) return ok("server-delivery", "Deliveries are running.");
  return warn("server-delivery", `Deliveries of ${paused.join(", ")} are paused.`, "Resume them on the admin page.");
}

function backlogFinding(
  { system, environments }: ServerReport,
  { backlogThresholdMs }: ServerFacts,
  now: number,
): Finding {
  const { oldestDueAt } = system.delivery;
  const pending = environments.reduce((sum, environment) => sum + environment.pending, 0);
  const ageMs = oldestDueAt === null ? 0 : Math.max(0, now - Date.parse(oldestDueAt));
  const detail = `${counted(pending, "delivery", "deliveries")} ${pending === 1 ? "waits" : "wait"}; the oldest has been due for ${durationText(ageMs)}.`;
  if (backlogThresholdMs === 0 || ageMs <= backlogThresholdMs) return ok("server-backlog", detail);
  return warn(
    "server-backlog",
    detail,
    "Look for slow endpoints in the log, and raise delivery-concurrency if all attempts are under way.",
  );
}

function endpointFinding({ environments }: ServerReport): Finding {
  const failing = environments.reduce((sum, { endpoints }) => sum + endpoints.failing, 0);
  const disabled = environments.reduce((sum, { endpoints }) => sum + endpoints.disabled, 0);
  const detail = `${counted(failing, "endpoint")} ${failing === 1 ? "is" : "are"} failing and ${disabled} disabled.`;
  if (failing + disabled === 0) return ok("server-endpoints", detail);
  return warn("server-endpoints", detail, "The admin page lists them with reasons.");
}

function deadLetterFinding({ environments }: ServerReport): Finding {
  const count = environments.reduce((sum, { deadLetters }) => sum + deadLetters, 0);
  const detail = `There ${count === 1 ? "is" : "are"} ${counted(count, "dead letter")}.`;
  if (count === 0) return ok("server-dead-letters", detail);
  return warn("server-dead-letters", detail, "Redrive them when their endpoints work again, or drop them.");
}

function instanceFinding({ system: { database } }: ServerReport): Finding | null {
  if (database === null || database === undefined) return null;
  const { instances, unservedLanes } = database;
  const serving = instances.filter(({ alive, delivers }) => alive && delivers).length;
  const who = `${counted(serving, "instance")} ${serving === 1 ? "serves" : "serve"}`;
  if (unservedLanes > 0) {
    return fail(
      "server-instances",
      `${who} the lanes, and nobody serves ${percent(unservedLanes)} of them.`,
      "Lanes are taken over within the lease. If this finding stays, see the logs of the instances.",
    );
  }
  const own = instances.find(({ self }) => self)?.lanes ?? 0;
  return ok("server-instances", `${who} all lanes, this one ${percent(own)} of them.`);
}

function percent(share: number): string {
  return `${Math.ceil(share * 100)} %`;
}

function backupFinding({ system: { backups } }: ServerReport): Finding | null {
  if (backups === null) return null;
  if (backups.reason !== null) {
    return warn("server-backup", `The latest backup failed: ${backups.reason.replace(/\.$/, "")}.`, "See the log.");
  }
  if (backups.isOverdue) return warn("server-backup", "The newest backup is overdue.", "See the log.");
  return ok("server-backup", "The scheduled backups succeed.");
}

function replicaFinding({ system: { replica } }: ServerReport): Finding | null {
  if (replica === null || replica === undefined) return null;
  const { location, state, reason, lagMs, refusesMessages } = replica;
  if (refusesMessages) {
    return fail(
      "server-replica",
      `The server refuses messages, because the replica ${location} lacks too much.`,
      "Make the replica writable again; see the log.",
    );
  }
  if (state === "ok") return ok("server-replica", `The replica ${location} has all commits.`);
  const why = reason === null ? "" : ` (${reason.replace(/\.$/, "")})`;
  const detail =
    state === "failed"
      ? `The replica ${location} cannot be written${why}.`
      : `The replica ${location} lacks the commits of the last ${durationText(lagMs)}${why}.`;
  return warn("server-replica", detail, "See the log; check the disk or the network of the replica.");
}

const CERTIFICATES = {
  server: "The certificate of the server",
  client: "A client certificate of an endpoint",
  ca: "A CA that an endpoint trusts",
} as const;

function certificateFinding({ system: { certificates } }: ServerReport, _: ServerFacts, now: number): Finding | null {
  if (certificates === undefined) return null;
  const kinds = ["server", "client", "ca"] as const;
  const ends = kinds.flatMap((kind) => (certificates[kind] === null ? [] : [{ kind, at: certificates[kind] }]));
  const [first] = ends.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  if (first === undefined) return null;
  const detail = `${CERTIFICATES[first.kind]} ends at ${first.at}`;
  if (certificateSeverity(Date.parse(first.at), now) === null) {
    return ok("server-certificates", `${detail}, all others later.`);
  }
  return warn("server-certificates", `${detail}.`, "Renew it. The overview of the admin page names the endpoint.");
}

function clockFinding({ system: { clock } }: ServerReport): Finding | null {
  if (clock.doubtedSince === null) return null;
  return warn(
    "server-clock",
    `The clock of the server has been ahead of its data since ${clock.doubtedSince}, so old data is kept.`,
    "Check the clock; if it is right, restart the server with --accept-clock.",
  );
}

function filesFinding({ system: { openFiles, store } }: ServerReport): Finding {
  const { open, max } = openFiles;
  const free = store.diskFreeBytes === null ? "" : ` The disk has ${bytesText(store.diskFreeBytes)} free.`;
  if (open === null || max === null) return ok("server-resources", `The number of open files is not known.${free}`);
  const detail = `${open} of ${max} files are open.${free}`;
  if (open <= max * FILES_SHARE_MAX) return ok("server-resources", detail);
  return warn("server-resources", detail, "Raise the limit (ulimit -n, or LimitNOFILE in systemd).");
}
