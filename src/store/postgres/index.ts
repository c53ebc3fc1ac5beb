import type { Fact } from "../../core/fact.ts";
import type { Clock } from "../../ports.ts";
import type { Store, StoreUnavailable } from "../index.ts";
import { Turns } from "../turns.ts";
import { Committer } from "./commit/commit.ts";
import { configuration } from "./configuration/configuration.ts";
import { Database } from "./connection/database.ts";
import { isPooled } from "./connection/pooler.ts";
import { Keys } from "./encryption/keys.ts";
import { payloadLinkKey } from "./encryption/link-key.ts";
import { history } from "./history/history.ts";
import { clockOffsets } from "./housekeeping/clock-offsets.ts";
import { Days } from "./housekeeping/days.ts";
import { idSeed, meta } from "./housekeeping/meta.ts";
import { notices } from "./housekeeping/notices.ts";
import { pruneVerb } from "./housekeeping/prune.ts";
import { sizeVerbs } from "./housekeeping/size.ts";
import { healthRecord, probe, watchingCommits } from "./housekeeping/store-health.ts";
import { tasks } from "./housekeeping/tasks.ts";
import { DatabaseClock } from "./instances/database-clock.ts";
import { PostgresFeed } from "./instances/feed.ts";
import { Instance } from "./instances/instance.ts";
import { leadsVerb } from "./instances/leader.ts";
import { SlotSeqSource } from "./instances/numbers.ts";
import { databaseError } from "./open-error.ts";
import { queue } from "./queue/queue.ts";
import { migrate } from "./schema/migrate.ts";
import { databaseState } from "./survey/database-state.ts";
import { survey } from "./survey/survey.ts";

export { databaseError } from "./open-error.ts";

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
  /** See `DatabaseOptions`. Shorter in tests. */
  readonly responseMsMax?: number;
  /** Replaces the clock of the database in tests. */
  readonly databaseClock?: DatabaseClock;
}

/** Opens a database. Throws `StartError` if it cannot be used. */
export async function openStore(options: OpenOptions): Promise<Store> {
  try {
    return await open(options);
  } catch (error) {
    throw databaseError(error, options.url);
  }
}

async function open(options: OpenOptions): Promise<Store> {
  const { url, encryptionKey, leaseMs, creates = true, clock: own, onFact, responseMsMax } = options;
  const { databaseClock = new DatabaseClock(own.steady, own.now) } = options;
  const clock: Clock = { ...own, now: databaseClock.now };
  const health = healthRecord(clock, onFact, () => probe(database, clock));
  const onReadFailed = (error: StoreUnavailable) => health.failed("read", error);
  const limits = { clock, leaseMs, ...(responseMsMax !== undefined && { responseMsMax }) };
  const database = new Database({ url, ...limits, prepare: !(await isPooled(url)), onReadFailed });
  const numbers = new SlotSeqSource(() => databaseClock.latest);
  const onDefect = (error: unknown) => onFact({ type: "defect.found", where: "work of the instance", error });
  try {
    await migrate(database, creates);
    const box = await Keys.open(database, encryptionKey);
    // Before it has a row of `instance`, which would hold up the others for a lease if this failed.
    const [seed, linkKey] = [await idSeed(database), await payloadLinkKey(database, box)];
    const owning = { queries: database.lease, clock, leaseMs, numbers, databaseClock, onDefect };
    const instance = new Instance({ ...owning, keys: box });
    await instance.acquire();
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
        leads: leadsVerb(database.lease, instance),
        notices: notices(database, committer),
        prune: pruneVerb({ database, committer, days, onFact }),
        ...sizeVerbs(database, health, clock),
      },
      database: { state: () => database.inspect((queries) => databaseState(queries, instance.slot)) },
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
