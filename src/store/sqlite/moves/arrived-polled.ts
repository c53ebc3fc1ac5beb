import type { Seq } from "../../../core/id.ts";
import type { MoveDestination, MovedReader, PageStored, PolledPage } from "../../index.ts";
import type { EarlierHold } from "../../moves.ts";
import { pollerRemover } from "../history/pollers.ts";
import type { ArrivedRows } from "./arrived-rows.ts";
import type { DestinationParts, HoldRules } from "./destination-parts.ts";
import { idIn } from "./rows.ts";

/** Stores the consumers and groups of an application that is arriving. */
export function polledWriter(
  { db, committer, kept, numbers }: DestinationParts,
  rows: ArrivedRows,
  { beginHold, hasArrived, isOver }: HoldRules,
): MoveDestination["storePolled"] {
  const remove = pollerRemover(db);
  const putConsumer = db.prepare<unknown, [number, string, string, number, number]>(
    "INSERT INTO poller (application_seq, sink, consumer, cursor, updated_at) VALUES (?, ?, ?, ?, ?)",
  );
  const putGroup = db.prepare<unknown, [number, string, string, number, number]>(
    "INSERT INTO poller_group (application_seq, sink, name, cursor, updated_at) VALUES (?, ?, ?, ?, ?)",
  );
  const putLease = db.prepare<unknown, [number, number, number, number, string, string]>(
    `INSERT OR REPLACE INTO poller_lease (group_id, message_seq, times, ends_at)
     SELECT id, ?, ?, ? FROM poller_group WHERE application_seq = ? AND sink = ? AND name = ?`,
  );
  const store = (applicationSeq: Seq, page: PolledPage): void => {
    if (page.isFirst) remove(applicationSeq);
    const newest = page.newest === null ? 0 : (kept.seqOf(page.ids[`msg_${page.newest}`] ?? "") ?? page.newest);
    for (const consumer of page.consumers) {
      const cursor = cursorHere(consumer, newest, page.last);
      putConsumer.run(applicationSeq, consumer.sink, consumer.name, cursor, consumer.updatedAt);
      kept.keepPlace(idIn(page.ids, "msg_", consumer.cursor), cursor);
    }
    for (const group of page.groups) {
      const cursor = cursorHere(group, newest, page.last);
      putGroup.run(applicationSeq, group.sink, group.name, cursor, group.updatedAt);
    }
    for (const { sink, group, messageSeq, times, endsAt } of page.leases) {
      const seq = kept.seqOf(idIn(page.ids, "msg_", messageSeq))!;
      putLease.run(seq, times, endsAt, applicationSeq, sink, group);
    }
  };
  return (applicationSeq, page, hold) =>
    committer.write(
      (): PageStored | EarlierHold | null => {
        if (hasArrived(applicationSeq)) return null;
        if (hold !== null && isOver(applicationSeq, hold)) return "earlier-hold";
        const missing = rows.missingMessages(applicationSeq, page.messages, page.ids);
        if (missing.length > 0 || hold === null) return { missing };
        beginHold(applicationSeq, hold);
        // Later messages must get greater numbers than those at the origin, even if none of these is left.
        numbers.reach(page.last);
        kept.keepLast(page.last);
        rows.erase(page.erased, page.ids);
        store(applicationSeq, page);
        return { missing };
      },
      page.consumers.length + page.groups.length + page.leases.length,
    );
}

/**
 * Returns the cursor for the numbers of this installation. A message has the number that it had at the
 * origin or a greater one, so none of those that follow the cursor is skipped. `newest` is the newest
 * message here: later ones have greater numbers, even if the clock here is behind that of the origin.
 */
function cursorHere({ cursor, next }: MovedReader, newest: Seq, last: Seq): Seq {
  if (next !== null) return next - 1;
  return cursor > last ? cursor : newest;
}
