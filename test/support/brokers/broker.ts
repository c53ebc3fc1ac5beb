import { accepts } from "../accepts.ts";
import { freePort } from "../free-port.ts";
import { soon } from "../soon.ts";

/** A message broker in a separate process, with its own data. */
export interface Broker extends AsyncDisposable {
  readonly port: number;
  /** Port for connections with TLS. Null if the broker has no certificate. */
  readonly tlsPort: number | null;
  readonly pid: number;
  /** Ends the broker at once. Its data remains. */
  kill(): Promise<void>;
  /** Starts a broker that was killed, on the same data and ports. */
  start(): Promise<void>;
}

/** Certificate and key of a broker, as PEM. */
export interface BrokerTls {
  readonly cert: string;
  readonly key: string;
  /** The authority of client certificates. If present, the broker demands one. */
  readonly clientCa?: string;
}

/** Time limit for the start of a broker, in ms. */
const START_MS_MAX = 120_000;

/** A process that is started and killed several times. */
export class RestartableProcess {
  #child: Bun.Subprocess | null = null;

  constructor(
    private readonly command: readonly string[],
    private readonly env: Readonly<Record<string, string>>,
    private readonly cwd: string,
    private readonly log: string,
  ) {}

  get pid(): number {
    if (this.#child === null) throw new Error(`${this.command[0]} is not running.`);
    return this.#child.pid;
  }

  /** Starts the process and waits until it accepts connections at a port and `ready` is true. */
  async start(port: number, ready: () => Promise<boolean> = async () => true): Promise<void> {
    const { command, env, cwd, log } = this;
    const output = Bun.file(log);
    const child = Bun.spawn([...command], { cwd, env, stdin: "ignore", stdout: output, stderr: output });
    this.#child = child;
    const deadline = performance.now() + START_MS_MAX;
    while (!((await accepts(port)) && (await ready()))) {
      const isLate = performance.now() > deadline;
      if (child.exitCode === null && !isLate) {
        await Bun.sleep(50);
        continue;
      }
      const state = isLate ? "did not start in time" : `ended with ${child.exitCode}`;
      await this.kill();
      throw new Error(`${command[0]} ${state}: ${await output.text().catch(() => "no output")}`);
    }
  }

  /** Ends the process with a signal, by default at once, and waits until it has ended. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    await this.#child?.exited;
    this.#child = null;
  }
}

/** Stops a process until `SIGCONT`. Resolves when it does nothing any more. */
export async function suspend(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await soon(
    () => Bun.file(`/proc/${pid}/status`).text(),
    (status) => /^State:\s+T/m.test(status),
  );
}

/** Returns `count` different ports of 127.0.0.1 that are free at the moment. */
export function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(freePort());
  return [...ports];
}
