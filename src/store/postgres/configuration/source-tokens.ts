import type { Seq } from "../../../core/id.ts";
import type { Configuration, DoorToken, KnownDoorToken } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";

interface TokenVerbs extends Pick<Configuration["sources"], "tokens" | "rotateToken"> {
  /** Stores the first token of a new source. */
  keepFirst(transaction: Transaction, sourceSeq: Seq, token: DoorToken, now: number): Promise<void>;
}

/** The tokens of the door, as a hash for look-ups and encrypted for display. */
export function sourceTokens(database: Database, committer: Committer, box: SecretBox): TokenVerbs {
  const keep = async (
    transaction: Transaction,
    sourceSeq: Seq,
    { text, sha256 }: DoorToken,
    now: number,
    rotation: 0 | 1,
  ): Promise<void> => {
    await transaction.run(
      "INSERT INTO source_token (sha256, source_seq, sealed, rotation, created_at) VALUES ($1, $2, $3, $4, $5)",
      [sha256, sourceSeq, box.seal(text), rotation, now],
    );
  };
  return {
    keepFirst: (transaction, sourceSeq, token, now) => keep(transaction, sourceSeq, token, now, 0),
    tokens: async (seq, now): Promise<KnownDoorToken[]> => {
      const rows = await database.all<{ sealed: Uint8Array; expiresAt: number | null }>(
        `SELECT sealed, expires_at AS "expiresAt" FROM source_token
         WHERE source_seq = $1 AND (expires_at IS NULL OR expires_at > $2)
         ORDER BY expires_at IS NOT NULL, expires_at DESC`,
        [seq, now],
      );
      return rows.map(({ sealed, expiresAt }) => ({ text: box.open(sealed), expiresAt }));
    },
    rotateToken: (seq, token, { now, oldExpiresAt, limit }) =>
      committer.write(async (transaction) => {
        // Rotations of other instances wait.
        const source = await transaction.first(
          "SELECT 1 FROM source WHERE seq = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
          [seq],
        );
        if (source === null) return "gone";
        if (limit !== null) {
          const rotations = await transaction.first<{ count: number }>(
            "SELECT count(*) AS count FROM source_token WHERE source_seq = $1 AND rotation = 1 AND created_at > $2",
            [seq, limit.since],
          );
          if (rotations!.count >= limit.rotationsMax) return "limited";
        }
        await transaction.run(
          "UPDATE source_token SET expires_at = $2 WHERE source_seq = $1 AND (expires_at IS NULL OR expires_at > $2)",
          [seq, oldExpiresAt],
        );
        await keep(transaction, seq, token, now, 1);
        return "rotated";
      }),
  };
}
