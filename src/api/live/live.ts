import type { Facts } from "../../core/fact.ts";
import type { IdCodec, Seq } from "../../core/id.ts";
import { formatInstant } from "../../core/instant.ts";
import { Problem } from "../../core/problem.ts";
import type { Signals } from "../../core/signal.ts";
import type { Cancel, Clock } from "../../ports.ts";
import type { Application, LatestMessage, Store } from "../../store/index.ts";
import type { ApiDeps, OverviewNumbers } from "../http/deps.ts";
import type { Admission } from "../identity/admission.ts";
import type { Identity } from "../identity/identity.ts";
import { AttentionSource } from "./attention.ts";

const MESSAGES_MAX = 50;
const LISTENERS_MAX = 1000;
/** Maximum number of listeners of one environment, so that no environment uses up all places. */
const LISTENERS_PER_ENVIRONMENT_MAX = 100;
const MIN_GAP_MS = 1000;
const KEEP_ALIVE_MS = 15_000;
const BUSY_RETRY_SECONDS = 10;

/**
 * Builds the overview: the numbers and the latest messages of an environment, and what needs
 * attention.
 */
export class OverviewSource {
  readonly #store: Store;
  readonly #ids: IdCodec;
  readonly #numbers: (environmentSeq: Seq) => OverviewNumbers | Promise<OverviewNumbers>;

  readonly #attention: AttentionSource;

  constructor(deps: ApiDeps) {
    const { store, ids, overview } = deps;
    this.#store = store;
    this.#ids = ids;
    this.#numbers = overview;
    this.#attention = new AttentionSource(deps);
  }

  async of(environmentSeq: Seq) {
    const [environment, numbers, messages] = await Promise.all([
      this.#store.configuration.environments.get(environmentSeq),
      this.#numbers(environmentSeq),
      this.#store.history.messages.latest(environmentSeq, MESSAGES_MAX),
    ]);
    const applications = await this.#applicationsOf(messages);
    const attention = await this.#attention.of(environmentSeq, numbers.pending);
    return {
      environment: environment?.name ?? "",
      accepted: numbers.accepted,
      delivered: numbers.delivered,
      failing: numbers.failing,
      pending: numbers.pending,
      dead: numbers.dead,
      attention: attention.entries,
      attentionTotal: attention.total,
      messages: messages.map((message) => this.#messageOut(message, applications.get(message.applicationSeq) ?? null)),
    };
  }

  async #applicationsOf(messages: readonly LatestMessage[]): Promise<Map<Seq, Application | null>> {
    const seqs = [...new Set(messages.map(({ applicationSeq }) => applicationSeq))];
    const found = await Promise.all(seqs.map((seq) => this.#store.configuration.applications.get(seq)));
    return new Map(seqs.map((seq, i) => [seq, found[i] ?? null]));
  }

  #messageOut(message: LatestMessage, application: Application | null) {
    return {
      id: this.#ids.encode("msg_", message.seq),
      appId: this.#ids.encode("app_", message.applicationSeq),
      appName: application?.name ?? "",
      appUid: application?.uid ?? null,
      eventType: message.eventType,
      eventId: message.eventId,
      timestamp: formatInstant(message.acceptedAt),
      deliveries: message.deliveries,
    };
  }
}

/** The facts that change what a page shows of their environment. */
const CHANGES = [
  "message.accepted",
  "attempt.finished",
  "deliveries.buried",
  "deliveries.redriven",
  "deadletters.dropped",
  "delivery.resent",
  "deliveries.resent",
  "messages.expunged",
  // A refused request does not change the overview, but the page of its source shows it.
  "source.received",
] as const;

type Viewer = Pick<Identity, "environmentSeq">;

interface Listener extends Viewer {
  send(text: string): void;
  end(): void;
}

/**
 * Sends the overview to listeners when it has changed, at most once per second. Each update reads
 * the store once per environment.
 */
export class Live {
  readonly #listeners = new Set<Listener>();
  #timer: Cancel | null = null;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  /** The environments that have changed since their overview was last sent. */
  readonly #changed = new Set<Seq>();

