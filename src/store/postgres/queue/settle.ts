import { nextAtDisabledEndpoint } from "../../../core/delivery.ts";
import { shouldDisable } from "../../../core/health.ts";
import type { Seq } from "../../../core/id.ts";
import type { Queue, Settled, Settlement } from "../../index.ts";
import { sealedExchange } from "../../sql/attempt-row.ts";
import { TRIGGER } from "../../sql/delivery-row.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { BatchVerb, Committer, Transaction } from "../commit/commit.ts";
import { type Opened, type Opening, type OpeningSql, open } from "../commit/opening.ts";
import { resultsOfCalls } from "../commit/write.ts";
import { bytes, numberArray, type Parameter, sparseNumberArray, sparseTextArray } from "../connection/parameters.ts";
import type { Days } from "../housekeeping/days.ts";
import { findSettledBefore } from "./settled-before.ts";
import { SettledDeliveries, succeeds, successParameters } from "./settled-deliveries.ts";
import {
  type HealthChange,
  SETTLED_ENDPOINT,
  type SettledEndpoint,
  SettledEndpoints,
  successEndpoints,
} from "./settled-endpoints.ts";

type Calls = ReadonlyArray<readonly Settlement[]>;

/** The most frequent result. */
const DELIVERED: Settled = { change: "moved", next: { state: "delivered" }, disabled: null, health: null };

/**
 * Stores the settlements of many calls together. Successful attempts to healthy endpoints need one
 * statement for all of them. The rest is decided one by one, in order, on rows that are read and written
 * together.
 */
