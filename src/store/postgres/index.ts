import type { Fact } from "../../core/fact.ts";
import type { Clock } from "../../ports.ts";
import type { Configuration, History, Housekeeping, Queue, Store } from "../index.ts";
import { acceptVerb } from "./accept.ts";
import { attempts } from "./attempts.ts";
import { batchVerbs } from "./batches.ts";
import { cancelVerbs } from "./cancel.ts";
import { claimVerbs } from "./claims.ts";
import { clockOffsets } from "./clock-offsets.ts";
import { Committer } from "./commit.ts";
import { configuration } from "./configuration.ts";
import { Database } from "./database.ts";
import { DatabaseClock } from "./database-clock.ts";
import { Days } from "./days.ts";
import { deadLetters } from "./dead-letters.ts";
import { deliveries } from "./deliveries.ts";
import { endpointMessages } from "./endpoint-messages.ts";
import { expungeVerbs } from "./expunge.ts";
import { PostgresFeed } from "./feed.ts";
import { hopsOfVerb } from "./function-sends.ts";
import { idempotencyVerbs } from "./idempotency.ts";
import { Instance } from "./instance.ts";
import { openKeys } from "./keys.ts";
import { lanes } from "./lanes.ts";
import { contentsVerb, messages } from "./messages.ts";
import { idSeed, meta, payloadLinkKey } from "./meta.ts";
import { migrate } from "./migrate.ts";
import { SlotSeqSource } from "./numbers.ts";
import { pollers } from "./pollers.ts";
import { pruneVerb } from "./prune.ts";
import { QuotaUsages, usageVerbs } from "./quota-usage.ts";
import { redriveVerbs } from "./redrive.ts";
import { replayable, resendAllVerb } from "./replay.ts";
import { settleVerb } from "./settle.ts";
import { sourceLog } from "./source-log.ts";
import { tasks, taskUpdate } from "./tasks.ts";

export interface OpenOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** 64 hex digits. All instances need the same key. */
  readonly encryptionKey: string;
  /** How long an instance that no longer responds keeps its lanes, in ms. */
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly onFact: (fact: Fact) => void;
}

/**
 * The verbs of the store that PostgreSQL has. It is no `Store` until it has all of them, so the server
 * cannot be started with it.
 */
export interface PostgresStore
  extends Pick<Store, "idSeed" | "payloadLinkKey" | "numbers" | "feed" | "together" | "close"> {
  readonly queue: Queue;
  readonly configuration: Configuration;
  readonly history: {
    readonly messages: Omit<History["messages"], "latest">;
    readonly attempts: History["attempts"];
    readonly deadLetters: History["deadLetters"];
    readonly replayable: History["replayable"];
    readonly pollers: History["pollers"];
    readonly sourceLog: History["sourceLog"];
  };
  readonly housekeeping: Pick<Housekeeping, "meta" | "clockOffsets" | "tasks" | "prune" | "ping">;
}

/** Opens a database, and creates its tables if necessary. Throws `StartError` if it cannot be used. */
export async function openStore({ url, encryptionKey, leaseMs, clock, onFact }: OpenOptions): Promise<PostgresStore> {
  const database = new Database({ url });
  const databaseClock = new DatabaseClock(clock.steady, clock.now);
  const numbers = new SlotSeqSource(() => databaseClock.latest);
  const onDefect = (error: unknown) => onFact({ type: "defect.found", where: "work of the instance", error });
  const instance = new Instance({ database, clock, leaseMs, numbers, databaseClock, onDefect });
  try {
    await migrate(database);
    const box = await openKeys(database, encryptionKey);
    await instance.acquire();
    const [seed, linkKey] = [await idSeed(database), await payloadLinkKey(database, box)];
    let closing: Promise<void> | null = null;
    const shared = { database, instance, clock, numbers, databaseClock };
    const committer = new Committer({ ...shared, onFact, onUnknown: () => feed.lostCommit() });
    const feed = new PostgresFeed({ ...shared, committer, onDefect });
    await feed.start();
    const [days, usages] = [new Days(database), new QuotaUsages()];
    const storeTask = taskUpdate(instance);
    return {
      idSeed: seed,
      payloadLinkKey: linkKey,
      numbers,
      queue: {
        ...claimVerbs(database, instance),
        ...lanes(database),
        ...deliveries(committer, numbers),
        ...redriveVerbs(database, committer, numbers, storeTask, clock),
        accept: acceptVerb(committer, days, usages),
        usage: usageVerbs(database, committer),
        idempotency: idempotencyVerbs(database, committer, box),
        hopsOf: hopsOfVerb(database),
        contents: contentsVerb(database),
        settle: settleVerb(committer, days, box),
        resendAll: resendAllVerb(committer, numbers, storeTask),
        batch: batchVerbs(database, committer, numbers),
        cancel: cancelVerbs(committer, storeTask),
        expunge: expungeVerbs(committer, storeTask, clock),
      },
      configuration: configuration(database, committer, box),
      history: {
        messages: { ...messages(database), ofEndpoint: endpointMessages(database) },
        attempts: attempts(database, committer, box),
        deadLetters: deadLetters(database),
        replayable: replayable(database),
        pollers: pollers(database, committer),
        sourceLog: sourceLog(database, committer),
      },
      housekeeping: {
        meta: meta(database, committer),
        clockOffsets: clockOffsets(database, committer),
        tasks: tasks(database, committer, instance),
        prune: pruneVerb({ database, committer, days, onFact }),
        ping: async () => void (await database.first("SELECT 1 AS one")),
      },
      feed,
      together: committer.together,
      close: () => {
        closing ??= committer
          .close()
          .then(() => feed.close())
          .then(() => instance.release())
          .finally(() => database.close());
        return closing;
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
