import type { Database } from "bun:sqlite";
import type { Fact } from "../../core/fact.ts";
import { ClockSeqSource, type Seq } from "../../core/id.ts";
import type { Clock } from "../../ports.ts";
import type { Configuration, History, Housekeeping, Queue, Store, Survey } from "../index.ts";
import { KeyBox, type SecretBox } from "../sql/secret-box.ts";
import { Turns } from "../turns.ts";
import { applicationCounts } from "./application-counts.ts";
import { applicationDetail } from "./application-detail.ts";
import { ApplicationMessages } from "./application-messages.ts";
import { applications } from "./applications.ts";
import { attempts } from "./attempts.ts";
import { attention } from "./attention.ts";
import { audit } from "./audit.ts";
import { prepareUpgrade, removeOldCopies, type Upgrade } from "./backup/upgrade-copy.ts";
import { batchVerbs } from "./batches.ts";
import { cancelVerbs } from "./cancel.ts";
import { CheckpointThread, type CheckpointWorker, canReportLog } from "./checkpoint-thread.ts";
import { clockOffsets } from "./clock-offsets.ts";
import { Committer } from "./commit.ts";
import { addConstraints } from "./constraints.ts";
import { databaseFileOf, hasDatabase, lockDataDir, noData, prepareDataDir, refuseLostDatabase } from "./data-dir.ts";
import { checkDatabase, configure, lockDatabase, openBeside, openDatabase, type Sync, setSync } from "./database.ts";
import { deadLetters, redriveVerbs } from "./dead-letters.ts";
import { DeferredIndex, ENDPOINT_ATTEMPTS } from "./deferred-index.ts";
import { deliveries } from "./deliveries.ts";
import { type Files, systemFiles } from "./durable-file.ts";
import { openKeyRing } from "./encryption/key-ring.ts";
import { hasKeyFingerprint } from "./encryption/key-state.ts";
import { endpointCertificates } from "./endpoint-certificates.ts";
import { endpointDetail } from "./endpoint-detail.ts";
import { endpointMessages } from "./endpoint-messages.ts";
import { endpoints } from "./endpoints.ts";
import { environmentEndpoints } from "./environment-endpoints.ts";
import { environmentMessages } from "./environment-messages.ts";
import { environments } from "./environments.ts";
import { eventTypes } from "./event-types.ts";
import { expunge } from "./expunge.ts";
import { feed } from "./feed.ts";
import { FunctionSends } from "./function-sends.ts";
import { Idempotency } from "./idempotency.ts";
import { encryptionKeys, type KnownKeys, knownKeys, removeHandedOver } from "./key-file.ts";
import { moveEventIds } from "./keys/event-id-upgrade.ts";
import { EventIds } from "./keys/event-ids.ts";
import { MessageKeys } from "./keys/message-keys.ts";
import { acceptVerb, contentsVerb, messages } from "./messages.ts";
import { idSeed, meta, probeOf, shardPeriods } from "./meta.ts";
import { migrate } from "./migrate.ts";
import { moves } from "./moves/index.ts";
import { KeptIds } from "./moves/moved-ids.ts";
import { namedSearch } from "./named-search.ts";
import { names } from "./names.ts";
import { notices } from "./notices.ts";
import { afterUnstored, CommandSeqSource, lastSeq } from "./numbers.ts";
import { openError } from "./open-error.ts";
import { payloadLinkKey, payloadLinks } from "./payload-links.ts";
import { payloadVersions } from "./payload-versions.ts";
import { pollerGroups } from "./poller-groups.ts";
import { pollers } from "./pollers.ts";
import { pruneVerb } from "./prune.ts";
import { QuotaUsages, usageVerbs } from "./quota-usage.ts";
import { recipients } from "./recipients.ts";
import { replayable, resendAllVerb } from "./replay.ts";
import { Replica, type ReplicaOptions } from "./replica/replica.ts";
import { sealEndpoints } from "./seal-endpoints.ts";
import { series } from "./series.ts";
import { sessions } from "./sessions.ts";
import { sizeVerbs } from "./size.ts";
import { sourceLog } from "./source-log.ts";
import { sources } from "./sources.ts";
import { Stretches } from "./stretches.ts";
import { tasks } from "./tasks.ts";
import { tokens } from "./tokens.ts";
import { totals } from "./totals.ts";
import { UsedFiles } from "./used-files.ts";
import { watchedReads } from "./watched-reads.ts";

