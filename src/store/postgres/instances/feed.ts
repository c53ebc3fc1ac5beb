import type { Signal } from "../../../core/signal.ts";
import type { Cancel, Clock } from "../../../ports.ts";
import type { Feed } from "../../feed.ts";
import { StoreUnavailable } from "../../index.ts";
import { isOutage } from "../connection/errors.ts";
import { numberArray } from "../connection/parameters.ts";
import { ChangeWriter, signalsOf } from "./change-writer.ts";
import { CommitWatch } from "./commit-watch.ts";
import { DATABASE_TIME } from "./instance-row.ts";
import { Knowledge } from "./knowledge.ts";
import { Upkeep, type UpkeepParts } from "./upkeep.ts";

/** How often a process looks at the others, in ms. */
const LOOK_MS = 20;
/** How often a process that is alone looks whether others have come, in ms. */
const LOOK_ALONE_MS = 200;
/** How long a process waits after it could not look, in ms. Those who ask for a look wait too. */
const RETRY_MS = 200;

/** The row of `instance` of another process, as it was when it was last read. */
interface Other {
  fence: number;
  /** Number of the last change under this fence that was read. */
  number: number;
  held: boolean;
}

interface Row {
  readonly slot: number;
  readonly fence: number;
  readonly commits: number;
  readonly held: boolean;
  readonly isExpired: boolean;
  readonly time: number;
  /** The fence and the number of the change. Null if there is none. */
  readonly changeFence: number | null;
  readonly number: number | null;
  readonly body: string | null;
}

export interface FeedParts extends UpkeepParts {
  readonly clock: Clock;
}

/**
 * What the processes that share a database know about each other. Each looks at the others 50 times a
 * second: who has come, who has gone, and what they have changed. It needs no `LISTEN`, so it works
 * behind a pooler that does not keep connections apart.
 *
 * A process may end after it has committed a change and before it has reported it. The others then
 * evict it when its lease ends, and take everything for changed.
 */
export class PostgresFeed {
  readonly #others = new Map<number, Other>();
  readonly #changes: ChangeWriter;
  readonly #knowledge: Knowledge;
  readonly #commits = new CommitWatch();
  readonly #upkeep: Upkeep;
  #listener: (signal: Signal) => void = () => {};
  #cancel: Cancel = () => {};
  #looking: Promise<void> | null = null;
  /** Whether the next look waits, because the latest one has failed. */
  #isPausing = false;
  /** Whether changes may have been missed. */
  #hasMissed = false;
  /** The fence of this process when it last looked. */
  #fence = -1;
  #lookedAt: number;
  #isClosed = false;

  constructor(private readonly parts: FeedParts) {
    this.#changes = new ChangeWriter(parts);
    this.#knowledge = new Knowledge(parts.clock, () => this.#lookNow());
    this.#lookedAt = parts.clock.steady();
    this.#upkeep = new Upkeep(parts, () => this.#changes.sweep(), this.#lookedAt);
  }

