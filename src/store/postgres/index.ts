import type { Fact } from "../../core/fact.ts";
import type { Clock } from "../../ports.ts";
import type { Store, StoreUnavailable } from "../index.ts";
import { Turns } from "../turns.ts";
import { clockOffsets } from "./clock-offsets.ts";
import { Committer } from "./commit.ts";
import { configuration } from "./configuration.ts";
import { Database } from "./database.ts";
import { DatabaseClock } from "./database-clock.ts";
import { databaseState } from "./database-state.ts";
import { Days } from "./days.ts";
import { PostgresFeed } from "./feed.ts";
import { history } from "./history.ts";
import { Instance } from "./instance.ts";
import { Keys } from "./keys.ts";
import { leadsVerb } from "./leader.ts";
import { idSeed, meta, payloadLinkKey } from "./meta.ts";
import { migrate } from "./migrate.ts";
import { notices } from "./notices.ts";
import { SlotSeqSource } from "./numbers.ts";
import { isPooled } from "./pooler.ts";
import { pruneVerb } from "./prune.ts";
import { queue } from "./queue.ts";
import { sizeVerbs } from "./size.ts";
import { healthRecord, probe, watchingCommits } from "./store-health.ts";
import { survey } from "./survey.ts";
import { tasks } from "./tasks.ts";

export interface OpenOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** 64 hex digits. All instances need the same key. */
  readonly encryptionKey: string;
  /** How long an instance that no longer responds keeps its lanes, in ms. */
  readonly leaseMs: number;
  /** Whether to create the tables in an empty database. Default: true. */
  readonly creates?: boolean;
  /** The clock of this machine. Only its durations matter once the database has told its time. */
  readonly clock: Clock;
  readonly onFact: (fact: Fact) => void;
  /** Replaces the clock of the database in tests. */
  readonly databaseClock?: DatabaseClock;
}

/** Opens a database. Throws `StartError` if it cannot be used. */
export async function openStore(options: OpenOptions): Promise<Store> {
  const { url, encryptionKey, leaseMs, creates = true, clock: own, onFact } = options;
  const { databaseClock = new DatabaseClock(own.steady, own.now) } = options;
  const clock: Clock = { ...own, now: databaseClock.now };
  const health = healthRecord(clock, onFact, () => probe(database, clock));
  const onReadFailed = (error: StoreUnavailable) => health.failed("read", error);
  const database = new Database({ url, prepare: !(await isPooled(url)), onReadFailed });
  const numbers = new SlotSeqSource(() => databaseClock.latest);
  const onDefect = (error: unknown) => onFact({ type: "defect.found", where: "work of the instance", error });
  try {
    await migrate(database, creates);
    const box = await Keys.open(database, encryptionKey);
    const instance = new Instance({ ...{ database, clock, leaseMs, numbers, databaseClock, onDefect }, keys: box });
    await instance.acquire();
    const [seed, linkKey] = [await idSeed(database), await payloadLinkKey(database, box)];
    let closing: Promise<void> | null = null;
    const days = new Days(database);
    const shared = { database, instance, clock, numbers, databaseClock, days };
    const observe = watchingCommits(health, onFact);
    const committer = new Committer({ ...shared, onFact: observe, onUnknown: () => feed.lostCommit() });
    const feed = new PostgresFeed({ ...shared, committer, onDefect });
    await feed.start();
    const turns = new Turns(clock);
    return {
      idSeed: seed,
      payloadLinkKey: linkKey,
      numbers,
      clock,
      queue: queue({ ...shared, publish: feed.verbs.publish, committer, box }),
      configuration: configuration(database, committer, box),
      history: history(database, committer, box),
      survey: survey(database, turns),
      housekeeping: {
        meta: meta(database, committer),
        clockOffsets: clockOffsets(database, committer),
        tasks: tasks(database, committer, instance),
        leads: leadsVerb(database, instance),
        notices: notices(database, committer),
        prune: pruneVerb({ database, committer, days, onFact }),
        ...sizeVerbs(database, health, clock),
      },
      database: { state: () => databaseState(database.surveys, instance.slot) },
      feed: feed.verbs,
      together: committer.together,
      close: () => {
        health.close();
        closing ??= committer
          .close()
          .then(() => feed.close())
          .then(() => instance.release())
          .finally(() => database.close());
        return closing;
      },
    };
  } catch (error) {
    health.close();
    await database.close();
    throw error;
  }
}
