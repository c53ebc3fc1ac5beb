import { type LookupResult, learn, type NameAnswer, rankOf, usableAddresses } from "../core/name-answer.ts";
import type { Clock, Resolver } from "../ports.ts";
import { steadyClock } from "./clock.ts";
import { type AskForName, NameService } from "./name-service.ts";
import { Turns } from "./turns.ts";

const NAMES_MAX = 10_000;
/** Look-ups under way at once: all, those for names that are new or failing, those for failing ones. */
const AT_ONCE_MAX = [1024, 768, 512] as const;
const WAITING_MAX = NAMES_MAX;
/** No look-up holds its place longer. Below the usual delivery timeout, so that the attempt can say what was wrong. */
const ASK_MS_MAX = 6000;
/** With a usable answer at hand, an attempt waits so long for a newer one. */
const PATIENCE_MS = 100;

type Addresses = readonly string[];

/** A look-up under way, shared by everybody who wants the name. */
interface Asking {
  readonly addresses: Promise<Addresses>;
  /** The same, or what is still usable, whichever comes first. */
  readonly addressesSoon: Promise<Addresses>;
}

interface Name {
  answer: NameAnswer | undefined;
  asking: Asking | null;
}

/**
 * Resolves once for many attempts to the same name, and goes on with what it knows while the name servers are silent
 * (`core/name-answer.ts` says for how long). However many names hang, the others are looked up.
 */
export class SystemResolver implements Resolver {
  readonly #names = new Map<string, Name>();
  readonly #turns = new Turns(AT_ONCE_MAX, WAITING_MAX);

  constructor(
    private readonly askForName: AskForName = new NameService().ask,
    private readonly clock: Pick<Clock, "now" | "after"> = steadyClock,
  ) {}

  resolve(host: string, signal: AbortSignal): Promise<Addresses> {
    const now = this.clock.now();
    const name = this.#names.get(host);
    if (name?.answer !== undefined && now < name.answer.nextLookupAt) {
      return Promise.resolve(usableAddresses(name.answer, now));
    }
    const asking = name?.asking ?? this.#ask(host, name?.answer);
    const isUsable = usableAddresses(name?.answer, now).length > 0;
    return unlessAborted(isUsable ? asking.addressesSoon : asking.addresses, signal);
  }

  #ask(host: string, answer: NameAnswer | undefined): Asking {
    const name: Name = { answer, asking: null };
    this.#names.delete(host);
    if (this.#names.size >= NAMES_MAX) this.#names.delete(this.#names.keys().next().value!);
    this.#names.set(host, name);
    const addresses = this.#renew(host, name);
    name.asking = { addresses, addressesSoon: this.#soon(addresses, answer) };
    return name.asking;
  }

  async #renew(host: string, name: Name): Promise<Addresses> {
    const result = await this.#find(host, rankOf(name.answer, this.clock.now()));
    const now = this.clock.now();
    name.asking = null;
    if (result !== null) name.answer = learn(name.answer, result, now);
    return usableAddresses(name.answer, now);
  }

  /** Null when there was no place to wait for a turn, which says nothing of the name. */
  async #find(host: string, rank: number): Promise<LookupResult | null> {
    if (!(await this.#turns.take(rank))) return null;
    const unwanted = new AbortController();
    const late = Promise.withResolvers<LookupResult>();
    const cancel = this.clock.after(ASK_MS_MAX, () => {
      unwanted.abort();
      late.resolve({ kind: "unanswered" });
    });
    try {
      return await Promise.race([this.askForName(host, unwanted.signal), late.promise]);
    } finally {
      cancel();
      this.#turns.leave(rank);
    }
  }

  #soon(addresses: Promise<Addresses>, answer: NameAnswer | undefined): Promise<Addresses> {
    const usable = usableAddresses(answer, this.clock.now());
    if (usable.length === 0) return addresses;
    const { promise, resolve } = Promise.withResolvers<Addresses>();
    const cancel = this.clock.after(PATIENCE_MS, () => resolve(usable));
    void addresses.then((newer) => {
      cancel();
      resolve(newer);
    });
    return promise;
  }
}

/** No addresses as soon as `signal` is aborted. Leaves nothing behind on a signal that lives on. */
function unlessAborted(addresses: Promise<Addresses>, signal: AbortSignal): Promise<Addresses> {
  if (signal.aborted) return Promise.resolve([]);
  return new Promise((resolve) => {
    const abort = () => resolve([]);
    signal.addEventListener("abort", abort, { once: true });
    void addresses.then((found) => {
      signal.removeEventListener("abort", abort);
      resolve(found);
    });
  });
}
