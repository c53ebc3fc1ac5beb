import { type LookupResult, learn, type NameAnswer, rankOf, resolvedOf, usableAddresses } from "../core/name-answer.ts";
import { noNameServer } from "../core/shortage.ts";
import type { Clock, Resolver, Shortage } from "../ports.ts";
import { steadyClock } from "./clock.ts";
import { type AskName, NameService } from "./name-service.ts";
import { PrioritySemaphore } from "./priority-semaphore.ts";

const NAMES_MAX = 10_000;
/**
 * Maximum numbers of concurrent lookups: in total, for new and failing names together, and for
 * failing names alone.
 */
const CONCURRENT_MAX = [1024, 768, 512] as const;
const WAITING_MAX = NAMES_MAX;
/**
 * Maximum duration of a lookup, in ms. It is shorter than the default delivery timeout, so that the
 * attempt can report the cause.
 */
const LOOKUP_MS_MAX = 6000;
/** How long an attempt with a usable cached result waits for a newer one, in ms. */
const PATIENCE_MS = 100;

type Addresses = readonly string[];
type Resolved = Addresses | Shortage;

/** A lookup in progress, shared by all callers that need the name. */
interface PendingLookup {
  readonly addresses: Promise<Resolved>;
  /**
   * Resolves to the new addresses. If old addresses are still usable, resolves to these after a
   * short wait.
   */
  readonly addressesSoon: Promise<Resolved>;
}

interface Name {
  answer: NameAnswer | undefined;
  pending: PendingLookup | null;
}

/**
 * Resolves host names with a cache that all attempts share. While the name servers do not respond,
 * known addresses are used for as long as `core/name-answer.ts` allows. Lookups that hang do not
 * block other lookups.
 */
export class SystemResolver implements Resolver {
  readonly #names = new Map<string, Name>();
  readonly #semaphore = new PrioritySemaphore(CONCURRENT_MAX, WAITING_MAX);

  constructor(
    private readonly askName: AskName,
    private readonly clock: Pick<Clock, "now" | "after"> = steadyClock,
    /** Returns whether no name server responds to any query. */
    private readonly isSilent: () => boolean = () => false,
  ) {}

  resolve(host: string, signal: AbortSignal): Promise<Resolved> {
    const now = this.clock.now();
    const name = this.#names.get(host);
    if (name?.answer !== undefined && now < name.answer.nextLookupAt) {
      return Promise.resolve(resolvedOf(name.answer, now));
    }
    const pending = name?.pending ?? this.#startLookup(host, name?.answer);
    const isUsable = usableAddresses(name?.answer, now).length > 0;
    return this.#unlessAborted(isUsable ? pending.addressesSoon : pending.addresses, signal);
  }

  /**
   * Resolves to the result. If `signal` aborts first, resolves to a shortage if no name server
   * responds, otherwise to no addresses. The listener is removed when the lookup ends, because the
   * signal may exist for longer.
   */
  #unlessAborted(addresses: Promise<Resolved>, signal: AbortSignal): Promise<Resolved> {
    if (signal.aborted) return Promise.resolve([]);
    return new Promise((resolve) => {
      const abort = () => resolve(this.isSilent() ? noNameServer : []);
      signal.addEventListener("abort", abort, { once: true });
      void addresses.then((found) => {
        signal.removeEventListener("abort", abort);
        resolve(found);
      });
    });
  }

  #startLookup(host: string, answer: NameAnswer | undefined): PendingLookup {
    const name: Name = { answer, pending: null };
    this.#names.delete(host);
    if (this.#names.size >= NAMES_MAX) this.#names.delete(this.#names.keys().next().value!);
    this.#names.set(host, name);
    const addresses = this.#refresh(host, name);
    name.pending = { addresses, addressesSoon: this.#newerOrUsable(addresses, answer) };
    return name.pending;
  }

  async #refresh(host: string, name: Name): Promise<Resolved> {
    const result = await this.#lookUp(host, rankOf(name.answer, this.clock.now()));
    const now = this.clock.now();
    name.pending = null;
    if (result !== null) name.answer = learn(name.answer, result, now);
    return resolvedOf(name.answer, now);
  }

  /**
   * Looks up a name. Returns null if too many lookups are waiting. In that case nothing is known
   * about the name.
   */
  async #lookUp(host: string, rank: number): Promise<LookupResult | null> {
    if (!(await this.#semaphore.acquire(rank))) return null;
    const controller = new AbortController();
    const timeout = Promise.withResolvers<LookupResult>();
    const cancel = this.clock.after(LOOKUP_MS_MAX, () => {
      controller.abort();
      timeout.resolve(this.isSilent() ? { kind: "unreachable", shortage: noNameServer } : { kind: "unanswered" });
    });
    try {
      return await Promise.race([this.askName(host, controller.signal), timeout.promise]);
    } finally {
      cancel();
      this.#semaphore.release(rank);
    }
  }

  #newerOrUsable(addresses: Promise<Resolved>, answer: NameAnswer | undefined): Promise<Resolved> {
    const usable = usableAddresses(answer, this.clock.now());
    if (usable.length === 0) return addresses;
    const { promise, resolve } = Promise.withResolvers<Resolved>();
    const cancel = this.clock.after(PATIENCE_MS, () => resolve(usable));
    void addresses.then((newer) => {
      cancel();
      resolve(newer);
    });
    return promise;
  }
}

/**
 * Returns a resolver that uses these name servers, or this machine's if the list is empty. Create
 * only one per process.
 */
export function systemResolver(nameServers: readonly string[]): SystemResolver {
  const { ask, isSilent } = nameServers.length > 0 ? NameService.withServers(nameServers) : new NameService();
  return new SystemResolver(ask, steadyClock, isSilent);
}
