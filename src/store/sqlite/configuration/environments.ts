import type { Database } from "bun:sqlite";
import type { Configuration } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { environmentMapping } from "../../sql/mappings.ts";
import { pageOf, walk } from "../../sql/page.ts";
import { unlessTaken } from "../../sql/rows.ts";
import type { Committer } from "../commit/commit.ts";
import { pollerRemover } from "../history/pollers.ts";
import type { QuotaUsages } from "../queue/quota-usage.ts";
import { SOURCE_DELETION } from "./sources.ts";

const { columns, insert, toRecord, toRecordOrNull, toBindings } = environmentMapping;

const DELETE = [
  "DELETE FROM event_type WHERE environment_seq = ?",
  "DELETE FROM payload_version WHERE environment_seq = ?",
  "DELETE FROM token WHERE environment_seq = ?",
  "DELETE FROM environment WHERE seq = ?",
];

export function environments(db: Database, committer: Committer, usages: QuotaUsages): Configuration["environments"] {
  const all = db.prepare<Row, []>(`SELECT ${columns} FROM environment ORDER BY name`);
  const bySeq = db.prepare<Row, [number]>(`SELECT ${columns} FROM environment WHERE seq = ?`);
  const byName = db.prepare<Row, [string]>(`SELECT ${columns} FROM environment WHERE name = ?`);
  const insertIfNew = db.prepare(
    `INSERT INTO environment (seq, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
     ON CONFLICT (name) DO NOTHING`,
  );
  const insertOne = db.prepare(insert());
  const rename = db.prepare("UPDATE environment SET name = ?2, updated_at = ?3 WHERE seq = ?1");
  const setPausedAt = db.prepare<unknown, [number, number | null, number]>(
    `UPDATE environment SET paused_at = ?2, updated_at = ?3
     WHERE seq = ?1 AND (paused_at IS NULL) <> (?2 IS NULL)`,
  );
  // Messages refer to applications and endpoints, so their rows are kept and marked as deleted.
  const removeApplications = db.prepare<{ seq: number }, [number, number]>(
    "UPDATE application SET deleted_at = ?2 WHERE environment_seq = ?1 AND deleted_at IS NULL RETURNING seq",
  );
  const removeEndpoints = db.prepare<{ seq: number; applicationSeq: number }, [number, number]>(
    `UPDATE endpoint SET deleted_at = ?2 WHERE application_seq = ?1 AND deleted_at IS NULL
     RETURNING seq, application_seq AS applicationSeq`,
  );
  const sourcesOf = db.prepare<{ seq: number }, [number]>(
    "SELECT seq FROM source WHERE environment_seq = ? AND deleted_at IS NULL",
  );
  const removeSource = db.prepare(SOURCE_DELETION.source);
  const removeTokens = db.prepare(SOURCE_DELETION.tokens);
  const removePollers = pollerRemover(db);
  const remove = DELETE.map((sql) => db.prepare<unknown, [number]>(sql));

  return {
    list: async () => all.all().map(toRecord),
    get: async (seq) => toRecordOrNull(bySeq.get(seq)),
    named: async (name) => toRecordOrNull(byName.get(name)),
    page: async (page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<Row, [Record<string, number>]>(
          `SELECT ${columns} FROM environment WHERE 1${condition} ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toRecord), page);
    },
    ensure: ({ seq, name, createdAt }) =>
      committer.write(() => {
        insertIfNew.run(seq, name, createdAt);
        return toRecord(byName.get(name)!);
      }),
    create: (environment) => unlessTaken(committer.write(() => insertOne.run(toBindings(environment)))),
    rename: (seq, name, updatedAt) => unlessTaken(committer.write(() => rename.run(seq, name, updatedAt))),
    setPaused: (seq, isPaused, now) =>
      committer.write(() => {
        setPausedAt.run(seq, isPaused ? now : null, now);
        return toRecordOrNull(bySeq.get(seq));
      }),
    delete: (seq, deletedAt) =>
      committer.write(() => {
        const applications = removeApplications.all(seq, deletedAt).map((application) => application.seq);
        const endpoints = applications.flatMap((application) => removeEndpoints.all(application, deletedAt));
        for (const application of applications) {
          removePollers(application);
          usages.drop(application);
        }
        const sources = sourcesOf.all(seq).map((source) => source.seq);
        for (const source of sources) {
          removeSource.run(source, deletedAt);
          removeTokens.run(source);
        }
        for (const statement of remove) statement.run(seq);
        return { applications, endpoints, sources };
      }),
  };
}
