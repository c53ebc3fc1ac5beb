import type { Seq } from "../../../core/id.ts";
import type { Configuration, PayloadVersion } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { payloadVersionMapping } from "../../sql/mappings.ts";
import { orTaken } from "../../sql/rows.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database, Queries } from "../connection/database.ts";
import { keepEnvironment } from "./environment-lock.ts";

const { columns, insert, assignments, toRecord, toBindings } = payloadVersionMapping;

export function payloadVersions(database: Database, committer: Committer): Configuration["payloadVersions"] {
  return {
    all: async (environmentSeq) =>
      (
        await database.all<Row>(
          `SELECT ${columns} FROM payload_version WHERE environment_seq = $1 ORDER BY version DESC, seq DESC`,
          [environmentSeq],
        )
      ).map(toRecord),
    create: (fields, nextSeq, versionsMax) =>
      orTaken(
        committer.write(async (transaction) => {
          const isKept = await keepEnvironment(transaction, fields.environmentSeq, { counts: true });
          await pruneDeleted(transaction, fields.environmentSeq);
          const row = await transaction.first<{ count: number }>(
            "SELECT count(*) AS count FROM payload_version WHERE environment_seq = $1",
            [fields.environmentSeq],
          );
          if (row!.count >= versionsMax) return "full";
          const version: PayloadVersion = { ...fields, seq: nextSeq() };
          if (isKept) await transaction.run(insert(), toBindings(version));
          return version;
        }),
      ),
    update: (environmentSeq, version, change) =>
      committer.write(async (transaction) => {
        const before = await existing(transaction, environmentSeq, version);
        if (before === null) return null;
        const after: PayloadVersion = { ...before, ...change(before), seq: before.seq, environmentSeq, version };
        await replace(transaction, after);
        return after;
      }),
    usage: (environmentSeq, version) => usage(database, environmentSeq, version),
    delete: (environmentSeq, version, nextSeq) =>
      committer.write(async (transaction) => {
        // The lock also waits for other instances that pin endpoints to the version.
        const before = await existing(transaction, environmentSeq, version);
        if (before === null) return "gone";
        if ((await usage(transaction, environmentSeq, version)) > 0) return "in use";
        await replace(transaction, { ...before, deletedSeq: nextSeq() });
        return "deleted";
      }),
  };
}

/** Reads and locks a version. */
async function existing(
  transaction: Transaction,
  environmentSeq: Seq,
  version: string,
): Promise<PayloadVersion | null> {
  const row = await transaction.first<Row>(
    `SELECT ${columns} FROM payload_version WHERE environment_seq = $1 AND version = $2 AND deleted_seq IS NULL FOR UPDATE`,
    [environmentSeq, version],
  );
  return row === null ? null : toRecord(row);
}

async function replace(transaction: Transaction, version: PayloadVersion): Promise<void> {
  await transaction.run(`UPDATE payload_version SET ${assignments} WHERE seq = $seq`, toBindings(version));
}

/** Removes deleted versions. One is needed as long as messages that were accepted before its deletion exist. */
async function pruneDeleted(transaction: Transaction, environmentSeq: Seq): Promise<void> {
  await transaction.run(
    `DELETE FROM payload_version WHERE environment_seq = $1 AND deleted_seq IS NOT NULL
       AND deleted_seq < (SELECT COALESCE(min(seq), ${Number.MAX_SAFE_INTEGER}) FROM message)`,
    [environmentSeq],
  );
}

async function usage(queries: Queries, environmentSeq: Seq, version: string): Promise<number> {
  const row = await queries.first<{ count: number }>(
    `SELECT count(*) AS count FROM endpoint e
     JOIN application a ON a.seq = e.application_seq AND a.environment_seq = $1
     WHERE e.api_version = $2 AND e.deleted_at IS NULL`,
    [environmentSeq, version],
  );
  return row!.count;
}
