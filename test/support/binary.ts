import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NameServer, startNameServer } from "./name-server.ts";

/**
 * Runs the program as a separate process: from its sources, or as the executable that was built
 * from them.
 */

export const ROOT = join(import.meta.dir, "..", "..");
export const EXECUTABLE = join(ROOT, "dist", process.platform === "win32" ? "boathook.exe" : "boathook");

/** The first words of a command line. */
export type Program = readonly string[];

/** The program in `src/`, which needs no build. */
export const fromSources: Program = [process.execPath, join(ROOT, "src", "main.ts")];

/** Returns `dist/boathook`. Throws if it has not been built. */
export function executable(): Program {
  if (!existsSync(EXECUTABLE)) throw new Error(`${EXECUTABLE} does not exist. Run \`bun run build\` first.`);
  return [EXECUTABLE];
}

export interface ProcessOptions {
  /**
   * Variables to add to the environment, after all variables that Boathook reads have been removed
   * from it.
   */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The text on stdin. By default stdin is empty. */
  readonly input?: string;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let nameServer: Promise<NameServer> | null = null;

/** Returns the name server that every process of the program asks. It runs until the tests end. */
export function testNameServer(): Promise<NameServer> {
  nameServer ??= startNameServer();
  return nameServer;
}

/** A directory that does not exist, so that no test uses the token of the person who runs it. */
const NO_CONFIG_HOME = join(tmpdir(), "boathook-tests-without-login");

/**
 * Returns the environment for a process that runs the program, with `more` added. Every such
 * process must have it: the program then asks only a name server of the tests, to which no outside
 * name exists, so a test never looks up or connects to one.
 */
export async function programEnvironment(more: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const { address } = await testNameServer();
  return {
    ...{ PATH, HOME, XDG_CONFIG_HOME: NO_CONFIG_HOME },
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    BOATHOOK_NAME_SERVERS: address,
    ...more,
  };
}

async function spawn(program: Program, args: readonly string[], options: ProcessOptions) {
  return Bun.spawn([...program, ...args], {
    cwd: options.cwd ?? ROOT,
    env: await programEnvironment(options.env),
    stdin: options.input === undefined ? "ignore" : new TextEncoder().encode(options.input),
    stdout: "pipe",
    stderr: "pipe",
  });
}

function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return new Response(stream).text();
}

/** Runs a command and waits until it ends. */
export async function run(program: Program, args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
  const child = await spawn(program, args, options);
  const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
  return { code, stdout, stderr };
}

/** A line of the JSON log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

export interface RunningBoathook {
  readonly pid: number;
  /** URL without a trailing slash. */
  readonly url: string;
  /** All log lines so far. */
  readonly log: readonly LogLine[];
  /** Resolves with the first matching line, even if it was logged before the call. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, which is 128 + n after signal n. */
  readonly exited: Promise<number>;
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number>;
}

/**
 * Starts `boathook serve` on a free port of 127.0.0.1 and waits until it is ready. Rejects with its
 * stderr if it ends before that. The caller must stop it.
 */
export async function startBoathook(
  program: Program,
  dataDir: string,
  args: readonly string[] = [],
  options: ProcessOptions = {},
): Promise<RunningBoathook> {
  const given = ["serve", "--port=0", `--data-dir=${dataDir}`, "--log-format=json", ...args];
  const child = await spawn(program, given, options);
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

/** How long a line may take, and how many lines an error shows. */
const LINE_WITHIN_MS = 50_000;
const LAST_LINES = 20;

class LogReader {
  readonly lines: LogLine[] = [];
  #waiting: Array<(line: LogLine) => void> = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    void this.#read(stream);
  }

  logged(fits: (line: LogLine) => boolean): Promise<LogLine> {
    const known = this.lines.find(fits);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const last = this.lines.slice(-LAST_LINES).map((line) => JSON.stringify(line));
        reject(
          new Error(`No such line within ${LINE_WITHIN_MS / 1000} s: ${fits}. The last lines:\n${last.join("\n")}`),
        );
      }, LINE_WITHIN_MS);
      this.#waiting.push((line) => {
        if (!fits(line)) return;
        clearTimeout(timer);
        resolve(line);
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
