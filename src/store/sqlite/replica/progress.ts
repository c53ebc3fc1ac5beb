import type { Fact } from "../../../core/fact.ts";
import type { Clock } from "../../../ports.ts";
import type { ReplicaState } from "../../replica.ts";
import { codeOf, messageOf } from "../data-dir/disk-error.ts";

/** Kinds of work of a replica. Each may fail while the others succeed. */
export type Work = "connect" | "check" | "ship" | "copy";

interface Failure {
  readonly since: number;
  readonly steadySince: number;
  reason: string;
}

/** Records whether a replica works, and reports changes. */
export class Progress {
  readonly #failures = new Map<Work, Failure>();
  #isStated = false;
  /** Time since which the replica is not `ok`. */
  #since: number | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly onFact: (fact: Fact) => void,
    private readonly location: string,
    /** Time in ms after which a failure, or a commit that the replica lacks, is reported. */
    private readonly reportedAfterMs: number,
  ) {}

  failed(work: Work, error: unknown): void {
    const code = codeOf(error);
    const message = messageOf(error);
    const reason = code === "" || message.includes(code) ? message : `${message} (${code})`;
    const known = this.#failures.get(work);
    if (known === undefined) {
      this.#failures.set(work, { since: this.clock.now(), steadySince: this.clock.steady(), reason });
    } else known.reason = reason;
    const failure = this.failure();
    if (this.#isStated || failure === null) return;
    this.#isStated = true;
    this.onFact({ type: "replica.failed", location: this.location, reason: failure.reason });
  }

  worked(work: Work): void {
    if (this.#failures.size === 0 || !this.#failures.delete(work) || this.#failures.size > 0) return;
    if (this.#isStated) this.onFact({ type: "replica.recovered", location: this.location });
    this.#isStated = false;
  }

  /** Returns the oldest failure that has lasted for some time, or null. */
  failure(): Failure | null {
    const now = this.clock.steady();
    const lasting = [...this.#failures.values()].filter(({ steadySince }) => now - steadySince >= this.reportedAfterMs);
    return lasting[0] ?? null;
  }

  /** Age of the oldest failure in ms, or 0. */
  failingMs(): number {
    const [first] = this.#failures.values();
    return first === undefined ? 0 : this.clock.steady() - first.steadySince;
  }

  /** Returns the status of a replica that lacks commits of the last `lagMs`. */
  status(lagMs: number, isWhole: boolean): Pick<ReplicaState, "status" | "since" | "reason"> {
    const failure = this.failure();
    if (failure !== null) {
      this.#since ??= failure.since;
      return { status: "failed", since: this.#since, reason: failure.reason };
    }
    if (isWhole && lagMs <= this.reportedAfterMs) {
      this.#since = null;
      return { status: "ok", since: null, reason: null };
    }
    this.#since ??= Math.round(this.clock.now() - lagMs);
    return { status: "behind", since: this.#since, reason: null };
  }
}
