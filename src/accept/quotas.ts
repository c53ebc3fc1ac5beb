import type { Seq } from "../core/id.ts";
import { limitsMessages, type MessageQuota, type Quota, quotaInForce } from "../core/quota.ts";
import type { Clock } from "../ports.ts";
import type { Application, Store } from "../store/index.ts";

type Limited = Pick<Application, "quota" | "sourceSeq">;

/**
 * The quotas of applications. An application without a quota of its own has the server's defaults.
 * Applications behind sources have none.
 */
export class Quotas {
  /** Whether the defaults limit messages. */
  readonly #areMessagesLimited: boolean;

  constructor(
    private readonly store: Pick<Store, "queue">,
    private readonly clock: Pick<Clock, "now">,
    private readonly defaults: Quota,
  ) {
    this.#areMessagesLimited = limitsMessages(defaults);
  }

  /** Returns the limits in force. */
  of(application: Limited): Quota {
    return quotaInForce(application, this.defaults);
  }

  /** Returns the limits in force for messages, or null if there are none. */
  ofMessages(application: Limited): MessageQuota | null {
    if (application.quota === null && !this.#areMessagesLimited) return null;
    const quota = this.of(application);
    return limitsMessages(quota) ? quota : null;
  }

  /** Counts what an application uses. Returns false if the application was deleted. */
  count(applicationSeq: Seq): Promise<boolean> {
    return this.store.queue.usage.count(applicationSeq, this.clock.now());
  }
}
