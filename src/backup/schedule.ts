import { backupName, isPartialBackup, newestBackup, nextBackupAt, surplusBackups } from "../core/backup-name.ts";
import type { Facts } from "../core/facts.ts";
import { OneLife } from "../core/service.ts";
import type { Cancel, Clock } from "../ports.ts";

/** Longest time between two looks at the clock, in ms. The wall clock may be set in between. */
const CHECK_EVERY_MS = 30_000;
/** Pause after a failed backup, in ms, unless backups are more frequent. */
const RETRY_MS = 600_000;
/** A backup is overdue when the newest one is older than this many times the interval. */
const OVERDUE_FACTOR = 2;

/** The directory of the backups, and the way to make one. */
export interface BackupPort {
  /** Returns the file names in the directory, which is created if necessary. */
  list(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /** Makes a backup in another process. Resolves to the reason of the failure, or null. */
  make(name: string): Promise<string | null>;
  /** Ends the backup in progress. */
  abort(): void;
}

export interface BackupPlan {
  readonly directory: string;
  readonly everyMs: number;
  /** Number of backups to keep. */
  readonly keep: number;
}

export interface BackupState extends BackupPlan {
  /** Time of the newest backup in the directory; null if there is none or it is not known yet. */
  readonly newestAt: number | null;
  readonly nextAt: number | null;
  /** The failure of the latest backup; null if it succeeded. */
  readonly failure: { readonly at: number; readonly reason: string } | null;
  readonly isOverdue: boolean;
}

/** Makes a backup at each interval and removes the oldest ones. */
export class BackupSchedule extends OneLife {
  #newestAt: number | null = null;
  #nextAt: number | null = null;
  #failure: BackupState["failure"] = null;
  #startedAt = 0;
  #cancel: Cancel = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly port: BackupPort,
    private readonly plan: BackupPlan,
  ) {
    super();
  }

  get state(): BackupState {
    const since = this.#newestAt ?? this.#startedAt;
    const isOverdue = this.clock.now() - since > OVERDUE_FACTOR * this.plan.everyMs;
    return { ...this.plan, newestAt: this.#newestAt, nextAt: this.#nextAt, failure: this.#failure, isOverdue };
  }

  protected begin(): void {
    this.#startedAt = this.clock.now();
    this.#later(0);
  }

  protected async end(): Promise<void> {
    this.#cancel();
    this.port.abort();
    await this.#running;
  }

  #later(delayMs: number): void {
    if (this.isStopping) return;
    this.#cancel = this.clock.after(Math.min(Math.max(0, delayMs), CHECK_EVERY_MS), () => {
      this.#running = this.#check().then(() => this.#later((this.#nextAt ?? 0) - this.clock.now()));
    });
  }

  async #check(): Promise<void> {
    const now = this.clock.now();
    if (this.#failure !== null && this.#nextAt !== null && now < this.#nextAt && now >= this.#failure.at) return;
    try {
      this.#newestAt = newestBackup(await this.port.list(), now);
      this.#nextAt = nextBackupAt(this.#newestAt, this.plan.everyMs, now);
      if (now >= this.#nextAt) await this.#backUp(now);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  async #backUp(now: number): Promise<void> {
    for (const name of await this.port.list()) if (isPartialBackup(name)) await this.port.remove(name);
    const startedAt = this.clock.steady();
    const name = backupName(now);
    const reason = await this.port.make(name);
    if (this.isStopping) return;
    if (reason !== null) {
      this.#failed(reason);
      return;
    }
    this.#failure = null;
    this.#newestAt = now;
    this.#nextAt = now + this.plan.everyMs;
    this.facts.state({
      type: "backup.finished",
      file: `${this.plan.directory}/${name}`,
      durationMs: this.clock.steady() - startedAt,
    });
    const names = await this.port.list();
    for (const old of surplusBackups(names, this.plan.keep, this.clock.now())) await this.port.remove(old);
  }

  #failed(reason: string): void {
    const now = this.clock.now();
    this.#failure = { at: now, reason };
    this.#nextAt = now + Math.min(RETRY_MS, this.plan.everyMs);
    this.facts.state({ type: "backup.failed", reason });
  }
}
