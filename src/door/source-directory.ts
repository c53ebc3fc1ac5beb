import type { Seq } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import { isDoorToken, tokenHash } from "../core/token.ts";
import type { Clock } from "../ports.ts";
import type { Receiver } from "../receive/receiver.ts";
import { afterCatchUp } from "../store/feed.ts";
import type { Key, Source, Store } from "../store/index.ts";

/** The data needed to receive a request at one URL of a source. */
export interface SourceEntry {
  readonly source: Source;
  /** The key of the application behind the source, for `Directory.application`. */
  readonly application: Key;
  /** The URL as registered with the sender, without suffix and query. Some senders sign it. */
  readonly url: string;
  /** The provider's rules with the source's keys, which are parsed once. */
  readonly receiver: Receiver;
  /** Time at which the token ends. From then on the entry must not be used. */
  readonly validUntil: number;
}

/** Prepares the rules of a source. `url` is the URL as registered with the sender. */
export type Prepare = (source: Source, url: string) => Receiver;

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly signals: Signals;
  readonly prepare: Prepare;
  /** Returns the URL under which the server can be reached, without a slash at the end. */
  readonly publicUrl: () => string;
}

const ENTRIES_MAX = 10_000;

/**
 * Caches sources by the tokens of their URLs, so that receiving a message does not need to read
 * them from the store or to parse their keys. An entry is dropped when a signal reports a change.
 * When the cache is full, the oldest entry is dropped. Unknown tokens are not cached; looking one up
 * reads an index.
 */
export class SourceDirectory {
  readonly #byToken = new Map<string, SourceEntry>();
  readonly #tokensOf = new Map<Seq, Set<string>>();
  /**
   * Incremented with every change, so that an entry read before a change is not cached after the
   * change.
   */
  #changes = 0;

  constructor(private readonly parts: Parts) {
    parts.signals.invalidate(["source.changed"], ({ sourceSeq }) => this.#forget(sourceSeq));
    parts.signals.invalidate(["store.changed"], () => this.#forgetAll());
  }

  /**
   * Returns the entry of a token, or null if there is no source with this token or it is disabled.
   * Returns a promise only if the store, or the changes of other processes, must be read first.
   */
  find(token: string): SourceEntry | null | Promise<SourceEntry | null> {
    if (!isDoorToken(token)) return null;
    return afterCatchUp(this.parts.store.feed, () => this.#known(token));
  }

  #known(token: string): SourceEntry | Promise<SourceEntry | null> {
    const cached = this.#byToken.get(token);
    if (cached !== undefined && cached.validUntil > this.parts.clock.now()) return cached;
    return this.#read(token);
  }

  /** Returns the URL of a token. */
  urlOf(token: string): string {
    return `${this.parts.publicUrl()}/in/${token}`;
  }

  async #read(token: string): Promise<SourceEntry | null> {
    const changes = this.#changes;
    const { store, clock, prepare } = this.parts;
    const found = await store.configuration.sources.withToken(tokenHash(token), clock.now());
    if (found === null || found.source.disabled) return null;
    const { source, expiresAt } = found;
    const { url: registered } = source.config;
    const url = typeof registered === "string" && registered !== "" ? registered : this.urlOf(token);
    const entry: SourceEntry = {
      source,
      application: { seq: source.applicationSeq },
      url,
      receiver: prepare(source, url),
      validUntil: expiresAt ?? Number.POSITIVE_INFINITY,
    };
    if (changes === this.#changes) this.#keep(token, entry);
    return entry;
  }

  #keep(token: string, entry: SourceEntry): void {
    if (this.#byToken.size >= ENTRIES_MAX) {
      const oldest = this.#byToken.values().next().value;
      if (oldest !== undefined) this.#forget(oldest.source.seq);
    }
    this.#byToken.set(token, entry);
    const tokens = this.#tokensOf.get(entry.source.seq) ?? new Set();
    this.#tokensOf.set(entry.source.seq, tokens.add(token));
  }

  #forget(seq: Seq): void {
    this.#changes++;
    for (const token of this.#tokensOf.get(seq) ?? []) this.#byToken.delete(token);
    this.#tokensOf.delete(seq);
  }

  #forgetAll(): void {
    this.#changes++;
    this.#byToken.clear();
    this.#tokensOf.clear();
  }
}
