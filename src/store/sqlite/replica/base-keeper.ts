import { randomBytes } from "node:crypto";
import type { Vault } from "../../../core/replica-vault.ts";
import type { Clock } from "../../../ports.ts";
import { copyBase } from "./base-copy.ts";
import { withDeadline } from "./deadline.ts";
import { basesOf, manifestOf } from "./generation.ts";
import type { ReplicaLimits } from "./limits.ts";
import { Pause } from "./pause.ts";
import { prune } from "./prune.ts";
import type { Shipper } from "./shipper.ts";
import type { WalSource } from "./wal-source.ts";

/** Part of the time in which a base is copied. The copy pauses the rest, but at most `PAUSE_MS_MAX` at a time. */
const WORK_PART = 0.1;
const PAUSE_MS_MAX = 1000;
/** How long to wait until a copy that was stopped ends, in ms. */
const STOP_MS = 1000;

export interface BaseKeeperParts {
  readonly source: WalSource;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly version: string;
  readonly limits: ReplicaLimits;
  readonly shipper: Shipper;
  readonly events: {
    copyFailed(error: unknown): void;
    copied(bytes: number, durationMs: number): void;
  };
}

/**
 * Makes the bases of a generation, and removes what is no longer needed. A restore begins with a base,
 * so many records after it would make the restore slow.
 */
export class BaseKeeper {
  /** Time of the newest base in ms; null if there is none. */
  copiedAt: number | null = null;
  #bytesSince = 0;
  #running: Promise<void> | null = null;
  #tryAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;
  readonly #pause: Pause;

  readonly #whole = Promise.withResolvers<void>();
  /** Resolves when there is a base. */
  readonly whole = this.#whole.promise;

  constructor(private readonly parts: BaseKeeperParts) {
    this.#pause = new Pause(parts.clock);
  }

  /** Looks for the newest base of the generation. */
  async begin(): Promise<void> {
    const { vault, shipper } = this.parts;
    const newest = (await basesOf(vault, shipper.end.generation)).at(-1);
    if (newest !== undefined) this.copiedAt = (await manifestOf(vault, newest))?.at ?? null;
    if (this.copiedAt !== null) this.#whole.resolve();
  }

  /** Called when a record was stored. */
  shipped(bytes: number): void {
    this.#bytesSince += bytes;
    this.consider();
  }

  /** Begins to copy a base if one is due. */
  consider(): void {
    if (this.#isStopped || this.#running !== null || !this.#isDue) return;
    const { clock, limits, events } = this.parts;
    if (clock.steady() < this.#tryAt) return;
    this.#running = this.#copy()
      .catch((error) => {
        this.#tryAt = clock.steady() + limits.retryMs;
        if (!this.#isStopped) events.copyFailed(error);
      })
      .finally(() => {
        this.#running = null;
      });
  }

  get #isDue(): boolean {
    if (this.copiedAt === null) return true;
    if (this.#bytesSince === 0) return false;
    const { clock, limits, source } = this.parts;
    if (this.#bytesSince >= Math.max(limits.baseBytesMin, limits.recordsPerDatabase * source.databaseBytes))
      return true;
    return clock.now() - this.copiedAt >= limits.baseEveryMs;
  }

  async #copy(): Promise<void> {
    const { source, vault, clock, version, limits, shipper, events } = this.parts;
    const startedAt = clock.steady();
    const before = this.#bytesSince;
    const { chunkBytes } = limits;
    const parts = {
      source,
      vault,
      clock,
      version,
      chunkBytes,
      end: () => shipper.end,
      isStopped: () => this.#isStopped,
      rest: (workedMs: number) => this.#rest(workedMs),
    };
    const { generation } = shipper.end;
    const made = await copyBase(parts, generation, randomBytes(3).toString("hex"));
    if (made === null) return;
    this.copiedAt = made.at;
    this.#whole.resolve();
    this.#bytesSince -= before;
    events.copied(made.bytes, clock.steady() - startedAt);
    // What cannot be removed now is removed after the next base.
    await prune(vault, generation, { now: clock.now(), keptMs: limits.oldGenerationMs }).catch(() => {});
  }

  /**
   * Pauses the copy, so that the server keeps most of the disk. The first base is made at full speed,
   * because nothing can be restored without it.
   */
  async #rest(workedMs: number): Promise<void> {
    if (this.copiedAt === null) return;
    await this.#pause.for(Math.min(workedMs * (1 / WORK_PART - 1), PAUSE_MS_MAX), false);
  }

  /** Waits at most `timeoutMs` for the first base, and stops. */
  async finish(timeoutMs: number): Promise<void> {
    const running = this.#running;
    if (running !== null && this.copiedAt === null) await withDeadline(this.parts.clock, running, timeoutMs);
    this.stop();
    // A request to a bucket may take long.
    if (running !== null) await withDeadline(this.parts.clock, running, STOP_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#pause.stop();
  }
}
