import type { Database } from "bun:sqlite";
import type { Configuration, PageRequest, Token, TokenEnd, TokenFilter } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { tokenMapping } from "../../sql/mappings.ts";
import { Conditions, directionOf, rangeOf } from "../../sql/page.ts";
import { jsonOrNull } from "../../sql/rows.ts";
import { readSteps, type Steps } from "../../sql/steps.ts";
import { IN_STATE } from "../../sql/token-state.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";

const { columns, insert, toRecord, toRecordOrNull, toBindings } = tokenMapping;

/** Number of tokens that one step of a list examines. */
const STEP_ROWS = 1000;

export function tokens(db: Database, committer: Committer, turns: Turns): Configuration["tokens"] {
  const insertOne = db.prepare(insert("sha256"));
  const byHash = db.prepare<Row, [Uint8Array]>(`SELECT ${columns} FROM token WHERE sha256 = ?`);
  const bySeq = db.prepare<Row, [number, number]>(`SELECT ${columns} FROM token WHERE seq = ? AND environment_seq = ?`);
  const all = db.prepare<Row, []>(`SELECT ${columns} FROM token ORDER BY seq`);
  const change = db.prepare(
    "UPDATE token SET name = COALESCE($name, name), scopes = IIF($keepsScopes, scopes, $scopes) WHERE seq = $seq",
  );
  const revoke = db.prepare("UPDATE token SET revoked_at = ?2 WHERE seq = ?1 AND revoked_at IS NULL");
  const end = db.prepare("UPDATE token SET expires_at = ?2 WHERE seq = ?1 AND (expires_at IS NULL OR expires_at > ?2)");
  const use = db.prepare(
    "UPDATE token SET last_used_at = ?2 WHERE seq = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)",
  );
  const ends = applicationEnds(db);

  return {
    create: (token, sha256) => committer.write(() => void insertOne.run({ ...toBindings(token), sha256 })),
    withHash: async (sha256) => toRecordOrNull(byHash.get(sha256)),
    list: async () => all.all().map(toRecord),
    get: async (environmentSeq, seq) => toRecordOrNull(bySeq.get(seq, environmentSeq)),
    page: (filter, page) => readSteps(turns, page, rangeOf(page), tokenSteps(db, filter, page)),
    change: (seq, { name = null, scopes }) =>
      committer.write(
        () => void change.run({ seq, name, keepsScopes: scopes === undefined ? 1 : 0, scopes: jsonOrNull(scopes) }),
      ),
    revoke: (seq, now) => committer.write(() => revoke.run(seq, now).changes === 1),
    end: (seq, endsAt) => committer.write(() => void end.run(seq, endsAt)),
    use: (seq, now) => committer.write(() => void use.run(seq, now)),
    endOfApplication: (wanted) => committer.write(() => ends.end(wanted)),
    jwtEnd: async (applicationSeq, issuedAt) => ends.jwtEnd(applicationSeq, issuedAt),
  };
}

/**
 * Returns the steps that list the tokens of a filter. SQLite ignores the case of ASCII letters only,
 * so TypeScript compares the names.
 */
function tokenSteps(
  db: Database,
  { environmentSeq, applicationSeq, state, at, text }: TokenFilter,
  page: PageRequest,
): Steps<Token> {
  const direction = directionOf(page);
  const within = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
  if (applicationSeq === null) within.add("application_seq IS NULL");
  else within.add("application_seq = $applicationSeq", { applicationSeq });
  within.add("seq >= $from AND seq < $to");
  const isWanted = state === null ? "" : ` AND ${IN_STATE[state]}`;
  const judged = state === "active" || state === "expired" ? { at } : {};
  const wanted = text?.toLowerCase();
  const last = db.query<{ seq: number }, [typeof within.values]>(
    `SELECT seq FROM token WHERE 1${within.sql} ORDER BY seq ${direction} LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
  );
  const rows = db.query<Row, [typeof within.values]>(
    `SELECT ${columns} FROM token WHERE 1${within.sql}${isWanted} ORDER BY seq ${direction}`,
  );
  return {
    lastOf: (range) => last.get({ ...within.values, ...range })?.seq,
    read(range, limit) {
      const found: Token[] = [];
      for (const row of rows.iterate({ ...within.values, ...judged, ...range })) {
        const token = toRecord(row);
        if (wanted === undefined || token.name.toLowerCase().includes(wanted)) found.push(token);
        if (found.length === limit) break;
      }
      return { rows: found };
    },
  };
}

/**
 * Makes an application's tokens expire. Updates the rows of stored tokens. JWTs have no row, so a
 * row in `jwt_end` states which of them expire, by time of issue.
 */
function applicationEnds(db: Database) {
  const OF_APPLICATION = `UPDATE token SET expires_at = ?2
    WHERE application_seq = ?1 AND (expires_at IS NULL OR expires_at > ?2)`;
  const endAll = db.prepare(OF_APPLICATION);
  const endSessions = db.prepare(`${OF_APPLICATION} AND session_id IN (SELECT value FROM json_each(?3))`);
  // An earlier row is redundant if the new row applies to all of its JWTs and makes them expire no
  // later.
  const dropJwtEnds = db.prepare(
    "DELETE FROM jwt_end WHERE application_seq = ? AND issued_until <= ? AND ends_at >= ?",
  );
  const addJwtEnd = db.prepare("INSERT INTO jwt_end (application_seq, issued_until, ends_at) VALUES (?, ?, ?)");
  const jwtEnd = db.prepare<{ endsAt: number | null }, [number, number]>(
    "SELECT MIN(ends_at) AS endsAt FROM jwt_end WHERE application_seq = ? AND issued_until >= ?",
  );
  return {
    end({ applicationSeq, endsAt, sessionIds, issuedUntil }: TokenEnd): void {
      if (sessionIds !== null) {
        endSessions.run(applicationSeq, endsAt, JSON.stringify(sessionIds));
        return;
      }
      endAll.run(applicationSeq, endsAt);
      dropJwtEnds.run(applicationSeq, issuedUntil, endsAt);
      addJwtEnd.run(applicationSeq, issuedUntil, endsAt);
    },
    jwtEnd: (applicationSeq: number, issuedAt: number) => jwtEnd.get(applicationSeq, issuedAt)?.endsAt ?? null,
  };
}
