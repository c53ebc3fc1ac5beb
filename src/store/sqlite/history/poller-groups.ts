import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { GroupKey, History, Lease, LeaseOptions } from "../../index.ts";
import { hasEnded, LeaseBasket, type LeaseCandidate } from "../../sql/lease-basket.ts";
import type { Committer } from "../commit/commit.ts";

interface Group {
  readonly id: number;
  readonly cursor: Seq;
}

type Groups = History["groups"];

export function pollerGroups(db: Database, committer: Committer): Groups {
  const find = groupFinder(db);
  const lease = leaser(db);
  const one = db.prepare<Lease & { endsAt: number }, [number, number]>(
    "SELECT message_seq AS messageSeq, times, ends_at AS endsAt FROM poller_lease WHERE group_id = ? AND message_seq = ?",
  );
  const remove = db.prepare<unknown, [number, number]>(
    "DELETE FROM poller_lease WHERE group_id = ? AND message_seq = ?",
  );
  const giveBack = db.prepare<unknown, [number, number, number, number]>(
    "UPDATE poller_lease SET ends_at = 0 WHERE group_id = ? AND message_seq = ? AND times = ? AND ends_at > ?",
  );

  return {
    lease: (key, options) => committer.write(() => lease(key, options), options.limit),
    ack: (key, leases, now) =>
      committer.write(() => {
        const group = find(key);
        if (group === null) return leases;
        const ended = leases.filter((each) => hasEnded(each, one.get(group.id, each.messageSeq), group.cursor, now));
        if (ended.length > 0) return ended;
        for (const { messageSeq } of leases) remove.run(group.id, messageSeq);
        return [];
      }, leases.length),
    nack: (key, leases, now) =>
      committer.write(() => {
        const group = find(key);
        if (group === null) return;
        for (const { messageSeq, times } of leases) giveBack.run(group.id, messageSeq, times, now);
      }, leases.length),
  };
}

function groupFinder(db: Database): (key: GroupKey) => Group | null {
  const find = db.prepare<Group, [number, string, string]>(
    "SELECT id, cursor FROM poller_group WHERE application_seq = ? AND sink = ? AND name = ?",
  );
  return ({ applicationSeq, sink, group }) => find.get(applicationSeq, sink, group);
}

/** Returns a function that finds a group and creates it if it is new. */
function groupKeeper(db: Database): (key: GroupKey, options: LeaseOptions) => Group | "full" | "gone" {
  const find = groupFinder(db);
  const isThere = db.prepare("SELECT 1 FROM application WHERE seq = ? AND deleted_at IS NULL");
  const count = db.prepare<{ count: number }, [number]>(
    "SELECT COUNT(*) AS count FROM poller_group WHERE application_seq = ?",
  );
  const insert = db.prepare<unknown, [number, string, string, number, number]>(
    "INSERT INTO poller_group (application_seq, sink, name, cursor, updated_at) VALUES (?, ?, ?, ?, ?)",
  );
  return (key, { begin, groupsMax, now }) => {
    const known = find(key);
    if (known !== null) return known;
    const { applicationSeq, sink, group } = key;
    // The application was deleted together with its groups.
    if (isThere.get(applicationSeq) === null) return "gone";
    if (count.get(applicationSeq)!.count >= groupsMax) return "full";
    insert.run(applicationSeq, sink, group, begin, now);
    return find(key)!;
  };
}

function leaser(db: Database): (key: GroupKey, options: LeaseOptions) => readonly Lease[] | "full" {
  const keep = groupKeeper(db);
  const ended = db.prepare<LeaseCandidate, [number, number, number]>(
    `SELECT l.message_seq AS messageSeq, l.times AS before, 
       CASE WHEN m.seq IS NULL THEN NULL ELSE COALESCE(LENGTH(m.payload), 0) END AS bytes
     FROM (SELECT message_seq, times FROM poller_lease WHERE group_id = ? AND ends_at <= ? ORDER BY ends_at LIMIT ?) l
     LEFT JOIN message m ON m.seq = l.message_seq`,
  );
  const next = db.prepare<LeaseCandidate, [number, number, number]>(
    `SELECT m.seq AS messageSeq, 0 AS before, COALESCE(LENGTH(m.payload), 0) AS bytes
     FROM (SELECT seq FROM application_messages WHERE application_seq = ? AND seq > ? ORDER BY seq LIMIT ?) listed
     CROSS JOIN message m ON m.seq = listed.seq ORDER BY listed.seq`,
  );
  const open = db.prepare<{ count: number }, [number]>("SELECT COUNT(*) AS count FROM poller_lease WHERE group_id = ?");
  const put = db.prepare<unknown, [number, number, number, number]>(
    "INSERT OR REPLACE INTO poller_lease (group_id, message_seq, times, ends_at) VALUES (?, ?, ?, ?)",
  );
  const remove = db.prepare<unknown, [number, number]>(
    "DELETE FROM poller_lease WHERE group_id = ? AND message_seq = ?",
  );
  const move = db.prepare<unknown, [number, number, number]>(
    "UPDATE poller_group SET cursor = ?2, updated_at = ?3 WHERE id = ?1",
  );

  return (key, options) => {
    const group = keep(key, options);
    if (group === "full") return group;
    if (group === "gone") return [];
    const { limit, bytesMax, now, endsAt, leasesMax } = options;
    const basket = new LeaseBasket(bytesMax);
    const { leases } = basket;
    /** Returns false if the message does not fit any more. */
    const take = (candidate: LeaseCandidate): boolean => {
      const taken = basket.take(candidate);
      if (taken !== null) put.run(group.id, taken.messageSeq, taken.times, endsAt);
      return taken !== null;
    };
    // Rows of messages that are no longer stored are deleted; the next call goes on behind them.
    for (const candidate of ended.all(group.id, now, limit)) {
      if (candidate.bytes === null) remove.run(group.id, candidate.messageSeq);
      else if (!take(candidate)) return leases;
    }
    const room = Math.min(limit - leases.length, leasesMax - open.get(group.id)!.count);
    let cursor = group.cursor;
    for (const candidate of room <= 0 ? [] : next.all(key.applicationSeq, group.cursor, room)) {
      if (!take(candidate)) break;
      cursor = candidate.messageSeq;
    }
    if (cursor !== group.cursor) move.run(group.id, cursor, now);
    return leases;
  };
}
