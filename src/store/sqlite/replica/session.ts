import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { generationName, generationNumber } from "../../../core/replica-name.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import type { Clock } from "../../../ports.ts";
import { BaseKeeper } from "./base-keeper.ts";
import { Checkpoints } from "./checkpoints.ts";
import { type CommitPause, CommitPauses } from "./commit-pause.ts";
import { generationsOf, type LastRecord, lastRecordOf } from "./generation.ts";
import type { GenerationEnd } from "./generation-end.ts";
import { claimVault } from "./identity.ts";
import type { ReplicaLimits } from "./limits.ts";
import type { LogGuard } from "./log-guard.ts";
import { Shipper } from "./shipper.ts";
import type { WalSource } from "./wal-source.ts";
import { WriteTurns } from "./write-turns.ts";

export interface SessionParts {
  readonly db: Database;
  readonly dataId: string;
  readonly guard: LogGuard;
  readonly source: WalSource;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly limits: ReplicaLimits;
  readonly version: string;
  /** Where the generation ended when the server was stopped, if the database is unchanged since. */
  readonly stoppedAt: GenerationEnd | null;
  readonly pause: CommitPause;
}

export interface SessionEvents {
  /** The vault has taken a record. */
  shipped(): void;
  /** The vault has not taken a record. It is tried again. */
  shipFailed(error: unknown): void;
  /** The generation would have a gap, so the session is over. */
  broken(): void;
  /** A base is complete. */
  copied(bytes: number, durationMs: number): void;
  /** A base could not be made. It is tried again. */
  copyFailed(error: unknown): void;
}

/** Continues one generation in a vault. Ends when the generation would have a gap. */
export class ReplicaSession {
  readonly shipper: Shipper;
  readonly bases: BaseKeeper;
  readonly #checkpoints: Checkpoints;
  readonly #turns: WriteTurns | null;
  #isOver = false;

  private constructor(
    parts: SessionParts,
    end: GenerationEnd,
    private readonly events: SessionEvents,
    /** Whether the session begins a new generation although there is an older one. */
    readonly isNewGeneration: boolean,
  ) {
    const { source, vault, clock, limits } = parts;
    this.shipper = new Shipper(
      source,
      vault,
      clock,
      {
        written: () => this.#turns?.afterWritten(),
        shipped: (bytes) => this.#shipped(bytes),
        failed: (error) => this.#failed(error),
        broken: () => events.broken(),
      },
      end,
      tag(),
    );
    const pauses = new CommitPauses(clock, parts.pause);
    this.#checkpoints = new Checkpoints(parts.db, parts.guard, this.shipper, limits.checkpointFrames, pauses);
    this.#turns = vault.pauseMs === 0 ? new WriteTurns(this.shipper, pauses) : null;
    const { version } = parts;
    this.bases = new BaseKeeper({ source, vault, clock, version, limits, shipper: this.shipper, events });
  }

  /**
   * Continues the newest generation of a vault if the log continues its records, or begins a new one. Throws
   * `StartError` if the vault belongs to other data.
   */
  static async begin(parts: SessionParts, events: SessionEvents): Promise<ReplicaSession> {
    const { vault } = parts;
    await claimVault(vault, parts.dataId);
    const latest = (await generationsOf(vault)).at(-1) ?? null;
    const last = latest === null ? null : await lastRecordOf(vault, latest);
    const continues = last !== null && isContinued(last, parts);
    const session = new ReplicaSession(
      parts,
      continues ? last.end : newGeneration(latest),
      events,
      latest !== null && !continues,
    );
    await session.bases.begin();
    return session;
  }

  /** Called after each commit. */
  committed(): void {
    if (this.#isOver) return;
    this.shipper.note();
    this.#checkpoints.afterCommit();
    this.#turns?.afterCommit();
    this.bases.consider();
  }

  #shipped(bytes: number): void {
    this.events.shipped();
    this.bases.shipped(bytes);
    if (!this.#isOver) this.#checkpoints.afterShipped();
  }

  #failed(error: unknown): void {
    this.#resume();
    this.events.shipFailed(error);
  }

  #resume(): void {
    this.#checkpoints.resume();
    this.#turns?.resume();
  }

  /** Ships what is committed. Resolves to the end of the generation, or null if not all was shipped. */
  async finish(timeoutMs: number): Promise<GenerationEnd | null> {
    this.#isOver = true;
    this.#resume();
    await this.bases.finish(timeoutMs);
    return (await this.shipper.finish(timeoutMs)) ? this.shipper.end : null;
  }

  /** Ends the session without shipping anything more. */
  abandon(): void {
    this.#isOver = true;
    this.#resume();
    this.shipper.stop();
    this.bases.stop();
  }
}

/** Returns whether the log continues the records of a generation. */
function isContinued({ end, lastFrame }: LastRecord, { source, stoppedAt }: SessionParts): boolean {
  if (stoppedAt !== null) {
    const fields = ["generation", "epoch", "frames", "salt1", "salt2"] as const;
    return fields.every((field) => stoppedAt[field] === end[field]);
  }
  const { frames, pageBytes, salt1, salt2 } = source.head();
  if (frames < end.frames || salt1 !== end.salt1 || salt2 !== end.salt2) return false;
  return source.frameHeader(end.frames - 1, pageBytes).equals(lastFrame);
}

function newGeneration(latest: string | null): GenerationEnd {
  const number = latest === null ? 1 : generationNumber(latest)! + 1;
  return { generation: generationName(number, tag()), epoch: 0, frames: 0, salt1: 0, salt2: 0, at: 0 };
}

function tag(): string {
  return randomBytes(3).toString("hex");
}
