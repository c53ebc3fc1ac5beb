import type { Database, Statement } from "bun:sqlite";
import type { Fact } from "../../../core/fact.ts";
import { CHECKPOINT_PAGES } from "../data-dir/database.ts";
import type { CheckpointEnd } from "./serve-checkpoints.ts";

/** A worker thread that makes checkpoints, as the main thread sees it. */
export interface CheckpointWorker {
  onmessage: ((event: MessageEvent<CheckpointEnd>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(dataDir: string): void;
  terminate(): void;
}

/**
 * Length of the log, in pages, at which commits copy it after all. The log reaches this length if the
 * thread does not work, or if a reader such as a backup keeps the log from being restarted.
 */
const PAGES_MAX = 4 * CHECKPOINT_PAGES;
/** Maximum number of pages that the main thread copies. This takes about 2 ms. */
const LAST_PAGES_MAX = 512;
/** Maximum number of times that the thread copies what was committed while it was copying. */
const PASSES_MAX = 4;
/** The first version of SQLite that can report the length of the log. */
const SQLITE_MIN = [3, 51] as const;

/** Lengths in pages. */
interface LogState {
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * Copies the write-ahead log to the database on a thread of its own, because copying takes 25 to 50
 * ms. The thread starts with the first copy.
 *
 * A commit restarts the log only if all of it has been copied, but a busy server commits all the
 * time. So the thread then copies what was committed while it was copying, which is less each time,
 * and the main thread copies the last few pages between two commits.
 */
export class CheckpointThread {
  readonly #state: Statement<LogState, []>;
  readonly #copyRest: Statement;
  #worker: CheckpointWorker | null = null;
  /** The checkpoint under way. Never rejects. */
  #underWay: Promise<void> | null = null;
  /** Number of pages that the last checkpoint has not copied, because a reader needs older ones. */
  #left = 0;
  #isClosed = false;

  constructor(
    db: Database,
    private readonly dataDir: string,
    private readonly onFact: (fact: Fact) => void,
    private readonly open: () => CheckpointWorker,
  ) {
    db.run(`PRAGMA wal_autocheckpoint = ${PAGES_MAX}`);
    this.#state = db.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#copyRest = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Begins a checkpoint if the log is long enough. Must be called after each commit. */
  readonly afterCommit = (): void => {
    if (this.#underWay !== null || this.#isClosed) return;
    if (this.#uncopied() < this.#left + CHECKPOINT_PAGES) return;
    this.#underWay = this.#run().then(() => {
      this.#underWay = null;
    });
  };

  /** Waits for the checkpoint under way and ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#underWay;
    this.#worker?.terminate();
  }

  async #run(): Promise<void> {
    for (let pass = 0; pass < PASSES_MAX && !this.#isClosed; pass++) {
      if (!(await this.#copy())) break;
      if (this.#uncopied() <= LAST_PAGES_MAX) {
        this.#try(() => this.#copyRest.get());
        break;
      }
    }
    this.#left = this.#uncopied();
  }

  /** Copies the log on the thread. Resolves to whether this was possible. */
  #copy(): Promise<boolean> {
    this.#worker ??= this.open();
    const worker = this.#worker;
    return new Promise((resolve) => {
      // A checkpoint fails if the disk cannot be used. Commits report that.
      worker.onmessage = ({ data: { isCopied } }) => resolve(isCopied);
      worker.onerror = (error) => {
        this.onFact({ type: "defect.found", where: "checkpoint thread", error: new Error(error.message) });
        worker.terminate();
        this.#worker = null;
        resolve(false);
      };
      worker.postMessage(this.dataDir);
    });
  }

  #uncopied(): number {
    const state = this.#try(() => this.#state.get());
    return state === null ? 0 : state.log - state.checkpointed;
  }

  /** Returns null if the disk cannot be used. Commits report that. */
  #try<T>(work: () => T): T | null {
    try {
      return work();
    } catch {
      return null;
    }
  }
}

/** Returns whether the thread can be used with this version of SQLite. macOS has its own version. */
export function canReportLog(db: Database): boolean {
  const { version } = db.query("SELECT sqlite_version() AS version").get() as { readonly version: string };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > SQLITE_MIN[0] || (major === SQLITE_MIN[0] && minor >= SQLITE_MIN[1]);
}
