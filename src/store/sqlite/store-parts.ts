import type { Database } from "bun:sqlite";
import type { Fact } from "../../core/fact.ts";
import type { Seq, SeqSource } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";
import type { SecretBox } from "../sql/secret-box.ts";
import type { Turns } from "../turns.ts";
import type { Committer } from "./commit/commit.ts";
import type { ApplicationMessages } from "./indexes/application-messages.ts";
import type { DeferredIndex } from "./indexes/deferred-index.ts";
import type { Stretches } from "./indexes/stretches.ts";
import type { EventIds } from "./keys/event-ids.ts";
import type { MessageKeys } from "./keys/message-keys.ts";
import type { ApplicationChanges } from "./moves/application-changes.ts";
import type { FunctionSends } from "./queue/function-sends.ts";
import type { Idempotency } from "./queue/idempotency.ts";
import type { QuotaUsages } from "./queue/quota-usage.ts";

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
