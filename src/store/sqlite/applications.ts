import type { Database } from "bun:sqlite";
import type { Application, Metadata, Store } from "../index.ts";
import type { Committer } from "./commit.ts";
import { pageOf, walk } from "./page.ts";
import { isUniqueConflict, parsed } from "./rows.ts";

const COLUMNS = `seq, environment_seq AS environmentSeq, uid, name, throttle_rate AS throttleRate, metadata,
  created_at AS createdAt, updated_at AS updatedAt`;

type Row = Omit<Application, "metadata"> & { metadata: string };

function toApplication(row: Row | null): Application | null {
  return row === null ? null : { ...row, metadata: parsed<Metadata>(row.metadata) };
}

export function applications(db: Database, committer: Committer): Store["applications"] {
  const bySeq = db.prepare<Row, [number]>(`SELECT ${COLUMNS} FROM application WHERE seq = ? AND deleted_at IS NULL`);
  const inEnvironment = db.prepare<Row, [number, number]>(
    `SELECT ${COLUMNS} FROM application WHERE seq = ? AND environment_seq = ? AND deleted_at IS NULL`,
  );
  const byUid = db.prepare<Row, [string, number]>(
    `SELECT ${COLUMNS} FROM application WHERE uid = ? AND environment_seq = ? AND deleted_at IS NULL`,
  );
  const insert = db.prepare(
    `INSERT INTO application (seq, environment_seq, uid, name, throttle_rate, metadata, created_at, updated_at)
     VALUES ($seq, $environmentSeq, $uid, $name, $throttleRate, $metadata, $createdAt, $updatedAt)`,
  );
  const replace = db.prepare(
    `UPDATE application SET uid = $uid, name = $name, throttle_rate = $throttleRate, metadata = $metadata,
     updated_at = $updatedAt WHERE seq = $seq AND deleted_at IS NULL`,
  );
  const remove = db.prepare("UPDATE application SET deleted_at = ?2 WHERE seq = ?1 AND deleted_at IS NULL");
  const removeEndpoints = db.prepare(
    "UPDATE endpoint SET deleted_at = ?2 WHERE application_seq = ?1 AND deleted_at IS NULL",
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

  return {
    find: async (environmentSeq, key) =>
      toApplication("seq" in key ? inEnvironment.get(key.seq, environmentSeq) : byUid.get(key.uid, environmentSeq)),
    get: async (seq) => toApplication(bySeq.get(seq)),
    list: async (environmentSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<Row, [Record<string, number>]>(
          `SELECT ${COLUMNS} FROM application WHERE environment_seq = $environmentSeq AND deleted_at IS NULL${condition}
           ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ environmentSeq, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(
        rows.map((row) => toApplication(row)!),
        page,
      );
    },
    create: (application) =>
      unlessTaken(() =>
        insert.run({
          seq: application.seq,
          environmentSeq: application.environmentSeq,
          uid: application.uid,
          name: application.name,
          throttleRate: application.throttleRate,
          metadata: JSON.stringify(application.metadata),
          createdAt: application.createdAt,
          updatedAt: application.updatedAt,
        }),
      ),
    update: (application) =>
      unlessTaken(() =>
        replace.run({
          seq: application.seq,
          uid: application.uid,
          name: application.name,
          throttleRate: application.throttleRate,
          metadata: JSON.stringify(application.metadata),
          updatedAt: application.updatedAt,
        }),
      ),
    delete: (seq, deletedAt) =>
      committer.write(() => {
        remove.run(seq, deletedAt);
        removeEndpoints.run(seq, deletedAt);
      }),
  };
}
