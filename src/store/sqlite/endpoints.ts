import type { Database } from "bun:sqlite";
import { seqAt } from "../../core/id.ts";
import type { Configuration, Endpoint, EndpointSecret, KnownEndpoint } from "../index.ts";
import type { Committer } from "./commit.ts";
import { pageOf, walk } from "./page.ts";
import { isUniqueConflict, jsonOrNull, parsed, parsedOrNull } from "./rows.ts";
import type { SecretBox } from "./secret-box.ts";

/** Svix refuses to rotate while more than ten old keys are still valid. */
const OLD_SECRETS_MAX = 10;

const COLUMNS = `seq, application_seq AS applicationSeq, uid, url, description, disabled, event_types AS eventTypes, channels,
  metadata, headers, version, throttle_rate AS throttleRate, concurrency, fifo, timeout_ms AS timeoutMs,
  retry_schedule AS retrySchedule, paused, failing_since AS failingSince, created_at AS createdAt,
  updated_at AS updatedAt, deleted_at AS deletedAt`;

interface Row {
  seq: number;
  applicationSeq: number;
  uid: string | null;
  url: string;
  description: string;
  disabled: number;
  eventTypes: string | null;
  channels: string | null;
  metadata: string;
  headers: string;
  version: number;
  throttleRate: number | null;
  concurrency: number | null;
  fifo: number;
  timeoutMs: number | null;
  retrySchedule: string | null;
  paused: number;
  failingSince: number | null;
  createdAt: number;
  updatedAt: number;
  deletedAt: number | null;
}

function toEndpoint(row: Row): Endpoint {
  const { fifo, retrySchedule, deletedAt, ...rest } = row;
  return {
    ...rest,
    disabled: row.disabled === 1,
    paused: row.paused === 1,
    ordering: fifo === 1 ? "fifo" : "parallel",
    eventTypes: parsedOrNull<string[]>(row.eventTypes),
    channels: parsedOrNull<string[]>(row.channels),
    metadata: parsed(row.metadata),
    headers: parsed(row.headers),
    retryScheduleMs: parsedOrNull<number[]>(retrySchedule),
  };
}

function toBindings(endpoint: Endpoint) {
  return {
    seq: endpoint.seq,
    uid: endpoint.uid,
    url: endpoint.url,
    description: endpoint.description,
    disabled: endpoint.disabled ? 1 : 0,
    eventTypes: jsonOrNull(endpoint.eventTypes),
    channels: jsonOrNull(endpoint.channels),
    metadata: JSON.stringify(endpoint.metadata),
    headers: JSON.stringify(endpoint.headers),
    version: endpoint.version,
    throttleRate: endpoint.throttleRate,
    concurrency: endpoint.concurrency,
    fifo: endpoint.ordering === "fifo" ? 1 : 0,
    timeoutMs: endpoint.timeoutMs,
    retrySchedule: jsonOrNull(endpoint.retryScheduleMs),
    paused: endpoint.paused ? 1 : 0,
    failingSince: endpoint.failingSince,
    updatedAt: endpoint.updatedAt,
  };
}

