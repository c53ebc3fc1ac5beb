import type { Accepter } from "../accept/accept.ts";
import type { Incoming } from "../accept/incoming.ts";
import type { Facts } from "../core/facts.ts";
import { sha256 } from "../core/hash.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import type { Source } from "../core/resources/source.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import type { Cancel, Clock } from "../ports.ts";
import { isSchedule, parseSchedule, type Schedule } from "../receive/schedule.ts";
import type { Directory } from "../store/directory.ts";
import { type Store, StoreUnavailable } from "../store/index.ts";
import { cronMessage } from "./cron-message.ts";

/** Maximum time until the clock is read again, in ms, because the clock may have been set. */
const LOOK_EVERY_MS_MAX = 30_000;
const RETRY_MS = 1000;
/** How long a run is remembered, so that it is not repeated after a crash. */
const RUN_REMEMBERED_MS = 10 * 24 * 60 * 60 * 1000;

/** A source of type `cron` and its next run. */
interface Entry {
  readonly source: Source;
  readonly schedule: Schedule;
  /** Runs up to this time have been made or are not wanted. */
  doneUntil: number;
  nextAt: number;
}

export interface CronParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly ids: IdCodec;
  readonly directory: Directory;
  readonly accepter: Accepter;
}

/**
 * Sends the messages of sources of type `cron` on their schedules. If runs were missed, because the
 * server was down or the clock was set forward, only the latest of them is made. A run is stored
 * with an idempotency key, so a crash between the message and the record of the run does not repeat
 * it.
 */
export class CronRuns extends OneLife {
  readonly #entries = new Map<Seq, Entry>();
  /** Sources that changed while the store could not be read. */
  readonly #unread = new Set<Seq>();
  #cancel: Cancel = () => {};
  #working: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(private readonly parts: CronParts) {
    super();
    parts.signals.react(["source.changed"], ({ sourceSeq }) => this.#work(() => this.#reload(sourceSeq)));
    parts.signals.react(["store.changed"], () => this.#work(() => this.#reloadAll()));
  }

  protected async begin(): Promise<void> {
    this.#isRunning = true;
    await this.#reloadAll();
    this.#plan();
  }

  protected async end(): Promise<void> {
    this.#cancel();
    await this.#working;
  }

  /** Runs `task` after the tasks before it, and then plans the next run. */
  #work(task: () => Promise<void>): void {
    this.#working = this.#working.then(async () => {
      if (!this.#isRunning || this.isStopping) return;
      try {
        await task();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) {
          this.parts.facts.state({ type: "defect.found", where: "runs of cron sources", error });
        }
      }
      this.#plan();
    });
  }

  async #reloadAll(): Promise<void> {
    const all = await this.parts.store.configuration.sources.ofProvider("cron");
    const sources = all.filter(({ disabled }) => !disabled);
    const known = new Set(sources.map(({ seq }) => seq));
    for (const seq of this.#entries.keys()) if (!known.has(seq)) this.#entries.delete(seq);
    for (const source of sources) this.#set(source);
  }

  async #reload(sourceSeq: Seq): Promise<void> {
    this.#unread.add(sourceSeq);
    const source = await this.parts.store.configuration.sources.get(sourceSeq);
    this.#unread.delete(sourceSeq);
    if (source === null || source.disabled || source.provider !== "cron") this.#entries.delete(sourceSeq);
    else this.#set(source);
  }

  #set(source: Source): void {
    const { schedule: text, timezone } = source.config;
    const schedule = parseSchedule(String(text), typeof timezone === "string" ? timezone : "UTC");
    // Only a schedule that an earlier version accepted can be invalid.
    if (!isSchedule(schedule)) return;
    // A run before the latest change was not planned with the present schedule.
    const doneUntil = Math.max(source.lastRunAt ?? 0, source.updatedAt);
    this.#entries.set(source.seq, { source, schedule, doneUntil, nextAt: schedule.next(doneUntil) });
  }

  /** Sets the timer for the next run. */
  #plan(): void {
    this.#cancel();
    if (this.isStopping || (this.#entries.size === 0 && this.#unread.size === 0)) return;
    const now = this.parts.clock.now();
    let delayMs = this.#unread.size > 0 ? RETRY_MS : LOOK_EVERY_MS_MAX;
    for (const { nextAt } of this.#entries.values()) delayMs = Math.min(delayMs, Math.max(0, nextAt - now));
    this.#cancel = this.parts.clock.after(delayMs, () => this.#work(() => this.#runDue()));
  }

  async #runDue(): Promise<void> {
    for (const sourceSeq of this.#unread) await this.#reload(sourceSeq);
    const now = this.parts.clock.now();
    for (const entry of [...this.#entries.values()]) {
      if (entry.nextAt > now) continue;
      const at = entry.schedule.latest(entry.doneUntil, now);
      if (at !== null && !(await this.#run(entry, at))) continue;
      entry.doneUntil = at ?? now;
      entry.nextAt = entry.schedule.next(entry.doneUntil);
    }
  }

  /** Makes one run. Returns false if the store is unavailable; the run is then tried again. */
  async #run({ source, schedule }: Entry, at: number): Promise<boolean> {
    const { store, directory, accepter } = this.parts;
    try {
      const application = await directory.application(source.environmentSeq, { seq: source.applicationSeq });
      // The source was just deleted.
      if (application === null) return true;
      await accepter.accept(application, this.#messageOf(source, at));
      await store.configuration.sources.setLastRun(source.seq, at);
      return true;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#retrySoon(source.seq, schedule);
      return false;
    }
  }

  #retrySoon(sourceSeq: Seq, schedule: Schedule): void {
    const entry = this.#entries.get(sourceSeq);
    if (entry !== undefined && entry.schedule === schedule) entry.nextAt = this.parts.clock.now() + RETRY_MS;
  }

  #messageOf(source: Source, at: number): Incoming {
    const expiresAt = this.parts.clock.now() + RUN_REMEMBERED_MS;
    return {
      ...cronMessage(source, this.parts.ids),
      idempotency: { key: keyOf(source.seq, at), expiresAt, bodyHash: null },
    };
  }
}

function keyOf(sourceSeq: Seq, at: number): Uint8Array {
  return sha256(`cron/${sourceSeq}/${at}`);
}
