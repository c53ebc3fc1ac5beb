import type { Database } from "bun:sqlite";
import type { Fact } from "../../../core/fact.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import { StartError } from "../../../core/start-error.ts";
import { FRAME_HEADER_BYTES } from "../../../core/wal.ts";
import type { Cancel, Clock } from "../../../ports.ts";
import { StoreUnavailable } from "../../index.ts";
import type { ReplicaState, StoreReplica } from "../../replica.ts";
import type { Committer } from "../commit/commit.ts";
import { databaseFileOf } from "../data-dir/data-dir.ts";
import { withDeadline } from "./deadline.ts";
import type { GenerationEnd } from "./generation-end.ts";
import { dataIdOf, identityOf } from "./identity.ts";
import { LIMITS, type ReplicaLimits } from "./limits.ts";
import { type LocalState, localStateFileOf, readLocalState, recordStop, recordUse } from "./local-state.ts";
import { LogGuard } from "./log-guard.ts";
import { type OpenBucket, openVault } from "./open-vault.ts";
import { Progress } from "./progress.ts";
import { ReplicaSession, type SessionEvents } from "./session.ts";
import { VaultWatch } from "./vault-watch.ts";
import { type LogHead, WalSource } from "./wal-source.ts";

/** How often commits by other processes are looked for, in ms. */
const OTHERS_EVERY_MS = 500;
/** Longest time in ms to wait for the first base, and for the last commits, when the server stops. */
const FINISH_MS = 4000;

export interface ReplicaOptions {
  /** A directory or `s3://bucket/prefix`. */
  readonly location: string;
  readonly openBucket: OpenBucket;
  /** Whether a write is acknowledged only when it is in the replica. */
  readonly isSync: boolean;
  /** How long a write waits for the replica, in ms. */
  readonly timeoutMs: number;
  readonly version: string;
  readonly limits?: Partial<ReplicaLimits>;
}

/**
 * Keeps the replica of a database up to date. The log of the database is kept until the replica has
 * it, also if the replica cannot be reached when the server starts. If the replica lacks too much,
 * messages are refused; if it lacks still more, the log is given up, and the replica gets a new base
 * later.
 */
export class Replica implements StoreReplica {
  readonly #guard: LogGuard;
  readonly #local: LocalState | null;
  readonly #progress: Progress;
  readonly #limits: ReplicaLimits;
  readonly #vault: Vault;
  readonly #watch: VaultWatch;
  #db: Database | null = null;
  #source: WalSource | null = null;
  #committer: Committer | null = null;
  #session: ReplicaSession | null = null;
  #isConnecting = false;
  #cancelRetry: Cancel = () => {};
  #cancelOthers: Cancel = () => {};
  /** Whether the log was given up. */
  #isCut = false;
  #isStopping = false;
  #finished: GenerationEnd | null = null;
  #confirmation: { readonly position: number; readonly promise: Promise<boolean> } | null = null;

  /** Must be created after the data directory was locked, and before the database is opened. */
  constructor(
    private readonly dataDir: string,
    private readonly options: ReplicaOptions,
    private readonly clock: Clock,
    private readonly onFact: (fact: Fact) => void,
  ) {
    this.#local = readLocalState(dataDir);
    this.#guard = new LogGuard(dataDir);
    this.#limits = { ...LIMITS, ...options.limits };
    this.#progress = new Progress(clock, onFact, options.location, this.#limits.reportedAfterMs);
    this.#vault = openVault(options.location, options.openBucket);
    this.#watch = new VaultWatch(this.#vault, clock, this.#progress, this.#limits.checkEveryMs);
  }

  /** Keeps the write-ahead log of an existing database. */
  keepLog(): void {
    this.#guard.open();
  }

  /** Releases the log before the files of the database are copied in this process. */
  releaseLog(): void {
    this.#guard.close();
  }

  /**
   * Connects to the replica. If it cannot be reached, tries again later. Throws `StartError` if the
   * replica must not be used.
   */
  async attach(db: Database): Promise<void> {
    this.#db = db;
    this.#guard.open();
    this.#source = WalSource.open(databaseFileOf(this.dataDir));
    await this.#vault.lock();
    const error = await this.#connect();
    if (error instanceof StartError) throw error;
  }