export function endpoints(db: Database, committer: Committer, box: SecretBox): Configuration["endpoints"] {
  const bySeq = db.prepare<Row, [number]>(`SELECT ${COLUMNS} FROM endpoint WHERE seq = ?`);
  const belongsTo = db.prepare<Pick<KnownEndpoint, "environmentSeq" | "applicationThrottleRate">, [number]>(
    "SELECT environment_seq AS environmentSeq, throttle_rate AS applicationThrottleRate FROM application WHERE seq = ?",
  );
  const inApplication = db.prepare<Row, [number, number]>(
    `SELECT ${COLUMNS} FROM endpoint WHERE seq = ? AND application_seq = ? AND deleted_at IS NULL`,
  );
  const byUid = db.prepare<Row, [string, number]>(
    `SELECT ${COLUMNS} FROM endpoint WHERE uid = ? AND application_seq = ? AND deleted_at IS NULL`,
  );
  const active = db.prepare<Row, [number]>(
    `SELECT ${COLUMNS} FROM endpoint WHERE application_seq = ? AND deleted_at IS NULL AND disabled = 0 ORDER BY seq`,
  );
  const ever = db.prepare<{ seq: number }, [number]>("SELECT seq FROM endpoint WHERE application_seq = ? ORDER BY seq");
  const insert = db.prepare(
    `INSERT INTO endpoint (seq, application_seq, uid, url, description, disabled, event_types, channels, metadata, headers,
       version, throttle_rate, concurrency, fifo, timeout_ms, retry_schedule, paused, failing_since, created_at, updated_at)
     VALUES ($seq, $applicationSeq, $uid, $url, $description, $disabled, $eventTypes, $channels, $metadata, $headers,
       $version, $throttleRate, $concurrency, $fifo, $timeoutMs, $retrySchedule, $paused, $failingSince, $createdAt, $updatedAt)`,
  );
  const replace = db.prepare(
    `UPDATE endpoint SET uid = $uid, url = $url, description = $description, disabled = $disabled, event_types = $eventTypes,
       channels = $channels, metadata = $metadata, headers = $headers, version = $version, throttle_rate = $throttleRate,
       concurrency = $concurrency, fifo = $fifo, timeout_ms = $timeoutMs, retry_schedule = $retrySchedule, paused = $paused,
       failing_since = $failingSince, updated_at = $updatedAt
     WHERE seq = $seq AND deleted_at IS NULL`,
  );
  const remove = db.prepare("UPDATE endpoint SET deleted_at = ?2 WHERE seq = ?1 AND deleted_at IS NULL");
  // What is to be sent for the first time at a later instant keeps its place there: as the head it would hold up the others.
  const orderByAcceptance = db.prepare(
    `UPDATE delivery SET position = seq
     WHERE endpoint_seq = ?1 AND state = 0 AND (attempts_total > 0 OR trigger = 1 OR due_at <= ?2)`,
  );
  const orderByDue = db.prepare(
    "UPDATE delivery SET position = MAX(position, ?3 + (due_at - ?2) * 4096) WHERE endpoint_seq = ?1 AND state = 0 AND due_at > ?2",
  );
  const insertSecret = db.prepare("INSERT INTO endpoint_secret (endpoint_seq, sealed, expires_at) VALUES (?, ?, NULL)");
  const retireSecrets = db.prepare(
    "UPDATE endpoint_secret SET expires_at = ?2 WHERE endpoint_seq = ?1 AND expires_at IS NULL",
  );
  const forgetSecrets = db.prepare("DELETE FROM endpoint_secret WHERE endpoint_seq = ? AND expires_at <= ?");
  const validSecrets = db.prepare<{ sealed: Uint8Array; expires_at: number | null }, [number, number]>(
    `SELECT sealed, expires_at FROM endpoint_secret WHERE endpoint_seq = ? AND (expires_at IS NULL OR expires_at > ?)
     ORDER BY expires_at IS NOT NULL, id DESC`,
  );
  const oldSecrets = db.prepare<{ count: number }, [number, number]>(
    "SELECT COUNT(*) AS count FROM endpoint_secret WHERE endpoint_seq = ? AND expires_at > ?",
  );

  const unlessTaken = async (work: () => unknown): Promise<boolean> => {
    try {
      await committer.write(work);
      return true;
    } catch (error) {
      if (isUniqueConflict(error)) return false;
      throw error;
    }
  };

  const resort = (before: Endpoint, endpoint: Endpoint): void => {
    if (before.ordering === endpoint.ordering) return;
    if (endpoint.ordering === "fifo") orderByAcceptance.run(endpoint.seq, endpoint.updatedAt);
    else orderByDue.run(endpoint.seq, endpoint.updatedAt, seqAt(endpoint.updatedAt));
  };

  return {
    find: async (applicationSeq, key) => {
      const row = "seq" in key ? inApplication.get(key.seq, applicationSeq) : byUid.get(key.uid, applicationSeq);
      return row === null ? null : toEndpoint(row);
    },
    get: async (seq) => {
      const row = bySeq.get(seq);
      if (row === null) return null;
      return { ...toEndpoint(row), ...belongsTo.get(row.applicationSeq)!, deleted: row.deletedAt !== null };
    },
    list: async (applicationSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<Row, [Record<string, number>]>(
          `SELECT ${COLUMNS} FROM endpoint WHERE application_seq = $applicationSeq AND deleted_at IS NULL${condition}
           ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ applicationSeq, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toEndpoint), page);
    },
    ever: async (applicationSeq) => ever.all(applicationSeq).map(({ seq }) => seq),
    active: async (applicationSeq) => active.all(applicationSeq).map(toEndpoint),
    create: (endpoint, secret) =>
      unlessTaken(() => {
        insert.run({
          ...toBindings(endpoint),
          applicationSeq: endpoint.applicationSeq,
          createdAt: endpoint.createdAt,
        });
        insertSecret.run(endpoint.seq, box.seal(secret));
      }),
    update: async (seq, change) => {
      try {
        return await committer.write(() => {
          const row = bySeq.get(seq);
          if (row === null || row.deletedAt !== null) return "gone";
          const before = toEndpoint(row);
          const { applicationSeq, createdAt } = before;
          const after = { ...before, ...change(before), seq, applicationSeq, createdAt };
          replace.run(toBindings(after));
          resort(before, after);
          return { before, after };
        });
      } catch (error) {
        if (isUniqueConflict(error)) return "taken";
        throw error;
      }
    },
    delete: (seq, deletedAt) => committer.write(() => void remove.run(seq, deletedAt)),
    secrets: async (seq, now): Promise<EndpointSecret[]> =>
      validSecrets.all(seq, now).map((row) => ({ secret: box.open(row.sealed), expiresAt: row.expires_at })),
    rotateSecret: (seq, secret, now, oldExpiresAt) =>
      committer.write(() => {
        if (oldSecrets.get(seq, now)!.count >= OLD_SECRETS_MAX) return false;
        retireSecrets.run(seq, oldExpiresAt);
        forgetSecrets.run(seq, now);
        insertSecret.run(seq, box.seal(secret));
        return true;
      }),
  };
}
