import type { Seq } from "../core/id.ts";
import { limitsMessages, type MessageQuota, type Quota, quotaInForce } from "../core/quota.ts";
import type { Clock } from "../ports.ts";
import type { Application, Store } from "../store/index.ts";

type Limited = Pick<Application, "quota" | "sourceSeq">;

/** Maximum time that a message waits until its application's usage is counted, in ms. */
const WAIT_MS_MAX = 2000;

/**
 * The quotas of applications. An application without a quota of its own has the server's defaults.
 * Applications behind sources have none.
 */
export class Quotas {
  /** The applications that are being counted. */
  readonly #counting = new Map<Seq, Promise<boolean>>();
  /** Whether the defaults limit messages. */
  readonly #areMessagesLimited: boolean;

  constructor(
    private readonly store: Pick<Store, "queue">,
    private readonly clock: Pick<Clock, "now" | "after">,
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

  /**
   * Counts what an application uses. Resolves to false if the application was deleted, or if counting
   * takes longer than `WAIT_MS_MAX`. In that case counting continues, and calls resolve to false until
   * it ends.
   */
  count(applicationSeq: Seq): Promise<boolean> {
    const known = this.#counting.get(applicationSeq);
    if (known !== undefined) return known;
    const counted = this.store.queue.usage.count(applicationSeq, this.clock.now());
    const soon = new Promise<boolean>((resolve, reject) => {
      const cancel = this.clock.after(WAIT_MS_MAX, () => resolve(false));
      // If counting fails later, the next message starts it again.
      void counted.then(resolve, reject).finally(() => {
        cancel();
        this.#counting.delete(applicationSeq);
      });
    });
    this.#counting.set(applicationSeq, soon);
    return soon;
  }
}
