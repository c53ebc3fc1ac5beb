import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Child processes and temporary directories. Whatever ends this process, Ctrl-C too, ends and removes all of them. */

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

/** A process that says on its standard output what is waited for. Its standard error is shown. */
export class Child implements AsyncDisposable {
  readonly #program: string;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #outputEnded: Promise<void>;
  #onLine: (line: string) => void = () => {};

  /** `env` is added to an environment in which nothing stands that a server reads, proxies included. */
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

  /** What `read` makes of the first line that it does not answer with null. Rejects when there is none in time. */
  said<T>(read: (line: string) => T | null, withinMs = READY_WITHIN_MS): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (how: string) => reject(new Error(`${this.#program} ${how} what was waited for.`));
    this.#onLine = (line) => {
      const value = read(line);
      if (value !== null) resolve(value);
    };
    void this.#outputEnded.then(() => fail("ended before it said"));
    const timer = setTimeout(() => fail(`did not say within ${withinMs} ms`), withinMs);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Ends it at once, as a crash would. */
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

/** A directory that is removed when its block is left: `using dir = new TemporaryDirectory()`. */
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