export interface OpenOptions {
  readonly dataDir: string;
  readonly sync: Sync;
  /** 64 hex digits. Null means the key file in the data directory. */
  readonly encryptionKey: string | null;
  readonly clock: Clock;
  readonly onFact: (fact: Fact) => void;
  /**
   * True for the server, which locks the directory. False for commands, which may run at the same
   * time as the server.
   */
  readonly exclusive: boolean;
  /** The name of the installation, which ids contain; null for none. Only for the server. */
  readonly shard?: string | null;
  /** Whether to copy the database before its schema is upgraded. Default: true. */
  readonly upgradeCopy?: boolean;
  /** Called before the schema is upgraded. */
  readonly onUpgrade?: (upgrade: Upgrade) => void;
  /** The replica of the data. Only for the server. */
  readonly replica?: ReplicaOptions | null;
  /**
   * Starts a thread that copies the write-ahead log to the database. Only for the server. Without it,
   * and with a replica, which must have the log first, this is done on the calling thread.
   */
  readonly openCheckpointWorker?: () => CheckpointWorker;
  /** Called if the data was opened with the key from before a rotation. */
  readonly onOldKey?: () => void;
  /** Replaces the operations on files in tests. */
  readonly files?: Files;
}

/**
 * Opens a data directory. The server (`exclusive`) creates it if necessary. Throws `StartError` if
 * the directory cannot be opened.
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  try {
    return await openDataDir(options);
  } catch (error) {
    throw openError(error, options.dataDir);
  }
}

async function openDataDir(options: OpenOptions): Promise<Store> {
  const { dataDir, exclusive, files = systemFiles, clock } = options;
  const closing: (() => void)[] = [];
  const close = () => {
    for (const step of closing.splice(0).reverse()) step();
  };
  try {
    if (exclusive) prepareDataDir(dataDir, files);
    const isNew = !hasDatabase(dataDir);
    if (exclusive) {
      refuseLostDatabase(dataDir);
      closing.push(lockDataDir(dataDir).release);
      closing.push(lockDatabase(dataDir).release);
    } else if (isNew) {
      throw noData(dataDir);
    }
    const replica = options.replica ? new Replica(dataDir, options.replica, clock, options.onFact) : null;
    if (replica !== null) closing.push(() => replica.close());
    if (!isNew) replica?.keepLog();
    if (!isNew) await upgradeSafely(options, replica);
    // Commands leave checkpoints to the server, which may have to ship the log before.
    const db = exclusive ? openDatabase(dataDir, { create: true, checkpoints: replica === null }) : openBeside(dataDir);
    closing.push(() => db.close());
    if (exclusive) checkDatabase(db, dataDir, isNew);
    const isUsed = hasKeyFingerprint(db);
    if (!exclusive && !isUsed) throw noData(dataDir);
    migrate(db);
    const box = openKeys(db, options, encryptionKeys(dataDir, options.encryptionKey, { isUsed, files }));
    setSync(db, options.sync);
    await replica?.attach(db);
    const check = exclusive ? new UsedFiles(databaseFileOf(dataDir), clock).check : () => {};
    const checkpoints = replica === null ? checkpointThread(db, options) : null;
    return assemble({ ...options, db, box, beforeCommit: check, beforePing: check, replica, checkpoints, close }).store;
  } catch (error) {
    close();
    throw error;
  }
}

function checkpointThread(
  db: Database,
  { dataDir, exclusive, onFact, openCheckpointWorker: open }: OpenOptions,
): CheckpointThread | null {
  if (!exclusive || open === undefined || !canReportLog(db)) return null;
  return new CheckpointThread(db, dataDir, onFact, open);
}

/** Opens the keys of the data. If the server has the new key of a rotation, nobody needs the old one. */
function openKeys(db: Database, options: OpenOptions, known: KnownKeys): SecretBox {
  const { dataDir, encryptionKey, exclusive, onOldKey, files = systemFiles } = options;
  const { ring, isHandedOver } = openKeyRing(db, known, () => knownKeys(dataDir, encryptionKey));
  if (isHandedOver) onOldKey?.();
  else if (exclusive) removeHandedOver(dataDir, files);
  return ring;
}

