import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Configuration, EndpointSecret } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";

/** Maximum number of an endpoint's old secrets that are still valid, as in the Svix API. */
const OLD_SECRETS_MAX = 10;

interface Secrets extends Pick<Configuration["endpoints"], "secrets" | "rotateSecret"> {
  /** Stores the first secret of a new endpoint. Must be called within a commit. */
  keepFirst(endpointSeq: Seq, secret: string): void;
}

export function endpointSecrets(db: Database, committer: Committer, box: SecretBox): Secrets {
  const insertSecret = db.prepare("INSERT INTO endpoint_secret (endpoint_seq, sealed, expires_at) VALUES (?, ?, NULL)");
  const retireSecrets = db.prepare(
    "UPDATE endpoint_secret SET expires_at = ?2 WHERE endpoint_seq = ?1 AND expires_at IS NULL",
  );
  const forgetSecrets = db.prepare("DELETE FROM endpoint_secret WHERE endpoint_seq = ? AND expires_at <= ?");
  const validSecrets = db.prepare<{ sealed: Uint8Array; expires_at: number | null }, [number, number]>(
    `SELECT sealed, expires_at FROM endpoint_secret WHERE endpoint_seq = ? AND (expires_at IS NULL OR expires_at > ?)
     ORDER BY expires_at IS NOT NULL, id DESC`,
  );
  const oldSecrets = db.prepare<{ count: number }, [number, number]>(
    "SELECT COUNT(*) AS count FROM endpoint_secret WHERE endpoint_seq = ? AND expires_at > ?",
  );
  const keepFirst = (endpointSeq: Seq, secret: string): void => void insertSecret.run(endpointSeq, box.seal(secret));

  return {
    keepFirst,
    secrets: async (seq, now): Promise<EndpointSecret[]> =>
      validSecrets.all(seq, now).map((row) => ({ secret: box.open(row.sealed), expiresAt: row.expires_at })),
    rotateSecret: (seq, secret, now, oldExpiresAt) =>
      committer.write(() => {
        if (oldSecrets.get(seq, now)!.count >= OLD_SECRETS_MAX) return false;
        retireSecrets.run(seq, oldExpiresAt);
        forgetSecrets.run(seq, now);
        keepFirst(seq, secret);
        return true;
      }),
  };
}
