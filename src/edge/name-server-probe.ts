import type { Cancel } from "../ports.ts";

/**
 * A name that does not exist anywhere (RFC 6761, 6.4). Every working name server responds to a
 * query for this name. So the probe shows whether a lookup hangs because of its name or because of
 * the name servers.
 */
const PROBE_NAME = "boathook-probe.invalid.";
/**
 * Duration in ms after which a lookup counts as hanging. A lookup takes less time if the name
 * servers work and know the name.
 */
const PROBE_AFTER_MS = 500;
/** How long the result of a probe without a response is valid, in ms. */
const SILENT_MS = 5000;

/** Detects whether the name servers respond at all. Sends a probe only while a lookup hangs. */
export class NameServerProbe {
  #isAsking = false;
  #silentUntil = 0;

  /** `responds` looks up a name and resolves to whether a name server responded. Never rejects. */
  constructor(private readonly responds: (host: string) => Promise<boolean>) {}

  /** Whether a probe is waiting for its response or the latest probe got none. */
  get isSilent(): boolean {
    return this.#isAsking || performance.now() < this.#silentUntil;
  }

  /**
   * Must be called when a lookup begins. The caller must call the returned function when the lookup
   * has ended.
   */
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
