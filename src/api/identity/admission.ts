import { Problem } from "../../core/problem.ts";
import type { Cancel, Clock } from "../../ports.ts";

/** Time between two checks, in ms. A stream must end within 2 s of its token's end. */
const CHECK_EVERY_MS = 1000;

/**
 * A caller's permission to make a request, for requests that outlast their first check: streams and
 * long polls.
 */
export interface Admission {
  /**
   * Calls `onEnd` once when the permission has ended, with the error that the same request would
   * get now. Returns a function that stops watching.
   */
  watch(onEnd: (problem: Problem) => void): Cancel;
}

/** The permission for requests that are answered at once. It is never checked again. */
export const unwatched: Admission = { watch: () => () => {} };

/**
 * Repeats the check of a request at intervals. This finds every way in which a token can end:
 * expiry, revocation by this or another process, the deletion of its application or environment,
 * and a change of its scopes.
 */
export class RepeatedCheck implements Admission {
  /** `check` throws or rejects with a `Problem` if the caller may no longer make the request. */
  constructor(
    private readonly clock: Clock,
    private readonly check: () => Promise<void>,
  ) {}

  watch(onEnd: (problem: Problem) => void): Cancel {
    let isOver = false;
    let cancelTimer: Cancel = () => {};
    const checkLater = () => {
      cancelTimer = this.clock.after(CHECK_EVERY_MS, () => void checkNow());
    };
    const checkNow = async () => {
      const problem = await this.#problem();
      if (isOver) return;
      if (problem === null) checkLater();
      else onEnd(problem);
    };
    checkLater();
    return () => {
      isOver = true;
      cancelTimer();
    };
  }

  async #problem(): Promise<Problem | null> {
    try {
      await this.check();
      return null;
    } catch (error) {
      // Any other error says nothing about the token: the store may be unavailable at the moment.
      return error instanceof Problem ? error : null;
    }
  }
}
