import type { Seq } from "../../../core/id.ts";
import type { SourceCounts } from "../../../core/received.ts";
import type { Configuration } from "../../index.ts";
import { pageOf, walk } from "../../sql/page.ts";
import { orTaken } from "../../sql/rows.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import { SOURCE_COLUMNS, SOURCE_SQL, type SourceRow, sourceCodec } from "../../sql/source-row.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { insertApplication, removeApplications } from "./applications.ts";
import { sourceTokens } from "./source-tokens.ts";

type Sources = Configuration["sources"];

const SELECT = `SELECT ${SOURCE_COLUMNS} FROM source WHERE deleted_at IS NULL AND`;

export function sources(database: Database, committer: Committer, box: SecretBox): Sources {
  const { toRecord, toBindings } = sourceCodec(box);
  const { keepFirst, ...tokenVerbs } = sourceTokens(database, committer, box);
  return {
    ...sourceReads(database, box),
    create: async (source, application, token) => {
      const result = await orTaken(
        committer.write(async (transaction) => {
          await transaction.run(SOURCE_SQL.insert, toBindings(source));
          const isKept = await insertApplication(transaction, application);
          if (!isKept) await removeSources(transaction, [source.seq], source.createdAt);
          else if (token !== null) await keepFirst(transaction, source.seq, token, source.createdAt);
        }),
      );
      return result !== "taken";
    },
    update: (seq, change) =>
      orTaken(
        committer.write(async (transaction) => {
          const row = await transaction.first<SourceRow>(`${SELECT} seq = $1 FOR UPDATE`, [seq]);
          if (row === null) return "gone";
          const before = toRecord(row);
          const { environmentSeq, applicationSeq, type, provider, lastRunAt, createdAt } = before;
          const fixed = { seq, environmentSeq, applicationSeq, type, provider, lastRunAt, createdAt };
          const after = { ...before, ...change(before), ...fixed };
          await transaction.run(`UPDATE source SET ${SOURCE_SQL.assignments} WHERE seq = $seq`, toBindings(after));
          if (after.name !== before.name) {
            await transaction.run(
              "UPDATE application SET name = $2, updated_at = $3 WHERE seq = $1 AND deleted_at IS NULL",
              [applicationSeq, after.name, after.updatedAt],
            );
          }
          return { before, after };
        }),
      ),
    delete: (seq, deletedAt) =>
      committer.write(async (transaction) => {
        await removeSources(transaction, [seq], deletedAt);
        const applications = await transaction.all<{ seq: Seq }>(
          "SELECT seq FROM application WHERE source_seq = $1 AND deleted_at IS NULL",
          [seq],
        );
        const { endpoints } = await removeApplications(
          transaction,
          applications.map((application) => application.seq),
          deletedAt,
        );
        return endpoints.map((endpoint) => endpoint.seq);
      }),
    ...tokenVerbs,
    setLastRun: (seq, at) =>
      committer.write(async (transaction) => {
        await transaction.run(
          "UPDATE source SET last_run_at = $2 WHERE seq = $1 AND (last_run_at IS NULL OR last_run_at < $2)",
          [seq, at],
        );
      }),
    ...countVerbs(database, committer),
  };
}

/**
 * Deletes sources with their tokens. The rows are kept until the logs are pruned, without their secrets.
 */
export async function removeSources(transaction: Transaction, seqs: readonly Seq[], deletedAt: number): Promise<void> {
  await transaction.run(
    "UPDATE source SET deleted_at = $2, sealed = NULL WHERE seq = ANY ($1::bigint[]) AND deleted_at IS NULL",
    [numberArray(seqs), deletedAt],
  );
  await transaction.run("DELETE FROM source_token WHERE source_seq = ANY ($1::bigint[])", [numberArray(seqs)]);
}

type Reads = Pick<Sources, "find" | "get" | "ofApplication" | "list" | "ofProvider" | "withToken">;

function sourceReads(database: Database, box: SecretBox): Reads {
  const { toRecord, toRecordOrNull } = sourceCodec(box);
  const bySeq = async (seq: Seq) => toRecordOrNull(await database.first<SourceRow>(`${SELECT} seq = $1`, [seq]));
  return {
    find: async (environmentSeq, key) => {
      const [condition, value] = "seq" in key ? ["seq = $1", key.seq] : ["uid = $1", key.uid];
      const row = await database.first<SourceRow>(`${SELECT} ${condition} AND environment_seq = $2`, [
        value!,
        environmentSeq,
      ]);
      return toRecordOrNull(row);
    },
    get: bySeq,
    ofApplication: async (applicationSeq) =>
      toRecordOrNull(
        await database.first<SourceRow>(`${SELECT} seq = (SELECT source_seq FROM application WHERE seq = $1)`, [
          applicationSeq,
        ]),
      ),
    list: async (environmentSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = await database.all<SourceRow>(
        `${SELECT} environment_seq = $environmentSeq${condition} ORDER BY seq ${direction} LIMIT $limit`,
        { environmentSeq, limit: page.limit + 1, from: page.from },
      );
      return pageOf(rows.map(toRecord), page);
    },
    ofProvider: async (provider) =>
      (await database.all<SourceRow>(`${SELECT} provider = $1 ORDER BY seq`, [provider])).map(toRecord),
    withToken: async (sha256, now) => {
      const owner = await database.first<{ seq: Seq; expiresAt: number | null }>(
        `SELECT source_seq AS seq, expires_at AS "expiresAt" FROM source_token
         WHERE sha256 = $1 AND (expires_at IS NULL OR expires_at > $2)`,
        [sha256, now],
      );
      const source = owner === null ? null : await bySeq(owner.seq);
      return source === null ? null : { source, expiresAt: owner!.expiresAt };
    },
  };
}

const NO_COUNTS: SourceCounts = { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };

function countVerbs(database: Database, committer: Committer): Pick<Sources, "counts" | "count"> {
  return {
    counts: async (seq) =>
      (await database.first<SourceCounts>(
        `SELECT count_stored AS stored, count_duplicate AS duplicate, count_refused AS refused, count_limited AS limited,
           count_handshake AS handshake FROM source WHERE seq = $1`,
        [seq],
      )) ?? NO_COUNTS,
    count: (added) =>
      committer.write(async (transaction) => {
        const counts = [...added.values()];
        await transaction.run(
          `UPDATE source s SET count_stored = count_stored + a.stored, count_duplicate = count_duplicate + a.duplicate,
             count_refused = count_refused + a.refused, count_limited = count_limited + a.limited,
             count_handshake = count_handshake + a.handshake
           FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
             AS a(seq, stored, duplicate, refused, limited, handshake)
           WHERE s.seq = a.seq`,
          [
            numberArray([...added.keys()]),
            ...(["stored", "duplicate", "refused", "limited", "handshake"] as const).map((name) =>
              numberArray(counts.map((count) => count[name])),
            ),
          ],
        );
      }, added.size),
  };
}
