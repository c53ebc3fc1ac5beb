/** The state of the server in responses. */
import { Type } from "@sinclair/typebox";
import type { BackupState } from "../../../backup/schedule.ts";
import { deliveryHeldMeta } from "../../../core/delivery.ts";
import { formatInstant } from "../../../core/instant.ts";
import { noticeChannelNames } from "../../../core/notice.ts";
import type { ReplicaState } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { nullable, wordOut } from "../../http/schema.ts";
import { databaseOut, SystemDatabase } from "./database.ts";

const count = (description: string) => Type.Integer({ description });
const maybe = (description: string) => nullable(Type.Integer({ description: `${description}; null if not known.` }));
const ms = nullable(Type.Number());
const instant = (description: string) => nullable(Type.String({ format: "date-time", description }));

export const SystemOut = field.object("SystemOut", {
  version: Type.String(),
  commit: nullable(Type.String({ description: "The commit from which the executable was built." })),
  runtime: Type.String({ description: "Name and version of the runtime." }),
  platform: Type.String(),
  pid: Type.Integer(),
  startedAt: field.instantOut,
  settings: Type.Array(
    field.object("SystemSetting", {
      name: Type.String(),
      group: Type.String(),
      value: nullable(Type.String({ description: "As an operator would write it; `[set]` for secrets." })),
      source: wordOut(["flag", "variable", "file", "default"]),
    }),
  ),
  store: field.object("SystemStore", {
    engine: Type.String({ description: "Name and version of the database." }),
    schemaVersion: Type.Integer(),
    dataDir: nullable(Type.String({ description: "The data directory; null with PostgreSQL." })),
    databaseBytes: Type.Integer(),
    walBytes: nullable(Type.Integer({ description: "Size of the write-ahead log; null with PostgreSQL." })),
    diskFreeBytes: maybe("Free space on the disk of the data directory"),
    sync: wordOut(["full", "normal"], { description: "`full`: each commit is synced to disk before it is confirmed." }),
    failing: Type.Boolean({ description: "Whether the last commit or read failed." }),
    damaged: Type.Boolean({ description: "Whether damaged data was found since the start." }),
    commits: field.object("SystemCommits", {
      windowMs: count("Only commits of this time are counted."),
      count: count(
        "Number of commits. At 4,096, older commits are dropped, so the measured time can be shorter than `windowMs`.",
      ),
      ...{ p50Ms: ms, p95Ms: ms, p99Ms: ms, maxMs: ms },
    }),
  }),
  database: nullable(SystemDatabase),
  retention: field.object("SystemRetention", {
    retentionMs: Type.Integer(),
    lastRunAt: instant("End of the latest deletion of old data; null before the first one since the start."),
  }),
  backups: nullable(
    field.object("SystemBackups", {
      directory: Type.String(),
      everyMs: Type.Number(),
      keep: Type.Integer(),
      newestAt: instant("Time of the newest backup in the directory; null if there is none."),
      nextAt: instant("Time at which the next backup is due; null if it is not known yet."),
      failedAt: instant("Time at which the latest backup failed; null if it succeeded."),
      reason: nullable(Type.String({ description: "Why the latest backup failed." })),
      isOverdue: Type.Boolean({ description: "Whether the newest backup is older than twice the interval." }),
    }),
  ),
  replica: nullable(
    field.object("SystemReplica", {
      location: Type.String({ description: "Directory or bucket of the replica." }),
      sync: wordOut(["async", "sync"]),
      state: wordOut(["ok", "behind", "failed"]),
      since: instant("Time since which the state is not `ok`; null if it is."),
      reason: nullable(Type.String({ description: "Why the replica cannot be written." })),
      lagMs: Type.Number({ description: "Age of the oldest commit that the replica lacks, in ms." }),
      lagBytes: Type.Integer({ description: "Size of what the replica lacks." }),
      refusesMessages: Type.Boolean({ description: "Whether messages get 503, because the replica lacks too much." }),
      copiedAt: instant("Time of the newest complete copy of the data in the replica; null if there is none."),
    }),
  ),
  certificates: field.object("SystemCertificates", {
    server: instant("End of the certificate of this server; null without HTTPS."),
    client: instant("Earliest end of the client certificates of endpoints and sources; null if there are none."),
    ca: instant("Earliest end of the certificates that endpoints and sources trust; null if there are none."),
  }),
  notices: Type.Array(wordOut(noticeChannelNames), { description: "The channels that get notices." }),
  clock: field.object("SystemClock", {
    now: field.instantOut,
    doubtedSince: instant("Time since which the clock is ahead of the stored data; null while it is trusted."),
    retriesAheadMs: Type.Number({
      description:
        "Wall clock minus the clock that measures retry delays, in ms. Not zero after the wall clock was set; kept over restarts.",
    }),
  }),
  memory: field.object("SystemMemory", {
    residentBytes: maybe("Resident memory of the process"),
    heapBytes: maybe("Memory of objects"),
  }),
  openFiles: field.object("SystemOpenFiles", { open: maybe("Open files"), max: maybe("Limit of open files") }),
  connections: field.object("SystemConnections", {
    open: maybe("Connections of clients"),
    max: maybe("Limit of the connections of clients"),
  }),
  delivery: field.object("SystemDelivery", {
    state: wordOut(["running", "held"]),
    heldSince: instant("Time since which deliveries are held; null while they are running."),
    attemptsUnderWay: Type.Integer(),
    attemptsMax: count("Maximum number of attempts under way, apart from those that wait long for a response."),
    lanes: count("Number of endpoints whose deliveries are read into memory."),
    oldestDueAt: instant("Time at which the oldest waiting delivery became due; null if none waits."),
  }),
});

