import type { Store } from "../../../src/store/index.ts";
import type { SeedClock, SeedRandom } from "./time.ts";

export interface SeedOptions {
  readonly dataDir: string;
  readonly messages: number;
  readonly attempts: number;
  readonly deadLetters: number;
  /** The period, which ends now. Data older than the server's `retention` would be deleted. */
  readonly days: number;
  readonly seed: number;
}

export interface SeedParts {
  readonly store: Store;
  readonly clock: SeedClock;
  readonly random: SeedRandom;
}
