import type { Seq } from "../../../core/id.ts";
import type { Configuration, DeletedWithEnvironment } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { environmentMapping } from "../../sql/mappings.ts";
import { pageOf, walk } from "../../sql/page.ts";
import { unlessTaken } from "../../sql/rows.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { removeApplications } from "./applications.ts";
import { removeSources } from "./sources.ts";

const { columns, insert, toRecord, toRecordOrNull, toBindings } = environmentMapping;

export function environments(database: Database, committer: Committer): Configuration["environments"] {
  const BY_SEQ = `SELECT ${columns} FROM environment WHERE seq = $1`;
  const BY_NAME = `SELECT ${columns} FROM environment WHERE name = $1`;
  return {
    list: async () => (await database.all<Row>(`SELECT ${columns} FROM environment ORDER BY name`)).map(toRecord),
    get: async (seq) => toRecordOrNull(await database.first<Row>(BY_SEQ, [seq])),
    named: async (name) => toRecordOrNull(await database.first<Row>(BY_NAME, [name])),
    page: async (page) => {
      const { condition, direction } = walk("seq", page);
      const rows = await database.all<Row>(
        `SELECT ${columns} FROM environment WHERE true${condition} ORDER BY seq ${direction} LIMIT $limit`,
        { limit: page.limit + 1, from: page.from },
      );
      return pageOf(rows.map(toRecord), page);
    },
    ensure: ({ seq, name, createdAt }) =>
      committer.write(async (transaction) => {
        await transaction.run(
          "INSERT INTO environment (seq, name, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT (name) DO NOTHING",
          [seq, name, createdAt],
        );
        return toRecord((await transaction.first<Row>(BY_NAME, [name]))!);
      }),
    create: (environment) =>
      unlessTaken(committer.write((transaction) => transaction.run(insert(), toBindings(environment)))),
    rename: (seq, name, updatedAt) =>
      unlessTaken(
        committer.write((transaction) =>
          transaction.run("UPDATE environment SET name = $2, updated_at = $3 WHERE seq = $1", [seq, name, updatedAt]),
        ),
      ),
    setPaused: (seq, isPaused, now) =>
      committer.write(async (transaction) => {
        await transaction.run(
          `UPDATE environment SET paused_at = $2, updated_at = $3
           WHERE seq = $1 AND (paused_at IS NULL) <> ($2::bigint IS NULL)`,
          [seq, isPaused ? now : null, now],
        );
        return toRecordOrNull(await transaction.first<Row>(BY_SEQ, [seq]));
      }),
    delete: (seq, deletedAt) => committer.write((transaction) => remove(transaction, seq, deletedAt)),
  };
}

/** The rows that are deleted with an environment, because nothing refers to them. */
const DELETE = ["event_type", "payload_version", "token"].map(
  (table) => `DELETE FROM ${table} WHERE environment_seq = $1`,
);

async function remove(transaction: Transaction, seq: Seq, deletedAt: number): Promise<DeletedWithEnvironment> {
  // This waits for those who create something in the environment. See `keepEnvironment`.
  await transaction.run("DELETE FROM environment WHERE seq = $1", [seq]);
  for (const statement of DELETE) await transaction.run(statement, [seq]);
  const seqsOf = async (table: "application" | "source") =>
    (
      await transaction.all<{ seq: Seq }>(
        `SELECT seq FROM ${table} WHERE environment_seq = $1 AND deleted_at IS NULL ORDER BY seq`,
        [seq],
      )
    ).map((row) => row.seq);
  const sources = await seqsOf("source");
  await removeSources(transaction, sources, deletedAt);
  return { ...(await removeApplications(transaction, await seqsOf("application"), deletedAt)), sources };
}
