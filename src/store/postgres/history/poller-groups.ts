import type { Seq } from "../../../core/id.ts";
import type { GroupKey, History, Lease, LeaseOptions } from "../../index.ts";
import { hasEnded, LeaseBasket, type LeaseCandidate } from "../../sql/lease-basket.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import { numberArray } from "../connection/parameters.ts";
import { HORIZON } from "../instances/horizon.ts";
import { keepApplication } from "./pollers.ts";

interface Group {
  readonly id: number;
  readonly cursor: Seq;
}

type StoredLease = Lease & { readonly endsAt: number };

/**
 * Calls of one group that lease messages wait for each other, also those at other instances, because each
 * moves the cursor. Acknowledgements do not wait for them.
 */
export function pollerGroups(committer: Committer): History["groups"] {
  return {
    lease: (key, options) => committer.write((transaction) => lease(transaction, key, options), options.limit),
    ack: (key, leases, now) =>
      committer.write(async (transaction) => {
        const group = await find(transaction, key);
        if (group === null) return leases;
        const stored = await lockLeases(transaction, group, leases);
        const ended = leases.filter((each) => hasEnded(each, stored.get(each.messageSeq) ?? null, group.cursor, now));
        if (ended.length > 0) return ended;
        await removeLeases(
          transaction,
          group,
          leases.map(({ messageSeq }) => messageSeq),
        );
        return [];
      }, leases.length),
    nack: (key, leases, now) =>
      committer.write(async (transaction) => {
        const group = await find(transaction, key);
        if (group === null) return;
        const stored = await lockLeases(transaction, group, leases);
        const given = leases.filter((each) => !hasEnded(each, stored.get(each.messageSeq) ?? null, 0, now));
        await transaction.run(
          "UPDATE poller_lease SET ends_at = 0 WHERE group_id = $1 AND message_seq = ANY ($2::bigint[])",
          [group.id, numberArray(given.map(({ messageSeq }) => messageSeq))],
        );
      }, leases.length),
  };
}

function find(transaction: Transaction, { applicationSeq, sink, group }: GroupKey, lock = ""): Promise<Group | null> {
  return transaction.first<Group>(
    `SELECT id, cursor FROM poller_group WHERE application_seq = $1 AND sink = $2 AND name = $3 ${lock}`,
    [applicationSeq, sink, group],
  );
}

/** Finds and locks a group. Creates it if it is new. */
async function keep(
  transaction: Transaction,
  key: GroupKey,
  { begin, groupsMax, now }: LeaseOptions,
): Promise<Group | "full" | "gone"> {
  const known = await find(transaction, key, "FOR NO KEY UPDATE");
  if (known !== null) return known;
  const { applicationSeq, sink, group } = key;
  // The application was deleted together with its groups.
  if (!(await keepApplication(transaction, applicationSeq))) return "gone";
  const created = await find(transaction, key, "FOR NO KEY UPDATE");
  if (created !== null) return created;
  const row = await transaction.first<{ count: number }>(
    "SELECT count(*) AS count FROM poller_group WHERE application_seq = $1",
    [applicationSeq],
  );
  if (row!.count >= groupsMax) return "full";
  await transaction.run(
    "INSERT INTO poller_group (application_seq, sink, name, cursor, updated_at) VALUES ($1, $2, $3, $4, $5)",
    [applicationSeq, sink, group, begin, now],
  );
  return (await find(transaction, key))!;
}

