export interface Finished {
  readonly ending: "passed" | "failed" | "timed out";
  readonly output: string;
  readonly seconds: number;
}

/** Process groups of the running commands. */
const running = new Set<number>();

/**
 * Runs a command that starts with `bun`, on the sources in `cwd`. When the command ends or exceeds
 * `timeoutMs`, the processes that it started are killed.
 */
export async function run(command: string, cwd: string, timeoutMs: number): Promise<Finished> {
  const [program, ...args] = command.split(" ");
  if (program !== "bun") throw new Error(`The command must start with bun: ${command}`);
  const { TEST_EXECUTABLE: _, ...env } = process.env;
  const startedAt = performance.now();
  // The command gets its own process group, so that servers that a test starts can be killed with
  // it.
  const child = Bun.spawn([process.execPath, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  running.add(child.pid);
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    killGroup(child.pid);
  }, timeoutMs);
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  clearTimeout(timer);
  killGroup(child.pid);
  running.delete(child.pid);
  const ending = isTimedOut ? "timed out" : code === 0 ? "passed" : "failed";
  return { ending, output: (await output).join(""), seconds: (performance.now() - startedAt) / 1000 };
}

/** Kills all running commands. */
export function killAll(): void {
  for (const group of running) killGroup(group);
}

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // No process of the group is left.
  }
}
