import type { Database } from "bun:sqlite";
import type { ChallengedEndpoint, Configuration, Endpoint, FilterCheck } from "../../index.ts";
import {
  type ActiveRow,
  ENDPOINT_COLUMNS,
  ENDPOINT_SQL,
  type EndpointRow,
  endpointCodec,
  type OwnerRow,
  toActive,
} from "../../sql/endpoint-row.ts";
import { pageOf, walk } from "../../sql/page.ts";
import { orTaken } from "../../sql/rows.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";
import { laneSorter } from "../queue/lane-sorter.ts";
import { endpointSecrets } from "./endpoint-secrets.ts";

const anyFilters: FilterCheck = () => {};

export function endpoints(db: Database, committer: Committer, box: SecretBox): Configuration["endpoints"] {
  const bySeq = db.prepare<EndpointRow, [number]>(`SELECT ${ENDPOINT_COLUMNS} FROM endpoint WHERE seq = ?`);
  const { toRecord, toBindings } = endpointCodec(box);
  const insertOne = db.prepare(ENDPOINT_SQL.insert);
  const replace = db.prepare(`UPDATE endpoint SET ${ENDPOINT_SQL.assignments} WHERE seq = $seq AND deleted_at IS NULL`);
  const remove = db.prepare("UPDATE endpoint SET deleted_at = ?2 WHERE seq = ?1 AND deleted_at IS NULL");
  const countOf = db.prepare<{ count: number }, [number]>(
    "SELECT COUNT(*) AS count FROM endpoint WHERE application_seq = ? AND deleted_at IS NULL",
  );
  const versions = db.prepare<{ seq: number }, [number, string]>(
    `SELECT v.seq FROM payload_version v JOIN application a USING (environment_seq)
     WHERE a.seq = ? AND v.version = ? AND v.deleted_seq IS NULL`,
  );
  const lacksVersion = ({ applicationSeq, apiVersion }: Endpoint) =>
    apiVersion !== null && versions.get(applicationSeq, apiVersion) === null;
  const filters = db.prepare<{ filter: string }, [number]>(
    "SELECT filter FROM endpoint WHERE application_seq = ? AND filter IS NOT NULL AND deleted_at IS NULL",
  );
  const filtersOf = ({ applicationSeq }: Pick<Endpoint, "applicationSeq">) =>
    filters.all(applicationSeq).map(({ filter }) => filter);
  const sortLane = laneSorter(db);
  const { keepFirst, ...secretVerbs } = endpointSecrets(db, committer, box);

  return {
    ...endpointReads(db, box),
    create: async (endpoint, secret, endpointsMax = Number.POSITIVE_INFINITY, checkFilters = anyFilters) => {
      const result = await orTaken(
        committer.write(() => {
          if (countOf.get(endpoint.applicationSeq)!.count >= endpointsMax) return "full";
          if (lacksVersion(endpoint)) return "no version";
          insertOne.run(toBindings(endpoint));
          if (endpoint.filter !== null) checkFilters(filtersOf(endpoint));
          keepFirst(endpoint.seq, secret);
          return true;
        }),
      );
      return result === "taken" ? false : result;
    },
    update: (seq, change, checkFilters = anyFilters) =>
      orTaken(
        committer.write(() => {
          const row = bySeq.get(seq);
          if (row === null || row.deletedAt !== null) return "gone";
          const before = toRecord(row);
          const { applicationSeq, createdAt } = before;
          const after = { ...before, ...change(before), seq, applicationSeq, createdAt };
          if (after.apiVersion !== before.apiVersion && lacksVersion(after)) return "no version";
          replace.run(toBindings(after));
          if (after.filter !== null && after.filter !== before.filter) checkFilters(filtersOf(after));
          sortLane(before, after);
          return { before, after };
        }),
      ),
    delete: (seq, deletedAt) => committer.write(() => void remove.run(seq, deletedAt)),
    ...secretVerbs,
  };
}

type Reads = Pick<Configuration["endpoints"], "find" | "get" | "list" | "ever" | "active" | "challenged">;

function endpointReads(db: Database, box: SecretBox): Reads {
  const { toRecord, toRecordOrNull } = endpointCodec(box);
  const bySeq = db.prepare<EndpointRow, [number]>(`SELECT ${ENDPOINT_COLUMNS} FROM endpoint WHERE seq = ?`);
  const belongsTo = db.prepare<OwnerRow, [number]>(
    `SELECT environment_seq AS environmentSeq, throttle_rate AS applicationThrottleRate,
       operational AS isOperational
     FROM application WHERE seq = ?`,
  );
  const inApplication = db.prepare<EndpointRow, [number, number]>(
    `SELECT ${ENDPOINT_COLUMNS} FROM endpoint WHERE seq = ? AND application_seq = ? AND deleted_at IS NULL`,
  );
  const byUid = db.prepare<EndpointRow, [string, number]>(
    `SELECT ${ENDPOINT_COLUMNS} FROM endpoint WHERE uid = ? AND application_seq = ? AND deleted_at IS NULL`,
  );
  // The sealed column is not read, because an application may have thousands of endpoints.
  const active = db.prepare<ActiveRow, [number]>(
    `SELECT seq, event_types AS eventTypes, channels, filter FROM endpoint
     WHERE application_seq = ? AND deleted_at IS NULL AND disabled = 0 ORDER BY seq`,
  );
  const challenged = db.prepare<ChallengedEndpoint, [number, string]>(
    `SELECT seq, application_seq AS applicationSeq, challenge ->> 'nextAt' AS nextAt FROM endpoint INDEXED BY endpoint_challenge
     WHERE challenge ->> 'nextAt' IS NOT NULL AND disabled = 0 AND deleted_at IS NULL
       AND application_seq NOT IN (SELECT value FROM json_each(?2))
     ORDER BY challenge ->> 'nextAt' LIMIT ?1`,
  );
  const ever = db.prepare<{ seq: number }, [number]>("SELECT seq FROM endpoint WHERE application_seq = ? ORDER BY seq");
  return {
    find: async (applicationSeq, key) =>
      toRecordOrNull("seq" in key ? inApplication.get(key.seq, applicationSeq) : byUid.get(key.uid, applicationSeq)),
    get: async (seq) => {
      const row = bySeq.get(seq);
      if (row === null) return null;
      const endpoint = toRecord(row);
      const belongs = belongsTo.get(endpoint.applicationSeq)!;
      const isOperational = belongs.isOperational === 1;
      return { ...endpoint, ...belongs, isOperational, deleted: row.deletedAt !== null };
    },
    list: async (applicationSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<EndpointRow, [Record<string, number>]>(
          `SELECT ${ENDPOINT_COLUMNS} FROM endpoint WHERE application_seq = $applicationSeq AND deleted_at IS NULL${condition}
           ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ applicationSeq, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toRecord), page);
    },
    ever: async (applicationSeq) => ever.all(applicationSeq).map(({ seq }) => seq),
    challenged: async (limit, except) => challenged.all(limit, JSON.stringify(except)),
    active: async (applicationSeq) => active.all(applicationSeq).map(toActive),
  };
}