  /** Begins to ship the commits of a committer. */
  follow(committer: Committer): void {
    this.#committer = committer;
    committer.onCommit(() => this.#committed());
    this.#committed();
    this.#shipOthers();
    this.#watch.start();
  }

  /** Ships what commands commit, such as a new encryption key, also while the server commits nothing. */
  #shipOthers(): void {
    if (this.#isStopping) return;
    this.#cancelOthers = this.clock.after(OTHERS_EVERY_MS, () => {
      this.#committed();
      this.#shipOthers();
    });
  }

  #committed(): void {
    this.#session?.committed();
    if (!this.#isCut && this.#lagBytes >= this.#limits.cutBytes) this.#cut();
  }

  /** Lets SQLite restart the log. The replica then needs a new base. */
  #cut(): void {
    this.#isCut = true;
    this.#db!.run(`PRAGMA wal_autocheckpoint = ${this.#limits.checkpointFrames}`);
    this.#endSession();
  }

  #endSession(): void {
    this.#session?.abandon();
    this.#session = null;
    this.#retryLater();
  }

  #retryLater(): void {
    this.#cancelRetry();
    if (this.#isStopping) return;
    this.#cancelRetry = this.clock.after(this.#limits.retryMs, () => void this.#connect());
  }

  /** Begins a session. Returns the error if that is not possible; it is tried again later. */
  async #connect(): Promise<unknown> {
    if (this.#isConnecting || this.#session !== null) return null;
    this.#isConnecting = true;
    try {
      await this.#refuseEmptied();
      if (this.#isCut) this.#db!.run("PRAGMA wal_autocheckpoint = 0");
      const session = await ReplicaSession.begin(this.#parts(), this.#events);
      if (this.#isStopping) return null;
      this.#isCut = false;
      this.#session = session;
      recordUse(this.dataDir, this.options.location);
      this.#progress.worked("connect");
      if (session.isNewGeneration) this.onFact({ type: "replica.restarted", location: this.options.location });
      if (this.#committer !== null) session.committed();
      return null;
    } catch (error) {
      if (this.#isCut) this.#db!.run(`PRAGMA wal_autocheckpoint = ${this.#limits.checkpointFrames}`);
      this.#progress.failed("connect", error);
      this.#retryLater();
      return error;
    } finally {
      this.#isConnecting = false;
    }
  }

  /**
   * Throws `StartError` if the replica is empty although it was used before. Its disk may not be
   * mounted.
   */
  async #refuseEmptied(): Promise<void> {
    if (this.#local?.location !== this.options.location || (await identityOf(this.#vault)) !== null) return;
    throw new StartError(
      `The replica ${this.options.location} is empty, although this server has used it before. Mount its disk, or delete ${localStateFileOf(this.dataDir)} to begin a new replica.`,
    );
  }

  #parts() {
    const db = this.#db!;
    return {
      ...{ db, dataId: dataIdOf(db), guard: this.#guard, source: this.#source!, vault: this.#vault },
      ...{ clock: this.clock, limits: this.#limits, version: this.options.version },
      stoppedAt: this.#isCut ? null : (this.#local?.stop?.end ?? null),
      pause: { pause: () => this.#committer?.pause(), resume: () => this.#committer?.resume() },
    };
  }

  readonly #events: SessionEvents = {
    shipped: () => this.#progress.worked("ship"),
    shipFailed: (error) => {
      this.#progress.failed("ship", error);
      if (!this.#isCut && this.#lagBytes >= this.#limits.cutBytes) this.#cut();
    },
    broken: () => this.#endSession(),
    copied: (bytes, durationMs) => {
      this.#progress.worked("copy");
      this.onFact({ type: "replica.copied", location: this.options.location, bytes, durationMs });
    },
    copyFailed: (error) => this.#progress.failed("copy", error),
  };

  get #lagBytes(): number {
    if (this.#session !== null) return this.#session.shipper.behindBytes;
    if (this.#isCut) return this.#limits.cutBytes;
    if (this.#source === null) return 0;
    const { frames, pageBytes } = this.#source.head();
    return frames * (FRAME_HEADER_BYTES + pageBytes);
  }

  /** Throws `StoreUnavailable` if the replica lacks too much for more messages. */
  readonly requireRoom = (): void => {
    if (this.#lagBytes < this.#limits.refuseBytes) return;
    throw new StoreUnavailable("The replica lacks too many changes. Nothing was stored.");
  };

  state(): ReplicaState {
    const session = this.#session;
    const lagMs = session?.shipper.behindMs ?? this.#progress.failingMs();
    const copiedAt = session?.bases.copiedAt ?? null;
    const lagBytes = this.#lagBytes;
    return {
      ...{ location: this.options.location, isSync: this.options.isSync },
      ...this.#progress.status(lagMs, copiedAt !== null),
      ...{ lagMs, lagBytes, isRefusing: lagBytes >= this.#limits.refuseBytes, copiedAt },
    };
  }

  confirmed(): Promise<boolean> | true {
    if (!this.options.isSync) return true;
    const session = this.#session;
    if (session === null) return Promise.resolve(false);
    if (session.shipper.isCaughtUp && session.bases.copiedAt !== null) return true;
    const { position } = session.shipper;
    if (this.#confirmation?.position !== position) {
      const whole = Promise.all([session.bases.whole, session.shipper.reached(position)]);
      this.#confirmation = { position, promise: withDeadline(this.clock, whole, this.options.timeoutMs) };
    }
    return this.#confirmation.promise;
  }

  /** Ships what is committed and disconnects from the replica. The database is still open. */
  async finish(): Promise<void> {
    this.#isStopping = true;
    this.#cancelTimers();
    this.#finished = (await this.#session?.finish(Math.min(this.options.timeoutMs, FINISH_MS))) ?? null;
    await this.#vault.close();
  }

  #cancelTimers(): void {
    this.#cancelRetry();
    this.#cancelOthers();
    this.#watch.stop();
  }

  /** Must be called after the other connections were closed. */
  close(): void {
    this.#isStopping = true;
    this.#cancelTimers();
    const end = this.#finished;
    // A command may have committed more since.
    const isWhole = end !== null && this.#source !== null && isEndOf(end, this.#source.head());
    if (isWhole) this.#guard.emptyLog();
    this.#guard.close();
    this.#source?.close();
    this.#source = null;
    if (isWhole) recordStop(this.dataDir, this.options.location, end);
    if (end === null) void this.#vault.close();
  }
}

/** Returns whether a generation ends where the log ends. */
function isEndOf(end: GenerationEnd, { frames, salt1, salt2 }: LogHead): boolean {
  return frames === end.frames && salt1 === end.salt1 && salt2 === end.salt2;
}
