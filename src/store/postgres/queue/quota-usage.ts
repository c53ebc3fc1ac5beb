import type { Seq } from "../../../core/id.ts";
import { countAt, endOf, type MessageUse, startOf, useWith } from "../../../core/quota.ts";
import type { AcceptResult, NewMessage, Queue } from "../../index.ts";
import { COUNTED_AT_ONCE, type Counted, countInSteps, exceeding, UNCOUNTED } from "../../sql/quota-usage.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database, Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";

interface Usage extends MessageUse {
  readonly applicationSeq: Seq;
  readonly countedTo: Seq;
  readonly isBehind: boolean;
}

/** What the applications of one transaction use of their quotas. Their rows are locked. */
interface OpenUsages {
  /** Counts a new message. Returns null, or why it must not be stored. */
  take(message: NewMessage): AcceptResult | null;
  store(transaction: Transaction): Promise<void>;
}

const NONE: OpenUsages = { take: () => null, store: async () => {} };

/**
 * What applications use of their quotas, in the table `quota_usage`. It has a row for each application
 * whose messages are counted.
 */
export class QuotaUsages {
  /** Reads and locks what the applications of messages with a quota use. */
  async open(transaction: Transaction, messages: readonly NewMessage[]): Promise<OpenUsages> {
    const limited = messages.filter(({ quota }) => quota != null);
    if (limited.length === 0) return NONE;
    const applicationSeqs = [...new Set(limited.map(({ applicationSeq }) => applicationSeq))];
    const rows = await read(transaction, applicationSeqs, "ORDER BY application_seq FOR UPDATE");
    return openUsages(new Map(rows.map((row) => [row.applicationSeq, row])));
  }
}

function openUsages(usages: Map<Seq, Usage>): OpenUsages {
  const changed = new Set<Seq>();
  return {
    take(message) {
      const { seq, applicationSeq, quota } = message;
      if (quota == null) return null;
      const usage = usages.get(applicationSeq);
      if (usage === undefined || usage.isBehind) return UNCOUNTED;
      const use = useWith(usage, message, quota);
      if ("quota" in use) return exceeding(use);
      usages.set(applicationSeq, { ...usage, ...use, countedTo: seq });
      changed.add(applicationSeq);
      return null;
    },
    async store(transaction) {
      if (changed.size === 0) return;
      const rows = [...changed].map((applicationSeq) => usages.get(applicationSeq)!);
      await transaction.run(
        `UPDATE quota_usage q SET counted_to = u.counted_to, day = u.day, messages = u.messages, stored_bytes = u.stored_bytes
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
           AS u(application_seq, counted_to, day, messages, stored_bytes)
         WHERE q.application_seq = u.application_seq`,
        [
          numberArray(rows.map(({ applicationSeq }) => applicationSeq)),
          numberArray(rows.map(({ countedTo }) => countedTo)),
          numberArray(rows.map(({ day }) => day)),
          numberArray(rows.map(({ messages }) => messages)),
          numberArray(rows.map(({ storedBytes }) => storedBytes)),
        ],
      );
    },
  };
}

function read(queries: Queries, applicationSeqs: readonly Seq[], lock: string): Promise<Usage[]> {
  return queries.all(
    `SELECT application_seq AS "applicationSeq", counted_to AS "countedTo", day, messages, stored_bytes AS "storedBytes",
       EXISTS (SELECT 1 FROM message m WHERE m.application_seq = u.application_seq AND m.seq > u.counted_to) AS "isBehind"
     FROM quota_usage u WHERE application_seq = ANY ($1::bigint[]) ${lock}`,
    [numberArray(applicationSeqs)],
  );
}

/**
 * Subtracts the payloads of messages from what their applications use. Must be called in the
 * transaction that deletes the payloads, before they are deleted.
 */
export async function releasePayloads(transaction: Transaction, messageSeqs: readonly Seq[]): Promise<void> {
  // Whoever counts the messages of these applications waits, and then finds no payload.
  const counted = await transaction.all<{ applicationSeq: Seq }>(
    `SELECT application_seq AS "applicationSeq" FROM quota_usage
     WHERE application_seq IN (SELECT application_seq FROM message WHERE seq = ANY ($1::bigint[]))
     ORDER BY application_seq FOR UPDATE`,
    [numberArray(messageSeqs)],
  );
  if (counted.length === 0) return;
  await transaction.run(
    `UPDATE quota_usage q SET stored_bytes = q.stored_bytes - r.bytes
     FROM (SELECT m.application_seq, sum(length(m.payload)) AS bytes FROM message m JOIN quota_usage u USING (application_seq)
       WHERE m.seq = ANY ($1::bigint[]) AND m.seq <= u.counted_to AND m.payload IS NOT NULL GROUP BY m.application_seq) AS r
     WHERE q.application_seq = r.application_seq`,
    [numberArray(messageSeqs)],
  );
}

/** Counts the next stored messages of an application. `gone` means that it was deleted. */
async function countStep(
  transaction: Transaction,
  applicationSeq: Seq,
  now: number,
): Promise<"more" | "counted" | "gone"> {
  const application = await transaction.first("SELECT 1 FROM application WHERE seq = $1 AND deleted_at IS NULL", [
    applicationSeq,
  ]);
  if (application === null) return "gone";
  await transaction.run("INSERT INTO quota_usage VALUES ($1, 0, 0, 0, 0) ON CONFLICT DO NOTHING", [applicationSeq]);
  const [usage] = await read(transaction, [applicationSeq], "FOR UPDATE");
  if (!usage!.isBehind) return "counted";
  const { day, messages } = countAt(usage!, now);
  const next = await transaction.first<Counted>(
    `SELECT count(*) AS rows, max(seq) AS last, COALESCE(sum(bytes), 0)::bigint AS bytes,
       count(*) FILTER (WHERE accepted_at >= $3 AND accepted_at < $4) AS today
     FROM (SELECT seq, length(payload) AS bytes, accepted_at FROM message
           WHERE application_seq = $1 AND seq > $2 ORDER BY seq LIMIT ${COUNTED_AT_ONCE}) AS m`,
    [applicationSeq, usage!.countedTo, startOf({ day }), endOf({ day })],
  );
  await transaction.run(
    `UPDATE quota_usage SET counted_to = $2, day = $3, messages = $4, stored_bytes = $5 WHERE application_seq = $1`,
    [applicationSeq, next!.last, day, messages + next!.today, usage!.storedBytes + next!.bytes],
  );
  return next!.rows < COUNTED_AT_ONCE ? "counted" : "more";
}

export function usageVerbs(database: Database, committer: Committer): Queue["usage"] {
  return {
    count: countInSteps((applicationSeq, now) =>
      committer.write((transaction) => countStep(transaction, applicationSeq, now), COUNTED_AT_ONCE),
    ),
    read: async (applicationSeq, now) => {
      const [usage] = await read(database, [applicationSeq], "");
      const endpoints = await database.first<{ count: number }>(
        "SELECT count(*) AS count FROM endpoint WHERE application_seq = $1 AND deleted_at IS NULL",
        [applicationSeq],
      );
      const isKnown = usage !== undefined && !usage.isBehind;
      return {
        endpoints: endpoints!.count,
        messages: isKnown ? { ...countAt(usage, now), storedBytes: usage.storedBytes } : null,
      };
    },
  };
}
