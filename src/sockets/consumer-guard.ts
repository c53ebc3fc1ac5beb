import { CLOSE } from "../core/close-code.ts";
import { WEBSOCKET_URL } from "../core/endpoint-url/websocket.ts";
import type { Seq } from "../core/id.ts";
import { OneLife } from "../core/service.ts";
import type { Signals } from "../core/signal.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type KnownEndpoint, type Store, StoreUnavailable } from "../store/index.ts";
import type { SocketConsumers } from "./socket-consumers.ts";

const STORE_RETRY_MS = 1000;

/** Closes the connections of consumers after their endpoint was deleted, disabled or given another URL. */
export class ConsumerGuard extends OneLife {
  readonly #unchecked = new Set<Seq>();
  #checking: Promise<void> | null = null;
  #cancelRetry: Cancel = () => {};

  constructor(
    private readonly consumers: SocketConsumers,
    private readonly store: Store,
    signals: Signals,
    private readonly clock: Clock,
  ) {
    super();
    signals.react(["endpoint.changed"], ({ endpointSeq }) => this.#check([endpointSeq]));
    // The endpoint may have changed since the request to connect was checked.
    signals.react(["socket-consumers.changed"], ({ endpointSeq, hasConnected }) => {
      if (hasConnected) this.#check([endpointSeq]);
    });
    // The application or its environment may have been deleted.
    signals.react(["application.changed", "store.changed"], () => this.#check(consumers.endpointSeqs));
  }

  protected begin(): void {}

  protected async end(): Promise<void> {
    this.#cancelRetry();
    await this.#checking;
  }

  #check(endpointSeqs: readonly Seq[]): void {
    for (const seq of endpointSeqs) if (this.consumers.countOf(seq) > 0) this.#unchecked.add(seq);
    if (this.#unchecked.size > 0 && !this.isStopping) this.#checking ??= this.#checkAll();
  }

  async #checkAll(): Promise<void> {
    try {
      // The loop also visits endpoints that are added while it runs.
      for (const seq of this.#unchecked) {
        this.#unchecked.delete(seq);
        await this.#checkOne(seq);
      }
    } finally {
      this.#checking = null;
    }
  }

  async #checkOne(seq: Seq): Promise<void> {
    try {
      const end = endOf(await this.store.configuration.endpoints.get(seq));
      if (end !== null) this.consumers.closeAll(seq, ...end);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#cancelRetry();
      this.#cancelRetry = this.clock.after(STORE_RETRY_MS, () => this.#check(this.consumers.endpointSeqs));
    }
  }
}

/** Returns the close code and the reason if an endpoint can have no consumers, otherwise null. */
function endOf(endpoint: KnownEndpoint | null): [code: number, reason: string] | null {
  if (endpoint === null || endpoint.deleted) return [CLOSE.gone, "The endpoint was deleted."];
  if (endpoint.url !== WEBSOCKET_URL) return [CLOSE.gone, "The endpoint has another URL."];
  return endpoint.disabled ? [CLOSE.ended, "The endpoint was disabled."] : null;
}
