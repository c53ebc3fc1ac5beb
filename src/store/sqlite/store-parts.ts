import type { Database } from "bun:sqlite";
import type { Fact } from "../../core/fact.ts";
import type { Seq, SeqSource } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";
import type { SecretBox } from "../sql/secret-box.ts";
import type { Turns } from "../turns.ts";
import type { ApplicationMessages } from "./application-messages.ts";
import type { Committer } from "./commit.ts";
import type { DeferredIndex } from "./deferred-index.ts";
import type { FunctionSends } from "./function-sends.ts";
import type { Idempotency } from "./idempotency.ts";
import type { EventIds } from "./keys/event-ids.ts";
import type { MessageKeys } from "./keys/message-keys.ts";
import type { ApplicationChanges } from "./moves/application-changes.ts";
import type { QuotaUsages } from "./quota-usage.ts";
import type { Stretches } from "./stretches.ts";

/** What the roles of a store share: the database, its commits, and the rows that are kept in memory. */
export interface StoreParts {
  readonly db: Database;
  readonly box: SecretBox;
  readonly clock: Clock;
  readonly onFact: (fact: Fact) => void;
  readonly committer: Committer;
  readonly turns: Turns;
  readonly numbers: SeqSource;
  readonly keys: MessageKeys;
  readonly eventIds: EventIds;
  readonly idempotency: Idempotency;
  readonly functionSends: FunctionSends;
  readonly stretches: Stretches;
  readonly endpointAttempts: DeferredIndex;
  readonly applicationMessages: ApplicationMessages;
  readonly usages: QuotaUsages;
  /** Number of times since the start that payloads of an application were expunged, by application. */
  readonly erasures: Map<Seq, number>;
  readonly applicationChanges: ApplicationChanges;
}
