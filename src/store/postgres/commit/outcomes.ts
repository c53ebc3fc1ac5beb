import type { Clock } from "../../../ports.ts";
import { StoreUnavailable } from "../../index.ts";
import { isOutage, messageOf } from "../connection/errors.ts";
import type { Instance } from "../instances/instance.ts";

/** How long a lost connection may keep it unknown whether a commit took effect, in ms. */
const UNKNOWN_MAX_MS = 10_000;
/** Pause between two attempts to find that out, in ms. */
const ASK_AGAIN_MS = 100;

export interface OutcomeParts {
  readonly instance: Instance;
  readonly clock: Clock;
  /** Called if it is not known whether a transaction took effect. */
  readonly onUnknown: () => void;
}

/** Finds out what became of transactions whose COMMIT got no response. */
export class Outcomes {
  constructor(private readonly parts: OutcomeParts) {}

  /** Returns whether a transaction has taken effect. Rejects with `UnknownOutcome` if that is not known. */
  async tookEffect(number: number, cause: unknown): Promise<boolean> {
    const { instance, clock, onUnknown } = this.parts;
    const until = clock.steady() + UNKNOWN_MAX_MS;
    for (;;) {
      try {
        return (await instance.lastCommit()) >= number;
      } catch (error) {
        if (!isOutage(error) || clock.steady() >= until) {
          onUnknown();
          throw new UnknownOutcome(messageOf(cause));
        }
      }
      await new Promise<void>((resolve) => void clock.after(ASK_AGAIN_MS, resolve));
    }
  }
}

/** It is not known whether a transaction took effect. */
export class UnknownOutcome extends StoreUnavailable {
  constructor(message: string) {
    super(
      `The connection to PostgreSQL was lost during a commit (${message}). It is not known whether it took effect.`,
    );
  }
}
