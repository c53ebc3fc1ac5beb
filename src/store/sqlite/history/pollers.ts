import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { History } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";

export function pollers(db: Database, committer: Committer): History["pollers"] {
  const cursor = db.prepare<{ cursor: number }, [number, string, string]>(
    "SELECT cursor FROM poller WHERE application_seq = ? AND sink = ? AND consumer = ?",
  );
  const isThere = db.prepare("SELECT 1 FROM application WHERE seq = ? AND deleted_at IS NULL");
  const count = db.prepare<{ count: number }, [number]>(
    "SELECT COUNT(*) AS count FROM poller WHERE application_seq = ?",
  );
  const put = db.prepare(
    "INSERT OR REPLACE INTO poller (application_seq, sink, consumer, cursor, updated_at) VALUES (?, ?, ?, ?, ?)",
  );
  return {
    cursor: async ({ applicationSeq, sink, consumer }) => cursor.get(applicationSeq, sink, consumer)?.cursor ?? null,
    move: ({ applicationSeq, sink, consumer }, to, { onlyForward, consumersMax, now }) =>
      committer.write(() => {
        const known = cursor.get(applicationSeq, sink, consumer);
        // The application was deleted together with its cursors.
        if (known === null && isThere.get(applicationSeq) === null) return true;
        if (known === null && count.get(applicationSeq)!.count >= consumersMax) return false;
        if (known === null || !onlyForward || to > known.cursor) put.run(applicationSeq, sink, consumer, to, now);
        return true;
      }),
  };
}

/** Returns a function that deletes the consumers and groups of an application. */
export function pollerRemover(db: Database): (applicationSeq: Seq) => void {
  const statements = [
    "DELETE FROM poller WHERE application_seq = ?",
    "DELETE FROM poller_lease WHERE group_id IN (SELECT id FROM poller_group WHERE application_seq = ?)",
    "DELETE FROM poller_group WHERE application_seq = ?",
  ].map((sql) => db.prepare<unknown, [number]>(sql));
  return (applicationSeq) => {
    for (const statement of statements) statement.run(applicationSeq);
  };
}
