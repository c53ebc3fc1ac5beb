import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Child processes and temporary directories. All of them are ended and removed when this process
 * ends, even by Ctrl-C.
 */

const children = new Set<Child>();
const directories = new Set<string>();

process.on("exit", () => {
  for (const child of children) child.kill();
  for (const directory of directories) remove(directory);
});
for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const) {
  process.on(signal, () => process.exit(128 + number));
}

const READY_WITHIN_MS = 20_000;

/** A process whose standard output is read line by line. Its standard error is shown. */
export class Child implements AsyncDisposable {
  readonly #program: string;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #outputEnded: Promise<void>;
  #onLine: (line: string) => void = () => {};

  /**
   * Adds `env` to a minimal environment without variables that a server reads, such as those of
   * proxies.
   */
  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { PATH = "", HOME = "", TMPDIR } = process.env;
    this.#program = command.slice(0, 2).join(" ");
    this.#process = Bun.spawn([...command], {
      env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.add(this);
    this.#outputEnded = this.#read();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Waits for the first output line for which `read` does not return null, and returns that value.
   * Rejects if none arrives within `withinMs`.
   */
  waitForLine<T>(read: (line: string) => T | null, withinMs = READY_WITHIN_MS): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (problem: string) => reject(new Error(`${this.#program} ${problem}.`));
    this.#onLine = (line) => {
      const value = read(line);
      if (value !== null) resolve(value);
    };
    void this.#outputEnded.then(() => fail("exited before it printed the expected line"));
    const timer = setTimeout(() => fail(`did not print the expected line within ${withinMs} ms`), withinMs);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Resolves to the exit code and to the user and system time of the process when it has ended. */
  async ended(): Promise<{ readonly code: number; readonly cpuSeconds: number }> {
    const code = await this.#process.exited;
    children.delete(this);
    return { code, cpuSeconds: Number(this.#process.resourceUsage()?.cpuTime.total ?? 0n) / 1e6 };
  }

  /** Kills the process immediately, like a crash. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#process.exited;
    children.delete(this);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#process.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#onLine(line);
    }
  }
}

/** A directory that is removed when its block ends: `using dir = new TemporaryDirectory()`. */
export class TemporaryDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "boathook-bench-"));

  constructor() {
    directories.add(this.path);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    remove(this.path);
    directories.delete(this.path);
  }
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}
