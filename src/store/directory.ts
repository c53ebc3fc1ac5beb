import type { Seq } from "../core/id.ts";
import { beingMoved } from "../core/problem.ts";
import type { Signals } from "../core/signal.ts";
import { parseSecret, type SigningKey } from "../core/signature.ts";
import { maskPassword } from "../core/url-password.ts";
import type { Clock } from "../ports.ts";
import { checkDeparted } from "./departed.ts";
import { afterCatchUp } from "./feed.ts";
import type { ActiveEndpoint, Application, Key, KnownEndpoint, PayloadVersion, Store } from "./index.ts";
import { SubscribedEndpoints } from "./subscribed-endpoints.ts";

/** The application data needed to accept a message. */
export interface ApplicationEntry {
  readonly application: Application;
  readonly endpoints: SubscribedEndpoints;
  /** Whether one of the endpoints has a filter. */
  readonly hasFilters: boolean;
}

export function applicationEntry(application: Application, active: readonly ActiveEndpoint[]): ApplicationEntry {
  return {
    application,
    endpoints: new SubscribedEndpoints(active),
    hasFilters: active.some(({ filter }) => filter !== null),
  };
}

/** The endpoint data needed to make an attempt. */
export interface EndpointEntry {
  /** `failingSince` is not cached, because it changes with the attempts. */
  readonly endpoint: Omit<KnownEndpoint, "failingSince">;
  /**
   * The URL as it is stored with attempts: its password is masked, and its fragment, which is not
   * sent, is removed.
   */
  readonly shownUrl: string;
  /** The current key, followed by older keys that still sign. */
  readonly keys: readonly SigningKey[];
  /** The payload versions of the environment that apply to the endpoint, deleted ones included. */
  readonly payloadVersions: readonly PayloadVersion[];
  /** Time at which the next of the older keys expires. From then on the entry must not be used. */
  readonly validUntil: number;
}

const APPLICATIONS_MAX = 10_000;
const ENDPOINTS_MAX = 20_000;

/**
 * Caches applications and endpoints, so that accepting and delivering a message does not need to
 * read them from the store. An entry is dropped when a signal reports a change. When the cache is
 * full, the oldest entry is dropped.
 */
export class Directory {
  readonly #byKey = new Map<string, ApplicationEntry>();
  readonly #keysOf = new Map<Seq, Set<string>>();
  readonly #endpoints = new Map<Seq, EndpointEntry>();
  /** The payload versions by environment, shared by its endpoints. */
  readonly #payloadVersions = new Map<Seq, readonly PayloadVersion[]>();
  /**
   * Incremented with every change, so that an entry read before a change is not cached after the
   * change.
   */
  #changes = 0;
  /** Applications that are about to leave this installation. Requests for them are refused. */
  readonly leaving = new Set<Seq>();
  /** Applications that are arriving from another installation. */
  readonly #arriving: ReadonlySet<Seq>;

  constructor(
    readonly store: Store,
    private readonly clock: Clock,
    signals: Signals,
  ) {
    this.#arriving = store.moves?.destination.arriving ?? new Set();
    signals.invalidate(["application.changed"], ({ applicationSeq }) => this.#forgetApplication(applicationSeq));
    signals.invalidate(["application.throttled"], ({ applicationSeq }) => this.#forgetEndpointsOf(applicationSeq));
    signals.invalidate(["endpoint.changed"], ({ applicationSeq, endpointSeq }) => {
      this.#forgetApplication(applicationSeq);
      this.#endpoints.delete(endpointSeq);
    });
    signals.invalidate(["payload-versions.changed"], ({ environmentSeq }) => this.#forgetVersions(environmentSeq));
    signals.invalidate(["store.changed"], () => this.#forgetAll());
  }

  /**
   * Returns an application's entry, or null if the application does not exist. Returns a promise
   * only if the store, or the changes of other processes, must be read first. Throws or rejects with
   * 421 if the application has moved to another installation, and with 503 while it is moving.
   */
  application(environmentSeq: Seq, key: Key): ApplicationEntry | null | Promise<ApplicationEntry | null> {
    return afterCatchUp(this.store.feed, () => this.#knownApplication(environmentSeq, key));
  }

  #knownApplication(environmentSeq: Seq, key: Key): ApplicationEntry | null | Promise<ApplicationEntry | null> {
    const name = `${environmentSeq}/${"seq" in key ? key.seq : `=${key.uid}`}`;
    const cached = this.#byKey.get(name);
    if (cached === undefined) return this.#readApplication(name, environmentSeq, key);
    this.checkServed(cached.application.seq);
    return cached;
  }

  /** Throws 503 while an application moves to or from another installation. */
  checkServed(applicationSeq: Seq): void {
    const isLeaving = this.leaving.size > 0 && this.leaving.has(applicationSeq);
    if (isLeaving || (this.#arriving.size > 0 && this.#arriving.has(applicationSeq))) throw beingMoved();
  }

  async #readApplication(name: string, environmentSeq: Seq, key: Key): Promise<ApplicationEntry | null> {
    const changes = this.#changes;
    const application = await this.store.configuration.applications.find(environmentSeq, key);
    if (application === null) {
      await checkDeparted(this, environmentSeq, key);
      return null;
    }
    this.checkServed(application.seq);
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
    this.#payloadVersions.clear();
  }

  #forgetEndpointsOf(applicationSeq: Seq): void {
    this.#changes++;
    for (const [seq, { endpoint }] of this.#endpoints) {
      if (endpoint.applicationSeq === applicationSeq) this.#endpoints.delete(seq);
    }
  }

  #forgetVersions(environmentSeq: Seq): void {
    this.#changes++;
    this.#payloadVersions.delete(environmentSeq);
    for (const [seq, { endpoint }] of this.#endpoints) {
      if (endpoint.environmentSeq === environmentSeq) this.#endpoints.delete(seq);
    }
  }

  /**
   * Returns an endpoint's entry, even if the endpoint is disabled or deleted, or null if the
   * endpoint never existed. Returns a promise only if the store, or the changes of other processes,
   * must be read first.
   */
  endpoint(seq: Seq): EndpointEntry | Promise<EndpointEntry | null> {
    return afterCatchUp(this.store.feed, () => this.#knownEndpoint(seq));
  }

  #knownEndpoint(seq: Seq): EndpointEntry | Promise<EndpointEntry | null> {
    const cached = this.#endpoints.get(seq);
    if (cached !== undefined && cached.validUntil > this.clock.now()) return cached;
    return this.#readEndpoint(seq);
  }

  async #versionsOf(environmentSeq: Seq): Promise<readonly PayloadVersion[]> {
    const known = this.#payloadVersions.get(environmentSeq);
    if (known !== undefined) return known;
    const changes = this.#changes;
    const versions = await this.store.configuration.payloadVersions.all(environmentSeq);
    if (changes === this.#changes) this.#payloadVersions.set(environmentSeq, versions);
    return versions;
  }

  async #readEndpoint(seq: Seq): Promise<EndpointEntry | null> {
    const changes = this.#changes;
    const endpoint = await this.store.configuration.endpoints.get(seq);
    if (endpoint === null) return null;
    const secrets = await this.store.configuration.endpoints.secrets(seq, this.clock.now());
    const entry: EndpointEntry = {
      endpoint,
      shownUrl: maskPassword(endpoint.url).split("#", 1)[0]!,
      keys: secrets.map(({ secret }) => parseSecret(secret)).filter((key) => key !== null),
      payloadVersions: endpoint.isOperational ? [] : await this.#versionsOf(endpoint.environmentSeq),
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
