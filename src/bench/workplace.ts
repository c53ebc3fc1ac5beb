import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchChild, startChild } from "./child.ts";

/** The processes and the temporary directory of a bench. */
export interface Workplace {
  /** Starts this program with these arguments. The process is killed at the latest when the bench ends. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): BenchChild;
  /** Returns a new directory, which is removed when it is disposed of or when the bench ends. */
  directory(): BenchDirectory;
  /** Returns the same workplace, whose processes run only on the first cores of the machine. */
  onCores(cores: number): Workplace;
}

export interface BenchDirectory extends Disposable {
  readonly path: string;
}

/** Removing a directory fails while a process that was just killed still closes its files. */
const REMOVE_RETRIES = 3;

/**
 * Runs `work` with a directory in `parent`, by default that of temporary files. Afterwards, and after
 * Ctrl-C, kills all processes and removes the directory. `program` is the command line of this
 * program.
 */
export async function withWorkplace<T>(
  program: readonly string[],
  parent: string | null,
  work: (workplace: Workplace) => Promise<T>,
): Promise<T> {
  const root = mkdtempSync(join(parent ?? tmpdir(), "boathook-bench-"));
  // All children end before the directory is removed, even after Ctrl-C.
  const children = new Set<BenchChild>();
  const end = async () => {
    await Promise.all([...children].map((child) => child[Symbol.asyncDispose]()));
    remove(root);
  };
  const listeners = (
    [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const
  ).map(([signal, code]) => {
    const stop = () => void end().finally(() => process.exit(code));
    process.once(signal, stop);
    return () => process.removeListener(signal, stop);
  });
  try {
    return await work(workplaceIn(root, children, program));
  } finally {
    for (const stopListening of listeners) stopListening();
    await end();
  }
}

function workplaceIn(root: string, children: Set<BenchChild>, program: readonly string[]): Workplace {
  return {
    start(args, env) {
      const child = startChild([...program, ...args], env);
      children.add(child);
      return child;
    },
    directory() {
      const path = mkdtempSync(join(root, "run-"));
      return { path, [Symbol.dispose]: () => remove(path) };
    },
    onCores: (cores) => workplaceIn(root, children, ["taskset", "-c", `0-${cores - 1}`, ...program]),
  };
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: REMOVE_RETRIES });
}
