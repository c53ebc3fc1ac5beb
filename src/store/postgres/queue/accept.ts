import { placeAt, type Seq } from "../../../core/id.ts";
import type { AcceptResult, NewMessage, Queue } from "../../index.ts";
import { headersColumn } from "../../sql/message-row.ts";
import { receivedColumn } from "../../sql/received-column.ts";
import { jsonOrNull } from "../../sql/rows.ts";
import type { BatchVerb, Committer } from "../commit/commit.ts";
import { type Opening, type OpeningSql, open } from "../commit/opening.ts";
import { resultsOfCalls } from "../commit/write.ts";
import { bytes, numberArray, type Parameter, sparseNumberArray, sparseTextArray } from "../connection/parameters.ts";
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
    opening: async (calls: Calls) => {
      const messages = calls.flat();
      await days.prepare(messages.map(({ seq }) => seq));
      return messages.some(isRefusable) ? null : storing(messages);
    },
    run: async (transaction, calls, opened) => {
      if (opened !== null) return calls.map((messages) => messages.map(() => ACCEPTED));
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
        accepted.length === 0 ? null : open(transaction, [storing(accepted)]),
      ]);
      return resultsOfCalls(
        calls,
        results.map((refusal) => refusal ?? ACCEPTED),
      );
    },
  };
  return (messages) => committer.writeBatched(verb, messages, rowsOf(messages), messages[0]?.seq);
}

/** Returns whether something that is stored may refuse a message. */
function isRefusable({ eventId, idempotency, quota, sentBy = null }: NewMessage): boolean {
  return eventId !== null || idempotency !== null || quota != null || sentBy !== null;
}

function rowsOf(messages: readonly NewMessage[]): number {
  let rows = messages.length;
  for (const { deliveries } of messages) rows += deliveries.length;
  return rows;
}

/** Inserts messages and their deliveries. */
const STORING: OpeningSql = {
  steps: {
    new_message: `INSERT INTO message (seq, application_seq, accepted_at, payload_expires_at, deliver_at, event_type, event_id,
       channels, tags, content_type, headers, warnings, received, payload)
     SELECT seq, application_seq, accepted_at, payload_expires_at, deliver_at, event_type, event_id, channels, tags,
       content_type, headers, warnings, received, substr($14::bytea, payload_start, payload_length)
     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
         $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $15::integer[], $16::integer[])
       AS m(seq, application_seq, accepted_at, payload_expires_at, deliver_at, event_type, event_id, channels, tags,
         content_type, headers, warnings, received, payload_start, payload_length)`,
    new_delivery: `INSERT INTO pending (seq, message_seq, endpoint_seq, position, due_at, attempts, attempts_total, round,
       trigger)
     SELECT *, 0, 0, 0, 0 FROM unnest($17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[])`,
  },
  results: {},
};

function storing(messages: readonly NewMessage[]): Opening {
  return { sql: STORING, parameters: [...messageParameters(messages), ...deliveryParameters(messages)] };
}

function messageParameters(messages: readonly NewMessage[]): Parameter[] {
  const payloads = bytes(messages.map(({ payload }) => payload));
  const integers = (value: (message: NewMessage) => number | null) => sparseNumberArray(messages.map(value));
  const texts = (value: (message: NewMessage) => string | null) => sparseTextArray(messages.map(value));
  return [
    integers(({ seq }) => seq),
    integers(({ applicationSeq }) => applicationSeq),
    integers(({ acceptedAt }) => acceptedAt),
    integers(({ payloadExpiresAt }) => payloadExpiresAt),
    integers(({ deliverAt }) => deliverAt),
    texts(({ eventType }) => eventType),
    texts(({ eventId }) => eventId),
    texts(({ channels }) => jsonOrNull(channels)),
    texts(({ tags }) => jsonOrNull(tags)),
    texts(({ contentType }) => contentType),
    texts(headersColumn),
    texts(({ warnings }) => jsonOrNull(warnings)),
    texts(({ received, trace }) => receivedColumn(received, trace ?? null)),
    payloads.joined,
    payloads.starts,
    payloads.lengths,
  ];
}

function deliveryParameters(messages: readonly NewMessage[]): string[] {
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
  return [seqs, messageSeqs, endpointSeqs, positions, dueAts].map(numberArray);
}
