import { type Accepter, type Incoming, plainIncoming } from "../accept/accept.ts";
import { wants } from "../core/event.ts";
import type { FactOf, Facts } from "../core/fact.ts";
import type { Seq, SeqSource } from "../core/id.ts";
import { type OperationalEventType, REPORTED, type ReportedFact, reportOf } from "../core/operational.ts";
import { plainApplication } from "../core/resources/application.ts";
import { OneLife } from "../core/service.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type ApplicationEntry, applicationEntry } from "../store/directory.ts";
import { type Application, type Store, StoreUnavailable } from "../store/index.ts";
import type { OperationalPayloads } from "./payload.ts";

/** What is to be told, before it is known to whom. */
interface Telling {
  readonly fact: ReportedFact;
  readonly types: readonly OperationalEventType[];
}

/** Events that may wait in memory for the store; those that come while it is full are dropped. */
const WAITING_MAX = 10_000;
/** Facts whose messages are stored in one commit. */
const BATCH_MAX = 100;
const STORE_RETRY_MS = 500;

export interface OperationalParts {
  readonly store: Store;
  readonly seqs: SeqSource;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly accepter: Accepter;
  readonly payloads: OperationalPayloads;
}

/**
 * Turns facts into operational webhooks. Their endpoints belong to a hidden application of the
 * environment, so that signing, retries and dead letters are those of every message; what happens
 * to that application is told to nobody.
 *
 * A fact is stated after its commit, and what tells of it is stored in a commit of its own: from
 * then on it is delivered as surely as any message, but a crash in the moment between the two loses
 * it.
 */
export class OperationalWebhooks extends OneLife {
  /** The hidden applications by environment: all there are, because nobody else makes one. */
  readonly #applications = new Map<Seq, Application>();
  readonly #hidden = new Set<Seq>();
  #waiting: Telling[] = [];
  #dropped = 0;
  #sending: Promise<void> | null = null;
  #endRest: Cancel = () => {};

  constructor(private readonly parts: OperationalParts) {
    super();
    parts.facts.on(REPORTED, (fact) => this.#listen(fact));
  }

  protected async begin(): Promise<void> {
    for (const application of await this.parts.store.configuration.applications.operational()) this.#know(application);
  }

  /** Stores what waits. When the store takes nothing, what waits is lost. */
  protected async end(): Promise<void> {
    this.#endRest();
    while (this.#sending !== null) await this.#sending;
  }

  /** The hidden application of an environment; null when it never had an operational endpoint. */
  applicationOf(environmentSeq: Seq): Application | null {
    return this.#applications.get(environmentSeq) ?? null;
  }

  /** Is this a hidden application? */
  isHidden(applicationSeq: Seq): boolean {
    return this.#hidden.has(applicationSeq);
  }

  /** The hidden application of an environment, made if need be. */
  async ensureApplication(environmentSeq: Seq): Promise<Application> {
    const { store, seqs, clock } = this.parts;
    const known = this.applicationOf(environmentSeq);
    if (known !== null) return known;
    const now = clock.now();
    const application = await store.configuration.applications.ensureOperational(
      plainApplication({ seq: seqs.next(), environmentSeq, name: "Operational webhooks", now }),
    );
    this.#know(application);
    return application;
  }

  #know(application: Application): void {
    this.#applications.set(application.environmentSeq, application);
    this.#hidden.add(application.seq);
  }

  /** Costs one comparison where no environment has operational endpoints. */
  #listen(fact: FactOf<(typeof REPORTED)[number]>): void {
    if (this.#applications.size === 0) return;
    const telling = reportOf(fact);
    if (telling === null || this.#concernsNobody(telling.fact)) return;
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(telling);
    this.#wake();
  }

  #wake(): void {
    if (this.#sending !== null || this.#waiting.length === 0) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = null;
      // It may have come when the last of those before had just been stored.
      this.#wake();
    });
  }

  #concernsNobody(fact: ReportedFact): boolean {
    if ("environmentSeq" in fact && !this.#applications.has(fact.environmentSeq)) return true;
    return "applicationSeq" in fact && this.#hidden.has(fact.applicationSeq);
  }

  /** Stores what waits, many at a time and in the order in which it happened. */
  async #send(): Promise<void> {
    // What happens in the same turn of the event loop is told in the same commit.
    await new Promise<void>((resolve) => this.parts.clock.soon(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      await this.#store(batch);
      this.#tellDropped();
    }
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    this.parts.facts.state({ type: "operational.dropped", count: this.#dropped });
    this.#dropped = 0;
  }

  /** However long the disk takes to have room for it, unless the process ends. */
  async #store(batch: readonly Telling[]): Promise<void> {
    for (;;) {
      try {
        await this.#acceptAll(batch);
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) {
          this.parts.facts.state({ type: "defect.found", where: "operational webhooks", error });
          return;
        }
        if (this.isStopping) return;
        await this.#rest();
      }
    }
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.clock.after(STORE_RETRY_MS, resolve);
      this.#endRest = () => {
        cancel();
        resolve();
      };
    });
  }

  async #acceptAll(batch: readonly Telling[]): Promise<void> {
    const { store, accepter, payloads } = this.parts;
    const entries = new Map<Seq, ApplicationEntry>();
    const messages = new Map<ApplicationEntry, Incoming[]>();
    for (const { fact, types } of batch) {
      const environmentSeq =
        "environmentSeq" in fact ? fact.environmentSeq : await this.#environmentOf(fact.endpointSeq);
      const application = environmentSeq === null ? null : this.applicationOf(environmentSeq);
      if (application === null) continue;
      let entry = entries.get(application.seq);
      if (entry === undefined) {
        entry = applicationEntry(application, await store.configuration.endpoints.active(application.seq));
        entries.set(application.seq, entry);
      }
      const wanted = types.filter((type) => isWanted(entry, type));
      if (wanted.length === 0) continue;
      const data = await payloads.of(fact);
      const incoming = messages.get(entry) ?? [];
      for (const type of wanted) incoming.push(plainIncoming(type, Buffer.from(JSON.stringify({ type, data }))));
      messages.set(entry, incoming);
    }
    // One atomic group, so a second try after a failure repeats nothing.
    await store.together(() => [...messages].map(([entry, incoming]) => accepter.acceptAll(entry, incoming)));
  }

  async #environmentOf(endpointSeq: Seq): Promise<Seq | null> {
    return (await this.parts.store.configuration.endpoints.get(endpointSeq))?.environmentSeq ?? null;
  }
}

function isWanted({ endpoints }: ApplicationEntry, type: OperationalEventType): boolean {
  return endpoints.some(({ subscription }) => wants(subscription, type, null));
}
