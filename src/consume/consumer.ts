import { type BrokerState, prefetchDefault, type SourceCertificates } from "../core/broker.ts";
import type { Facts } from "../core/facts.ts";
import { certificatesEndAt, clientTls } from "../core/pem.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import type { ClientTls, Clock } from "../ports.ts";
import { type QueueTls, queueTlsOf } from "../receive/queue-tls.ts";
import { type Broker, BrokerError, type BrokerMessage, type BrokerSettings } from "./broker.ts";
import { pause } from "./pause.ts";
import { Session } from "./session.ts";
import type { Taking } from "./take.ts";

/** Minimum and maximum pause before the next connection, in ms. It doubles until messages are received. */
const RECONNECT_MS_MIN = 1000;
const RECONNECT_MS_MAX = 30_000;

const NOT_STORED = "The server cannot store messages, so they wait in the queue. Its health says why.";

export interface ConsumerParts {
  readonly clock: Clock;
  readonly facts: Facts;
  /** Loads the broker. Called for each connection. */
  readonly broker: () => Promise<Broker>;
  readonly take: (entry: SourceEntry, messages: readonly BrokerMessage[]) => Promise<Taking>;
  /** A name for the consumer that stays the same for the source. */
  readonly name: string;
}

/** Takes the messages of one source from its queue. Connects again whenever the connection is lost. */
export class Consumer {
  readonly #stop = new AbortController();
  #state: BrokerState;
  #reconnectMs = RECONNECT_MS_MIN;
  #certificateEnds: Pick<SourceCertificates, "client" | "ca"> | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: ConsumerParts,
    private entry: SourceEntry,
  ) {
    this.#state = { state: "connecting", error: null, since: parts.clock.now() };
  }

  get state(): BrokerState {
    return this.#state;
  }

  /** Returns when the certificates of the source end. They are read once, because other ones need another consumer. */
  get certificates(): SourceCertificates {
    const { seq: sourceSeq, environmentSeq, name, config } = this.entry.source;
    this.#certificateEnds ??= endsOf(queueTlsOf(config));
    return { sourceSeq, environmentSeq, name, ...this.#certificateEnds };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends the connection. Resolves when no more messages are being stored. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /**
   * Replaces the source for messages that are not taken yet. Returns false if its `config` has changed,
   * which needs another connection.
   */
  update(entry: SourceEntry): boolean {
    if (JSON.stringify(entry.source.config) !== JSON.stringify(this.entry.source.config)) return false;
    this.entry = entry;
    return true;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#connectAndTake(signal);
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
      }
      const delayMs = this.#reconnectMs;
      this.#reconnectMs = Math.min(RECONNECT_MS_MAX, 2 * delayMs);
      await pause(this.parts.clock, delayMs, signal);
    }
  }

  async #connectAndTake(signal: AbortSignal): Promise<void> {
    const { clock, take } = this.parts;
    const settings = { ...settingsOf(this.entry, this.parts.name), onRemoved: this.#removed };
    const broker = await this.parts.broker();
    const connection = await broker.connect(settings, signal);
    try {
      this.#set("connected", null);
      const session = new Session({
        ...{ clock, connection, prefetch: settings.prefetch },
        take: (messages) => take(this.entry, messages),
        onReceived: () => {
          this.#reconnectMs = RECONNECT_MS_MIN;
        },
        onTaken: (isUnavailable) => this.#set("connected", isUnavailable ? NOT_STORED : null),
      });
      await session.run(signal);
    } finally {
      await connection.close();
    }
  }

  readonly #removed = (detail: string): void => {
    const { seq: sourceSeq, provider: broker } = this.entry.source;
    this.parts.facts.state({ type: "source.removed", sourceSeq, broker, detail });
  };

  #failed(error: unknown): void {
    if (!(error instanceof BrokerError)) {
      this.parts.facts.state({ type: "defect.found", where: "consumer of a broker", error });
    }
    this.#set("failed", error instanceof BrokerError ? error.message : "Internal error; the server's log has it.");
  }

  #set(state: BrokerState["state"], error: string | null): void {
    const before = this.#state;
    const isSame = before.state === state;
    if (isSame && before.error === error) return;
    this.#state = { state, error, since: isSame ? before.since : this.parts.clock.now() };
    const { seq: sourceSeq, environmentSeq, provider: broker } = this.entry.source;
    this.parts.facts.state({ type: "source.connection", sourceSeq, environmentSeq, broker, state, error });
  }
}

function settingsOf({ source }: SourceEntry, consumer: string): BrokerSettings {
  const { url, prefetch } = source.config;
  return {
    url: new URL(String(url)),
    prefetch: typeof prefetch === "number" ? prefetch : prefetchDefault,
    tls: clientTlsOf(queueTlsOf(source.config)),
    consumer,
  };
}

/** Returns how TLS verifies the broker and identifies this server to it. Null means the defaults. */
function clientTlsOf({ ca, certificate, key }: QueueTls): ClientTls | null {
  if (ca === null && certificate === null) return null;
  return clientTls(ca, certificate === null || key === null ? null : { certificate, key });
}

function endsOf({ ca, certificate }: QueueTls): Pick<SourceCertificates, "client" | "ca"> {
  const end = (text: string | null) => (text === null ? null : certificatesEndAt(text));
  return { client: end(certificate), ca: end(ca) };
}
