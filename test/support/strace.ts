import { readFileSync } from "node:fs";
import { which } from "bun";

/** Traces the system calls of a process with `strace`, if it is installed and allowed. */

/**
 * A system call that has returned. `text` is its line in the output of strace, such as
 * `fsync(9</data/boathook.db-wal>) = 0`.
 */
export interface SystemCall {
  readonly name: string;
  readonly text: string;
}

export interface Trace {
  /** Stops tracing. Returns the calls in the order in which they returned. */
  end(): Promise<SystemCall[]>;
}

/** Returns whether strace is installed and can attach to a process. Some containers forbid that. */
export async function canTrace(): Promise<boolean> {
  if (which("strace") === null) return false;
  const sleeper = Bun.spawn(["sleep", "60"]);
  try {
    await (await traceProcess(sleeper.pid, ["none"], "/dev/null")).end();
    return true;
  } catch {
    return false;
  } finally {
    sleeper.kill("SIGKILL");
  }
}

/**
 * Traces these calls of a process. Resolves when the trace has begun. Rejects if strace cannot
 * attach.
 */
export async function traceProcess(pid: number, calls: readonly string[], file: string): Promise<Trace> {
  // -f: all threads; -y: paths of file descriptors; -s: maximum bytes of strings.
  const args = ["-f", "-y", "-s", "1024", "-e", `trace=${calls.join(",")}`, "-o", file, "-p", String(pid)];
  const strace = Bun.spawn(["strace", ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  await untilAttached(strace.stderr);
  return {
    async end() {
      strace.kill("SIGINT");
      await strace.exited;
      return readCalls(readFileSync(file, "utf8"));
    },
  };
}

/**
 * Makes these calls of a process take `delayMs` longer. Resolves when they do. Rejects if strace
 * cannot attach. Returns a function that ends it.
 */
export async function delayCalls(pid: number, calls: readonly string[], delayMs: number): Promise<() => Promise<void>> {
  const names = calls.join(",");
  const delay = `inject=${names}:delay_exit=${delayMs * 1000}`;
  const args = ["-f", "-o", "/dev/null", "-e", `trace=${names}`, "-e", delay, "-p", String(pid)];
  const strace = Bun.spawn(["strace", ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  await untilAttached(strace.stderr);
  return async () => {
    strace.kill("SIGINT");
    await strace.exited;
  };
}

async function untilAttached(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(" attached")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`strace could not attach: ${text}`);
    text += value;
  }
  reader.releaseLock();
}

/**
 * Parses the output of strace. A call that is split because another thread's call came in between
 * is joined again.
 */
export function readCalls(text: string): SystemCall[] {
  const unfinished = new Map<string, string>();
  const calls: SystemCall[] = [];
  for (const line of text.split("\n")) {
    const [, thread, rest] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (thread === undefined || rest === undefined) continue;
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(thread, rest.slice(0, -"<unfinished ...>".length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const whole = resumed === null ? rest : (unfinished.get(thread) ?? "") + resumed[1];
    const name = /^(\w+)\(/.exec(whole)?.[1];
    if (name !== undefined) calls.push({ name, text: whole });
  }
  return calls;
}
