import type { IdempotencyEntry, IdempotentResponse, NewMessage, Queue } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database, Parameter } from "../connection/database.ts";
import { bytes, numberArray } from "../connection/parameters.ts";

export interface IdempotencyRow {
  readonly key: Uint8Array;
  readonly status: number;
  readonly messageSeq: number | null;
  readonly expiresAt: number;
  readonly sealed: Uint8Array | null;
  readonly bodyHash: Uint8Array | null;
}

export function hexOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("hex");
}

/** Converts a row. `open` decrypts the text of a response that is not a message. */
export function toResponse(row: IdempotencyRow, open: SecretBox["open"] = refuseToOpen): IdempotentResponse {
  const hash = row.bodyHash === null ? {} : { bodyHash: row.bodyHash };
  if (row.messageSeq !== null) return { kind: "message", messageSeq: row.messageSeq, ...hash };
  return { kind: "text", status: row.status, body: row.sealed === null ? "" : open(row.sealed), ...hash };
}

function refuseToOpen(): string {
  throw new Error("Internal error: the idempotency key of a message belongs to another request.");
}

/** Returns the parameters with which the keys of messages are inserted. */
export function idempotencyArrays(messages: readonly NewMessage[]): readonly Parameter[] {
  const entries = messages.map(({ idempotency }) => idempotency!);
  const keys = bytes(entries.map(({ key }) => key));
  const hashes = bytes(entries.map(({ bodyHash }) => bodyHash));
  const acceptedAts = messages.map(({ acceptedAt }) => acceptedAt);
  return [
    ...[keys.joined, keys.starts, numberArray(messages.map(({ seq }) => seq))],
    ...[numberArray(entries.map(({ expiresAt }) => expiresAt)), hashes.joined, hashes.starts, hashes.lengths],
    ...[numberArray(acceptedAts), Math.min(...acceptedAts)],
  ];
}

export function idempotencyVerbs(database: Database, committer: Committer, box: SecretBox): Queue["idempotency"] {
  return {
    get: async (key, now) => {
      const row = await database.first<IdempotencyRow>(
        `SELECT key, status, message_seq AS "messageSeq", expires_at AS "expiresAt", sealed, body_hash AS "bodyHash"
         FROM idempotency WHERE key = $1 AND expires_at > $2`,
        [key, now],
      );
      return row === null ? null : toResponse(row, (sealed) => box.open(sealed));
    },
    put: (entry, response, now) =>
      committer.write(async (transaction) => {
        // Replaces an expired entry that has not been pruned yet.
        await transaction.run(
          `INSERT INTO idempotency (key, status, message_seq, expires_at, sealed, body_hash)
           VALUES ($key, $status, $messageSeq, $expiresAt, $sealed, $bodyHash)
           ON CONFLICT (key) DO UPDATE SET status = excluded.status, message_seq = excluded.message_seq,
             expires_at = excluded.expires_at, sealed = excluded.sealed, body_hash = excluded.body_hash
           WHERE idempotency.expires_at <= $now`,
          { ...entryBindings(entry), ...responseBindings(box, response), now },
        );
      }),
  };
}

const entryBindings = ({ key, expiresAt, bodyHash }: IdempotencyEntry) => ({ key, expiresAt, bodyHash });

/** Responses may contain secrets, such as a new token, so their text is encrypted. */
function responseBindings(box: SecretBox, response: IdempotentResponse) {
  return response.kind === "message"
    ? { status: 202, messageSeq: response.messageSeq, sealed: null }
    : { status: response.status, messageSeq: null, sealed: box.seal(response.body) };
}
