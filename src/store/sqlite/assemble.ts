import type { Database } from "bun:sqlite";
import type { Fact } from "../../core/fact.ts";
import { ClockSeqSource } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";
import type { Store } from "../index.ts";
import type { SecretBox } from "../sql/secret-box.ts";
import { Turns } from "../turns.ts";
import type { CheckpointThread } from "./commit/checkpoint-thread.ts";
import { Committer } from "./commit/commit.ts";
import { configuration } from "./configuration/configuration.ts";
import { sealEndpoints } from "./encryption/seal-endpoints.ts";
import { feed } from "./feed.ts";
import { history } from "./history/history.ts";
import { payloadLinkKey } from "./history/payload-links.ts";
import { housekeeping } from "./housekeeping/housekeeping.ts";
import { idSeed, probeOf, shardPeriods } from "./housekeeping/meta.ts";
import { ApplicationMessages } from "./indexes/application-messages.ts";
import { DeferredIndex, ENDPOINT_ATTEMPTS } from "./indexes/deferred-index.ts";
import { Stretches } from "./indexes/stretches.ts";
import { moveEventIds } from "./keys/event-id-upgrade.ts";
import { EventIds } from "./keys/event-ids.ts";
import { MessageKeys } from "./keys/message-keys.ts";
import { ApplicationChanges } from "./moves/application-changes.ts";
import { moves } from "./moves/index.ts";
import { KeptIds } from "./moves/moved-ids.ts";
import { afterUnstored, CommandSeqSource, lastSeq } from "./numbers.ts";
import { FunctionSends } from "./queue/function-sends.ts";
import { Idempotency } from "./queue/idempotency.ts";
import { queue } from "./queue/queue.ts";
import { QuotaUsages } from "./queue/quota-usage.ts";
import type { Replica } from "./replica/replica.ts";
import { addConstraints } from "./schema/constraints.ts";
import type { StoreParts } from "./store-parts.ts";
import { survey } from "./survey/survey.ts";
import { watchedReads } from "./watched-reads.ts";

/** An open database whose schema is current, and what a store needs beside it. */
export interface OpenedDatabase {
  readonly db: Database;
  readonly shard?: string | null;
  readonly box: SecretBox;
  readonly clock: Clock;
  readonly onFact: (fact: Fact) => void;
  readonly beforeCommit: () => void;
  /** Called when the health of the store is checked. */
  readonly beforePing: () => void;
  readonly exclusive: boolean;
  readonly replica: Replica | null;
  /** Null if SQLite makes the checkpoints. */
  readonly checkpoints: CheckpointThread | null;
  /** Closes the database if the store owns it. */
  readonly close: () => void;
}

export interface MemoryStore {
  readonly store: Store;
  /** Simulates a crash: queued writes are lost and pending promises never settle. */
  crash(): void;
}

/** Makes the store of a database from its roles. */
export function assemble(opened: OpenedDatabase): MemoryStore {
  const { db, box, clock, exclusive, shard, replica, beforePing } = opened;
  sealEndpoints(db, box);
  moveEventIds(db);
  // Only the server adds constraints.
  const unenforced = exclusive ? addConstraints(db) : [];
  const seed = idSeed(db);
  const newest = lastSeq(db);
  const shards = shardPeriods(db, afterUnstored(newest), exclusive ? shard : undefined);
  const linkKey = payloadLinkKey(db, box);
  const parts = storeParts(opened, newest);
  const { committer, keys, eventIds, numbers } = parts;
  const { health } = committer;
  const kept = new KeptIds(db);
  const moving = moves({ ...parts, kept, seed, shards });
  const store: Store = {
    idSeed: seed,
    shards,
    get payloadLinkKey() {
      return linkKey();
    },
    numbers,
    clock,
    queue: watchedReads(queue(parts, moving.origin.departed, replica), health),
    configuration: watchedReads(configuration(parts), health),
    history: watchedReads(history(parts), health),
    housekeeping: watchedReads(housekeeping(parts, unenforced, beforePing), health),
    survey: watchedReads(survey(parts), health),
    feed: feed(db),
    moves: moving,
    ...(replica !== null && { replica }),
    together: committer.together,
    close: closeVerb(opened, parts, kept),
  };
  const crash = () => {
    keys.close();
    eventIds.close();
    committer.crash();
  };
  return { store, crash };
}

/** `newest` is the greatest stored number. */
function storeParts(opened: OpenedDatabase, newest: number): StoreParts {
  const { db, box, clock, onFact, exclusive, beforeCommit, replica, checkpoints } = opened;
  const committer = new Committer(db, clock, onFact, beforeCommit, probeOf(db, clock));
  replica?.follow(committer);
  if (checkpoints !== null) committer.onCommit(checkpoints.afterCommit);
  const turns = new Turns(clock);
  const numbers = exclusive
    ? new ClockSeqSource(clock.now, afterUnstored(newest))
    : new CommandSeqSource(db, clock.now);
  const keys = new MessageKeys({ db, committer, turns, clock, onFact });
  const indexed = { db, committer, exclusive, onFact };
  return {
    ...{ db, box, clock, onFact, committer, turns, numbers, keys },
    eventIds: new EventIds({ db, committer, turns, clock, onFact }),
    idempotency: new Idempotency(db, keys, box, numbers),
    functionSends: new FunctionSends(db),
    stretches: new Stretches(db, committer, newest),
    endpointAttempts: new DeferredIndex(indexed, ENDPOINT_ATTEMPTS),
    // The roles prepare statements that read its view, which its constructor creates.
    applicationMessages: new ApplicationMessages(indexed),
    usages: new QuotaUsages(db),
    erasures: new Map(),
    applicationChanges: new ApplicationChanges(db),
  };
}

function closeVerb({ replica, checkpoints, close }: OpenedDatabase, parts: StoreParts, kept: KeptIds): Store["close"] {
  const { committer, stretches, applicationMessages, applicationChanges, keys, eventIds } = parts;
  return async () => {
    // If these fail, for example because the disk is full, the lost traits only make searches
    // slower, and the next start reads the entries from the messages.
    committer.write(() => stretches.close()).catch(() => {});
    committer.write(() => applicationMessages.close()).catch(() => {});
    keys.close();
    eventIds.close();
    kept.close();
    applicationChanges.close();
    committer.close();
    await replica?.finish();
    await checkpoints?.close();
    close();
  };
}
