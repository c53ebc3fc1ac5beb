import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { KeysPage, MoveDestination, PageStored } from "../../index.ts";
import type { ArrivedRows } from "./arrived-rows.ts";
import type { DestinationParts, HoldRules } from "./destination-parts.ts";
import { idIn } from "./rows.ts";

/**
 * A key that expires within this time of its arrival may do so before its application arrives, in ms. Much longer
 * than a move takes.
 */
const EXPIRES_SOON_MS = 2 * 60 * 60 * 1000;

/** Begins the value of `keys_to` while a pass over the keys is under way. */
const UNDER_WAY = "begun ";

/**
 * Stores the idempotency keys of an application that is arriving. They are found at once, but requests for
 * the application are refused until it has arrived.
 */
export function keysWriter(
  { db, committer, kept, keys, numbers }: DestinationParts,
  rows: ArrivedRows,
  { hasArrived }: HoldRules,
  keysReadAt: Map<Seq, number>,
): MoveDestination["storeKeys"] {
  const continues = continuation(db);
  // See "arrived-messages.ts".
  const keep = db.prepare<unknown, [number, number]>(
    "DELETE FROM arrival_message WHERE application_seq = ? AND message_seq = ?",
  );
  const keepUntil = db.prepare<unknown, [number, number, number]>(
    "INSERT OR REPLACE INTO arrival_message (application_seq, message_seq, kept_until) VALUES (?, ?, ?)",
  );
  const storeKey = (applicationSeq: Seq, { ids }: KeysPage, moved: KeysPage["keys"][number], now: number): void => {
    const { expiresAt, bodyHash } = moved;
    const key = Buffer.from(moved.key, "base64");
    const seq = kept.seqOf(idIn(ids, "msg_", moved.messageSeq))!;
    if (expiresAt - now > EXPIRES_SOON_MS) keep.run(applicationSeq, seq);
    else keepUntil.run(applicationSeq, seq, expiresAt);
    // The key may belong to a message that was here in an earlier move.
    if (keys.get(key, now)?.messageSeq === seq) return;
    keys.add({ key, expiresAt, bodyHash: bodyHash === null ? null : Buffer.from(bodyHash, "base64") }, seq);
  };
  return (applicationSeq, page, now) =>
    committer.write(
      (): PageStored | "behind" | null => {
        if (hasArrived(applicationSeq)) return null;
        if (!continues(applicationSeq, page)) return "behind";
        const seqs = page.keys.map(({ messageSeq }) => messageSeq);
        const missing = rows.missingMessages(applicationSeq, seqs, page.ids);
        if (missing.length > 0) return { missing };
        rows.erase(page.erased, page.ids);
        for (const moved of page.keys) storeKey(applicationSeq, page, moved, now);
        for (const row of page.responses) {
          rows.put("idempotency", { ...row, application_seq: applicationSeq, stored_seq: numbers.next() });
        }
        continues.mark(applicationSeq, page);
        keysReadAt.set(applicationSeq, Math.max(page.readAt, keysReadAt.get(applicationSeq) ?? 0));
        return { missing };
      },
      2 * page.keys.length + page.responses.length,
    );
}

/** Returns a function that says whether a page continues the keys that are stored of an application. */
function continuation(db: Database) {
  const keysTo = db.prepare<{ to: string | null }, [number]>(
    'SELECT keys_to AS "to" FROM arrival WHERE application_seq = ?',
  );
  const set = db.prepare<unknown, [number, string]>("UPDATE arrival SET keys_to = ?2 WHERE application_seq = ?1");
  const continues = (applicationSeq: Seq, { pass: { from, to }, isFirst }: KeysPage): boolean => {
    const stored = keysTo.get(applicationSeq)?.to ?? null;
    // A page may arrive again.
    if (stored === to || stored === UNDER_WAY + to) return true;
    return isFirst && (from === null || from === stored);
  };
  const mark = (applicationSeq: Seq, { pass: { to }, isLast }: KeysPage): void => {
    set.run(applicationSeq, isLast ? to : UNDER_WAY + to);
  };
  return Object.assign(continues, { mark });
}
