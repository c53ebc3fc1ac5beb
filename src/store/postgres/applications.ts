import { limitsMessages } from "../../core/quota.ts";
import type { Configuration } from "../index.ts";
import type { Row } from "../sql/mapping.ts";
import { applicationMapping } from "../sql/mappings.ts";
import { orTaken, unlessTaken } from "../sql/rows.ts";
import type { Committer } from "./commit.ts";
import type { Database } from "./database.ts";

const { columns, insert, assignments, toRecord, toRecordOrNull, toBindings } = applicationMapping;

type Verbs = Omit<Configuration["applications"], "list">;

export function applications(database: Database, committer: Committer): Verbs {
  const SELECT = `SELECT ${columns} FROM application WHERE`;
  const STORED = `${SELECT} seq = $1 AND deleted_at IS NULL`;
  return {
    find: async (environmentSeq, key) =>
      toRecordOrNull(
        "seq" in key
          ? await database.first<Row>(
              `${SELECT} seq = $1 AND environment_seq = $2 AND deleted_at IS NULL AND operational = 0`,
              [key.seq, environmentSeq],
            )
          : await database.first<Row>(`${SELECT} uid = $1 AND environment_seq = $2 AND deleted_at IS NULL`, [
              key.uid,
              environmentSeq,
            ]),
      ),
    get: async (seq) => toRecordOrNull(await database.first<Row>(STORED, [seq])),
    create: (application) =>
      unlessTaken(committer.write((transaction) => transaction.run(insert(), toBindings(application)))),
    update: (seq, change) =>
      orTaken(
        committer.write(async (transaction) => {
          const before = toRecordOrNull(await transaction.first<Row>(`${STORED} FOR UPDATE`, [seq]));
          if (before === null) return "gone";
          const { environmentSeq, createdAt } = before;
          const after = { ...before, ...change(before), seq, environmentSeq, createdAt };
          await transaction.run(`UPDATE application SET ${assignments} WHERE seq = $seq`, toBindings(after));
          if (limitsMessages(before.quota) && !limitsMessages(after.quota)) {
            await transaction.run("DELETE FROM quota_usage WHERE application_seq = $1", [seq]);
          }
          return { before, after };
        }),
      ),
    delete: (seq, deletedAt) =>
      committer.write(async (transaction) => {
        await transaction.run("UPDATE application SET deleted_at = $2 WHERE seq = $1 AND deleted_at IS NULL", [
          seq,
          deletedAt,
        ]);
        await transaction.run("DELETE FROM quota_usage WHERE application_seq = $1", [seq]);
        const endpoints = await transaction.all<{ seq: number }>(
          "UPDATE endpoint SET deleted_at = $2 WHERE application_seq = $1 AND deleted_at IS NULL RETURNING seq",
          [seq, deletedAt],
        );
        return endpoints.map((endpoint) => endpoint.seq);
      }),
    known: async (seq) => toRecordOrNull(await database.first<Row>(`${SELECT} seq = $1`, [seq])),
    ...operationalVerbs(database, committer),
  };
}

type OperationalVerbs = Pick<Configuration["applications"], "operational" | "operationalOf" | "ensureOperational">;

function operationalVerbs(database: Database, committer: Committer): OperationalVerbs {
  const OF_ENVIRONMENT = `SELECT ${columns} FROM application WHERE environment_seq = $1 AND operational = 1`;
  return {
    operational: async () =>
      (await database.all<Row>(`SELECT ${columns} FROM application WHERE operational = 1`)).map(toRecord),
    operationalOf: async (environmentSeq) =>
      toRecordOrNull(await database.first<Row>(OF_ENVIRONMENT, [environmentSeq])),
    ensureOperational: ({ seq, environmentSeq, name, metadata, createdAt, updatedAt }) =>
      committer.write(async (transaction) => {
        await transaction.run(
          `INSERT INTO application (seq, environment_seq, name, metadata, created_at, updated_at, operational)
           VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING`,
          [seq, environmentSeq, name, JSON.stringify(metadata), createdAt, updatedAt],
        );
        return toRecord((await transaction.first<Row>(OF_ENVIRONMENT, [environmentSeq]))!);
      }),
  };
}
