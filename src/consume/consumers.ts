import {
  type BrokerState,
  type BrokerType,
  brokerTypes,
  isBrokerType,
  type SourceCertificates,
} from "../core/broker.ts";
import type { Facts } from "../core/facts.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import { prepareReceiver } from "../door/prepare.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type Source, type Store, StoreUnavailable } from "../store/index.ts";
import type { Broker, BrokerMessage } from "./broker.ts";
import { Consumer } from "./consumer.ts";
import type { Taking } from "./take.ts";

/** Time after which sources that could not be read are read again, in ms. */
const RETRY_MS = 1000;

/** Loads the broker of a type. */
export type Brokers = (type: BrokerType) => Promise<Broker>;

export interface ConsumersParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly ids: IdCodec;
  readonly brokers: Brokers;
  readonly take: (entry: SourceEntry, messages: readonly BrokerMessage[]) => Promise<Taking>;
}

/**
 * Takes messages from brokers: one consumer for each source whose type is a broker and that is not
 * disabled.
 */
export class Consumers extends OneLife {
  readonly #consumers = new Map<Seq, Consumer>();
  /** Sources that have changed and were not read since. Null stands for all sources. */
  readonly #unread = new Set<Seq | null>();
  #cancelRetry: Cancel | null = null;
  /** Resolves when the sources that have changed so far are read. */
  #reading: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(private readonly parts: ConsumersParts) {
    super();
    parts.signals.react(["source.changed"], ({ sourceSeq }) => this.#changed(sourceSeq));
    parts.signals.react(["store.changed"], () => this.#changed(null));
  }

  protected begin(): void {
    this.#isRunning = true;
    this.#changed(null);
  }

  protected async end(): Promise<void> {
    this.#cancelRetry?.();
    await this.#reading;
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.stop()));
  }

  /** Returns the state of a source's connection, or null if the source has none. */
  stateOf(sourceSeq: Seq): BrokerState | null {
    return this.#consumers.get(sourceSeq)?.state ?? null;
  }

  /** Returns the number of connections in each state. */
  counts(): Readonly<Record<BrokerState["state"], number>> {
    const counts = { connected: 0, connecting: 0, failed: 0 };
    for (const { state } of this.#consumers.values()) counts[state.state]++;
    return counts;
  }

  /** Returns when the certificates of the sources end that are not disabled. */
  certificates(): readonly SourceCertificates[] {
    return [...this.#consumers.values()].map(({ certificates }) => certificates);
  }

  /** Has a source read again, or all of them, and its consumer started or stopped accordingly. */
  #changed(sourceSeq: Seq | null): void {
    if (!this.#isRunning || this.isStopping) return;
    this.#unread.add(sourceSeq);
    this.#cancelRetry?.();
    this.#readSoon();
  }

  /** Reads the sources that have changed, after those that are being read. */
  #readSoon(): void {
    this.#cancelRetry = null;
    this.#reading = this.#reading.then(() => this.#readUnread());
  }

  async #readUnread(): Promise<void> {
    try {
      for (const sourceSeq of [...this.#unread]) {
        if (this.isStopping) return;
        // The source is added again if it changes while it is read.
        this.#unread.delete(sourceSeq);
        await this.#read(sourceSeq);
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) {
        this.parts.facts.state({ type: "defect.found", where: "consumers of brokers", error });
      }
      if (!this.isStopping) this.#cancelRetry ??= this.parts.clock.after(RETRY_MS, () => this.#readSoon());
    }
  }

  async #read(sourceSeq: Seq | null): Promise<void> {
    try {
      if (sourceSeq === null) await this.#readAll();
      else await this.#apply(sourceSeq, await this.parts.store.configuration.sources.get(sourceSeq));
    } catch (error) {
      this.#unread.add(sourceSeq);
      throw error;
    }
  }

  async #readAll(): Promise<void> {
    const { sources } = this.parts.store.configuration;
    const found = (await Promise.all(brokerTypes.map((type) => sources.ofProvider(type)))).flat();
    const known = new Set(found.map(({ seq }) => seq));
    for (const seq of this.#consumers.keys()) if (!known.has(seq)) await this.#apply(seq, null);
    for (const source of found) await this.#apply(source.seq, source);
  }

  /** Keeps, replaces, starts or stops the consumer of a source as it is now. Null means that it was deleted. */
  async #apply(sourceSeq: Seq, source: Source | null): Promise<void> {
    const before = this.#consumers.get(sourceSeq);
    const entry = source === null || source.disabled || !isBrokerType(source.provider) ? null : entryOf(source);
    if (entry !== null && before?.update(entry)) return;
    await before?.stop();
    this.#consumers.delete(sourceSeq);
    if (entry !== null && !this.isStopping) this.#start(entry);
  }

  #start(entry: SourceEntry): void {
    const { clock, facts, ids, brokers, take } = this.parts;
    const { seq, provider } = entry.source;
    const name = `boathook-${ids.encode("src_", seq)}`;
    const broker = () => brokers(provider as BrokerType);
    const consumer = new Consumer({ clock, facts, broker, take, name }, entry);
    this.#consumers.set(seq, consumer);
    consumer.start();
  }
}

/** Returns the entry of a source, as for one at the door but without a URL. */
function entryOf(source: Source): SourceEntry {
  return {
    source,
    application: { seq: source.applicationSeq },
    url: "",
    receiver: prepareReceiver(source, ""),
    validUntil: Number.POSITIVE_INFINITY,
  };
}
