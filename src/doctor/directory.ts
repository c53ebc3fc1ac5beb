/** Findings about the files of a data directory. */
import { diskSeverity } from "../core/attention-rules.ts";
import { type Finding, fail, failWith, ok, warn } from "./finding.ts";
import { bytesText } from "./text.ts";

export interface FileFacts {
  readonly name: string;
  /** Permission bits, or null on systems that have none. */
  readonly mode: number | null;
  readonly uid: number;
}

export interface DirectoryFacts {
  readonly path: string;
  readonly kind: "missing" | "file" | "directory";
  /** Why the directory cannot be used, or null. */
  readonly problem: string | null;
  /** The directory itself. Null unless it is a directory. */
  readonly self: FileFacts | null;
  /** The files in the directory that belong to Boathook. */
  readonly files: readonly FileFacts[];
  /** Whether a server has locked the directory. Null if that is not known. */
  readonly isInUse: boolean | null;
  readonly freeBytes: number | null;
}

/** Permissions of the group and of other users. */
const OTHERS = 0o077;
/** Maximum number of files that a finding names. */
const NAMED_MAX = 3;

export function directoryFindings(facts: DirectoryFacts): Finding[] {
  const { path, kind, problem } = facts;
  if (kind === "missing") {
    return [
      fail(
        "data-dir",
        `The data directory ${path} does not exist.`,
        "Check data-dir, or start the server to create it.",
      ),
    ];
  }
  if (kind === "file")
    return [fail("data-dir", `The data directory ${path} is a file.`, "Set data-dir to a directory.")];
  if (problem !== null) return [failWith("data-dir", problem)];
  return [directoryFinding(facts), ownerFinding(facts), lockFinding(facts), diskFinding(facts)];
}

function directoryFinding({ path, self, files }: DirectoryFacts): Finding {
  const open = [...(self === null ? [] : [{ ...self, name: "the directory" }]), ...files].filter(
    ({ mode }) => mode !== null && (mode & OTHERS) !== 0,
  );
  if (open.length === 0) return ok("data-dir", `Only its owner can access the data directory ${path}.`);
  return warn(
    "data-dir",
    `Other users have rights to the data directory ${path} (${named(open)}).`,
    `Run \`chmod -R go= ${path}\`.`,
  );
}

function ownerFinding({ path, self, files }: DirectoryFacts): Finding {
  const foreign = files.filter(({ uid }) => self !== null && uid !== self.uid);
  if (foreign.length === 0) return ok("owner", "All files in the data directory have the same owner.");
  return fail(
    "owner",
    `Files in the data directory do not belong to its owner, uid ${self!.uid} (${named(foreign)}), so the server may be unable to use them.`,
    `Run \`chown -R --reference=${path} ${path}\`, and run commands as the user of the server.`,
  );
}

function lockFinding({ isInUse }: DirectoryFacts): Finding {
  if (isInUse === null) return ok("lock", "This system does not show whether a server is using the data directory.");
  return ok("lock", isInUse ? "A server is using the data directory." : "No server is using the data directory.");
}

function diskFinding({ path, freeBytes }: DirectoryFacts): Finding {
  if (freeBytes === null) return ok("disk", "This system does not show how much space is free.");
  const detail = `${bytesText(freeBytes)} are free on the disk of ${path}.`;
  const severity = diskSeverity(freeBytes);
  if (severity === null) return ok("disk", detail);
  const remedy = "Free some space, enlarge the disk or shorten retention.";
  return severity === "critical" ? fail("disk", detail, remedy) : warn("disk", detail, remedy);
}

function named(files: readonly FileFacts[]): string {
  const names = files.slice(0, NAMED_MAX).map(({ name }) => name);
  const rest = files.length - names.length;
  return [...names, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
