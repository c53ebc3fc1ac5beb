import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { seqAt } from "../../../core/id.ts";
import { payloadLinkKeyBytes, payloadLinkLifeMs } from "../../../core/payload-link.ts";
import type { History } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";

export function payloadLinks(db: Database, committer: Committer): History["payloadLinks"] {
  const one = db.prepare<{ seq: number }, [number]>("SELECT link_seq AS seq FROM payload_link_use WHERE link_seq = ?");
  const insert = db.prepare("INSERT OR IGNORE INTO payload_link_use (link_seq) VALUES (?)");
  return {
    isUsed: async (linkSeq) => one.get(linkSeq) !== null,
    use: (linkSeq) => committer.write(() => insert.run(linkSeq).changes > 0),
  };
}

/** Returns a function that deletes up to `limit` uses of links that have expired, and returns their number. */
export function expiredPayloadLinks(db: Database): (now: number, limit: number) => number {
  const forget = db.prepare(
    `DELETE FROM payload_link_use WHERE link_seq IN (
       SELECT link_seq FROM payload_link_use WHERE link_seq < ?1 ORDER BY link_seq LIMIT ?2)`,
  );
  return (now, limit) => forget.run(seqAt(now - payloadLinkLifeMs), limit).changes;
}

const KEY_ID = 1;

/**
 * Generates and stores the key that signs links if there is none. Returns a function that returns the
 * key. It is decrypted when it is first needed, so that a damaged key affects only thin events.
 */
export function payloadLinkKey(db: Database, box: SecretBox): () => string {
  const stored = db.prepare<{ sealed: Uint8Array }, [number]>("SELECT sealed FROM payload_link_key WHERE id = ?");
  const generate = db.transaction(() => {
    const sealed = box.seal(randomBytes(payloadLinkKeyBytes).toString("hex"));
    // A command and the server may start at the same time.
    db.run("INSERT OR IGNORE INTO payload_link_key (id, sealed) VALUES (?, ?)", [KEY_ID, sealed]);
  });
  if (stored.get(KEY_ID) === null) generate.immediate();
  let key: string | null = null;
  return () => {
    key ??= box.open(stored.get(KEY_ID)!.sealed);
    return key;
  };
}