  /** Learns who uses the database. Changes from now on are reported. */
  async start(): Promise<void> {
    const beganAt = this.parts.clock.steady();
    const rows = await this.parts.database.control.all<Other & { slot: number }>(
      `SELECT slot, fence, held,
         (SELECT COALESCE(max(number), 0) FROM change c WHERE c.slot = i.slot AND c.fence = i.fence) AS number
       FROM instance i WHERE slot <> $1`,
      [this.parts.instance.slot],
    );
    for (const { slot, ...other } of rows) this.#others.set(slot, other);
    this.#fence = this.parts.instance.fence;
    this.parts.instance.looked(beganAt, !this.#isAlone);
    this.#knowledge.looked(beganAt, this.#isAlone);
    this.#lookLater(0);
  }

  readonly verbs: Feed = {
    subscribe: (listener) => {
      this.#listener = listener;
    },
    publish: (signal) => this.#changes.add(signal),
    announced: () => this.#changes.announced(),
    catchUp: () => this.#knowledge.catchUp(),
    /** Changes are reported when they arrive. */
    poll: () => {},
    isShared: () => this.parts.instance.isShared,
  };

  /** States that it is not known whether a commit of this process took effect. */
  lostCommit(): void {
    this.#hasMissed = true;
    this.#changes.add({ type: "store.changed" });
  }

  /** Reports what is left to report to the others, and stops. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#lookNow();
    await this.#looking;
    await this.#upkeep.ended();
    await this.#changes.close();
  }

  #lookLater(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancel = this.parts.clock.after(delayMs, () => {
      this.#isPausing = false;
      this.#lookNow();
    });
  }

  #lookNow(): void {
    if (this.#isPausing && !this.#isClosed) return;
    this.#cancel();
    if (this.#isClosed) this.#knowledge.couldNotLook(new StoreUnavailable("The store is closed."));
    else this.#looking ??= this.#look();
  }

  async #look(): Promise<void> {
    let delayMs = this.parts.instance.isShared ? LOOK_MS : LOOK_ALONE_MS;
    try {
      await this.#lookOnce();
      if (this.#knowledge.isAwaited) delayMs = 0;
    } catch (error) {
      this.#hasMissed = true;
      this.#isPausing = true;
      delayMs = RETRY_MS;
      if (!isOutage(error)) this.parts.onDefect(error);
      this.#knowledge.couldNotLook(error);
    }
    this.#looking = null;
    this.#lookLater(delayMs);
  }

  async #lookOnce(): Promise<void> {
    const { instance, clock } = this.parts;
    const now = clock.steady();
    // The others may have evicted this process and deleted what it has not read.
    if (now - this.#lookedAt > instance.leaseMs || this.#fence !== instance.fence) this.#hasMissed = true;
    this.#lookedAt = now;
    this.#fence = instance.fence;
    const rows = await this.#read();
    // Of many samples, some have a short round trip.
    if (rows.length > 0) this.parts.databaseClock.learn(rows.at(-1)!.time, now);
    this.#follow(rows);
    this.parts.instance.looked(now, !this.#isAlone);
    if (this.#hasMissed) {
      this.#hasMissed = false;
      this.#listener({ type: "store.changed" });
    }
    if (this.#commits.takeNews(rows, now)) this.#listener({ type: "others.committed" });
    this.#knowledge.looked(now, this.#isAlone);
    this.#upkeep.begin(
      rows.some(({ isExpired }) => isExpired),
      now,
    );
  }

  /**
   * Reads the rows of the others, each with the changes that are new. A command may have come, changed
   * something and gone since the last look, so rows that nobody holds count if their fence is new.
   */
  #read(): Promise<Row[]> {
    const { slot } = this.parts.instance;
    this.#others.delete(slot);
    const known = [...this.#others];
    return this.parts.database.control.all<Row>(
      `SELECT i.slot, i.fence, i.commits, i.held, i.held AND i.expires_at <= clock_timestamp() AS "isExpired",
         ${DATABASE_TIME}, c.fence AS "changeFence", c.number, c.body
       FROM instance i
       LEFT JOIN unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[]) AS known(slot, fence, number, held)
         ON known.slot = i.slot
       LEFT JOIN LATERAL (SELECT fence, number, body FROM change
         WHERE change.slot = i.slot
           AND (change.fence, change.number) > (COALESCE(known.fence, i.fence), COALESCE(known.number, 0))) AS c ON true
       WHERE (i.held OR known.held = 1 OR known.fence IS DISTINCT FROM i.fence) AND i.slot <> $5
       ORDER BY i.slot, c.fence, c.number`,
      [
        numberArray(known.map(([slot]) => slot)),
        numberArray(known.map(([, { fence }]) => fence)),
        numberArray(known.map(([, { number }]) => number)),
        numberArray(known.map(([, { held }]) => (held ? 1 : 0))),
        slot,
      ],
    );
  }

  #follow(rows: readonly Row[]): void {
    let haveMoved = false;
    for (const { slot, fence, held } of rows) {
      const known = this.#others.get(slot) ?? { fence, number: 0, held: false };
      if (known.held !== held || (held && known.fence !== fence)) haveMoved = true;
      // One that was evicted may have committed changes that it has not reported. A row that two have
      // used since the last look may have been taken from the first one.
      if (fence - known.fence > (known.held ? 0 : 1)) this.#hasMissed = true;
      this.#others.set(slot, { fence, number: known.fence === fence ? known.number : 0, held });
    }
    for (const { slot, changeFence, number, body } of rows) {
      if (number === null) continue;
      const other = this.#others.get(slot)!;
      if (changeFence === other.fence) other.number = number;
      for (const signal of signalsOf(body!)) this.#listener(signal);
    }
    if (haveMoved) this.#listener({ type: "instances.changed" });
  }

  get #isAlone(): boolean {
    return !this.#others.values().some(({ held }) => held);
  }
}