  constructor(
    private readonly source: OverviewSource,
    private readonly clock: Clock,
    facts: Facts,
    signals: Signals,
  ) {
    const onChange = ({ environmentSeq }: { readonly environmentSeq: Seq }) => {
      if (this.#listeners.size === 0) return;
      this.#changed.add(environmentSeq);
      if (this.#timer === null) this.#schedule();
    };
    facts.on(CHANGES, onChange);
    // The fact does not contain its environment, so every environment with listeners counts as
    // changed.
    facts.on(["endpoint.disabled"], () => {
      for (const listener of this.#listeners) onChange(listener);
    });
    signals.react(["application.changed"], onChange);
  }

  /**
   * Opens a stream of server-sent events. It ends with the event `end` when the caller's permission
   * ends. Throws 429 if there are too many listeners.
   */
  async open({ environmentSeq }: Viewer, admission: Admission): Promise<ReadableStream<Uint8Array>> {
    this.#refuseWhenFull(environmentSeq);
    const first = eventOf(await this.source.of(environmentSeq));
    // Other streams may have been opened since the first check.
    this.#refuseWhenFull(environmentSeq);
    let close = () => {};
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(encode(first));
        close = this.#listen(environmentSeq, admission, controller);
      },
      cancel: () => close(),
    });
  }

  /** Ends all streams, because the server is stopping. */
  close(): void {
    for (const listener of [...this.#listeners]) listener.end();
  }

  #refuseWhenFull(environmentSeq: Seq): void {
    let own = 0;
    for (const listener of this.#listeners) if (listener.environmentSeq === environmentSeq) own++;
    if (this.#listeners.size < LISTENERS_MAX && own < LISTENERS_PER_ENVIRONMENT_MAX) return;
    throw new Problem(429, "too_many_listeners", "Too many streams are open. Try again later.", BUSY_RETRY_SECONDS);
  }

  #listen(
    environmentSeq: Seq,
    admission: Admission,
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): () => void {
    let cancelKeepAlive: Cancel = () => {};
    const stop = () => {
      cancelKeepAlive();
      cancelWatch();
      this.#listeners.delete(listener);
    };
    const send = (text: string) => {
      try {
        // A client that does not read, and whose queue is full, is skipped.
        if ((controller.desiredSize ?? 0) > -QUEUED_MAX) controller.enqueue(encode(text));
      } catch {
        stop();
      }
    };
    const end = () => {
      stop();
      controller.close();
    };
    const cancelWatch = admission.watch(() => {
      controller.enqueue(encode(TOKEN_ENDED));
      end();
    });
    const listener: Listener = { environmentSeq, send, end };
    const keepAlive = () => {
      send(": still here\n\n");
      cancelKeepAlive = this.clock.after(KEEP_ALIVE_MS, keepAlive);
    };
    cancelKeepAlive = this.clock.after(KEEP_ALIVE_MS, keepAlive);
    this.#listeners.add(listener);
    return stop;
  }

  #schedule(): void {
    const sinceMs = this.clock.steady() - this.#lastSentAt;
    const waitMs = Math.min(MIN_GAP_MS, Math.max(0, MIN_GAP_MS - sinceMs));
    this.#timer = this.clock.after(waitMs, () => void this.#sendAll());
  }

  async #sendAll(): Promise<void> {
    this.#timer = null;
    this.#lastSentAt = this.clock.steady();
    const environments = new Set([...this.#listeners].map(({ environmentSeq }) => environmentSeq));
    const changed = [...environments].filter((environmentSeq) => this.#changed.has(environmentSeq));
    this.#changed.clear();
    for (const environmentSeq of changed) {
      const text = await this.source.of(environmentSeq).then(eventOf, () => null);
      if (text === null) {
        // The store is unavailable, so the overview is sent with the next change.
        this.#changed.add(environmentSeq);
        continue;
      }
      for (const listener of this.#listeners) if (listener.environmentSeq === environmentSeq) listener.send(text);
    }
  }
}

/** Maximum number of events that are queued for a slow client. */
const QUEUED_MAX = 4;

/** The last event of a stream whose token has ended. */
const TOKEN_ENDED = `event: end\ndata: {"reason":"token"}\n\n`;

function eventOf(overview: unknown): string {
  return `event: overview\ndata: ${JSON.stringify(overview)}\n\n`;
}

const encoder = new TextEncoder();

function encode(text: string): Uint8Array {
  return encoder.encode(text);
}
