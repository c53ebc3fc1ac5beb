import { existsSync } from "node:fs";
import { join } from "node:path";

/** Runs the program as a process of its own: from its sources, or as the executable that was built from them. */

export const ROOT = join(import.meta.dir, "..", "..");
export const EXECUTABLE = join(ROOT, "dist", process.platform === "win32" ? "boathook.exe" : "boathook");

/** The words that a command line begins with. */
export type Program = readonly string[];

/** The program as it stands in `src/`; a missing build does not matter. */
export const fromSources: Program = [process.execPath, join(ROOT, "src", "main.ts")];

/** `dist/boathook`. Throws when it has not been built. */
export function executable(): Program {
  if (!existsSync(EXECUTABLE)) throw new Error(`${EXECUTABLE} is not there: run \`bun run build\` first`);
  return [EXECUTABLE];
}

export interface ProcessOptions {
  /** Added to an environment that has nothing in it that boathook reads. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function spawn(program: Program, args: readonly string[], options: ProcessOptions) {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  return Bun.spawn([...program, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return new Response(stream).text();
}

/** Runs a command to its end. */
export async function run(program: Program, args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
  const child = spawn(program, args, options);
  const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
  return { code, stdout, stderr };
}

/** One line of the JSON log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

export interface RunningBoathook {
  readonly pid: number;
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Everything that it has logged so far. */
  readonly log: readonly LogLine[];
  /** Resolves with the first line that fits, also when it has been logged already. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** The exit code; 128 + n after signal n. */
  readonly exited: Promise<number>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number>;
}

/**
 * Starts `boathook serve` on a free port of 127.0.0.1 and waits until it serves. Rejects with what it wrote to stderr when it
 * ends before that. The caller stops it.
 */
export async function startBoathook(
  program: Program,
  dataDir: string,
  args: readonly string[] = [],
  options: ProcessOptions = {},
): Promise<RunningBoathook> {
  const given = ["serve", "--port=0", `--data-dir=${dataDir}`, "--log-format=json", ...args];
  const child = spawn(program, given, options);
  const log = new LogReader(child.stdout);
  const stderr = textOf(child.stderr);
  const serving = await Promise.race([
    log.logged((line) => line.msg === "Serving."),
    child.exited.then(async (code) => {
      throw new Error(`boathook ended with ${code} before it served: ${await stderr}`);
    }),
  ]);
  return {
    pid: child.pid,
    url: String(serving.url),
    log: log.lines,
    logged: (fits) => log.logged(fits),
    kill: (signal) => child.kill(signal),
    exited: child.exited,
    stop() {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}

class LogReader {
  readonly lines: LogLine[] = [];
  #waiting: Array<(line: LogLine) => void> = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    void this.#read(stream);
  }

  logged(fits: (line: LogLine) => boolean): Promise<LogLine> {
    const known = this.lines.find(fits);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => {
      this.#waiting.push((line) => {
        if (fits(line)) resolve(line);
      });
    });
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.#take(JSON.parse(part) as LogLine);
    }
  }

  #take(line: LogLine): void {
    this.lines.push(line);
    for (const waiting of this.#waiting) waiting(line);
  }
}
