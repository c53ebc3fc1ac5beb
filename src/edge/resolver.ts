import { lookup } from "node:dns/promises";
import type { Resolver } from "../ports.ts";

/** How long an answer is used again, and how long a failure is. Short: an endpoint that moves is found again soon. */
const KEEP_MS = 10_000;
const KEEP_FAILURE_MS = 1000;
const NAMES_MAX = 10_000;

interface Kept {
  readonly addresses: Promise<readonly string[]>;
  until: number;
}

/** Resolves through the system (so /etc/hosts counts), once for many attempts to the same name. */
export class SystemResolver implements Resolver {
  readonly #names = new Map<string, Kept>();

  resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const kept = this.#names.get(host);
    const answer = kept !== undefined && kept.until > Date.now() ? kept.addresses : this.#ask(host);
    return Promise.race([answer, whenAborted(signal)]);
  }

  #ask(host: string): Promise<readonly string[]> {
    const kept: Kept = { addresses: addressesOf(host), until: Number.POSITIVE_INFINITY };
    void kept.addresses.then((addresses) => {
      kept.until = Date.now() + (addresses.length > 0 ? KEEP_MS : KEEP_FAILURE_MS);
    });
    this.#names.delete(host);
    if (this.#names.size >= NAMES_MAX) this.#names.delete(this.#names.keys().next().value!);
    this.#names.set(host, kept);
    return kept.addresses;
  }
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    // IPv4 first: a machine without IPv6 is told of IPv6 addresses all the same.
    const found = await lookup(host, { all: true, order: "ipv4first" });
    return found.map(({ address }) => address);
  } catch {
    return [];
  }
}

function whenAborted(signal: AbortSignal): Promise<readonly string[]> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve([]);
    else signal.addEventListener("abort", () => resolve([]), { once: true });
  });
}
