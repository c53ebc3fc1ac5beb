import type { Database } from "bun:sqlite";
import type { Seq } from "../../src/core/id.ts";
import type { Checks } from "./checks.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Marks } from "./marks.ts";
import type { Network } from "./network.ts";
import type { Program } from "./program.ts";
import type { EventName, Rates } from "./rates.ts";
import type { InFlight, Target } from "./watch/in-flight.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const EVENT_TYPES = ["order.paid", "order.sent", "user.created"];
export const CHANNELS = ["eu", "us"];
export const TAGS = ["blue", "green", "red"];

/** The response that a caller got to one message. */
export interface Sent {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  /** True time. */
  readonly sentAt: number;
  readonly payload: Uint8Array;
  /** Earliest time for its first attempt, or null. */
  readonly deliverAt: number | null;
  /** When its payload may be deleted, or null if it has the retention of the installation. */
  readonly expiresAt: number | null;
  readonly answer: "accepted" | "refused";
}

/**
 * Something that happens to the program. Resolves when the callers have their responses. `target`
 * is what the event is aimed at; null lets chance choose.
 */
export type Event = (scene: Scene, program: Program, target: Target | null) => Promise<void>;

/** Everything that outlives the lives of the program. */
export interface Scene {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly rates: Rates;
  readonly network: Network;
  readonly db: Database;
  readonly checks: Checks;
  readonly marks: Marks;
  readonly inFlight: InFlight;
  readonly sent: Sent[];
  environment: Seq;
  /** Includes deleted ones. */
  readonly applications: Seq[];
  /** Includes deleted ones. */
  readonly endpoints: Seq[];
  /** Hosts whose behaviour changes. */
  readonly hosts: string[];
  /** Lets an event happen in `delayMs`, unless the program's life is over by then. */
  later(delayMs: number, name: EventName, target: Target | null): void;
}
