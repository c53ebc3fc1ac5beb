import type { Seq } from "../../../core/id.ts";
import type { MoveDestination } from "../../index.ts";
import type { DestinationParts, HoldRules } from "./destination-parts.ts";
import type { Writers } from "./sends.ts";

/**
 * Stores the messages of an application that is arriving. Records them in `arrival_message` until a key that
 * belongs to them is stored: at the arrival, a recorded message stays only if somebody waits for it. The record
 * of a message whose key expires soon has the instant at which it does (`kept_until`). From then on, by the clock of
 * the origin, the pages of keys do not report that the message's payload was deleted.
 */
export function messagesWriter(
  { db, committer }: DestinationParts,
  { rows, putSends }: Writers,
  { hasArrived }: HoldRules,
): MoveDestination["storeMessages"] {
  const record = db.prepare<unknown, [number, number]>(
    "INSERT OR IGNORE INTO arrival_message (application_seq, message_seq) VALUES (?, ?)",
  );
  return (applicationSeq, { messages, ids, sends }) =>
    committer.write(() => {
      if (hasArrived(applicationSeq)) return null;
      for (const row of messages) {
        // A page may arrive again, perhaps after a message's key, or after its payload was deleted.
        const isNew = rows.missingMessages(applicationSeq, [row.seq!], ids).length > 0;
        if (isNew) record.run(applicationSeq, rows.putMessage(applicationSeq, row, ids));
        else if (row.payload === null) rows.erase([row.seq as Seq], ids);
      }
      putSends(sends, ids);
      return { missing: [] };
    }, 2 * messages.length);
}
