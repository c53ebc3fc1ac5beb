import type { Database } from "bun:sqlite";
import type { Seq } from "../../src/core/id.ts";
import type { Checks } from "./checks.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Network } from "./network.ts";

export const HOUR_MS = 3_600_000;
export const EVENT_TYPES = ["order.paid", "order.sent", "user.created"];
export const CHANNELS = ["eu", "us"];
export const TAGS = ["blue", "green", "red"];

/** What the caller was told of one message. */
export interface Sent {
  readonly seq: Seq;
  /** True instant. */
  readonly sentAt: number;
  readonly payload: Uint8Array;
  /** Not to be sent before this instant. */
  readonly deliverAt: number | null;
  /** When its payload may be deleted, if earlier than others. */
  readonly expiresAt: number | null;
  readonly answer: "accepted" | "refused";
}

/** What there is beside the program, and outlives its crashes. */
export interface Scene {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly network: Network;
  readonly db: Database;
  readonly checks: Checks;
  readonly sent: Sent[];
  /** How long messages are kept. */
  readonly retentionMs: number;
  environment: Seq;
  /** Deleted ones too. */
  readonly applications: Seq[];
  readonly endpoints: Seq[];
  /** Of the endpoints, one each. */
  readonly hosts: string[];
}
