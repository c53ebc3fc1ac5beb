import { type Seq, seqAt } from "../../../core/id.ts";
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
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Bindings, Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { endpointSecrets } from "./endpoint-secrets.ts";

const anyFilters: FilterCheck = () => {};

export function endpoints(database: Database, committer: Committer, box: SecretBox): Configuration["endpoints"] {
  const { toRecord, toBindings } = endpointCodec(box);
  const { keepFirst, ...secretVerbs } = endpointSecrets(database, committer, box);
  return {
    ...endpointReads(database, box),
    create: async (endpoint, secret, endpointsMax = Number.POSITIVE_INFINITY, checkFilters = anyFilters) => {
      const result = await orTaken(
        committer.write(async (transaction) => {
          const isKept = await keepOwner(transaction, endpoint, endpointsMax);
          if ((await countOf(transaction, endpoint, endpointsMax)) >= endpointsMax) return "full";
          if (await lacksVersion(transaction, endpoint)) return "no version";
          await transaction.run(ENDPOINT_SQL.insert, toBindings(endpoint) as Bindings);
          if (endpoint.filter !== null) checkFilters(await filtersOf(transaction, endpoint));
          await keepFirst(transaction, endpoint.seq, secret);
          if (!isKept) await remove(transaction, endpoint.seq, endpoint.createdAt);
          return true;
        }),
      );
      return result === "taken" ? false : result;
    },
    update: (seq, change, checkFilters = anyFilters) =>
      orTaken(
        committer.write(async (transaction) => {
          const row = await transaction.first<EndpointRow>(
            `SELECT ${ENDPOINT_COLUMNS} FROM endpoint WHERE seq = $1 FOR UPDATE`,
            [seq],
          );
          if (row === null || row.deletedAt !== null) return "gone";
          const before = toRecord(row);
          const { applicationSeq, createdAt } = before;
          const after = { ...before, ...change(before), seq, applicationSeq, createdAt };
          if (after.apiVersion !== before.apiVersion && (await lacksVersion(transaction, after))) return "no version";
          await transaction.run(
            `UPDATE endpoint SET ${ENDPOINT_SQL.assignments} WHERE seq = $seq`,
            toBindings(after) as Bindings,
          );
          if (after.filter !== null && after.filter !== before.filter)
            checkFilters(await filtersOf(transaction, after));
          await sortLane(transaction, before, after);
          return { before, after };
        }),
      ),
    delete: (seq, deletedAt) =>
      committer.write(async (transaction) => {
        await remove(transaction, seq, deletedAt);
      }),
    ...secretVerbs,
  };
}

/**
 * Keeps the application of a new endpoint until the commit. Returns false if it was deleted; the endpoint
 * is then created as deleted. If there is a limit, other instances that create endpoints of the
 * application wait.
 */
async function keepOwner(
  transaction: Transaction,
  { applicationSeq }: Endpoint,
  endpointsMax: number,
): Promise<boolean> {
  const lock = endpointsMax === Number.POSITIVE_INFINITY ? "FOR SHARE" : "FOR NO KEY UPDATE";
  const row = await transaction.first<{ isDeleted: boolean }>(
    `SELECT deleted_at IS NOT NULL AS "isDeleted" FROM application WHERE seq = $1 ${lock}`,
    [applicationSeq],
  );
  return row?.isDeleted === false;
}

/** Counts the endpoints of an application if there is a limit. */
async function countOf(transaction: Transaction, { applicationSeq }: Endpoint, endpointsMax: number): Promise<number> {
  if (endpointsMax === Number.POSITIVE_INFINITY) return 0;
  const row = await transaction.first<{ count: number }>(
    "SELECT count(*) AS count FROM endpoint WHERE application_seq = $1 AND deleted_at IS NULL",
    [applicationSeq],
  );
  return row!.count;
}

async function remove(transaction: Transaction, seq: Seq, deletedAt: number): Promise<void> {
  await transaction.run("UPDATE endpoint SET deleted_at = $2 WHERE seq = $1 AND deleted_at IS NULL", [seq, deletedAt]);
}

async function lacksVersion(transaction: Transaction, { applicationSeq, apiVersion }: Endpoint): Promise<boolean> {
  if (apiVersion === null) return false;
  const row = await transaction.first(
    `SELECT v.seq FROM payload_version v JOIN application a USING (environment_seq)
     WHERE a.seq = $1 AND v.version = $2 AND v.deleted_seq IS NULL FOR SHARE OF v`,
    [applicationSeq, apiVersion],
  );
  return row === null;
}

