import type { Configuration, TokenEnd, TokenFilter } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { tokenMapping } from "../../sql/mappings.ts";
import { Conditions, directionOf, pageOf, rangeOf } from "../../sql/page.ts";
import type { Range } from "../../sql/range.ts";
import { jsonOrNull } from "../../sql/rows.ts";
import { IN_STATE } from "../../sql/token-state.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { textArray } from "../connection/parameters.ts";
import { scanned } from "../history/scan.ts";
import { keepEnvironment } from "./environment-lock.ts";

const { columns, insert, toRecord, toRecordOrNull, toBindings } = tokenMapping;

export function tokens(database: Database, committer: Committer): Configuration["tokens"] {
  const SELECT = `SELECT ${columns} FROM token`;
  return {
    create: (token, sha256) =>
      committer.write(async (transaction) => {
        // Another instance has just deleted the environment with its tokens.
        if (!(await keepEnvironment(transaction, token.environmentSeq))) return;
        await transaction.run(insert("sha256"), { ...toBindings(token), sha256 });
      }),
    withHash: async (sha256) => toRecordOrNull(await database.first<Row>(`${SELECT} WHERE sha256 = $1`, [sha256])),
    list: async () => (await database.all<Row>(`${SELECT} ORDER BY seq`)).map(toRecord),
    get: async (environmentSeq, seq) =>
      toRecordOrNull(
        await database.first<Row>(`${SELECT} WHERE seq = $1 AND environment_seq = $2`, [seq, environmentSeq]),
      ),
    page: pageVerb(database),
    change: (seq, { name = null, scopes }) =>
      committer.write(async (transaction) => {
        await transaction.run(
          `UPDATE token SET name = COALESCE($name, name), scopes = CASE WHEN $keepsScopes::boolean THEN scopes ELSE $scopes END
           WHERE seq = $seq`,
          { seq, name, keepsScopes: scopes === undefined, scopes: jsonOrNull(scopes) },
        );
      }),
    revoke: (seq, now) =>
      committer.write(
        async (transaction) =>
          (await transaction.run("UPDATE token SET revoked_at = $2 WHERE seq = $1 AND revoked_at IS NULL", [
            seq,
            now,
          ])) === 1,
      ),
    end: (seq, endsAt) =>
      committer.write(async (transaction) => {
        await transaction.run(
          "UPDATE token SET expires_at = $2 WHERE seq = $1 AND (expires_at IS NULL OR expires_at > $2)",
          [seq, endsAt],
        );
      }),
    use: (seq, now) =>
      committer.write(async (transaction) => {
        await transaction.run(
          "UPDATE token SET last_used_at = $2 WHERE seq = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
          [seq, now],
        );
      }),
    endOfApplication: (end) => committer.write((transaction) => endOfApplication(transaction, end)),
    jwtEnd: async (applicationSeq, issuedAt) => {
      const row = await database.first<{ endsAt: number | null }>(
        `SELECT min(ends_at) AS "endsAt" FROM jwt_end WHERE application_seq = $1 AND issued_until >= $2`,
        [applicationSeq, issuedAt],
      );
      return row?.endsAt ?? null;
    },
  };
}

function conditionsOf({ environmentSeq, applicationSeq, state, at }: TokenFilter): Conditions {
  const where = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
  if (applicationSeq === null) where.add("application_seq IS NULL");
  else where.add("application_seq = $applicationSeq", { applicationSeq });
  if (state !== null) where.add(IN_STATE[state], { at });
  return where;
}

function pageVerb(database: Database): Configuration["tokens"]["page"] {
  return async (filter, page) => {
    const where = conditionsOf(filter);
    const read = async (range: Range, limit: number) =>
      (
        await database.all<Row>(
          `SELECT ${columns} FROM token WHERE seq >= $from AND seq < $to${where.sql}
           ORDER BY seq ${directionOf(page)} LIMIT $limit`,
          { ...where.values, ...range, limit },
        )
      ).map(toRecord);
    const within = rangeOf(page);
    const wanted = filter.text?.toLowerCase();
    if (wanted === undefined) return pageOf(await read(within, page.limit + 1), page);
    return scanned(page, within, {
      read,
      pick: (rows) => rows.filter(({ name }) => name.toLowerCase().includes(wanted)),
    });
  };
}

/**
 * Makes an application's tokens expire. Updates the rows of stored tokens. JWTs have no row, so a row
 * in `jwt_end` states which of them expire, by time of issue.
 */
async function endOfApplication(
  transaction: Transaction,
  { applicationSeq, endsAt, sessionIds, issuedUntil }: TokenEnd,
): Promise<void> {
  const endAll = `UPDATE token SET expires_at = $2
    WHERE application_seq = $1 AND (expires_at IS NULL OR expires_at > $2)`;
  if (sessionIds !== null) {
    await transaction.run(`${endAll} AND session_id = ANY ($3::text[])`, [
      applicationSeq,
      endsAt,
      textArray(sessionIds),
    ]);
    return;
  }
  await transaction.run(endAll, [applicationSeq, endsAt]);
  // An earlier row is redundant if the new row applies to all of its JWTs and makes them expire no
  // later.
  await transaction.run("DELETE FROM jwt_end WHERE application_seq = $1 AND issued_until <= $2 AND ends_at >= $3", [
    applicationSeq,
    issuedUntil,
    endsAt,
  ]);
  await transaction.run("INSERT INTO jwt_end (application_seq, issued_until, ends_at) VALUES ($1, $2, $3)", [
    applicationSeq,
    issuedUntil,
    endsAt,
  ]);
}
