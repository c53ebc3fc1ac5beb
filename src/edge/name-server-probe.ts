import type { Cancel } from "../ports.ts";

/**
 * A name that does not exist anywhere (RFC 6761, 6.4). Every name server that works responds to it,
 * so it shows whether a lookup hangs because of its name or because of the name servers.
 */
const PROBE_NAME = "boathook-probe.invalid.";
/** Time that a lookup takes at most if the name servers work and know the name, in ms. */
const PROBE_AFTER_MS = 500;
/** Time that the result of a probe without a response is valid, in ms. */
const SILENT_MS = 5000;

/** Finds out whether the name servers respond to anything. Asks only while a lookup hangs. */
export class NameServerProbe {
  #isAsking = false;
  #silentUntil = 0;

  /** `responds` looks up a name and resolves to whether a name server responded. Never rejects. */
  constructor(private readonly responds: (host: string) => Promise<boolean>) {}

  /** True if a probe is waiting for its response, or the latest one got none. */
  get isSilent(): boolean {
    return this.#isAsking || performance.now() < this.#silentUntil;
  }

  /** Must be called when a lookup begins. Call the returned function when the lookup has ended. */
  lookupBegan(): Cancel {
    const timer = setTimeout(() => void this.#ask(), PROBE_AFTER_MS);
    return () => clearTimeout(timer);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const isResponding = await this.responds(PROBE_NAME);
    this.#isAsking = false;
    this.#silentUntil = isResponding ? 0 : performance.now() + SILENT_MS;
  }
}