const at = (time: number | null) => (time === null ? null : formatInstant(time));

/** Reads the state of the server. */
export async function systemOut(context: Context) {
  const { system, store, clock, clockTrust, deliverer, version, backups, notices } = context;
  const { housekeeping } = store;
  const [about, size, health] = [await housekeeping.about(), await housekeeping.size(), await housekeeping.health()];
  const diskFreeBytes = await housekeeping.diskFreeBytes();
  const heldAt = deliverer.isHeld ? await housekeeping.meta.get(deliveryHeldMeta) : null;
  const { oldestDueAt, ...engine } = system.engine();
  return {
    ...{ version, commit: system.commit, runtime: `Bun ${Bun.version}` },
    ...{
      platform: `${process.platform} ${process.arch}`,
      pid: process.pid,
      startedAt: formatInstant(system.startedAt),
    },
    settings: system.settings(),
    store: {
      ...{ engine: about.engine, schemaVersion: about.schemaVersion, dataDir: system.dataDir, ...size },
      diskFreeBytes,
      ...{ sync: about.syncsCommits ? "full" : "normal", ...health, commits: system.commits() },
    },
    database: store.database === undefined ? null : databaseOut(await store.database.state()),
    retention: { retentionMs: system.retentionMs, lastRunAt: at(system.retentionLastRunAt()) },
    backups: backups === undefined ? null : backupsOut(backups()),
    certificates: await certificatesOut(context),
    notices: [...(notices?.channelNames ?? [])],
    replica: store.replica === undefined ? null : replicaOut(store.replica.state()),
    clock: {
      now: formatInstant(clock.now()),
      doubtedSince: at(clockTrust.doubtedSince),
      retriesAheadMs: deliverer.retriesAheadMs,
    },
    memory: system.memory(),
    openFiles: await system.openFiles(),
    connections: system.connections(),
    delivery: {
      state: deliverer.isHeld ? "held" : "running",
      heldSince: heldAt === null ? null : formatInstant(Number(heldAt)),
      ...{ ...engine, attemptsMax: system.attemptsMax, oldestDueAt: at(oldestDueAt) },
    },
  };
}

async function certificatesOut({ certificates, serverCertificateEndsAt }: Context) {
  const { client = null, ca = null } = (await certificates?.current()) ?? {};
  return { server: at(serverCertificateEndsAt?.() ?? null), client: at(client), ca: at(ca) };
}

function backupsOut({ failure, newestAt, nextAt, ...rest }: BackupState) {
  const failed = { failedAt: at(failure?.at ?? null), reason: failure?.reason ?? null };
  return { ...rest, ...failed, newestAt: at(newestAt), nextAt: at(nextAt) };
}

function replicaOut({ isSync, status, since, isRefusing, copiedAt, ...rest }: ReplicaState) {
  const { location, reason, lagMs, lagBytes } = rest;
  return {
    ...{ location, sync: isSync ? "sync" : "async", state: status, since: at(since), reason },
    ...{ lagMs, lagBytes, refusesMessages: isRefusing, copiedAt: at(copiedAt) },
  };
}

const time = "2026-01-01T00:00:00.000Z";

export const systemExample = {
  ...{ version: "1.0.0", commit: null, runtime: "Bun 1.4.5", platform: "linux x64", pid: 17, startedAt: time },
  settings: [{ name: "port", group: "Server", value: "8071", source: "default" }],
  store: {
    ...{ engine: "SQLite 3.54.0", schemaVersion: 23, dataDir: "/var/lib/boathook", databaseBytes: 4096, walBytes: 0 },
    ...{ diskFreeBytes: 81_203_400_704, sync: "full", failing: false, damaged: false },
    commits: { windowMs: 300_000, count: 1, p50Ms: 1.5, p95Ms: 1.5, p99Ms: 1.5, maxMs: 1.5 },
  },
  database: null,
  retention: { retentionMs: 7_776_000_000, lastRunAt: null },
  backups: null,
  replica: null,
  certificates: { server: null, client: null, ca: null },
  notices: ["mail"],
  clock: { now: time, doubtedSince: null, retriesAheadMs: 0 },
  memory: { residentBytes: 104_857_600, heapBytes: 20_971_520 },
  openFiles: { open: 20, max: 1_048_576 },
  connections: { open: 1, max: 10_000 },
  delivery: {
    ...{ state: "running", heldSince: null, attemptsUnderWay: 0, attemptsMax: 64, lanes: 0, oldestDueAt: null },
  },
};
