import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { generationName, generationNumber } from "../../../core/replica-name.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import type { Clock } from "../../../ports.ts";
import type { Committer } from "../commit.ts";
import { databaseFileOf } from "../data-dir.ts";
import { CHECKPOINT_PAGES } from "../database.ts";
import { copyBase } from "./base-copy.ts";
import { basesOf, generationsOf, type LastRecord, lastRecordOf } from "./chain.ts";
import { Checkpoints } from "./checkpoints.ts";
import { LogGuard } from "./guard.ts";
import { claimVault, dataIdOf } from "./identity.ts";
import { type OpenBucket, openVault } from "./open-vault.ts";
import { type ChainEnd, Shipper, withDeadline } from "./shipper.ts";
import { takeStopMarker, writeStopMarker } from "./stop-marker.ts";
import { WalSource } from "./wal-source.ts";

export interface ReplicaOptions {
  /** A directory or `s3://bucket/prefix`. */
  readonly location: string;
  readonly openBucket: OpenBucket;
  /** Whether a write is acknowledged only when it is in the replica. */
  readonly isSync: boolean;
  /** How long a write waits for the replica, in ms. */
  readonly timeoutMs: number;
  readonly version: string;
}

/** Keeps a replica of the database up to date. */
export class Replica {
  readonly #guard: LogGuard;
  /** Where the chain ended when the server was stopped, if the database is unchanged since. */
  readonly #stoppedAt: ChainEnd | null;
  #source: WalSource | null = null;
  #vault: Vault | null = null;
  #shipper: Shipper | null = null;
  #checkpoints: Checkpoints | null = null;
  #base: Promise<void> = Promise.resolve();
  #finished: ChainEnd | null = null;
  #isStopping = false;

  /** Must be created after the data directory was locked, and before the database is opened. */
  constructor(
    private readonly dataDir: string,
    private readonly options: ReplicaOptions,
    private readonly clock: Clock,
  ) {
    this.#stoppedAt = takeStopMarker(dataDir);
    this.#guard = new LogGuard(dataDir);
  }

  /** Keeps the write-ahead log of an existing database. */
  keepLog(): void {
    this.#guard.open();
  }

  /** Releases the log before the files of the database are copied in this process. */
  releaseLog(): void {
    this.#guard.close();
  }

  /** Connects to the replica. Throws `StartError` if it cannot be used. */
  async attach(db: Database): Promise<void> {
    this.#guard.open();
    const source = WalSource.open(databaseFileOf(this.dataDir));
    this.#source = source;
    const vault = openVault(this.options.location, this.options.openBucket);
    this.#vault = vault;
    await vault.lock();
    await claimVault(vault, dataIdOf(db));
    const latest = (await generationsOf(vault)).at(-1) ?? null;
    const last = latest === null ? null : await lastRecordOf(vault, latest);
    const end = last !== null && this.#continues(last) ? last.end : newChain(latest);
    const events = { shipped: () => this.#checkpoints?.run(), failed: () => {}, broken: () => {} };
    this.#shipper = new Shipper(source, vault, this.clock, events, end, tag());
    this.#checkpoints = new Checkpoints(db, this.#guard, this.#shipper, CHECKPOINT_PAGES);
  }

  /** Returns whether the log continues the records of the replica. */
  #continues({ end, lastFrame }: LastRecord): boolean {
    const stopped = this.#stoppedAt;
    if (stopped !== null) {
      const fields = ["generation", "epoch", "frames", "salt1", "salt2"] as const;
      return fields.every((field) => stopped[field] === end[field]);
    }
    const source = this.#source!;
    const { frames, pageBytes, salt1, salt2 } = source.head();
    if (frames < end.frames || salt1 !== end.salt1 || salt2 !== end.salt2) return false;
    return source.frameHeader(end.frames - 1, pageBytes).equals(lastFrame);
  }

  /** Begins to ship the commits of a committer. */
  follow(committer: Committer): void {
    const shipper = this.#shipper!;
    committer.onCommit(() => void shipper.note());
    shipper.note();
    this.#base = this.#makeBase();
  }

  async #makeBase(): Promise<void> {
    const shipper = this.#shipper!;
    const { generation } = shipper.end;
    const vault = this.#vault!;
    if ((await basesOf(vault, generation)).length > 0) return;
    const parts = {
      ...{ source: this.#source!, vault, clock: this.clock, version: this.options.version },
      position: () => shipper.end,
      isStopped: () => this.#isStopping,
    };
    await copyBase(parts, generation, tag());
  }

  /** Ships what is committed and disconnects from the replica. The database is still open. */
  async finish(): Promise<void> {
    const base = this.#base.catch(() => {});
    await withDeadline(this.clock, base, this.options.timeoutMs);
    this.#isStopping = true;
    await base;
    if (await this.#shipper?.finish(this.options.timeoutMs)) this.#finished = this.#shipper!.end;
    await this.#vault?.close();
  }

  /** Must be called after the other connections were closed. */
  close(): void {
    this.#guard.close();
    this.#source?.close();
    if (this.#finished !== null) writeStopMarker(this.dataDir, this.#finished);
  }
}

function newChain(latest: string | null): ChainEnd {
  const number = latest === null ? 1 : generationNumber(latest)! + 1;
  return { generation: generationName(number, tag()), epoch: 0, frames: 0, salt1: 0, salt2: 0, at: 0 };
}

function tag(): string {
  return randomBytes(3).toString("hex");
}
