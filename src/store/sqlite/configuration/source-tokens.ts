import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Configuration, DoorToken, KnownDoorToken } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";

interface TokenVerbs extends Pick<Configuration["sources"], "tokens" | "rotateToken"> {
  /** Stores the first token of a new source. Must be called within a commit. */
  keepFirst(sourceSeq: Seq, token: DoorToken, now: number): void;
}

/** The tokens of the door, as a hash for look-ups and encrypted for display. */
export function sourceTokens(db: Database, committer: Committer, box: SecretBox): TokenVerbs {
  const insert = db.prepare(
    "INSERT INTO source_token (sha256, source_seq, sealed, rotation, created_at) VALUES (?, ?, ?, ?, ?)",
  );
  const exists = db.prepare("SELECT 1 FROM source WHERE seq = ? AND deleted_at IS NULL");
  const rotations = db.prepare<{ count: number }, [number, number]>(
    "SELECT COUNT(*) AS count FROM source_token WHERE source_seq = ? AND rotation = 1 AND created_at > ?",
  );
  const retire = db.prepare(
    "UPDATE source_token SET expires_at = ?2 WHERE source_seq = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
  );
  const valid = db.prepare<{ sealed: Uint8Array; expires_at: number | null }, [number, number]>(
    `SELECT sealed, expires_at FROM source_token WHERE source_seq = ? AND (expires_at IS NULL OR expires_at > ?)
     ORDER BY expires_at IS NOT NULL, expires_at DESC`,
  );
  const keep = (sourceSeq: Seq, { text, sha256 }: DoorToken, now: number, rotation: 0 | 1): void =>
    void insert.run(sha256, sourceSeq, box.seal(text), rotation, now);

  return {
    keepFirst: (sourceSeq, token, now) => keep(sourceSeq, token, now, 0),
    tokens: async (seq, now): Promise<KnownDoorToken[]> =>
      valid.all(seq, now).map((row) => ({ text: box.open(row.sealed), expiresAt: row.expires_at })),
    rotateToken: (seq, token, { now, oldExpiresAt, limit }) =>
      committer.write(() => {
        if (exists.get(seq) === null) return "gone";
        if (limit !== null && rotations.get(seq, limit.since)!.count >= limit.rotationsMax) return "limited";
        retire.run(seq, oldExpiresAt);
        keep(seq, token, now, 1);
        return "rotated";
      }),
  };
}
