import { executable, type Program, type RunningBoathook, startBoathook } from "./binary.ts";
import { clientOf, type Send } from "./client.ts";
import { ROOT_TOKEN } from "./server.ts";
import { temporaryDirectory } from "./temporary.ts";

export interface InstallOptions {
  /**
   * Path of the data directory. Without it, the installation creates a directory and removes it at
   * the end.
   */
  readonly dataDir?: string;
  /** The program to run. Default: `dist/boathook`. */
  readonly program?: Program;
  readonly env?: Readonly<Record<string, string>>;
  /** The working directory. Default: a new, empty directory. */
  readonly cwd?: string;
  /** Whether endpoints may be on this machine. Default: true. */
  readonly loopback?: boolean;
}

/** The executable with a separate data directory, which outlives its processes. */
export interface Installation extends AsyncDisposable {
  readonly dataDir: string;
  /** URL without a trailing slash. It is the same for all processes. */
  readonly url: string;
  /** Calls the API as root. */
  readonly send: Send;
  /** The running process, or the last one that ran. */
  readonly process: RunningBoathook;
  /** Sends SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Starts the next process on the same data and port. */
  start(...args: string[]): Promise<void>;
}

/**
 * Starts the executable. `args` are used at every start. A process that is still running at the end
 * of the test is killed.
 */
export async function install(args: readonly string[] = [], options: InstallOptions = {}): Promise<Installation> {
  const home = temporaryDirectory();
  const { dataDir = home.file("data"), program = executable(), env = {}, cwd = home.path, loopback = true } = options;
  const all = [...(loopback ? ["--allow-subnets=127.0.0.0/8"] : []), ...args];
  const processOptions = { cwd, env: { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, ...env } };
  let running = await startBoathook(program, dataDir, all, processOptions);
  const { url } = running;

  async function kill(): Promise<void> {
    running.kill("SIGKILL");
    await running.exited;
  }

  return {
    dataDir,
    url,
    send: clientOf(url),
    get process() {
      return running;
    },
    kill,
    async start(...more) {
      running = await startBoathook(program, dataDir, [...all, `--port=${new URL(url).port}`, ...more], processOptions);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      home[Symbol.dispose]();
    },
  };
}
