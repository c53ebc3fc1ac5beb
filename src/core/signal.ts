import type { Seq } from "./id.ts";

/**
 * A change that a command made, for components with derived state. Signals invalidate caches and
 * wake lanes. A signal is delivered before the command that sends it returns. Signals about changes
 * by other processes come from the store's feed. A `Fact`, in contrast, only reports.
 */
export type Signal =
  /**
   * An application was created, changed or deleted, or its endpoints or their subscriptions
   * changed.
   */
  | { readonly type: "application.changed"; readonly applicationSeq: Seq; readonly environmentSeq: Seq }
  /** An application's `throttleRate` changed. */
  | { readonly type: "application.throttled"; readonly applicationSeq: Seq }
  | { readonly type: "endpoint.changed"; readonly endpointSeq: Seq; readonly applicationSeq: Seq }
  /** A source was created, changed or deleted, or its tokens changed. */
  | { readonly type: "source.changed"; readonly sourceSeq: Seq; readonly environmentSeq: Seq }
  /** A delivery became pending at `position`. */
  | { readonly type: "lane.filled"; readonly endpointSeq: Seq; readonly position: Seq }
  /**
   * Pending deliveries were cancelled or moved to another position, so deliveries that were read
   * ahead may be outdated.
   */
  | { readonly type: "lane.changed"; readonly endpointSeq: Seq }
  /**
   * Consumers of a `websocket:` endpoint have connected, read or disconnected, so that it may have
   * room for further attempts.
   */
  | { readonly type: "socket-consumers.changed"; readonly endpointSeq: Seq; readonly hasConnected: boolean }
  /** An event type was created, changed, archived or deleted. */
  | { readonly type: "eventtype.changed"; readonly environmentSeq: Seq; readonly name: string }
  /** A payload version was created, changed or deleted. */
  | { readonly type: "payload-versions.changed"; readonly environmentSeq: Seq }
  /**
   * Tokens were revoked, got an earlier expiry, or had their scopes changed. Null means any
   * environment.
   */
  | { readonly type: "tokens.changed"; readonly environmentSeq: Seq | null }
  /** An environment was renamed or deleted. Null means any environment. */
  | { readonly type: "environment.changed"; readonly environmentSeq: Seq | null }
  /** All deliveries were held or resumed. */
  | { readonly type: "delivery.held"; readonly isHeld: boolean }
  /** An environment was paused or resumed. */
  | { readonly type: "environment.paused"; readonly environmentSeq: Seq; readonly isPaused: boolean }
  /**
   * Another process has begun or ceased to use the store, or wants or has left lanes, so the lanes may be
   * divided differently.
   */
  | { readonly type: "instances.changed" }
  /**
   * Other processes have committed messages, results of attempts or anything else. For views that follow
   * facts, of which a process gets only its own. Comes at most once a second.
   */
  | { readonly type: "others.committed" }
  /**
   * Other processes may have made any change, because their notifications were lost. All derived
   * state must be read again.
   */
  | { readonly type: "store.changed" };

export type SignalType = Signal["type"];
export type SignalOf<T extends SignalType> = Extract<Signal, { readonly type: T }>;
type Listener = (signal: Signal) => void;

/**
 * Delivers signals in the order in which they are sent. All caches are invalidated before any
 * listener reacts, so the order of subscription does not matter. If a listener throws, the others
 * still run and `onDefect` is called.
 */
export class Signals {
  readonly #invalidations = new Map<SignalType, Listener[]>();
  readonly #reactions = new Map<SignalType, Listener[]>();

  /** `publish` reports a signal to other processes. By default there are none. */
  constructor(
    private readonly onDefect: (error: unknown, signal: SignalType) => void,
    private readonly publish: (signal: Signal) => void = () => {},
  ) {}

  /** Adds a cache. `listener` drops cached values and does nothing else. */
  invalidate<T extends SignalType>(types: readonly T[], listener: (signal: SignalOf<T>) => void): void {
    subscribe(this.#invalidations, types, listener);
  }

  /**
   * Adds a component that reacts to a change. `listener` runs after all caches have been
   * invalidated.
   */
  react<T extends SignalType>(types: readonly T[], listener: (signal: SignalOf<T>) => void): void {
    subscribe(this.#reactions, types, listener);
  }

  send(signal: Signal): void {
    this.receive(signal);
    this.publish(signal);
  }

  /** Delivers a signal of another process. */
  receive(signal: Signal): void {
    this.#deliver(this.#invalidations, signal);
    this.#deliver(this.#reactions, signal);
  }

  #deliver(listeners: ReadonlyMap<SignalType, readonly Listener[]>, signal: Signal): void {
    for (const listener of listeners.get(signal.type) ?? []) {
      try {
        listener(signal);
      } catch (error) {
        this.onDefect(error, signal.type);
      }
    }
  }
}

function subscribe<T extends SignalType>(
  listeners: Map<SignalType, Listener[]>,
  types: readonly T[],
  listener: (signal: SignalOf<T>) => void,
): void {
  for (const type of types) {
    const list = listeners.get(type) ?? [];
    list.push(listener as Listener);
    listeners.set(type, list);
  }
}
