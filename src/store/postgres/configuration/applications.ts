import type { Seq } from "../../../core/id.ts";
import { limitsMessages } from "../../../core/quota.ts";
import type { Application, Configuration, DeletedWithEnvironment } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { applicationMapping } from "../../sql/mappings.ts";
import { orTaken, unlessTaken } from "../../sql/rows.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { removePollers } from "../history/pollers.ts";
import { listVerb } from "./application-list.ts";
import { keepEnvironment } from "./environment-lock.ts";

const { columns, insert, assignments, toRecord, toRecordOrNull, toBindings } = applicationMapping;

export function applications(database: Database, committer: Committer): Configuration["applications"] {
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
    list: listVerb(database),
    create: (application) => unlessTaken(committer.write((transaction) => insertApplication(transaction, application))),
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
        const { endpoints } = await removeApplications(transaction, [seq], deletedAt);
        return endpoints.map((endpoint) => endpoint.seq);
      }),
    known: async (seq) => toRecordOrNull(await database.first<Row>(`${SELECT} seq = $1`, [seq])),
    ...operationalVerbs(database, committer),
  };
}

/** Stores a new application. Returns false if its environment was deleted; the application is then deleted too. */
export async function insertApplication(transaction: Transaction, application: Application): Promise<boolean> {
  const isKept = await keepEnvironment(transaction, application.environmentSeq);
  await transaction.run(insert(), toBindings(application));
  if (!isKept) await removeApplications(transaction, [application.seq], application.createdAt);
  return isKept;
}

/** Deletes applications with their endpoints. Returns what this transaction has deleted. */
export async function removeApplications(
  transaction: Transaction,
  seqs: readonly Seq[],
  deletedAt: number,
): Promise<Pick<DeletedWithEnvironment, "applications" | "endpoints">> {
  const of = numberArray(seqs);
  const applications = await transaction.all<{ seq: Seq }>(
    "UPDATE application SET deleted_at = $2 WHERE seq = ANY ($1::bigint[]) AND deleted_at IS NULL RETURNING seq",
    [of, deletedAt],
  );
  await transaction.run("DELETE FROM quota_usage WHERE application_seq = ANY ($1::bigint[])", [of]);
  await removePollers(transaction, seqs);
  const endpoints = await transaction.all<{ seq: Seq; applicationSeq: Seq }>(
    `UPDATE endpoint SET deleted_at = $2 WHERE application_seq = ANY ($1::bigint[]) AND deleted_at IS NULL
     RETURNING seq, application_seq AS "applicationSeq"`,
    [of, deletedAt],
  );
  return { applications: applications.map(({ seq }) => seq), endpoints };
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
        await keepEnvironment(transaction, environmentSeq);
        await transaction.run(
          `INSERT INTO application (seq, environment_seq, name, metadata, created_at, updated_at, operational)
           VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING`,
          [seq, environmentSeq, name, JSON.stringify(metadata), createdAt, updatedAt],
        );
        return toRecord((await transaction.first<Row>(OF_ENVIRONMENT, [environmentSeq]))!);
      }),
  };
}
