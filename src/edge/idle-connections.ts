import { closeSync, openSync } from "node:fs";
import { OneLife } from "../core/service.ts";
import type { Cancel, Clock } from "../ports.ts";

const CHECK_EVERY_MS = 250;
/**
 * Share of the file descriptors that may be in use before idle connections of clients are closed.
 */
const CLIENT_SHARE = 0.75;

/**
 * Keeps file descriptors free for deliveries. While three quarters of them are in use, it closes
 * the connections of clients that have no request in progress. A client opens a new connection for
 * its next request. The runtime itself closes connections on which no request was ever sent after
 * about ten seconds (Bun 1.4.5).
 */
export class IdleConnections extends OneLife {
  #cancel: Cancel = () => {};

  constructor(
    private readonly clock: Clock,
    /** The maximum number of open files, or null if it is not known. */
    private readonly filesMax: number | null,
    private readonly closeIdle: () => void,
  ) {
    super();
  }

  protected begin(): void {
    if (this.filesMax !== null) this.#checkLater(this.filesMax * CLIENT_SHARE);
  }

  protected end(): void {
    this.#cancel();
  }

  #checkLater(descriptorMax: number): void {
    this.#cancel = this.clock.after(CHECK_EVERY_MS, () => {
      if (lowestFreeDescriptor() >= descriptorMax) this.closeIdle();
      this.#checkLater(descriptorMax);
    });
  }
}

/**
 * Returns the lowest free file descriptor, or infinity if none is free. All lower ones are in use,
 * so this number shows how many are in use without listing them.
 */
function lowestFreeDescriptor(): number {
  try {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