async function filtersOf(transaction: Transaction, { applicationSeq }: Endpoint): Promise<string[]> {
  const rows = await transaction.all<{ filter: string }>(
    "SELECT filter FROM endpoint WHERE application_seq = $1 AND filter IS NOT NULL AND deleted_at IS NULL ORDER BY seq",
    [applicationSeq],
  );
  return rows.map(({ filter }) => filter);
}

/** Sorts a lane again after its endpoint's ordering has changed. */
async function sortLane(transaction: Transaction, before: Endpoint, after: Endpoint): Promise<void> {
  const { seq, ordering, updatedAt } = after;
  if (before.ordering === ordering) return;
  if (ordering === "fifo") {
    // A scheduled message that has not been attempted keeps its position, because at the head of the
    // lane it would hold up the other deliveries.
    await transaction.run(
      `UPDATE pending SET position = seq
       WHERE endpoint_seq = $1 AND (attempts_total > 0 OR trigger = 1 OR due_at <= $2)`,
      [seq, updatedAt],
    );
  } else {
    await transaction.run(
      `UPDATE pending SET position = GREATEST(position, $3::bigint + (due_at - $2) * 4096)
       WHERE endpoint_seq = $1 AND due_at > $2`,
      [seq, updatedAt, seqAt(updatedAt)],
    );
  }
}

/** In the words of the index. */
const NEXT_CHALLENGE_AT = "(challenge::json ->> 'nextAt')::bigint";

type Reads = Pick<Configuration["endpoints"], "find" | "get" | "list" | "ever" | "active" | "challenged">;

function endpointReads(database: Database, box: SecretBox): Reads {
  const { toRecord, toRecordOrNull } = endpointCodec(box);
  const SELECT = `SELECT ${ENDPOINT_COLUMNS} FROM endpoint WHERE`;
  return {
    find: async (applicationSeq, key) => {
      const [condition, value] = "seq" in key ? ["seq = $1", key.seq] : ["uid = $1", key.uid];
      return toRecordOrNull(
        await database.first<EndpointRow>(`${SELECT} ${condition} AND application_seq = $2 AND deleted_at IS NULL`, [
          value!,
          applicationSeq,
        ]),
      );
    },
    get: async (seq) => {
      const row = await database.first<EndpointRow>(`${SELECT} seq = $1`, [seq]);
      if (row === null) return null;
      const endpoint = toRecord(row);
      const belongs = await database.first<OwnerRow>(
        `SELECT environment_seq AS "environmentSeq", throttle_rate AS "applicationThrottleRate",
           operational AS "isOperational" FROM application WHERE seq = $1`,
        [endpoint.applicationSeq],
      );
      return { ...endpoint, ...belongs!, isOperational: belongs!.isOperational === 1, deleted: row.deletedAt !== null };
    },
    list: async (applicationSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = await database.all<EndpointRow>(
        `${SELECT} application_seq = $applicationSeq AND deleted_at IS NULL${condition}
         ORDER BY seq ${direction} LIMIT $limit`,
        { applicationSeq, limit: page.limit + 1, from: page.from },
      );
      return pageOf(rows.map(toRecord), page);
    },
    ever: async (applicationSeq) => {
      const rows = await database.all<{ seq: number }>(
        "SELECT seq FROM endpoint WHERE application_seq = $1 ORDER BY seq",
        [applicationSeq],
      );
      return rows.map(({ seq }) => seq);
    },
    challenged: (limit, except) =>
      database.all<ChallengedEndpoint>(
        `SELECT seq, application_seq AS "applicationSeq", ${NEXT_CHALLENGE_AT} AS "nextAt" FROM endpoint
         WHERE challenge::json ->> 'nextAt' IS NOT NULL AND disabled = 0 AND deleted_at IS NULL
           AND application_seq <> ALL ($2::bigint[])
         ORDER BY ${NEXT_CHALLENGE_AT} LIMIT $1`,
        [limit, numberArray(except)],
      ),
    // The sealed column is not read, because an application may have thousands of endpoints.
    active: async (applicationSeq) => {
      const rows = await database.all<ActiveRow>(
        `SELECT seq, event_types AS "eventTypes", channels, filter FROM endpoint
         WHERE application_seq = $1 AND deleted_at IS NULL AND disabled = 0 ORDER BY seq`,
        [applicationSeq],
      );
      return rows.map(toActive);
    },
  };
}
