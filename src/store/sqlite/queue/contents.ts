import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { MessageContent, Queue } from "../../index.ts";
import { CONTENT_COLUMNS, type ContentRow, toContent } from "../../sql/message-row.ts";
import type { Committer } from "../commit/commit.ts";

/** Maximum number of contents that are kept for the next reads. */
const KEPT_CONTENTS_MAX = 64;
/** Larger payloads are not kept. */
const KEPT_PAYLOAD_BYTES_MAX = 16 * 1024;

/**
 * Reads contents. The lanes of a message with many deliveries read the same content one after
 * another, so contents are kept until the next commit, which may change them.
 */
export function contentsVerb(db: Database, committer: Committer): Queue["contents"] {
  const select = db.prepare<ContentRow, [number]>(`SELECT ${CONTENT_COLUMNS} FROM message WHERE seq = ?`);
  const kept = new Map<Seq, MessageContent>();
  committer.onCommit(() => kept.clear());
  const read = (seq: Seq): MessageContent | null => {
    const row = select.get(seq);
    if (row === null) return null;
    const content = toContent(row);
    const isSmall = (content.payload?.byteLength ?? 0) <= KEPT_PAYLOAD_BYTES_MAX;
    if (isSmall && kept.size < KEPT_CONTENTS_MAX) kept.set(seq, content);
    return content;
  };
  return async (messageSeqs) => messageSeqs.map((seq) => kept.get(seq) ?? read(seq));
}
