import type { Database } from "bun:sqlite";
import type { IdCodec, Seq, SeqSource } from "../../../core/id.ts";
import type { Arrival } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import type { ApplicationMessages } from "../indexes/application-messages.ts";
import type { DeferredIndex } from "../indexes/deferred-index.ts";
import type { EventIds } from "../keys/event-ids.ts";
import type { MessageKeys } from "../keys/message-keys.ts";
import type { QuotaUsages } from "../queue/quota-usage.ts";
import type { KeptIds } from "./moved-ids.ts";

export interface DestinationParts {
  readonly db: Database;
  readonly committer: Committer;
  readonly box: SecretBox;
  readonly ids: IdCodec;
  readonly kept: KeptIds;
  readonly numbers: SeqSource;
  readonly turns: Turns;
  readonly usages: QuotaUsages;
  readonly eventIds: EventIds;
  readonly keys: MessageKeys;
  readonly endpointAttempts: DeferredIndex;
  readonly applicationMessages: ApplicationMessages;
}

/** What is checked and done in each commit before a page is stored. */
export interface HoldRules {
  /** Deletes what was read under earlier holds. */
  beginHold(applicationSeq: Seq, hold: string): void;
  /** Returns whether what is stored was read under a later hold. */
  isOver(applicationSeq: Seq, hold: string): boolean;
  hasArrived(applicationSeq: Seq): boolean;
}

export type ArrivalReader = (applicationSeq: Seq) => Arrival | null;
