import type { Seq } from "../../../core/id.ts";
import type { Signal } from "../../../core/signal.ts";
import type { Clock } from "../../../ports.ts";
import type { Database } from "../connection/database.ts";
import { isOutage } from "../connection/errors.ts";
import type { Instance } from "./instance.ts";
import { msUntilKnown } from "./knowledge.ts";

/** Number of signals above which the others are told that everything has changed. */
const SIGNALS_MAX = 1000;
/** Number of lanes above which the others are told that everything has changed. */
const LANES_MAX = 20_000;
/** How long to wait after a change could not be stored, in ms. */
const RETRY_MS = 100;
/** How long changes are kept at least, in ms. */
const KEPT_MS = 60_000;

/** Signals about this process only. */
const LOCAL: ReadonlySet<Signal["type"]> = new Set(["socket-consumers.changed"]);
/** Signals after which nothing that a process has cached is outdated. */
const CHANGES_NO_RECORD: ReadonlySet<Signal["type"]> = new Set(["lane.filled", "lane.changed", "instances.changed"]);

/** The signals of one row of the table `change`. */
interface Body {
  /** The lanes that got deliveries, with the smallest position of each. */
  readonly filled: ReadonlyArray<readonly [endpointSeq: Seq, position: Seq]>;
  readonly signals: readonly Signal[];
}

interface Stored {
  /** Number of processes, of which this is one. One that comes later reads nothing older than the changes. */
  readonly instances: number;
}

/** Returns the signals of a row that another process has stored. */
export function signalsOf(text: string): readonly Signal[] {
  const { filled, signals } = JSON.parse(text) as Body;
  return [
    ...signals,
    ...filled.map(([endpointSeq, position]): Signal => ({ type: "lane.filled", endpointSeq, position })),
  ];
}

export interface ChangeWriterParts {
  readonly database: Database;
  readonly instance: Instance;
  readonly clock: Clock;
  readonly onDefect: (error: unknown) => void;
}

/**
 * Stores the signals of this process in the table `change`, where the others read them. Signals that come
 * while earlier ones are being stored become one row together, so many messages for one lane are one entry.
 */
export class ChangeWriter {
  readonly #filled = new Map<Seq, Seq>();
  readonly #signals = new Map<string, Signal>();
  #storing: Promise<void> | null = null;
  /** Resolves when all processes know the changed records among the signals that wait. Null if there are none. */
  #unstored: PromiseWithResolvers<void> | null = null;
  /** The latest of these promises, until it resolves. */
  #announced: Promise<void> | null = null;
  #number = 0;
  #isClosed = false;

  constructor(private readonly parts: ChangeWriterParts) {}

  add(signal: Signal): void {
    if (LOCAL.has(signal.type)) return;
    if (!CHANGES_NO_RECORD.has(signal.type)) this.#unstored ??= this.#announcement();
    if (signal.type === "lane.filled") {
      const known = this.#filled.get(signal.endpointSeq) ?? Number.POSITIVE_INFINITY;
      this.#filled.set(signal.endpointSeq, Math.min(known, signal.position));
    } else this.#signals.set(JSON.stringify(signal), signal);
    if (this.#signals.size > SIGNALS_MAX || this.#filled.size > LANES_MAX) {
      this.#filled.clear();
      this.#signals.clear();
      this.add({ type: "store.changed" });
    }
    this.#storing ??= this.#store();
  }

  #announcement(): PromiseWithResolvers<void> {
    const announcement = Promise.withResolvers<void>();
    const { promise } = announcement;
    this.#announced = promise;
    void promise.then(() => {
      if (this.#announced === promise) this.#announced = null;
    });
    return announcement;
  }

  /** See `Feed.announced`. */
  announced(): Promise<void> | null {
    const { clock, instance } = this.parts;
    const announced = this.#announced;
    if (announced === null) return null;
    // If the changes cannot be stored for so long, the others evict this process and take everything for changed.
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(instance.leaseMs + msUntilKnown(instance, clock.steady()), resolve);
    void announced.then(() => {
      cancel();
      resolve();
    });
    return promise;
  }

  async #store(): Promise<void> {
    const { clock, onDefect } = this.parts;
    await new Promise<void>((resolve) => clock.soon(resolve));
    while (this.#filled.size > 0 || this.#signals.size > 0) {
      const [filled, signals] = [[...this.#filled], [...this.#signals.values()]];
      const announcement = this.#unstored;
      this.#unstored = null;
      this.#filled.clear();
      this.#signals.clear();
      let stored: Stored | null = null;
      try {
        stored = await this.#insert({ filled, signals });
      } catch (error) {
        if (!isOutage(error)) onDefect(error);
      }
      if (stored !== null) {
        if (announcement !== null) this.#resolveWhenKnown(announcement, stored);
        continue;
      }
      // What a process that ends has not reported is found when it is evicted.
      if (this.#isClosed) break;
      for (const signal of signalsOf(JSON.stringify({ filled, signals }))) this.add(signal);
      if (announcement !== null) void this.#unstored!.promise.then(announcement.resolve);
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
    this.#storing = null;
  }

  #resolveWhenKnown({ resolve }: PromiseWithResolvers<void>, { instances }: Stored): void {
    const { clock, instance } = this.parts;
    if (instances === 1) resolve();
    else clock.after(msUntilKnown(instance, clock.steady()), resolve);
  }

  /** Returns null if this process was evicted. */
  #insert(body: Body): Promise<Stored | null> {
    const { database, instance } = this.parts;
    // It need not be durable: after a crash of the server, every process takes everything for changed.
    return database.control.first<Stored>(
      `WITH setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS value)
       INSERT INTO change (slot, fence, number, body) SELECT slot, fence, $3, $4 FROM instance, setting
       WHERE slot = $1 AND fence = $2 AND held AND setting.value IS NOT NULL
       RETURNING (SELECT count(*) FROM instance WHERE held) AS instances`,
      [instance.slot, instance.fence, ++this.#number, JSON.stringify(body)],
    );
  }

  /** Deletes changes that every process has read, or missed for so long that it was evicted. */
  async sweep(): Promise<void> {
    const keptMs = Math.max(KEPT_MS, 3 * this.parts.instance.leaseMs);
    await this.parts.database.run("DELETE FROM change WHERE stored_at < clock_timestamp() - $1 * interval '1 ms'", [
      keptMs,
    ]);
  }

  /** Stores what is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#storing;
  }
}
