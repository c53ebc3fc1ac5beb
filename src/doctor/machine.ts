/** Findings about the configuration and the machine. */
import { newestBackup } from "../core/backup-name.ts";
import { openFilesProblem } from "../core/shortage.ts";
import { type Finding, failWith, ok, warn } from "./finding.ts";
import { durationText, instantText } from "./text.ts";

export interface ConfigurationFacts {
  /** Why the settings are invalid, or null. */
  readonly problem: string | null;
  readonly host: string;
  readonly hasPublicUrl: boolean;
  readonly hasMetricsToken: boolean;
}

/** Addresses that other machines cannot reach. */
const LOOPBACK = /^(127\.|localhost$|::1$|\[::1\]$|unix:)/;

export function configurationFindings(facts: ConfigurationFacts): Finding[] {
  if (facts.problem !== null) return [failWith("configuration", facts.problem)];
  const isPublic = !LOOPBACK.test(facts.host);
  const findings: Finding[] = [];
  if (isPublic && !facts.hasPublicUrl) {
    findings.push(
      warn("public-url", `The server listens on ${facts.host} and generates links to that address.`, "Set public-url."),
    );
  }
  if (isPublic && !facts.hasMetricsToken) {
    findings.push(warn("metrics", "Everybody who reaches the server can read /metrics.", "Set metrics-token."));
  }
  return [ok("configuration", "The settings are valid."), ...findings];
}

export interface BackupFacts {
  /** Null if no backups are scheduled. */
  readonly directory: string | null;
  readonly everyMs: number;
  /** Names of the files in the directory, or null if it cannot be read. */
  readonly names: readonly string[] | null;
}

export function backupFinding({ directory, everyMs, names }: BackupFacts, now: number): Finding {
  if (directory === null) {
    return warn(
      "backup",
      "No backups are scheduled.",
      "Set backup-dir to a directory on another disk, or run `boathook backup` on a schedule of your own.",
    );
  }
  if (names === null) {
    return warn("backup", `The directory ${directory} for backups cannot be read.`, "Check backup-dir and its rights.");
  }
  const newest = newestBackup(names, now);
  if (newest === null) {
    return warn("backup", `There is no backup in ${directory} yet.`, "Start the server, which makes one at once.");
  }
  const detail = `The newest backup in ${directory} is of ${instantText(newest)}.`;
  if (now - newest <= 2 * everyMs) return ok("backup", detail);
  return warn(
    "backup",
    `${detail.slice(0, -1)}, ${durationText(now - newest)} ago.`,
    "See the log for failed backups.",
  );
}

export interface ResolverFacts {
  /** The configured name servers. Empty if those of the machine are used. */
  readonly servers: readonly string[];
  readonly isResponding: boolean;
}

export function resolverFinding({ servers, isResponding }: ResolverFacts): Finding {
  const which = servers.length === 0 ? "The name servers of this machine" : `The name servers ${servers.join(", ")}`;
  if (isResponding) return ok("resolver", `${which} respond.`);
  return warn(
    "resolver",
    `${which} do not respond, so deliveries to host names wait.`,
    "Check the network and the name servers (name-servers or /etc/resolv.conf).",
  );
}

export function filesFinding(filesMax: number | null, deliveryConcurrency: number): Finding {
  if (filesMax === null) return ok("open-files", "This system does not show the limit of open files.");
  const problem = openFilesProblem(filesMax, deliveryConcurrency);
  if (problem === null) return ok("open-files", `The limit of open files is ${filesMax}.`);
  return { ...failWith("open-files", problem), level: "warn" };
}
