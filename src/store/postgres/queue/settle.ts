import { nextAtDisabledEndpoint } from "../../../core/delivery.ts";
import { shouldDisable } from "../../../core/health.ts";
import type { Seq } from "../../../core/id.ts";
import type { Queue, Settled, Settlement } from "../../index.ts";
import { sealedExchange } from "../../sql/attempt-row.ts";
import { TRIGGER } from "../../sql/delivery-row.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { BatchVerb, Committer, Transaction } from "../commit/commit.ts";
import { resultsOfCalls } from "../commit/write.ts";
import { bytes, numberArray, textArray } from "../connection/parameters.ts";
import type { Days } from "../housekeeping/days.ts";
import { findSettledBefore } from "./settled-before.ts";
import { SettledDeliveries } from "./settled-deliveries.ts";
import { type HealthChange, SettledEndpoints } from "./settled-endpoints.ts";

type Calls = ReadonlyArray<readonly Settlement[]>;

/** The most frequent result. */
const DELIVERED: Settled = { change: "moved", next: { state: "delivered" }, disabled: null, health: null };

/**
 * Stores the settlements of many calls together. Successful attempts to healthy endpoints need two
 * statements for all of them: one inserts the attempts, the other moves the deliveries. The rest is
 * decided one by one, in order, on rows that are read and written together.
 */
export function settleVerb(committer: Committer, days: Days, box: SecretBox): Queue["settle"] {
  const verb: BatchVerb<readonly Settlement[], readonly Settled[]> = {
    run: async (transaction, calls: Calls) => {
      const settlements = calls.flat();
      await days.prepare(settlements.flatMap(({ attempt }) => [attempt.seq, attempt.messageSeq]));
      const results: Settled[] = [];
      // A delivery that occurs twice is settled twice, one after the other.
      for (const portion of withoutRepetitions(settlements)) {
        results.push(...(await settleAll(transaction, portion, box)));
      }
      return resultsOfCalls(calls, results);
    },
  };
  return (settlements) => committer.writeBatched(verb, settlements, 3 * settlements.length);
}

function withoutRepetitions(settlements: readonly Settlement[]): Settlement[][] {
  const portions: Settlement[][] = [[]];
  let seen = new Set<Seq>();
  for (const settlement of settlements) {
    const { deliverySeq } = settlement.attempt;
    if (seen.has(deliverySeq)) {
      portions.push([]);
      seen = new Set();
    }
    seen.add(deliverySeq);
    portions.at(-1)!.push(settlement);
  }
  return portions;
}

async function settleAll(
  transaction: Transaction,
  settlements: readonly Settlement[],
  box: SecretBox,
): Promise<readonly Settled[]> {
  if (settlements.length === 0) return [];
  const [stored, deliveries, endpoints] = await Promise.all([
    insertAttempts(transaction, settlements, box),
    SettledDeliveries.open(transaction, settlements),
    SettledEndpoints.open(transaction, settlements),
  ]);
  const results: Settled[] = [];
  for (const settlement of settlements) {
    results.push(
      stored.has(settlement.attempt.seq)
        ? await settleOne(transaction, settlement, deliveries, endpoints)
        : await findSettledBefore(transaction, settlement),
    );
  }
  await Promise.all([deliveries.store(transaction), endpoints.store(transaction)]);
  return results;
}

