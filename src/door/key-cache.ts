import { hash } from "node:crypto";
import type { Seq } from "../core/id.ts";
import { type Bucket, take } from "../core/token-bucket.ts";
import type { Clock } from "../ports.ts";
import type { FetchedKey, KeyRequest } from "../receive/receiver.ts";
import { documentOf, type KeyDocument } from "./key-document.ts";
import { type Keys, KeyUnavailable } from "./keys.ts";
import { ProviderClient, type ProviderClientParts } from "./provider-client.ts";

interface Entry {
  readonly document: KeyDocument;
  readonly fetchedAt: number;
  readonly freshUntil: number;
}

interface Failure {
  readonly error: KeyUnavailable;
  readonly until: number;
}

const MINUTE_MS = 60_000;
const DOCUMENTS_MAX = 200;
const FAILURES_MAX = 1000;
const HOSTS_MAX = 1000;
const FETCHES_MAX = 32;
/** How long a failed fetch is not repeated. */
const FAILURE_MS = 30_000;
/** How long a document is used that cannot be fetched again. */
const STALE_MS = 7 * 24 * 60 * MINUTE_MS;
/** A document is fetched again at this rate at most if a request names a key that is not in it. */
const UNKNOWN_KEY_MS = MINUTE_MS;
const SOURCES_MAX = 10_000;
/**
 * Limits the fetches from one host and those for one source. Forged requests may name any number of
 * keys, certificates and hosts, and each of them costs a fetch. The limit for a source lets the
 * fetches for other sources through.
 */
const OF_HOST = { burst: 20, perSecond: 1 };
const OF_SOURCE = { burst: 10, perSecond: 0.2 };

/**
 * Fetches the keys of providers and keeps them in memory for as long as the provider allows, from 5
 * minutes to a day. Concurrent calls for one document share a fetch. If a document cannot be fetched
 * again, the old one is used for up to a week.
 */
export class KeyCache implements Keys {
  readonly #client: ProviderClient;
  readonly #clock: Pick<Clock, "steady">;
  /** In the order of their latest use. */
  readonly #entries = new Map<string, Entry>();
  readonly #failures = new Map<string, Failure>();
  readonly #pending = new Map<string, Promise<Entry>>();
  readonly #ofHost = new Map<string, Bucket>();
  readonly #ofSource = new Map<Seq, Bucket>();

  constructor(parts: ProviderClientParts & { readonly clock: Pick<Clock, "steady" | "after"> }) {
    this.#client = new ProviderClient(parts);
    this.#clock = parts.clock;
  }

  fetch = async (request: KeyRequest, sourceSeq: Seq): Promise<FetchedKey> => {
    const name = nameOf(request);
    const known = this.#known(name);
    if (known !== undefined && this.#isCurrent(known, request.keyId)) return known.document.text;
    try {
      return (await this.#fetched(name, request, sourceSeq)).document.text;
    } catch (error) {
      if (known === undefined || !(error instanceof KeyUnavailable)) throw error;
      const isUsable = this.#clock.steady() < known.freshUntil + STALE_MS;
      if (isUsable && known.document.mayContain(request.keyId)) return known.document.text;
      throw error;
    }
  };

  confirm = async (url: string, sourceSeq: Seq): Promise<void> => {
    this.#takeFetch(url, sourceSeq);
    await this.#client.request(url);
  };

  #known(name: string): Entry | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry;
  }

  #isCurrent({ document, fetchedAt, freshUntil }: Entry, keyId: string | null): boolean {
    const now = this.#clock.steady();
    if (now >= freshUntil) return false;
    return document.mayContain(keyId) || now < fetchedAt + UNKNOWN_KEY_MS;
  }

  #fetched(name: string, request: KeyRequest, sourceSeq: Seq): Promise<Entry> {
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending;
    const failure = this.#failures.get(name);
    if (failure !== undefined && this.#clock.steady() < failure.until) return Promise.reject(failure.error);
    const fetching = this.#fetch(name, request, sourceSeq).finally(() => this.#pending.delete(name));
    this.#pending.set(name, fetching);
    return fetching;
  }

  async #fetch(name: string, request: KeyRequest, sourceSeq: Seq): Promise<Entry> {
    this.#takeFetch(request.url, sourceSeq);
    try {
      const response = await this.#client.request(request.url, request.post);
      const document = documentOf(request, response.text);
      const now = this.#clock.steady();
      const entry = { document, fetchedAt: now, freshUntil: now + maxAgeMs(response.cacheControl) };
      this.#failures.delete(name);
      keep(this.#entries, name, entry, DOCUMENTS_MAX);
      return entry;
    } catch (error) {
      if (error instanceof KeyUnavailable) {
        keep(this.#failures, name, { error, until: this.#clock.steady() + FAILURE_MS }, FAILURES_MAX);
      }
      throw error;
    }
  }

  /** Throws if too many documents are being fetched. */
  #takeFetch(url: string, sourceSeq: Seq): void {
    const { host = "" } = URL.parse(url) ?? {};
    const now = this.#clock.steady();
    const isAllowed =
      this.#pending.size < FETCHES_MAX &&
      takeFrom(this.#ofSource, sourceSeq, { ...OF_SOURCE, now, bucketsMax: SOURCES_MAX }) &&
      takeFrom(this.#ofHost, host, { ...OF_HOST, now, bucketsMax: HOSTS_MAX });
    if (!isAllowed) throw new KeyUnavailable(`Too many documents of ${host} were requested at once.`);
  }
}

/** The rate at which a host or a source may cause fetches. */
interface FetchLimit {
  readonly burst: number;
  readonly perSecond: number;
  readonly now: number;
  readonly bucketsMax: number;
}

/** Takes one token from a bucket. Returns false if it is empty. */
function takeFrom<K>(buckets: Map<K, Bucket>, key: K, { burst, perSecond, now, bucketsMax }: FetchLimit): boolean {
  const { bucket, taken } = take(buckets.get(key) ?? { tokens: burst, at: now }, perSecond, now, burst);
  keep(buckets, key, bucket, bucketsMax);
  return taken;
}

/** Requests with other credentials are other documents. */
function nameOf({ url, post }: KeyRequest): string {
  return post === undefined ? url : `${url} ${hash("sha256", post, "base64url")}`;
}

/** Adds an entry and drops the oldest ones. */
function keep<K, T>(map: Map<K, T>, name: K, value: T, entriesMax: number): void {
  map.delete(name);
  for (const oldest of map.keys()) {
    if (map.size < entriesMax) break;
    map.delete(oldest);
  }
  map.set(name, value);
}

const AGE_MS = { min: 5 * MINUTE_MS, usual: 60 * MINUTE_MS, max: 24 * 60 * MINUTE_MS } as const;

/** Returns how long a document may be used without fetching it again. */
export function maxAgeMs(cacheControl: string | null): number {
  if (cacheControl === null) return AGE_MS.usual;
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return AGE_MS.min;
  const seconds = /\bmax-age\s*=\s*"?(\d{1,12})/i.exec(cacheControl)?.[1];
  return seconds === undefined ? AGE_MS.usual : Math.min(AGE_MS.max, Math.max(AGE_MS.min, Number(seconds) * 1000));
}
