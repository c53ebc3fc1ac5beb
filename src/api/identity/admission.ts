import { Problem } from "../../core/problem.ts";
import type { Cancel, Clock } from "../../ports.ts";

/** Time between two checks, in ms. A stream must end within 2 s of the end of its token. */
const CHECK_EVERY_MS = 1000;

/**
 * A caller's permission to make a request. It is checked repeatedly for streams and long polls,
 * which outlast the first check.
 */
export interface Admission {
  /**
   * Calls `onEnd` once when the permission has ended. The error is the one that the same request
   * would get now. Returns a function that stops watching.
   */
  watch(onEnd: (problem: Problem) => void): Cancel;
}

/** The permission for requests that get their response at once. It is never checked again. */
export const unwatched: Admission = { watch: () => () => {} };

/**
 * Repeats the check of a request at intervals. This detects every way in which a token can end:
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
      // Other errors do not mean that the token has ended; for example, the store may be
      // unavailable.
      return error instanceof Problem ? error : null;
    }
  }
}
