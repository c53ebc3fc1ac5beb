import type { Subscription } from "../core/event.ts";
import type { Seq } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import { parseSecret, type SigningKey } from "../core/signature.ts";
import type { Clock } from "../ports.ts";
import type { Application, Endpoint, Key, KnownEndpoint, Store } from "./index.ts";

/** An application as `accept` needs it. */
export interface ApplicationEntry {
  readonly application: Application;
  /** Its endpoints that are neither disabled nor deleted, in the order they were made. */
  readonly endpoints: ReadonlyArray<{ readonly seq: Seq; readonly subscription: Subscription }>;
}

export function applicationEntry(application: Application, active: readonly Endpoint[]): ApplicationEntry {
  return {
    application,
    endpoints: active.map((endpoint) => ({
      seq: endpoint.seq,
      subscription: {
        eventTypes: endpoint.eventTypes === null ? null : new Set(endpoint.eventTypes),
        channels: endpoint.channels === null ? null : new Set(endpoint.channels),
      },
    })),
  };
}

/** An endpoint as an attempt needs it. */
export interface EndpointEntry {
  /** Without its health, which attempts change all the time. */
  readonly endpoint: Omit<KnownEndpoint, "failingSince">;
  /** The current key first, then older ones that still sign. */
  readonly keys: readonly SigningKey[];
  /** When the first of the older keys stops signing; the entry is not to be used after that. */
  readonly validUntil: number;
}

const APPLICATIONS_MAX = 10_000;
const ENDPOINTS_MAX = 20_000;

/**
 * What the hot path knows about applications and endpoints without asking the store: read once, kept while it is in use,
 * forgotten when a fact says that it has changed. Bounded; what was read first goes first.
 */
export class Directory {
  readonly #byKey = new Map<string, ApplicationEntry>();
  readonly #keysOf = new Map<Seq, Set<string>>();
  readonly #endpoints = new Map<Seq, EndpointEntry>();
  /** Rises with every change, so that what was read before one is not kept after it. */
  #changes = 0;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    signals: Signals,
  ) {
    signals.invalidate(["application.changed"], ({ applicationSeq }) => this.#forgetApplication(applicationSeq));
    signals.invalidate(["application.throttled"], ({ applicationSeq }) => this.#forgetEndpointsOf(applicationSeq));
    signals.invalidate(["endpoint.changed"], ({ applicationSeq, endpointSeq }) => {
      this.#forgetApplication(applicationSeq);
      this.#endpoints.delete(endpointSeq);
    });
    signals.invalidate(["store.changed"], () => this.#forgetAll());
  }

  /** Null when there is none. A promise only when it has to be read. */
  application(environmentSeq: Seq, key: Key): ApplicationEntry | null | Promise<ApplicationEntry | null> {
    const name = `${environmentSeq}/${"seq" in key ? key.seq : `=${key.uid}`}`;
    const cached = this.#byKey.get(name);
    return cached ?? this.#readApplication(name, environmentSeq, key);
  }

  async #readApplication(name: string, environmentSeq: Seq, key: Key): Promise<ApplicationEntry | null> {
    const changes = this.#changes;
    const application = await this.store.configuration.applications.find(environmentSeq, key);
    if (application === null) return null;
    const entry = applicationEntry(application, await this.store.configuration.endpoints.active(application.seq));
    if (changes === this.#changes) this.#keepApplication(name, entry);
    return entry;
  }

  #keepApplication(name: string, entry: ApplicationEntry): void {
    if (this.#byKey.size >= APPLICATIONS_MAX) {
      const oldest = this.#byKey.entries().next().value;
      if (oldest !== undefined) this.#forgetApplication(oldest[1].application.seq);
    }
    this.#byKey.set(name, entry);
    const keys = this.#keysOf.get(entry.application.seq) ?? new Set();
    this.#keysOf.set(entry.application.seq, keys.add(name));
  }

  #forgetApplication(seq: Seq): void {
    this.#changes++;
    for (const name of this.#keysOf.get(seq) ?? []) this.#byKey.delete(name);
    this.#keysOf.delete(seq);
  }

  #forgetAll(): void {
    this.#changes++;
    this.#byKey.clear();
    this.#keysOf.clear();
    this.#endpoints.clear();
  }

  #forgetEndpointsOf(applicationSeq: Seq): void {
    this.#changes++;
    for (const [seq, { endpoint }] of this.#endpoints) {
      if (endpoint.applicationSeq === applicationSeq) this.#endpoints.delete(seq);
    }
  }

  /** Also disabled and deleted ones; null when there never was one. */
  endpoint(seq: Seq): EndpointEntry | Promise<EndpointEntry | null> {
    const cached = this.#endpoints.get(seq);
    if (cached !== undefined && cached.validUntil > this.clock.now()) return cached;
    return this.#readEndpoint(seq);
  }

  async #readEndpoint(seq: Seq): Promise<EndpointEntry | null> {
    const changes = this.#changes;
    const endpoint = await this.store.configuration.endpoints.get(seq);
    if (endpoint === null) return null;
    const secrets = await this.store.configuration.endpoints.secrets(seq, this.clock.now());
    const entry: EndpointEntry = {
      endpoint,
      keys: secrets.map(({ secret }) => parseSecret(secret)).filter((key) => key !== null),
      validUntil: Math.min(...secrets.map(({ expiresAt }) => expiresAt ?? Number.POSITIVE_INFINITY)),
    };
    if (changes !== this.#changes) return entry;
    if (this.#endpoints.size >= ENDPOINTS_MAX) {
      const oldest = this.#endpoints.keys().next().value;
      if (oldest !== undefined) this.#endpoints.delete(oldest);
    }
    this.#endpoints.set(seq, entry);
    return entry;
  }
}
