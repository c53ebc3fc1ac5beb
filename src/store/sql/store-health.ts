import type { Fact } from "../../core/fact.ts";
import type { Cancel, Clock } from "../../ports.ts";
import type { StoreHealth } from "../index.ts";

/** Time between two probes while the store fails, in ms. */
const PROBE_EVERY_MS = 2000;
/**
 * Minimum time between two facts about the same error, in ms. A store may alternate between failing
 * and working.
 */
const STATED_EVERY_MS = 60_000;

/** What an error of a commit or read says about the database. */
export interface Trouble {
  readonly message: string;
  /** Whether stored data are damaged. */
  readonly damaged: boolean;
  /** Whether the disk is full. */
  readonly full: boolean;
}

/**
 * Records whether the last commit or read of the database failed. While the database fails, commits
 * a probe at intervals, so that a server without traffic notices when the disk works again.
 */
export class HealthRecord {
  #failing = false;
  #damaged = false;
  #closed = false;
  /** Whether the current failure was published as a fact. */
  #isStated = false;
  #stated: { readonly message: string; readonly at: number } | null = null;
  #cancelProbe: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly onFact: (fact: Fact) => void,
    private readonly troubleOf: (error: unknown) => Trouble,
    /** Commits a small write, and reports the result to this record. */
    private readonly probe: () => void,
  ) {}

  get state(): StoreHealth {
    return { failing: this.#failing, damaged: this.#damaged };
  }

  /** Called after each commit. */
  succeeded(): void {
    if (this.#failing) this.#recover();
  }

  failed(what: "commit" | "read", error: unknown): void {
    const { message, damaged, full } = this.troubleOf(error);
    const isNewDamage = damaged && !this.#damaged;
    if (damaged) this.#damaged = true;
    this.#failing = true;
    if (!this.#closed) this.#cancelProbe ??= this.#probeLater();
    if (isNewDamage || (!this.#isStated && this.#mayState(message))) {
      this.#isStated = true;
      this.#stated = { message, at: this.clock.steady() };
      this.onFact({ type: "store.failing", what, full, damaged, message });
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelProbe?.();
  }

  #mayState(message: string): boolean {
    if (this.#stated === null || this.#stated.message !== message) return true;
    return this.clock.steady() - this.#stated.at >= STATED_EVERY_MS;
  }

  #recover(): void {
    this.#failing = false;
    this.#cancelProbe?.();
    this.#cancelProbe = null;
    if (!this.#isStated) return;
    this.#isStated = false;
    this.onFact({ type: "store.recovered", damaged: this.#damaged });
  }

  #probeLater(): Cancel {
    return this.clock.after(PROBE_EVERY_MS, () => {
      this.#cancelProbe = this.#probeLater();
      this.probe();
    });
  }
}
