import { commit } from "../build.ts";

/** The state of the sources from which a release is built. */
export interface Sources {
  readonly commit: string;
  /** Time of the commit, in s. */
  readonly timeSeconds: number;
  /** Whether files differ from the commit. */
  readonly isDirty: boolean;
}

/** Reads the state from Git. Throws outside of a Git repository. */
export function sourcesOf(root: string): Sources {
  const git = (...args: string[]) => {
    const { success, stdout } = Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
    if (!success) throw new Error("A release needs the Git repository of the sources.");
    return stdout.toString().trim();
  };
  const timeSeconds = Number(git("log", "-1", "--format=%ct"));
  return { commit: commit(), timeSeconds, isDirty: git("status", "--porcelain") !== "" };
}