async function settleOne(
  transaction: Transaction,
  settlement: Settlement,
  deliveries: SettledDeliveries,
  endpoints: SettledEndpoints,
): Promise<Settled> {
  const { attempt, settledAt, disableEndpoint, disableAfterMs, sparesEndpoint } = settlement;
  const succeeds = settlement.next.state === "delivered" || settlement.next.state === "cancelled";
  if (settlement.next.state === "delivered" && endpoints.isHealthy(attempt.endpointSeq)) {
    endpoints.passed(attempt);
    const change = await deliveries.move(settlement, settlement.next);
    return change === "moved" ? DELIVERED : { ...DELIVERED, change };
  }
  const isSpared = settlement.next.state === "cancelled" || (!succeeds && sparesEndpoint === true);
  const health = isSpared ? UNCHANGED : await endpoints.apply(transaction, attempt, settledAt);
  if (isSpared) endpoints.passed(attempt);
  const hasFailedTooLong = !succeeds && shouldDisable(health.after, settledAt, disableAfterMs);
  const cause: "gone" | "failing" | null = succeeds
    ? null
    : disableEndpoint
      ? "gone"
      : hasFailedTooLong
        ? "failing"
        : null;
  const next = cause === null ? settlement.next : nextAtDisabledEndpoint(settlement.next);
  if (next !== settlement.next) {
    await transaction.run("UPDATE attempt SET next_attempt_at = NULL WHERE endpoint_seq = $1 AND seq = $2", [
      attempt.endpointSeq,
      attempt.seq,
    ]);
  }
  const disabled =
    cause !== null && endpoints.disable(attempt.endpointSeq, cause, settledAt)
      ? { cause, failingSince: health.after ?? settledAt }
      : null;
  return { change: await deliveries.move(settlement, next), next, disabled, health: transition(health) };
}

const UNCHANGED: HealthChange = { before: null, after: null };

function transition({ before, after }: HealthChange): Settled["health"] {
  if (before === null) return after === null ? null : "failing";
  return after === null ? { recoveredFrom: before } : null;
}

/** Returns the numbers of those attempts that were not stored before. */
async function insertAttempts(
  transaction: Transaction,
  settlements: readonly Settlement[],
  box: SecretBox,
): Promise<ReadonlySet<Seq>> {
  const attempts = settlements.map(({ attempt }) => attempt);
  const ofNumbers = (value: (attempt: Settlement["attempt"]) => number | null) => numberArray(attempts.map(value));
  const ofTexts = (value: (attempt: Settlement["attempt"]) => string | null) => textArray(attempts.map(value));
  // The attempts of a batch share one response.
  const responses = bytes(attempts.map(({ response, responseIn }) => (responseIn === undefined ? response : null)));
  const sealed = bytes(attempts.map((attempt) => sealedExchange(box, attempt)));
  const rows = await transaction.all<{ seq: number }>(
    `INSERT INTO attempt (seq, delivery_seq, message_seq, endpoint_seq, started_at, next_attempt_at, batch_seq, response_in,
       duration_ms, response_status, trigger, url, reason, note, response, sealed)
     SELECT seq, delivery_seq, message_seq, endpoint_seq, started_at, next_attempt_at, batch_seq, response_in, duration_ms,
       response_status, trigger, url, reason, note, substr($15::bytea, response_start, response_length),
       substr($18::bytea, sealed_start, sealed_length)
     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
         $8::bigint[], $9::integer[], $10::smallint[], $11::smallint[], $12::text[], $13::text[], $14::text[],
         $16::integer[], $17::integer[], $19::integer[], $20::integer[])
       AS a(seq, delivery_seq, message_seq, endpoint_seq, started_at, next_attempt_at, batch_seq, response_in, duration_ms,
         response_status, trigger, url, reason, note, response_start, response_length, sealed_start, sealed_length)
     ON CONFLICT DO NOTHING RETURNING seq`,
    [
      ofNumbers(({ seq }) => seq),
      ofNumbers(({ deliverySeq }) => deliverySeq),
      ofNumbers(({ messageSeq }) => messageSeq),
      ofNumbers(({ endpointSeq }) => endpointSeq),
      ofNumbers(({ startedAt }) => startedAt),
      ofNumbers(({ nextAttemptAt }) => nextAttemptAt),
      ofNumbers(({ batchSeq }) => batchSeq),
      ofNumbers(({ responseIn }) => responseIn ?? null),
      ofNumbers(({ durationMs }) => durationMs),
      ofNumbers(({ responseStatus }) => responseStatus),
      ofNumbers(({ trigger }) => TRIGGER[trigger]),
      ofTexts(({ url }) => url),
      ofTexts(({ reason }) => reason),
      ofTexts(({ note }) => note),
      ...[responses.joined, responses.starts, responses.lengths, sealed.joined, sealed.starts, sealed.lengths],
    ],
  );
  return new Set(rows.map(({ seq }) => seq));
}
