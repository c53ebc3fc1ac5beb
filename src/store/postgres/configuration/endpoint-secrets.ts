import type { Seq } from "../../../core/id.ts";
import type { Configuration, EndpointSecret } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";

/** Maximum number of an endpoint's old secrets that are still valid, as in the Svix API. */
const OLD_SECRETS_MAX = 10;

interface Secrets extends Pick<Configuration["endpoints"], "secrets" | "rotateSecret"> {
  /** Stores the first secret of a new endpoint. */
  keepFirst(transaction: Transaction, endpointSeq: Seq, secret: string): Promise<void>;
}

export function endpointSecrets(database: Database, committer: Committer, box: SecretBox): Secrets {
  const keepFirst = async (transaction: Transaction, endpointSeq: Seq, secret: string): Promise<void> => {
    await transaction.run("INSERT INTO endpoint_secret (endpoint_seq, sealed, expires_at) VALUES ($1, $2, NULL)", [
      endpointSeq,
      box.seal(secret),
    ]);
  };
  return {
    keepFirst,
    secrets: async (seq, now): Promise<EndpointSecret[]> => {
      const rows = await database.all<{ sealed: Uint8Array; expiresAt: number | null }>(
        `SELECT sealed, expires_at AS "expiresAt" FROM endpoint_secret
         WHERE endpoint_seq = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY expires_at IS NOT NULL, id DESC`,
        [seq, now],
      );
      return rows.map(({ sealed, expiresAt }) => ({ secret: box.open(sealed), expiresAt }));
    },
    rotateSecret: (seq, secret, now, oldExpiresAt) =>
      committer.write(async (transaction) => {
        // Rotations of other instances wait.
        await transaction.run("SELECT 1 FROM endpoint WHERE seq = $1 FOR NO KEY UPDATE", [seq]);
        const old = await transaction.first<{ count: number }>(
          "SELECT count(*) AS count FROM endpoint_secret WHERE endpoint_seq = $1 AND expires_at > $2",
          [seq, now],
        );
        if (old!.count >= OLD_SECRETS_MAX) return false;
        await transaction.run(
          "UPDATE endpoint_secret SET expires_at = $2 WHERE endpoint_seq = $1 AND expires_at IS NULL",
          [seq, oldExpiresAt],
        );
        await transaction.run("DELETE FROM endpoint_secret WHERE endpoint_seq = $1 AND expires_at <= $2", [seq, now]);
        await keepFirst(transaction, seq, secret);
        return true;
      }),
  };
}