/**
 * Copies the database if the next step upgrades it. Otherwise, the server removes old copies,
 * because this version has already started with the data.
 */
async function upgradeSafely(
  { dataDir, clock, upgradeCopy = true, onUpgrade, exclusive }: OpenOptions,
  replica: Replica | null,
): Promise<void> {
  const check = (db: Database) => {
    if (exclusive) checkDatabase(db, dataDir, false);
  };
  const beforeCopy = () => replica?.releaseLog();
  const upgrade = await prepareUpgrade(dataDir, { copy: upgradeCopy, now: clock.now(), check, beforeCopy });
  if (upgrade !== null) onUpgrade?.(upgrade);
  else if (exclusive) removeOldCopies(dataDir, clock.now());
}

export interface MemoryStore {
  readonly store: Store;
  /** Simulates a crash: queued writes are lost and pending promises never settle. */
  crash(): void;
}

/** Opens a store on a database that the caller owns. For tests and the simulation. */
export function openMemoryStore(
  db: Database,
  clock: Clock,
  onFact: (fact: Fact) => void,
  beforeCommit: () => void = () => {},
): MemoryStore {
  configure(db, "full");
  migrate(db);
  const { ring: box } = openKeyRing(db, { direct: [new KeyBox("00".repeat(32))], handedOver: [] });
  return assemble({
    ...{ db, box, clock, onFact, beforeCommit, exclusive: true, replica: null, checkpoints: null },
    beforePing() {},
    close() {},
  });
}

