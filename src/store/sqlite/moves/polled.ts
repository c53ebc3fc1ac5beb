import type { Database } from "bun:sqlite";
import type { Seq, SeqSource } from "../../../core/id.ts";
import type { MovedLease, MovedReader, MoveOrigin, PolledPage } from "../../index.ts";
import type { PageReader } from "./page-reader.ts";

/** Maximum number of messages or leases in a page. */
const ROWS_MAX = 2000;

type LeaseRow = MovedLease & { readonly groupId: number };

/** Reads the consumers and groups of an application, the messages that they have not got, and the leases. */
export function polledReader(db: Database, read: PageReader, numbers: SeqSource): MoveOrigin["polled"] {
  const newestOf = db.prepare<{ seq: Seq }, [number]>(
    "SELECT seq FROM application_messages WHERE application_seq = ? ORDER BY seq DESC LIMIT 1",
  );
  const readers = readersReader(db);
  const earliest = db.prepare<{ cursor: Seq | null }, [number]>(
    `SELECT MIN(cursor) AS cursor FROM (SELECT cursor FROM poller WHERE application_seq = ?1
     UNION ALL SELECT cursor FROM poller_group WHERE application_seq = ?1)`,
  );
  const messagesFrom = db.prepare<{ seq: Seq }, [number, number, number]>(
    "SELECT seq FROM application_messages WHERE application_seq = ? AND seq >= ? ORDER BY seq LIMIT ?",
  );
  const leasesAfter = leasesReader(db);
  const isErased = db.prepare<unknown, [number]>("SELECT 1 FROM message WHERE seq = ? AND payload IS NULL");
  const page = (applicationSeq: Seq, part: Partial<PolledPage> & Pick<PolledPage, "messages">): PolledPage => ({
    ...{ part: "polled", isFirst: false, consumers: [], groups: [], leases: [] },
    ...{ newest: newestOf.get(applicationSeq)?.seq ?? null, last: numbers.last },
    erased: part.messages.filter((seq) => isErased.get(seq) !== null),
    ids: read.ids(
      ["msg_", part.messages.map((seq) => ({ seq })), "seq"],
      ["msg_", part.consumers?.map(({ cursor }) => ({ cursor })) ?? [], "cursor"],
    ),
    ...part,
  });

  return async (applicationSeq, after) => {
    if (after === null) {
      const { consumers, groups } = readers(applicationSeq);
      const newest = newestOf.get(applicationSeq)?.seq ?? null;
      const isEmpty = consumers.length + groups.length === 0;
      // The newest one moves even if nobody waits for it: later messages get greater numbers.
      const from = Math.min((earliest.get(applicationSeq)!.cursor ?? 0) + 1, newest ?? 0);
      const messages = isEmpty || newest === null ? [] : [newest];
      const next = isEmpty ? null : { groupId: null, messageSeq: from };
      return { page: page(applicationSeq, { isFirst: true, messages, consumers, groups }), next };
    }
    const { groupId, messageSeq } = after;
    if (groupId === null) {
      const messages = messagesFrom.all(applicationSeq, messageSeq, ROWS_MAX).map(({ seq }) => seq);
      const isLast = messages.length < ROWS_MAX;
      const next = isLast ? { groupId: 0, messageSeq: 0 } : { groupId: null, messageSeq: messages.at(-1)! + 1 };
      return { page: page(applicationSeq, { messages }), next };
    }
    const rows = leasesAfter(applicationSeq, groupId, messageSeq);
    const last = rows.at(-1);
    const next = rows.length < ROWS_MAX ? null : { groupId: last!.groupId, messageSeq: last!.messageSeq };
    const leases = rows.map(({ groupId: _, ...lease }) => lease);
    return { page: page(applicationSeq, { messages: leases.map((lease) => lease.messageSeq), leases }), next };
  };
}

function readersReader(db: Database): (applicationSeq: Seq) => Record<"consumers" | "groups", MovedReader[]> {
  const readersOf = (table: string, name: string) =>
    db.prepare<MovedReader, [number]>(
      `SELECT sink, ${name} AS name, cursor, updated_at AS updatedAt, (SELECT i.seq FROM application_messages i
         WHERE i.application_seq = r.application_seq AND i.seq > r.cursor ORDER BY i.seq LIMIT 1) AS next
       FROM ${table} r WHERE application_seq = ? ORDER BY sink, ${name}`,
    );
  const [consumersOf, groupsOf] = [readersOf("poller", "consumer"), readersOf("poller_group", "name")];
  return (applicationSeq) => ({ consumers: consumersOf.all(applicationSeq), groups: groupsOf.all(applicationSeq) });
}

/**
 * Returns a function that reads a page of leases after one of them, group by group: sorting those of all
 * groups would take longer with each lease.
 */
function leasesReader(db: Database): (applicationSeq: Seq, groupId: number, messageSeq: Seq) => LeaseRow[] {
  const groupsFrom = db.prepare<{ id: number; sink: string; group: string }, [number, number]>(
    'SELECT id, sink, name AS "group" FROM poller_group WHERE application_seq = ? AND id >= ?',
  );
  const leasesOf = db.prepare<Pick<LeaseRow, "messageSeq" | "times" | "endsAt">, [number, number, number]>(
    `SELECT message_seq AS messageSeq, times, ends_at AS endsAt FROM poller_lease l
     WHERE group_id = ? AND message_seq > ? AND EXISTS (SELECT 1 FROM message m WHERE m.seq = l.message_seq)
     ORDER BY message_seq LIMIT ?`,
  );
  return (applicationSeq, groupId, messageSeq) => {
    const rows: LeaseRow[] = [];
    const groups = groupsFrom.all(applicationSeq, groupId).sort((a, b) => a.id - b.id);
    for (const { id, ...group } of groups) {
      if (rows.length === ROWS_MAX) break;
      const leases = leasesOf.all(id, id === groupId ? messageSeq : 0, ROWS_MAX - rows.length);
      for (const lease of leases) rows.push({ groupId: id, ...group, ...lease });
    }
    return rows;
  };
}
