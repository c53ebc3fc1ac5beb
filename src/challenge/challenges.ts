import { afterFailure, type Challenge, type ChallengeFailure } from "../core/challenge.ts";
import type { Facts } from "../core/facts.ts";
import type { Seq } from "../core/id.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import type { Cancel } from "../ports.ts";
import type { Directory, EndpointEntry } from "../store/directory.ts";
import { type Endpoint, type Store, StoreUnavailable } from "../store/index.ts";
import { Pacer } from "./pacer.ts";
import { Probe, type ProbeParts } from "./probe.ts";

/** Maximum number of tries at once. */
const TRIES_MAX = 16;
/** Maximum number of tries at once for one application, because its receivers may respond late or never. */
const TRIES_PER_APPLICATION_MAX = 2;
/** Minimum time between the starts of two tries, in ms. */
const START_EVERY_MS = 100;
/** Pause after a failed read or write of the store, or a shortage of the machine, in ms. */
const PAUSE_MS = 5000;
/** Maximum time between two looks at the store, in ms, because the clock may have been set. */
const LOOK_EVERY_MS_MAX = 60_000;

interface Try {
  readonly applicationSeq: Seq;
  readonly ended: Promise<void>;
}

export interface ChallengesParts extends ProbeParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly facts: Facts;
  readonly signals: Signals;
  /** Whether all deliveries are held. Then no challenge is sent either. */
  readonly isHeld: () => boolean;
}

/**
 * Sends the ownership challenges of endpoints that are not verified. The store contains the time of
 * the next try of each, so challenges continue after a restart. This class holds only the tries under
 * way.
 */
export class Challenges extends OneLife {
  readonly #pacer = new Pacer();
  readonly #probe: Probe;
  /** The tries under way, by endpoint. */
  readonly #underWay = new Map<Seq, Try>();
  readonly #stopping = new AbortController();
  #cancel: Cancel = () => {};
  #looking: Promise<void> | null = null;
  #mustLookAgain = false;
  /** Earliest start of the next try, by the steady clock. */
  #freeAt = 0;

  constructor(private readonly parts: ChallengesParts) {
    super();
    this.#probe = new Probe(parts);
    const look = () => this.#look();
    parts.signals.react(["endpoint.changed", "delivery.held", "store.changed"], look);
  }

  protected begin(): void {
    this.#look();
  }