interface Parts {
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

function assemble({
  db,
  box,
  clock,
  onFact,
  beforeCommit,
  beforePing,
  exclusive,
  shard,
  replica,
  checkpoints,
  close,
}: Parts): MemoryStore {
  sealEndpoints(db, box);
  moveEventIds(db);
  // Only the server adds constraints.
  const unenforced = exclusive ? addConstraints(db) : [];
  const seed = idSeed(db);
  const newest = lastSeq(db);
  const shards = shardPeriods(db, afterUnstored(newest), exclusive ? shard : undefined);
  const linkKey = payloadLinkKey(db, box);
  const committer = new Committer(db, clock, onFact, beforeCommit, probeOf(db, clock));
  const { health } = committer;
  replica?.follow(committer);
  if (checkpoints !== null) committer.onCommit(checkpoints.afterCommit);
  const turns = new Turns(clock);
  const keys = new MessageKeys({ db, committer, turns, clock, onFact });
  const eventIds = new EventIds({ db, committer, turns, clock, onFact });
  const functionSends = new FunctionSends(db);
  const stretches = new Stretches(db, committer, newest);
  const endpointAttempts = new DeferredIndex({ db, committer, exclusive, onFact }, ENDPOINT_ATTEMPTS);
  // Statements that read its view are prepared after it is created.
  const applicationMessages = new ApplicationMessages({ db, committer, exclusive, onFact });
  const usages = new QuotaUsages(db);
  const kept = new KeptIds(db);
  const numbers = exclusive
    ? new ClockSeqSource(clock.now, afterUnstored(newest))
    : new CommandSeqSource(db, clock.now);
  const idempotency = new Idempotency(db, keys, box, numbers);
  const erasures = new Map<Seq, number>();
  const moving = moves({
    ...{ db, committer, box, usages, keys, eventIds, endpointAttempts, applicationMessages, kept, numbers, seed },
    ...{ shards, erasures, turns },
  });
  const { departed } = moving.origin;
  const queue: Queue = {
    ...ownership(),
    ...deliveries({ db, committer, endpointAttempts, stretches, box }),
    ...redriveVerbs(db, committer, turns, clock),
    accept: withRoom(
      acceptVerb(db, committer, {
        ...{ applicationMessages, idempotency, eventIds, stretches, usages, functionSends, departed },
      }),
      replica,
    ),
    usage: usageVerbs(db, committer, usages, turns),
    idempotency: idempotency.verbs(committer),
    hopsOf: async (messageSeq) => functionSends.hopsOf(messageSeq),
    contents: contentsVerb(db),
    resendAll: resendAllVerb(db, committer, stretches),
    batch: batchVerbs(db, committer),
    cancel: cancelVerbs(db, committer),
    expunge: expunge({ db, committer, usages, eventIds, erasures }, clock),
  };
  const configuration: Configuration = {
    environments: environments(db, committer, usages),
    applications: applications(db, committer, turns, usages),
    eventTypes: eventTypes(db, committer),
    payloadVersions: payloadVersions(db, committer),
    endpoints: endpoints(db, committer, box),
    sources: sources(db, committer, box),
    tokens: tokens(db, committer, turns),
    sessions: sessions(db, committer),
    audit: audit(db, committer, turns),
  };
  const history: History = {
    messages: { ...messages(db, stretches, eventIds, turns), ofEndpoint: endpointMessages(db, stretches, turns) },
    attempts: attempts({ db, committer, endpointAttempts, stretches, turns, box }),
    deadLetters: deadLetters(db, turns),
    replayable: replayable(db),
    pollers: pollers(db, committer),
    groups: pollerGroups(db, committer),
    sourceLog: sourceLog(db, committer),
    payloadLinks: payloadLinks(db, committer),
    series: series(db, committer),
    ...totals(db),
  };
  const housekeeping: Housekeeping = {
    tasks: tasks(db, committer),
    // Only the server asks, and it is the only one.
    leads: async () => true,
    meta: meta(db, committer),
    clockOffsets: clockOffsets(db, committer),
    notices: notices(db, committer, endpointAttempts, turns),
    prune: pruneVerb(db, committer, { endpointAttempts, keys, eventIds, usages, onFact }),
    ...sizeVerbs(db, health, beforePing),
    unenforcedRules: async () => unenforced,
  };
  const survey: Survey = {
    endpoints: environmentEndpoints(db, turns),
    applicationCounts: applicationCounts(db, turns),
    applicationDetail: applicationDetail(db, turns),
    endpointDetail: endpointDetail(db),
    messages: environmentMessages(db, eventIds, turns),
    attention: attention(db, turns),
    certificates: endpointCertificates(db, turns),
    recipients: recipients(db),
    names: names(db),
    named: namedSearch(db, turns),
  };
  const store: Store = {
    idSeed: seed,
    shards,
    get payloadLinkKey() {
      return linkKey();
    },
    numbers,
    clock,
    queue: watchedReads(queue, health),
    configuration: watchedReads(configuration, health),
    history: watchedReads(history, health),
    housekeeping: watchedReads(housekeeping, health),
    survey: watchedReads(survey, health),
    feed: feed(db),
    moves: moving,
    ...(replica !== null && { replica }),
    together: committer.together,
    close: async () => {
      // If these fail, for example because the disk is full, the lost traits only make searches
      // slower, and the next start reads the entries from the messages.
      committer.write(() => stretches.close()).catch(() => {});
      committer.write(() => applicationMessages.close()).catch(() => {});
      keys.close();
      eventIds.close();
      kept.close();
      committer.close();
      await replica?.finish();
      await checkpoints?.close();
      close();
    },
  };
  const crash = () => {
    keys.close();
    eventIds.close();
    committer.crash();
  };
  return { store, crash };
}

/** Refuses messages while the replica lacks too much. Without a replica, returns the verb unchanged. */
function withRoom(accept: Queue["accept"], replica: Replica | null): Queue["accept"] {
  if (replica === null) return accept;
  return async (messages) => {
    replica.requireRoom();
    return accept(messages);
  };
}

/** One process owns the data directory and therefore every lane, so a claim needs no write. */
function ownership(): Pick<Queue, "claim" | "renew" | "release"> {
  return {
    claim: async () => ({ validUntil: Number.POSITIVE_INFINITY, owns: () => true }),
    renew: async (claim) => claim,
    release: async () => {},
  };
}
