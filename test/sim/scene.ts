import type { Database } from "bun:sqlite";
import type { Seq } from "../../src/core/id.ts";
import type { Checks } from "./checks.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Marks } from "./marks.ts";
import type { Network } from "./network.ts";
import type { Program } from "./program.ts";
import type { SimBrokers } from "./queues/brokers.ts";
import type { EventName, Rates, SourceEventName } from "./rates.ts";
import type { InFlight, Target } from "./watch/in-flight.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const EVENT_TYPES = ["order.paid", "order.sent", "user.created"];
export const CHANNELS = ["eu", "us"];
/** Maximum size of a message in the simulation. */
export const BODY_BYTES_MAX = 64 * 1024;
export const TAGS = ["blue", "green", "red"];

/** A message that was sent, with the response that the caller got. */
export interface Sent {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  /** True time of the call. */
  readonly sentAt: number;
  readonly payload: Uint8Array;
  /** Earliest time of the first attempt, or null. */
  readonly deliverAt: number | null;
  /**
   * Time at which the payload may be deleted; null if the retention of the installation applies.
   */
  readonly expiresAt: number | null;
  readonly answer: "accepted" | "refused";
}

/**
 * An event that affects the program. Resolves when all callers have their responses. `target` is
 * what the event is aimed at; if it is null, the event chooses a random target.
 */
export type Event = (scene: Scene, program: Program, target: Target | null) => Promise<void>;

/** The part of a world that outlives the program. */
export interface Scene {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly rates: Rates;
  readonly network: Network;
  readonly brokers: SimBrokers;
  readonly db: Database;
  readonly checks: Checks;
  readonly marks: Marks;
  readonly inFlight: InFlight;
  readonly sent: Sent[];
  environment: Seq;
  /** All applications, even deleted ones. */
  readonly applications: Seq[];
  /** All endpoints, even deleted ones. */
  readonly endpoints: Seq[];
  /** Hosts whose behaviour changes. */
  readonly hosts: string[];
  /** Starts an event after `delayMs` unless this life of the program is over by then. */
  later(delayMs: number, name: EventName, target: Target | null): void;
  /** Starts an event of a source, like `later`. */
  laterAtSource(delayMs: number, name: SourceEventName): void;
  /** Sometimes lets the program crash within a few turns of the clock. */
  perhapsCrashSoon(): void;
  /** Returns whether a consumer that gets a frame disconnects soon. */
  rollConsumerLoss(): boolean;
}