  protected async end(): Promise<void> {
    this.#cancel();
    this.#stopping.abort();
    await this.#looking;
    await Promise.all([...this.#underWay.values()].map(({ ended }) => ended));
  }

  /**
   * Returns the challenge for the URL of a new or changed endpoint. Returns null for a built-in inbox
   * of this server, which needs none.
   */
  first({ applicationSeq, url }: Pick<Endpoint, "applicationSeq" | "url">, now: number): Challenge | null {
    const parsed = new URL(url);
    if (this.parts.policy.inbox(parsed) !== null) return null;
    const nextAt = this.#pacer.reserve(applicationSeq, parsed.hostname, now);
    return { since: now, tries: 0, nextAt, failure: null, staysPaused: false };
  }

  /** Returns the time in ms for which an application must wait before it asks for another try. */
  waitMs(applicationSeq: Seq, now: number): number {
    return this.#pacer.waitMs(applicationSeq, now);
  }

  /** Returns the challenge with another try as soon as possible. */
  again({ applicationSeq, url }: Pick<Endpoint, "applicationSeq" | "url">, before: Challenge, now: number): Challenge {
    return { ...before, nextAt: this.#pacer.reserve(applicationSeq, new URL(url).hostname, now) };
  }

  /** Reads which tries are due and starts them, after the look that is under way. */
  #look(): void {
    if (this.#looking !== null) {
      this.#mustLookAgain = true;
      return;
    }
    this.#cancel();
    if (this.#stopping.signal.aborted || this.parts.isHeld()) return;
    this.#mustLookAgain = false;
    this.#looking = this.#startDue()
      .then(
        (waitMs) => this.#lookIn(waitMs),
        (error: unknown) => this.#failed(error),
      )
      .finally(() => {
        this.#looking = null;
        if (this.#mustLookAgain) this.#look();
      });
  }

  #lookIn(waitMs: number): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancel();
    this.#cancel = this.parts.ports.clock.after(Math.min(waitMs, LOOK_EVERY_MS_MAX), () => this.#look());
  }

  #failed(error: unknown): void {
    if (!(error instanceof StoreUnavailable)) {
      this.parts.facts.state({ type: "defect.found", where: "challenges", error });
    }
    this.#lookIn(PAUSE_MS);
  }

  /** Starts the tries that are due. Returns the time until the next one is, in ms. */
  async #startDue(): Promise<number> {
    const { clock } = this.parts.ports;
    const { endpoints } = this.parts.store.configuration;
    const next = await endpoints.challenged(TRIES_MAX + this.#underWay.size + 1, this.#busyApplications());
    // Endpoints of others may follow those of an application that has become busy.
    let restMs = LOOK_EVERY_MS_MAX;
    for (const { seq, applicationSeq, nextAt } of next) {
      if (this.#underWay.has(seq)) continue;
      // The end of a try looks again.
      if (this.#underWay.size >= TRIES_MAX || this.#stopping.signal.aborted) return LOOK_EVERY_MS_MAX;
      const waitMs = Math.max(nextAt - clock.now(), this.#freeAt - clock.steady());
      if (waitMs > 0) return waitMs;
      if (this.#busyApplications().includes(applicationSeq)) {
        restMs = 0;
        continue;
      }
      this.#freeAt = clock.steady() + START_EVERY_MS;
      this.#start(seq, applicationSeq);
    }
    return restMs;
  }

  /** Returns the applications with as many tries under way as they may have. */
  #busyApplications(): Seq[] {
    const counts = new Map<Seq, number>();
    for (const { applicationSeq } of this.#underWay.values()) {
      counts.set(applicationSeq, (counts.get(applicationSeq) ?? 0) + 1);
    }
    return [...counts].filter(([, count]) => count >= TRIES_PER_APPLICATION_MAX).map(([seq]) => seq);
  }

  #start(seq: Seq, applicationSeq: Seq): void {
    const { clock } = this.parts.ports;
    const ended = this.#try(seq)
      .catch((error: unknown) => {
        this.#freeAt = clock.steady() + PAUSE_MS;
        this.#failed(error);
      })
      .finally(() => {
        this.#underWay.delete(seq);
        this.#look();
      });
    this.#underWay.set(seq, { applicationSeq, ended });
  }

  async #try(seq: Seq): Promise<void> {
    const { directory, ports } = this.parts;
    const entry = await directory.endpoint(seq);
    if (entry === null || entry.endpoint.challenge === null) return;
    const result = await this.#probe.try(entry, this.#stopping.signal);
    if (this.#stopping.signal.aborted) return;
    // Nothing was sent, so the receiver is not to blame.
    if (result !== null && "kind" in result) this.#freeAt = ports.clock.steady() + PAUSE_MS;
    else await this.#settle(entry, entry.endpoint.challenge, result);
  }

  /** Stores the result of a try, unless the URL has been changed in the meantime. */
  async #settle({ endpoint }: EndpointEntry, tried: Challenge, failure: ChallengeFailure | null): Promise<void> {
    const { store, facts, signals } = this.parts;
    const now = this.parts.ports.clock.now();
    const { seq: endpointSeq, applicationSeq } = endpoint;
    const update = await store.configuration.endpoints.update(endpointSeq, ({ challenge: before, url }) => {
      if (before === null || url !== endpoint.url || before.since !== tried.since) return {};
      if (failure === null) return { challenge: null, paused: before.staysPaused, updatedAt: now };
      const after = afterFailure(before, failure);
      // Another try was asked for during this one.
      return { challenge: before.nextAt === tried.nextAt ? after : { ...after, nextAt: before.nextAt } };
    });
    if (typeof update === "string" || update.before.challenge === update.after.challenge) return;
    signals.send({ type: "endpoint.changed", endpointSeq, applicationSeq });
    const where = { endpointSeq, applicationSeq };
    if (update.after.challenge === null) {
      facts.state({ type: "endpoint.updated", ...where });
      facts.state({ type: "endpoint.verified", ...where, isChallenged: true });
    } else {
      const { reason, detail } = failure!;
      facts.state({ type: "endpoint.unverified", ...where, reason, detail, tries: update.after.challenge.tries });
    }
  }
}