export function settleVerb(committer: Committer, days: Days, box: SecretBox): Queue["settle"] {
  const prepare = (settlements: readonly Settlement[]) =>
    days.prepare(settlements.flatMap(({ attempt }) => [attempt.seq, attempt.messageSeq]));
  const verb: BatchVerb<readonly Settlement[], readonly Settled[]> = {
    opening: async (calls: Calls) => {
      const settlements = calls.flat();
      await prepare(settlements);
      const isRepeated = withoutRepetitions(settlements).length > 1;
      return isRepeated || settlements.length === 0 ? null : storing(settlements, box);
    },
    run: async (transaction, calls, opened) => {
      const settlements = calls.flat();
      if (opened !== null) return resultsOfCalls(calls, await settleAll(transaction, settlements, opened));
      await prepare(settlements);
      const results: Settled[] = [];
      // A delivery that occurs twice is settled twice, one after the other.
      for (const portion of withoutRepetitions(settlements)) {
        if (portion.length === 0) continue;
        results.push(...(await settleAll(transaction, portion, await open(transaction, [storing(portion, box)]))));
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

/** Settles deliveries after the statement that stores the frequent results. */
async function settleAll(
  transaction: Transaction,
  settlements: readonly Settlement[],
  opened: Opened,
): Promise<readonly Settled[]> {
  const { stored, moved, failing } = opened as SettleResult;
  const isStored = isOneOf(stored);
  const [deliveries, endpoints] = await Promise.all([
    SettledDeliveries.open(transaction, settlements, isOneOf(moved)),
    SettledEndpoints.open(transaction, settlements, failing ?? []),
  ]);
  const results: Settled[] = [];
  for (const settlement of settlements) {
    results.push(
      isStored(settlement.attempt.seq)
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
  const isSuccess = succeeds(settlement);
  if (settlement.next.state === "delivered" && endpoints.isHealthy(attempt.endpointSeq)) {
    endpoints.passed(attempt);
    const change = await deliveries.move(settlement, settlement.next);
    return change === "moved" ? DELIVERED : { ...DELIVERED, change };
  }
  const isSpared = settlement.next.state === "cancelled" || (!isSuccess && sparesEndpoint === true);
  const health = isSpared ? UNCHANGED : await endpoints.apply(transaction, attempt, settledAt);
  if (isSpared) endpoints.passed(attempt);
  const hasFailedTooLong = !isSuccess && shouldDisable(health.after, settledAt, disableAfterMs);
  const cause: "gone" | "failing" | null = isSuccess
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

/** Inserts attempts, ends the deliveries that ended with success, and reads which endpoints were failing. */
const STORING: OpeningSql = {
  steps: {
    new_attempt: `INSERT INTO attempt (seq, delivery_seq, message_seq, endpoint_seq, started_at, next_attempt_at, batch_seq,
       response_in, duration_ms, response_status, trigger, url, reason, note, response, sealed)
     SELECT seq, delivery_seq, message_seq, endpoint_seq, started_at, next_attempt_at, batch_seq, response_in, duration_ms,
       response_status, trigger, url, reason, note, substr($15::bytea, response_start, response_length),
       substr($18::bytea, sealed_start, sealed_length)
     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
         $8::bigint[], $9::integer[], $10::smallint[], $11::smallint[], $12::text[], $13::text[], $14::text[],
         $16::integer[], $17::integer[], $19::integer[], $20::integer[])
       AS a(seq, delivery_seq, message_seq, endpoint_seq, started_at, next_attempt_at, batch_seq, response_in, duration_ms,
         response_status, trigger, url, reason, note, response_start, response_length, sealed_start, sealed_length)
     ON CONFLICT DO NOTHING RETURNING seq`,
    success: `SELECT * FROM unnest($21::bigint[], $22::bigint[], $23::bigint[], $24::integer[], $25::bigint[], $26::smallint[])
       AS s(message_seq, endpoint_seq, seq, round, settled_at, state)`,
    gone: `DELETE FROM pending p USING success s
     WHERE p.message_seq = s.message_seq AND p.endpoint_seq = s.endpoint_seq AND p.seq = s.seq AND p.round = s.round
     RETURNING p.*, s.settled_at, s.state`,
    moved: `INSERT INTO ended (seq, message_seq, endpoint_seq, due_at, ended_at, attempts_total, round, state)
     SELECT seq, message_seq, endpoint_seq, due_at, settled_at, attempts_total + 1, round, state FROM gone
     RETURNING seq`,
  },
  results: {
    stored: unlessAll("new_attempt", "$1"),
    moved: unlessAll("moved", "$21"),
    failing: `(SELECT json_agg(json_build_object(${SETTLED_ENDPOINT})) FROM endpoint
      WHERE seq = ANY ($27::bigint[]) AND failing_since IS NOT NULL)`,
  },
};

/** An expression: null if a step has changed as many rows as an array has values, otherwise their numbers. */
function unlessAll(step: string, array: string): string {
  return `CASE (SELECT count(*) FROM ${step}) WHEN cardinality(${array}::bigint[]) THEN NULL
    ELSE COALESCE((SELECT string_agg(seq::text, ',') FROM ${step}), '') END`;
}

/** Reads the value of `unlessAll`. */
function isOneOf(seqs: string | null): (seq: Seq) => boolean {
  if (seqs === null) return () => true;
  const known = new Set(seqs.split(",").map(Number));
  return (seq) => known.has(seq);
}

interface SettleResult {
  readonly stored: string | null;
  readonly moved: string | null;
  readonly failing: readonly SettledEndpoint[] | null;
}

function storing(settlements: readonly Settlement[], box: SecretBox): Opening {
  const ended = successParameters(settlements.filter(succeeds));
  const endpoints = numberArray(successEndpoints(settlements));
  return { sql: STORING, parameters: [...attemptParameters(settlements, box), ...ended, endpoints] };
}

function attemptParameters(settlements: readonly Settlement[], box: SecretBox): Parameter[] {
  const attempts = settlements.map(({ attempt }) => attempt);
  const integers = (value: (attempt: Settlement["attempt"]) => number | null) => sparseNumberArray(attempts.map(value));
  const texts = (value: (attempt: Settlement["attempt"]) => string | null) => sparseTextArray(attempts.map(value));
  // The attempts of a batch share one response.
  const responses = bytes(attempts.map(({ response, responseIn }) => (responseIn === undefined ? response : null)));
  const sealed = bytes(attempts.map((attempt) => sealedExchange(box, attempt)));
  return [
    integers(({ seq }) => seq),
    integers(({ deliverySeq }) => deliverySeq),
    integers(({ messageSeq }) => messageSeq),
    integers(({ endpointSeq }) => endpointSeq),
    integers(({ startedAt }) => startedAt),
    integers(({ nextAttemptAt }) => nextAttemptAt),
    integers(({ batchSeq }) => batchSeq),
    integers(({ responseIn }) => responseIn ?? null),
    integers(({ durationMs }) => durationMs),
    integers(({ responseStatus }) => responseStatus),
    integers(({ trigger }) => TRIGGER[trigger]),
    texts(({ url }) => url),
    texts(({ reason }) => reason),
    texts(({ note }) => note),
    ...[responses.joined, responses.starts, responses.lengths, sealed.joined, sealed.starts, sealed.lengths],
  ];
}
