import { statSync } from "node:fs";
import { Child } from "../resources.ts";

export interface BackupFigures {
  readonly seconds: number;
  /** User and system time of the backup's process. */
  readonly cpuSeconds: number;
}

const LOOK_MS = 50;

/** Makes one backup after another until it is stopped. */
export class Backups {
  readonly #made: BackupFigures[] = [];
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(
    private readonly executable: string,
    private readonly dataDir: string,
    private readonly file: string,
  ) {
    this.#done = this.#run();
    // `stop` reports a failure.
    this.#done.catch(() => {});
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) this.#made.push(await this.#backUp());
  }

  async #backUp(): Promise<BackupFigures> {
    const startedAt = performance.now();
    const options = ["--force", "--with-key", `--data-dir=${this.dataDir}`];
    await using child = new Child([this.executable, "backup", this.file, ...options]);
    const { code, cpuSeconds } = await child.ended();
    if (code !== 0) throw new Error(`A backup ended with exit code ${code}.`);
    return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds };
  }

  /**
   * Waits for the end of the backup in progress. Returns those that were complete before the call, or
   * that backup if there are none.
   */
  async stop(): Promise<readonly BackupFigures[]> {
    this.#isStopped = true;
    const complete = this.#made.length;
    await this.#done;
    return this.#made.slice(0, Math.max(1, complete));
  }
}

/** Watches the size of a server's write-ahead log. */
export class LogWatch {
  #peakBytes = 0;
  readonly #timer: Timer;

  constructor(dataDir: string) {
    const log = `${dataDir}/boathook.db-wal`;
    this.#timer = setInterval(() => {
      this.#peakBytes = Math.max(this.#peakBytes, statSync(log, { throwIfNoEntry: false })?.size ?? 0);
    }, LOOK_MS);
  }

  /** Returns the largest size so far in MB. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#peakBytes / 1e6;
  }
}
