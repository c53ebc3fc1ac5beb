import { placeAt, type Seq } from "../../../core/id.ts";
import type { AcceptResult, NewMessage, Queue } from "../../index.ts";
import { headersColumn } from "../../sql/message-row.ts";
import { receivedColumn } from "../../sql/received-column.ts";
import { jsonOrNull } from "../../sql/rows.ts";
import type { BatchVerb, Committer, Transaction } from "../commit/commit.ts";
import { resultsOfCalls } from "../commit/write.ts";
import { bytes, numberArray, textArray } from "../connection/parameters.ts";
import type { Days } from "../housekeeping/days.ts";
import { AcceptKeys } from "./accept-keys.ts";
import type { QuotaUsages } from "./quota-usage.ts";

const ACCEPTED: AcceptResult = { accepted: true };

type Calls = ReadonlyArray<readonly NewMessage[]>;

/**
 * Stores the messages of many calls with a few statements. What refuses a message is read first, and
 * only if there are messages that it can refuse: most have neither an event id nor a key nor a quota.
 */
export function acceptVerb(committer: Committer, days: Days, usages: QuotaUsages): Queue["accept"] {
  const verb: BatchVerb<readonly NewMessage[], readonly AcceptResult[]> = {
    run: async (transaction, calls: Calls) => {
      const messages = calls.flat();
      await days.prepare(messages.map(({ seq }) => seq));
      const [keys, quotas] = await Promise.all([
        AcceptKeys.read(transaction, messages),
        usages.open(transaction, messages),
      ]);
      const results = messages.map((message) => keys.refusalOf(message) ?? quotas.take(message) ?? keys.take(message));
      const accepted = messages.filter((_, i) => results[i] === null);
      await Promise.all([
        keys.store(transaction),
        quotas.store(transaction),
        insertMessages(transaction, accepted),
        insertDeliveries(transaction, accepted),
      ]);
      return resultsOfCalls(
        calls,
        results.map((refusal) => refusal ?? ACCEPTED),
      );
    },
  };
  return (messages) => committer.writeBatched(verb, messages, rowsOf(messages), messages[0]?.seq);
}

function rowsOf(messages: readonly NewMessage[]): number {
  let rows = messages.length;
  for (const { deliveries } of messages) rows += deliveries.length;
  return rows;
}

async function insertMessages(transaction: Transaction, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return;
  const payloads = bytes(messages.map(({ payload }) => payload));
  const ofNumbers = (value: (message: NewMessage) => number | null) => numberArray(messages.map(value));
  const ofTexts = (value: (message: NewMessage) => string | null) => textArray(messages.map(value));
  await transaction.run(
    `INSERT INTO message (seq, application_seq, accepted_at, payload_expires_at, deliver_at, event_type, event_id, channels,
       tags, content_type, headers, warnings, received, payload)
     SELECT seq, application_seq, accepted_at, payload_expires_at, deliver_at, event_type, event_id, channels, tags,
       content_type, headers, warnings, received, substr($14::bytea, payload_start, payload_length)
     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
         $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $15::integer[], $16::integer[])
       AS m(seq, application_seq, accepted_at, payload_expires_at, deliver_at, event_type, event_id, channels, tags,
         content_type, headers, warnings, received, payload_start, payload_length)`,
    [
      ofNumbers(({ seq }) => seq),
      ofNumbers(({ applicationSeq }) => applicationSeq),
      ofNumbers(({ acceptedAt }) => acceptedAt),
      ofNumbers(({ payloadExpiresAt }) => payloadExpiresAt),
      ofNumbers(({ deliverAt }) => deliverAt),
      ofTexts(({ eventType }) => eventType),
      ofTexts(({ eventId }) => eventId),
      ofTexts(({ channels }) => jsonOrNull(channels)),
      ofTexts(({ tags }) => jsonOrNull(tags)),
      ofTexts(({ contentType }) => contentType),
      ofTexts(headersColumn),
      ofTexts(({ warnings }) => jsonOrNull(warnings)),
      ofTexts(({ received, trace }) => receivedColumn(received, trace ?? null)),
      payloads.joined,
      payloads.starts,
      payloads.lengths,
    ],
  );
}

async function insertDeliveries(transaction: Transaction, messages: readonly NewMessage[]): Promise<void> {
  const [seqs, messageSeqs, endpointSeqs, positions, dueAts]: [Seq[], Seq[], Seq[], Seq[], number[]] = [
    [],
    [],
    [],
    [],
    [],
  ];
  for (const { seq: messageSeq, deliveries, deliverAt, acceptedAt } of messages) {
    for (const { seq, endpointSeq } of deliveries) {
      seqs.push(seq);
      messageSeqs.push(messageSeq);
      endpointSeqs.push(endpointSeq);
      positions.push(placeAt(seq, deliverAt));
      dueAts.push(deliverAt ?? acceptedAt);
    }
  }
  if (seqs.length === 0) return;
  await transaction.run(
    `INSERT INTO pending (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round, trigger)
     SELECT *, 0, 0, 0, 0 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])`,
    [
      numberArray(seqs),
      numberArray(messageSeqs),
      numberArray(endpointSeqs),
      numberArray(positions),
      numberArray(dueAts),
    ],
  );
}
