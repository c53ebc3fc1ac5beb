import type { Accepter } from "../accept/accept.ts";
import { type Incoming, plainIncoming } from "../accept/incoming.ts";
import type { FactOf } from "../core/fact.ts";
import type { Facts } from "../core/facts.ts";
import type { Seq, SeqSource } from "../core/id.ts";
import { type OperationalEventType, REPORTED, type ReportedFact, reportOf } from "../core/operational.ts";
import { plainApplication } from "../core/resources/application.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type ApplicationEntry, applicationEntry } from "../store/directory.ts";
import { type Application, type Store, StoreUnavailable } from "../store/index.ts";
import type { OperationalPayloads } from "./payload.ts";

/**
 * A fact and the event types that report it. The subscribed endpoints have not been looked up yet.
 */
interface Report {
  readonly fact: ReportedFact;
  readonly types: readonly OperationalEventType[];
}

/** Maximum number of reports in memory that have not been stored. Further reports are dropped. */
const WAITING_MAX = 10_000;
/** Maximum number of reports whose messages are stored in one commit. */
const BATCH_MAX = 100;
const STORE_RETRY_MS = 500;

export interface OperationalParts {
  readonly store: Store;
  readonly seqs: SeqSource;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly accepter: Accepter;
  readonly payloads: OperationalPayloads;
}

/**
 * Turns facts into operational webhooks. The endpoints belong to a hidden application of the
 * environment, so the webhooks are signed, retried and dead-lettered like all messages. Facts about
 * the hidden application itself are not reported.
 *
 * A fact is published after its commit, and the webhook is stored in a later commit. A crash
 * between the two commits loses the webhook. After the second commit, the webhook is delivered like
 * any message.
 */
export class OperationalWebhooks extends OneLife {
  /** All hidden applications, by environment. Signals announce those created by other processes. */
  readonly #applications = new Map<Seq, Application>();
  readonly #hidden = new Set<Seq>();
  #waiting: Report[] = [];
  #dropped = 0;
  #sending: Promise<void> | null = null;
  #endRest: Cancel = () => {};

  constructor(private readonly parts: OperationalParts) {
    super();
    parts.facts.on(REPORTED, (fact) => this.#listen(fact));
    const { applications } = parts.store.configuration;
    parts.signals.react(["application.changed"], ({ environmentSeq }) => {
      if (!this.#applications.has(environmentSeq))
        this.#learn(async () => [await applications.operationalOf(environmentSeq)]);
    });
    parts.signals.react(["store.changed"], () => this.#learn(() => applications.operational()));
  }

  protected async begin(): Promise<void> {
    for (const application of await this.parts.store.configuration.applications.operational()) this.#know(application);
  }

  /** Adds hidden applications that other processes have created. */
  #learn(read: () => Promise<ReadonlyArray<Application | null>>): void {
    read().then(
      (found) => {
        for (const application of found) if (application !== null) this.#know(application);
      },
      (error) => {
        if (!(error instanceof StoreUnavailable)) {
          this.parts.facts.state({ type: "defect.found", where: "operational webhooks", error });
        }
        // A later signal or the next start will read them again.
      },
    );
  }

  /** Stores the reports that are still waiting. If the store cannot be written, they are lost. */
  protected async end(): Promise<void> {
    this.#endRest();
    while (this.#sending !== null) await this.#sending;
  }

  /**
   * Returns an environment's hidden application, or null if the environment never had an
   * operational endpoint.
   */
  applicationOf(environmentSeq: Seq): Application | null {
    return this.#applications.get(environmentSeq) ?? null;
  }

  /** Returns whether an application is hidden. */
  isHidden(applicationSeq: Seq): boolean {
    return this.#hidden.has(applicationSeq);
  }

  /** Returns an environment's hidden application. Creates the application if it does not exist. */
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

  /**
   * Adds the reports of a fact. If no environment has operational endpoints, this costs only one
   * comparison.
   */
  #listen(fact: FactOf<(typeof REPORTED)[number]>): void {
    if (this.#applications.size === 0) return;
    const report = reportOf(fact);
    if (report === null || this.#concernsNobody(report.fact)) return;
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(report);
    this.#wake();
  }

  #wake(): void {
    if (this.#sending !== null || this.#waiting.length === 0) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = null;
      // More reports may have arrived since the last batch was read.
      this.#wake();
    });
  }

  #concernsNobody(fact: ReportedFact): boolean {
    if ("environmentSeq" in fact && !this.#applications.has(fact.environmentSeq)) return true;
    return "applicationSeq" in fact && this.#hidden.has(fact.applicationSeq);
  }

  /** Stores the waiting reports, in batches and in the order of their facts. */
  async #send(): Promise<void> {
    // Facts from the same turn of the event loop are reported in one commit.
    await new Promise<void>((resolve) => this.parts.clock.soon(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      await this.#store(batch);
      this.#reportDropped();
    }
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    this.parts.facts.state({ type: "operational.dropped", count: this.#dropped });
    this.#dropped = 0;
  }

  /** Stores a batch. If the store cannot be written, retries until it can or the process stops. */
  async #store(batch: readonly Report[]): Promise<void> {
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

  async #acceptAll(batch: readonly Report[]): Promise<void> {
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
    // The messages form one atomic group. A retry therefore stores none of them twice, unless it is
    // unknown whether the first try was committed.
    await store.together(() => [...messages].map(([entry, incoming]) => accepter.acceptAll(entry, incoming)));
  }

  async #environmentOf(endpointSeq: Seq): Promise<Seq | null> {
    return (await this.parts.store.configuration.endpoints.get(endpointSeq))?.environmentSeq ?? null;
  }
}

function isWanted({ endpoints }: ApplicationEntry, type: OperationalEventType): boolean {
  return endpoints.matching(type, null).length > 0;
}
