import type { MoveDestination, PageStored } from "../../index.ts";
import type { EarlierHold } from "../../moves.ts";
import type { DestinationParts, HoldRules } from "./destination-parts.ts";
import { deliveriesDeleter, type Emptying } from "./hold-rules.ts";
import type { Writers } from "./sends.ts";

/** Stores the pending deliveries and the dead letters of an application that is arriving. */
export function waitingWriter(
  { db, committer }: DestinationParts,
  { rows, putSends }: Writers,
  { beginHold, hasArrived, isOver }: HoldRules,
  empty: Emptying,
): MoveDestination["storeWaiting"] {
  const deleteDeliveries = deliveriesDeleter(db);
  return async (applicationSeq, page, hold, aheadMs) => {
    if (page.isFirst && hold !== null) await empty(applicationSeq, hold);
    return committer.write((): PageStored | EarlierHold | null => {
      if (hasArrived(applicationSeq)) return null;
      if (hold !== null && isOver(applicationSeq, hold)) return "earlier-hold";
      const sent = page.sends.filter(({ isErased }) => isErased !== null);
      const messages = [...page.deliveries.map((row) => row.message_seq!), ...sent.map((each) => each.messageSeq)];
      const missing = rows.missingMessages(applicationSeq, messages, page.ids);
      if (missing.length > 0 || hold === null) return { missing };
      beginHold(applicationSeq, hold);
      if (page.isFirst) deleteDeliveries(applicationSeq);
      rows.erase(page.erased, page.ids);
      for (const row of page.deliveries) rows.putDelivery(row, page.ids, aheadMs);
      putSends(page.sends, page.ids);
      return { missing };
    }, page.deliveries.length);
  };
}
