import { closeSync, cpSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { EXECUTABLE, ensureExecutable } from "../../executable.ts";
import { UsageError } from "../common-options.ts";
import { describeLoad } from "../load.ts";
import { describeMachine } from "../machine.ts";
import { type Conditions, measureLoad } from "../measure.ts";
import { createEndpoints, type Product, startProduct } from "../product.ts";
import { startReceiver } from "../receiver.ts";
import { formatNumber } from "../report.ts";
import { Child, TemporaryDirectory } from "../resources.ts";
import { runningTarget } from "../target.ts";
import { Backups, LogWatch } from "./backups.ts";
import { type BackupBenchOptions, HELP, readOptions } from "./options.ts";
import { type Phase, type PhaseName, phaseLine, report } from "./phase.ts";

/** How much data the seed must write for a database of 1 MB. */
const MESSAGES_PER_MB = 333;
const ATTEMPTS_PER_MB = 1555;
const CONCURRENCY = 256;
const SHAPE = { endpoints: 1, spread: false } as const;
const REPLICA_WITHIN_MS = 120_000;
const LOOK_MS = 100;

class BackupBench {
  readonly phases: Phase[] = [];
  readonly #dataDir: string;
  readonly #seed: string;

  constructor(
    private readonly options: BackupBenchOptions,
    private readonly executable: string,
    private readonly conditions: Conditions,
    private readonly home: TemporaryDirectory,
  ) {
    this.#dataDir = home.file("data");
    this.#seed = home.file("seed");
  }

  /** Makes the data, and an application that sends to the receiver. */
  async prepare(): Promise<void> {
    const { dataDir, databaseMb } = this.options;
    if (dataDir !== null) cpSync(dataDir, this.#seed, { recursive: true });
    else await seed(this.#seed, databaseMb);
    this.#reset();
    {
      await using server = await this.#start();
      const receiverUrl = this.conditions.receiver.url;
      await createEndpoints(server, { receiverUrl, concurrency: CONCURRENCY, ...SHAPE });
    }
    rmSync(this.#seed, { recursive: true });
    renameSync(this.#dataDir, this.#seed);
    const { size } = statSync(`${this.#seed}/boathook.db`);
    console.log(`database: ${formatNumber(size / 1e6, 0)} MB\n`);
  }

  /** Copies the data for the next phase, so that all phases begin with the same. */
  #reset(): void {
    rmSync(this.#dataDir, { recursive: true, force: true });
    cpSync(this.#seed, this.#dataDir, { recursive: true });
    // The system must not write the copy to the disk during the phase.
    const file = openSync(`${this.#dataDir}/boathook.db`, "r");
    fsyncSync(file);
    closeSync(file);
  }

  #start(...args: readonly string[]): Promise<Product> {
    // The data is written with deliveries held.
    return startProduct(this.executable, this.#dataDir, "root", ["--deliver", ...args]);
  }

  async round(round: number, names: readonly PhaseName[]): Promise<void> {
    for (const name of round % 2 === 1 ? names : names.toReversed()) {
      const phase = await this.#measure(name, round);
      console.log(phaseLine(phase));
      this.phases.push(phase);
    }
  }

  async #measure(name: PhaseName, round: number): Promise<Phase> {
    const hasReplica = name === "replica" || name === "first copy";
    using replica = new TemporaryDirectory();
    this.#reset();
    await using server = await this.#start(...(hasReplica ? [`--replica=${replica.file("replica")}`] : []));
    const target = runningTarget(server);
    if (name === "replica") await untilComplete(server);
    const { conditions } = this;
    if (name !== "first copy")
      await measureLoad(target, { ...conditions, warmupSeconds: 0, seconds: this.options.warmupSeconds });
    const watch = new LogWatch(this.#dataDir);
    const file = this.home.file("backup");
    const backups = name === "backups" ? new Backups(this.executable, this.#dataDir, file) : null;
    const figures = await measureLoad(target, { ...conditions, warmupSeconds: 0 });
    const made = (await backups?.stop()) ?? [];
    return { name, round, ...figures, logPeakMb: watch.stop(), backups: made };
  }
}

/** Makes data of this size in another process, so that this one never has the database open. */
async function seed(dataDir: string, megabytes: number): Promise<void> {
  const [messages, attempts] = [megabytes * MESSAGES_PER_MB, megabytes * ATTEMPTS_PER_MB];
  const options = [`--messages=${messages}`, `--attempts=${attempts}`, "--dead=100"];
  const program = [process.execPath, join(import.meta.dir, "..", "seed.ts"), `--data-dir=${dataDir}`];
  await using child = new Child([...program, ...options]);
  const { code } = await child.ended();
  if (code !== 0) throw new Error(`The data could not be made: exit code ${code}.`);
}

/** Waits until the replica of a server has a complete copy of the data. */
async function untilComplete(server: Product): Promise<void> {
  const url = new URL("/api/v1/health", server.messagesUrl);
  const deadline = performance.now() + REPLICA_WITHIN_MS;
  let state = "";
  while (performance.now() < deadline) {
    state = ((await (await fetch(url)).json()) as { readonly replica: string }).replica;
    if (state === "ok") return;
    await Bun.sleep(LOOK_MS);
  }
  throw new Error(`After ${REPLICA_WITHIN_MS / 1000} s, the replica is ${state}.`);
}

const PHASES: Record<BackupBenchOptions["only"], readonly PhaseName[]> = {
  backup: ["no backup", "backups"],
  replica: ["no replica", "replica", "first copy"],
  both: ["no backup", "backups", "no replica", "replica", "first copy"],
};

export async function runBackupBench(args: readonly string[]): Promise<void> {
  try {
    await bench(readOptions(args));
  } catch (error) {
    console.error(error instanceof UsageError ? `${error.message} See backup --help.` : (error as Error).message);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}

async function bench(options: BackupBenchOptions): Promise<void> {
  if (options.help) return console.log(HELP);
  const executable = options.binary ?? EXECUTABLE;
  if (options.binary === null) await ensureExecutable();
  const machine = describeMachine();
  console.log(machine);
  await using receiver = await startReceiver(options.receiver);
  console.log(`receiver: ${receiver.name}; load: ${describeLoad(options.load)}`);
  using home = new TemporaryDirectory();
  const bench = new BackupBench(options, executable, { ...options, receiver, shape: SHAPE }, home);
  await bench.prepare();
  for (let round = 1; round <= options.rounds; round++) await bench.round(round, PHASES[options.only]);
  console.log(`\n${report(bench.phases)}`);
  if (options.json === null) return;
  await Bun.write(options.json, `${JSON.stringify({ machine, options, phases: bench.phases }, null, 2)}\n`);
}
