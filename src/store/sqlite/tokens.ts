import type { Database } from "bun:sqlite";
import type { Store, Token } from "../index.ts";
import type { Committer } from "./commit.ts";

const COLUMNS = `seq, name, environment_seq AS environmentSeq, application_seq AS applicationSeq, created_at AS createdAt,
  expires_at AS expiresAt, revoked_at AS revokedAt`;

export function tokens(db: Database, committer: Committer): Store["tokens"] {
  const insert = db.prepare(
    `INSERT INTO token (seq, sha256, name, environment_seq, application_seq, created_at, expires_at, revoked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byHash = db.prepare<Token, [Uint8Array]>(`SELECT ${COLUMNS} FROM token WHERE sha256 = ?`);
  const all = db.prepare<Token, []>(`SELECT ${COLUMNS} FROM token ORDER BY seq`);
  const revoke = db.prepare("UPDATE token SET revoked_at = ?2 WHERE seq = ?1 AND revoked_at IS NULL");
  return {
    create: (token, sha256) =>
      committer.write(
        () =>
          void insert.run(
            token.seq,
            sha256,
            token.name,
            token.environmentSeq,
            token.applicationSeq,
            token.createdAt,
            token.expiresAt,
            token.revokedAt,
          ),
      ),
    withHash: async (sha256) => byHash.get(sha256),
    list: async () => all.all(),
    revoke: (seq, now) => committer.write(() => revoke.run(seq, now).changes === 1),
  };
}
