import { readFileSync } from "node:fs";
import { which } from "bun";

/** Watches the system calls of a process, where `strace` is there and may be used. */

/** One system call that has returned. `text` is all of it as strace writes it: `fsync(9</data/boathook.db-wal>) = 0`. */
export interface SystemCall {
  readonly name: string;
  readonly text: string;
}

export interface Trace {
  /** Stops watching. The calls are in the order in which they returned. */
  end(): Promise<SystemCall[]>;
}

/** Is strace there, and may it watch a process that it has not started? Some containers forbid that. */
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

/** Resolves when every one of these calls will be seen from now on. Rejects when it cannot be done. */
export async function traceProcess(pid: number, calls: readonly string[], file: string): Promise<Trace> {
  // -f: all threads; -y: paths beside file descriptors; -s: so much of what is read and written.
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

/** Joins what strace has written in two parts because another thread came between. */
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
