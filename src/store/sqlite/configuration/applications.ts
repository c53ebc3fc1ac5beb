import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { limitsMessages } from "../../../core/quota.ts";
import type { Configuration } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { applicationMapping } from "../../sql/mappings.ts";
import { orTaken, unlessTaken } from "../../sql/rows.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import { pollerRemover } from "../history/pollers.ts";
import type { QuotaUsages } from "../queue/quota-usage.ts";
import { listVerb } from "./application-list.ts";

const { columns, insert, assignments, toRecord, toRecordOrNull, toBindings } = applicationMapping;

export function applications(
  db: Database,
  committer: Committer,
  turns: Turns,
  usages: QuotaUsages,
): Configuration["applications"] {
  const bySeq = db.prepare<Row, [number]>(`SELECT ${columns} FROM application WHERE seq = ? AND deleted_at IS NULL`);
  const inEnvironment = db.prepare<Row, [number, number]>(
    `SELECT ${columns} FROM application WHERE seq = ? AND environment_seq = ? AND deleted_at IS NULL AND operational = 0`,
  );
  const byUid = db.prepare<Row, [string, number]>(
    `SELECT ${columns} FROM application WHERE uid = ? AND environment_seq = ? AND deleted_at IS NULL`,
  );
  const insertOne = db.prepare(insert());
  const replace = db.prepare(`UPDATE application SET ${assignments} WHERE seq = $seq AND deleted_at IS NULL`);
  const remove = applicationRemover(db, usages);
  const knownBySeq = db.prepare<Row, [number]>(`SELECT ${columns} FROM application WHERE seq = ?`);

  return {
    find: async (environmentSeq, key) =>
      toRecordOrNull("seq" in key ? inEnvironment.get(key.seq, environmentSeq) : byUid.get(key.uid, environmentSeq)),
    get: async (seq) => toRecordOrNull(bySeq.get(seq)),
    list: listVerb(db, turns),
    create: (application) => unlessTaken(committer.write(() => insertOne.run(toBindings(application)))),
    update: (seq, change) =>
      orTaken(
        committer.write(() => {
          const before = toRecordOrNull(bySeq.get(seq));
          if (before === null) return "gone";
          const { environmentSeq, createdAt } = before;
          const after = { ...before, ...change(before), seq, environmentSeq, createdAt };
          replace.run(toBindings(after));
          if (limitsMessages(before.quota) && !limitsMessages(after.quota)) usages.drop(seq);
          return { before, after };
        }),
      ),
    delete: (seq, deletedAt) => committer.write(() => remove(seq, deletedAt)),
    known: async (seq) => toRecordOrNull(knownBySeq.get(seq)),
    ...operationalVerbs(db, committer),
  };
}

/** Returns a function that deletes an application with its endpoints and returns the endpoints. */
export function applicationRemover(db: Database, usages: QuotaUsages): (seq: Seq, deletedAt: number) => Seq[] {
  const remove = db.prepare("UPDATE application SET deleted_at = ?2 WHERE seq = ?1 AND deleted_at IS NULL");
  const removeEndpoints = db.prepare<{ seq: number }, [number, number]>(
    "UPDATE endpoint SET deleted_at = ?2 WHERE application_seq = ?1 AND deleted_at IS NULL RETURNING seq",
  );
  const removePollers = pollerRemover(db);
  return (seq, deletedAt) => {
    remove.run(seq, deletedAt);
    usages.drop(seq);
    removePollers(seq);
    return removeEndpoints.all(seq, deletedAt).map((endpoint) => endpoint.seq);
  };
}

type OperationalVerbs = Pick<Configuration["applications"], "operational" | "operationalOf" | "ensureOperational">;

function operationalVerbs(db: Database, committer: Committer): OperationalVerbs {
  const all = db.prepare<Row, []>(`SELECT ${columns} FROM application WHERE operational = 1`);
  const ofEnvironment = db.prepare<Row, [number]>(
    `SELECT ${columns} FROM application WHERE environment_seq = ? AND operational = 1`,
  );
  const insertIfNew = db.prepare(
    `INSERT INTO application (seq, environment_seq, name, metadata, created_at, updated_at, operational)
     VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`,
  );
  return {
    operational: async () => all.all().map(toRecord),
    operationalOf: async (environmentSeq) => toRecordOrNull(ofEnvironment.get(environmentSeq)),
    ensureOperational: ({ seq, environmentSeq, name, metadata, createdAt, updatedAt }) =>
      committer.write(() => {
        insertIfNew.run(seq, environmentSeq, name, JSON.stringify(metadata), createdAt, updatedAt);
        return toRecord(ofEnvironment.get(environmentSeq)!);
      }),
  };
}