async function lease(
  transaction: Transaction,
  key: GroupKey,
  options: LeaseOptions,
): Promise<readonly Lease[] | "full"> {
  const group = await keep(transaction, key, options);
  if (group === "full") return group;
  if (group === "gone") return [];
  const { limit, bytesMax, now, endsAt, leasesMax } = options;
  const basket = new LeaseBasket(bytesMax);
  // Rows of messages that are no longer stored are deleted; the next call goes on behind them.
  const gone: Seq[] = [];
  let isFull = false;
  for (const candidate of await endedLeases(transaction, group, now, limit)) {
    if (candidate.bytes === null) gone.push(candidate.messageSeq);
    else if (basket.take(candidate) === null) {
      isFull = true;
      break;
    }
  }
  await removeLeases(transaction, group, gone);
  let { cursor } = group;
  if (!isFull) {
    const room = Math.min(limit - basket.leases.length, leasesMax - (await countOf(transaction, group)));
    for (const candidate of await nextMessages(transaction, key.applicationSeq, cursor, room)) {
      if (basket.take(candidate) === null) break;
      cursor = candidate.messageSeq;
    }
  }
  await putLeases(transaction, group, basket.leases, endsAt);
  if (cursor !== group.cursor) {
    await transaction.run("UPDATE poller_group SET cursor = $2, updated_at = $3 WHERE id = $1", [
      group.id,
      cursor,
      now,
    ]);
  }
  return basket.leases;
}

/** Reads and locks leases that have ended. Those that an instance is acknowledging are skipped. */
function endedLeases(transaction: Transaction, { id }: Group, now: number, limit: number): Promise<LeaseCandidate[]> {
  return transaction.all(
    `SELECT l.message_seq AS "messageSeq", l.times AS before,
       CASE WHEN m.seq IS NOT NULL THEN COALESCE(length(m.payload), 0) END AS bytes
     FROM (SELECT message_seq, times, ends_at FROM poller_lease WHERE group_id = $1 AND ends_at <= $2
           ORDER BY ends_at, message_seq LIMIT $3 FOR UPDATE SKIP LOCKED) AS l
     LEFT JOIN message m ON m.seq = l.message_seq ORDER BY l.ends_at, l.message_seq`,
    [id, now, limit],
  );
}

/** Reads the messages after the cursor. The cursor must not pass one that is committed later. */
async function nextMessages(
  transaction: Transaction,
  applicationSeq: Seq,
  cursor: Seq,
  limit: number,
): Promise<LeaseCandidate[]> {
  if (limit <= 0) return [];
  return transaction.all(
    `SELECT seq AS "messageSeq", 0 AS before, COALESCE(length(payload), 0) AS bytes FROM message
     WHERE application_seq = $1 AND seq > $2 AND seq <= ${HORIZON} ORDER BY seq LIMIT $3`,
    [applicationSeq, cursor, limit],
  );
}

async function countOf(transaction: Transaction, { id }: Group): Promise<number> {
  const row = await transaction.first<{ count: number }>(
    "SELECT count(*) AS count FROM poller_lease WHERE group_id = $1",
    [id],
  );
  return row!.count;
}

async function putLeases(
  transaction: Transaction,
  { id }: Group,
  leases: readonly Lease[],
  endsAt: number,
): Promise<void> {
  if (leases.length === 0) return;
  await transaction.run(
    `INSERT INTO poller_lease (group_id, message_seq, times, ends_at)
     SELECT $1, message_seq, times, $2 FROM unnest($3::bigint[], $4::integer[]) AS l(message_seq, times)
     ON CONFLICT (group_id, message_seq) DO UPDATE SET times = excluded.times, ends_at = excluded.ends_at`,
    [
      id,
      endsAt,
      numberArray(leases.map(({ messageSeq }) => messageSeq)),
      numberArray(leases.map(({ times }) => times)),
    ],
  );
}

async function lockLeases(
  transaction: Transaction,
  { id }: Group,
  leases: readonly Lease[],
): Promise<ReadonlyMap<Seq, StoredLease>> {
  const rows = await transaction.all<StoredLease>(
    `SELECT message_seq AS "messageSeq", times, ends_at AS "endsAt" FROM poller_lease
     WHERE group_id = $1 AND message_seq = ANY ($2::bigint[]) ORDER BY message_seq FOR UPDATE`,
    [id, numberArray(leases.map(({ messageSeq }) => messageSeq))],
  );
  return new Map(rows.map((row) => [row.messageSeq, row]));
}

async function removeLeases(transaction: Transaction, { id }: Group, messageSeqs: readonly Seq[]): Promise<void> {
  if (messageSeqs.length === 0) return;
  await transaction.run("DELETE FROM poller_lease WHERE group_id = $1 AND message_seq = ANY ($2::bigint[])", [
    id,
    numberArray(messageSeqs),
  ]);
}
