import type { Database } from "bun:sqlite";
import type { SourceCounts } from "../../../core/received.ts";
import type { Configuration } from "../../index.ts";
import { applicationMapping } from "../../sql/mappings.ts";
import { pageOf, walk } from "../../sql/page.ts";
import { orTaken } from "../../sql/rows.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import { SOURCE_COLUMNS, SOURCE_SQL, type SourceRow, sourceCodec } from "../../sql/source-row.ts";
import type { Committer } from "../commit/commit.ts";
import { pollerRemover } from "../history/pollers.ts";
import { sourceTokens } from "./source-tokens.ts";

type Sources = Configuration["sources"];

export function sources(db: Database, committer: Committer, box: SecretBox): Sources {
  const { toRecord, toBindings } = sourceCodec(box);
  const bySeq = db.prepare<SourceRow, [number]>(
    `SELECT ${SOURCE_COLUMNS} FROM source WHERE seq = ? AND deleted_at IS NULL`,
  );
  const insertOne = db.prepare(SOURCE_SQL.insert);
  const insertApplication = db.prepare(applicationMapping.insert());
  const replace = db.prepare(`UPDATE source SET ${SOURCE_SQL.assignments} WHERE seq = $seq AND deleted_at IS NULL`);
  const rename = db.prepare("UPDATE application SET name = ?2, updated_at = ?3 WHERE seq = ?1 AND deleted_at IS NULL");
  const setLastRun = db.prepare(
    "UPDATE source SET last_run_at = ?2 WHERE seq = ?1 AND (last_run_at IS NULL OR last_run_at < ?2)",
  );
  const { keepFirst, ...tokenVerbs } = sourceTokens(db, committer, box);

  return {
    ...sourceReads(db, box),
    create: async (source, application, token) => {
      const result = await orTaken(
        committer.write(() => {
          insertOne.run(toBindings(source));
          insertApplication.run(applicationMapping.toBindings(application));
          if (token !== null) keepFirst(source.seq, token, source.createdAt);
        }),
      );
      return result !== "taken";
    },
    update: (seq, change) =>
      orTaken(
        committer.write(() => {
          const row = bySeq.get(seq);
          if (row === null) return "gone";
          const before = toRecord(row);
          const { environmentSeq, applicationSeq, type, provider, lastRunAt, createdAt } = before;
          const fixed = { seq, environmentSeq, applicationSeq, type, provider, lastRunAt, createdAt };
          const after = { ...before, ...change(before), ...fixed };
          replace.run(toBindings(after));
          if (after.name !== before.name) rename.run(applicationSeq, after.name, after.updatedAt);
          return { before, after };
        }),
      ),
    delete: deleteVerb(db, committer),
    ...tokenVerbs,
    setLastRun: (seq, at) => committer.write(() => void setLastRun.run(seq, at)),
    ...countVerbs(db, committer),
  };
}

type Reads = Pick<Sources, "find" | "get" | "ofApplication" | "list" | "ofProvider" | "withToken">;

function sourceReads(db: Database, box: SecretBox): Reads {
  const { toRecord, toRecordOrNull } = sourceCodec(box);
  const select = (condition: string) =>
    `SELECT ${SOURCE_COLUMNS} FROM source WHERE ${condition} AND deleted_at IS NULL`;
  const bySeq = db.prepare<SourceRow, [number]>(select("seq = ?"));
  const inEnvironment = db.prepare<SourceRow, [number, number]>(select("seq = ? AND environment_seq = ?"));
  const byUid = db.prepare<SourceRow, [string, number]>(select("uid = ? AND environment_seq = ?"));
  const byApplication = db.prepare<SourceRow, [number]>(
    select("seq = (SELECT source_seq FROM application WHERE seq = ?)"),
  );
  const ofProvider = db.prepare<SourceRow, [string]>(`${select("provider = ?")} ORDER BY seq`);
  const tokenOwner = db.prepare<{ seq: number; expiresAt: number | null }, [Uint8Array, number]>(
    `SELECT source_seq AS seq, expires_at AS expiresAt FROM source_token
     WHERE sha256 = ? AND (expires_at IS NULL OR expires_at > ?)`,
  );
  return {
    find: async (environmentSeq, key) =>
      toRecordOrNull("seq" in key ? inEnvironment.get(key.seq, environmentSeq) : byUid.get(key.uid, environmentSeq)),
    get: async (seq) => toRecordOrNull(bySeq.get(seq)),
    ofApplication: async (applicationSeq) => toRecordOrNull(byApplication.get(applicationSeq)),
    list: async (environmentSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<SourceRow, [Record<string, number>]>(
          `${select(`environment_seq = $environmentSeq${condition}`)} ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ environmentSeq, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toRecord), page);
    },
    ofProvider: async (provider) => ofProvider.all(provider).map(toRecord),
    withToken: async (sha256, now) => {
      const owner = tokenOwner.get(sha256, now);
      const source = owner === null ? null : toRecordOrNull(bySeq.get(owner.seq));
      return source === null ? null : { source, expiresAt: owner!.expiresAt };
    },
  };
}

/** The statements that delete the sources that a condition selects, except for their logs. */
export const SOURCE_DELETION = {
  /** The row is kept until the log is pruned, without its secrets. */
  source: "UPDATE source SET deleted_at = ?2, sealed = NULL WHERE seq = ?1 AND deleted_at IS NULL",
  tokens: "DELETE FROM source_token WHERE source_seq = ?",
} as const;

function deleteVerb(db: Database, committer: Committer): Sources["delete"] {
  const remove = db.prepare(SOURCE_DELETION.source);
  const removeTokens = db.prepare(SOURCE_DELETION.tokens);
  const removeApplication = db.prepare<{ seq: number }, [number, number]>(
    "UPDATE application SET deleted_at = ?2 WHERE source_seq = ?1 AND deleted_at IS NULL RETURNING seq",
  );
  const removePollers = pollerRemover(db);
  const removeEndpoints = db.prepare<{ seq: number }, [number, number]>(
    "UPDATE endpoint SET deleted_at = ?2 WHERE application_seq = ?1 AND deleted_at IS NULL RETURNING seq",
  );
  return (seq, deletedAt) =>
    committer.write(() => {
      remove.run(seq, deletedAt);
      removeTokens.run(seq);
      const application = removeApplication.get(seq, deletedAt);
      if (application === null) return [];
      removePollers(application.seq);
      return removeEndpoints.all(application.seq, deletedAt).map((endpoint) => endpoint.seq);
    });
}

const NO_COUNTS: SourceCounts = { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };

function countVerbs(db: Database, committer: Committer): Pick<Sources, "counts" | "count"> {
  const counts = db.prepare<SourceCounts, [number]>(
    `SELECT count_stored AS stored, count_duplicate AS duplicate, count_refused AS refused, count_limited AS limited,
       count_handshake AS handshake FROM source WHERE seq = ?`,
  );
  const add = db.prepare(
    `UPDATE source SET count_stored = count_stored + ?2, count_duplicate = count_duplicate + ?3,
       count_refused = count_refused + ?4, count_limited = count_limited + ?5, count_handshake = count_handshake + ?6
     WHERE seq = ?1`,
  );
  return {
    counts: async (seq) => counts.get(seq) ?? NO_COUNTS,
    count: (added) =>
      committer.write(() => {
        for (const [seq, { stored, duplicate, refused, limited, handshake }] of added) {
          add.run(seq, stored, duplicate, refused, limited, handshake);
        }
      }, added.size),
  };
}
