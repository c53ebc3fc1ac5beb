import type { Database } from "bun:sqlite";
import { nextAtDisabledEndpoint } from "../../../core/delivery.ts";
import { shouldDisable } from "../../../core/health.ts";
import type { Seq } from "../../../core/id.ts";
import type { Queue, Settled, Settlement } from "../../index.ts";
import { sealedExchange } from "../../sql/attempt-row.ts";
import { TRIGGER } from "../../sql/delivery-row.ts";
import { parsedOrNull } from "../../sql/rows.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import { type DisabledRow, type SettledRow, settledBefore } from "../../sql/settled-before.ts";
import type { Committer } from "../commit/commit.ts";
import type { DeferredIndex } from "../indexes/deferred-index.ts";
import { canBeFoundByDelivery } from "../indexes/message-attempts.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { traitsOfAttempt } from "../indexes/traits.ts";
import { type HealthChange, healthKeeper } from "./endpoint-health.ts";

type NextState = Settlement["next"];

/**
 * The most frequent result. It is a shared object, because nearly every successful settlement
 * returns it.
 */
const DELIVERED: Settled = { change: "moved", next: { state: "delivered" }, disabled: null, health: null };

/**
 * The new values of a delivery that was delivered at `?3`. The time at which it was due gives its
 * space in the row to `ended_at`. If rows grew, a page full of them would have to be split.
 */
const TO_DELIVERED = "state = 1, attempts_total = attempts_total + 1, reason = NULL, due_at = 0, ended_at = ?3";

export interface SettleParts {
  readonly db: Database;
  readonly committer: Committer;
  readonly endpointAttempts: DeferredIndex;
  readonly stretches: Stretches;
  readonly box: SecretBox;
}

export function settleVerb(parts: SettleParts): Queue["settle"] {
  const { db, committer, endpointAttempts, box } = parts;
  const insertAttempt = attemptInserter(parts);
  const move = deliveryMover(db);
  const updateHealth = healthKeeper(db, endpointAttempts);
  // A single statement for the most frequent case, a successful attempt to a healthy endpoint.
  const deliverHealthy = db.prepare(
    `UPDATE delivery SET ${TO_DELIVERED} WHERE seq = ?1 AND round = ?2 AND state = 0
       AND (SELECT failing_since FROM endpoint WHERE endpoint.seq = endpoint_seq) IS NULL`,
  );
  // The same if the delivery is to have the number of the attempt. The number takes the place of its
  // position, which only a pending delivery needs.
  const deliverAtOnce = db.prepare(
    `UPDATE delivery SET ${TO_DELIVERED}, position = 0, success_seq = ?4
     WHERE seq = ?1 AND round = ?2 AND state = 0 AND success_seq IS NULL
       AND (SELECT failing_since FROM endpoint WHERE endpoint.seq = endpoint_seq) IS NULL`,
  );
  const list = db.prepare("UPDATE attempt SET found_by_delivery = NULL WHERE seq = ?");
  const disable = db.prepare(
    `UPDATE endpoint SET disabled = 1, updated_at = ?2, disabled_at = ?2, disabled_cause = ?3
     WHERE seq = ?1 AND disabled = 0 AND deleted_at IS NULL`,
  );

  // Removes the attempt if its message no longer exists. Retention deletes attempts together with
  // their message, so it would never delete this one.
  const forgetOrphan = db.prepare(
    "DELETE FROM attempt WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM message WHERE message.seq = attempt.message_seq)",
  );
  const moveOrForget = (attempt: Settlement["attempt"], round: number, next: NextState, settledAt: number) => {
    const change = move(attempt, round, next, settledAt);
    if (change === "stale") forgetOrphan.run(attempt.seq);
    return change;
  };
  const storeSealed = db.prepare("UPDATE attempt SET sealed = ?2 WHERE seq = ?1");
  const storeExchange = (attempt: Settlement["attempt"]) => {
    const sealed = sealedExchange(box, attempt);
    if (sealed !== null) storeSealed.run(attempt.seq, sealed);
  };
  const endsDelivery = db.prepare("UPDATE attempt SET next_attempt_at = NULL WHERE seq = ?");
  const settledBefore = settledBeforeFinder(db);

  const settleFailure = (settlement: Settlement): Settled => {
    const { attempt, round, settledAt, disableEndpoint, disableAfterMs } = settlement;
    if (!insertAttempt(settlement)) return settledBefore(settlement);
    storeExchange(attempt);
    const health = settlement.sparesEndpoint ? unchangedHealth : updateHealth(attempt, settledAt);
    const failingSince = health.after;
    const hasFailedTooLong = shouldDisable(failingSince, settledAt, disableAfterMs);
    const cause: "gone" | "failing" | null = disableEndpoint ? "gone" : hasFailedTooLong ? "failing" : null;
    const next = cause === null ? settlement.next : nextAtDisabledEndpoint(settlement.next);
    if (next !== settlement.next) endsDelivery.run(attempt.seq);
    // The update changes nothing if the endpoint is already disabled or deleted.
    const disabled =
      cause !== null && disable.run(attempt.endpointSeq, settledAt, cause).changes === 1
        ? { cause, failingSince: failingSince ?? settledAt }
        : null;
    return {
      change: moveOrForget(attempt, round, next, settledAt),
      next,
      disabled,
      health: transition(health),
    };
  };

  const settleOne = (settlement: Settlement): Settled => {
    const { attempt, round, next, settledAt } = settlement;
    if (next.state !== "delivered" && next.state !== "cancelled") return settleFailure(settlement);
    if (!insertAttempt(settlement)) return settledBefore(settlement);
    storeExchange(attempt);
    if (next.state === "cancelled") {
      return { change: moveOrForget(attempt, round, next, settledAt), next, disabled: null, health: null };
    }
    if (canBeFoundByDelivery(settlement)) {
      if (deliverAtOnce.run(attempt.deliverySeq, round, settledAt, attempt.seq).changes === 1) return DELIVERED;
      list.run(attempt.seq);
    } else if (deliverHealthy.run(attempt.deliverySeq, round, settledAt).changes === 1) return DELIVERED;
    const health = transition(updateHealth(attempt, settledAt));
    return { change: moveOrForget(attempt, round, next, settledAt), next, disabled: null, health };
  };

  return (settlements) => committer.write(() => settlements.map(settleOne), settlements.length);
}

const unchangedHealth: HealthChange = { before: null, after: null };

function transition({ before, after }: HealthChange): Settled["health"] {
  if (before === null) return after === null ? null : "failing";
  return after === null ? { recoveredFrom: before } : null;
}

/**
 * Returns a function that stores an attempt. The function returns false and changes nothing if the
 * attempt is already stored.
 */
function attemptInserter({ db, endpointAttempts, stretches }: SettleParts) {
  const labelsOf = labelsFinder(db);
  const refer = db.prepare("UPDATE attempt SET response_in = ?2 WHERE seq = ?1");
  const insert = db.prepare(
    `INSERT INTO attempt (seq, delivery_seq, message_seq, endpoint_seq, url, reason, response_status, response, note,
       duration_ms, trigger, started_at, next_attempt_at, batch_seq, found_by_delivery)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (seq) DO NOTHING`,
  );
  return (settlement: Settlement): boolean => {
    const { attempt, message } = settlement;
    const { changes } = insert.run(
      attempt.seq,
      attempt.deliverySeq,
      attempt.messageSeq,
      attempt.endpointSeq,
      attempt.url,
      attempt.reason,
      attempt.responseStatus,
      attempt.responseIn === undefined ? attempt.response : null,
      attempt.note,
      attempt.durationMs,
      TRIGGER[attempt.trigger],
      attempt.startedAt,
      attempt.nextAttemptAt,
      attempt.batchSeq,
      canBeFoundByDelivery(settlement) ? 1 : null,
    );
    if (changes === 0) return false;
    endpointAttempts.add(attempt.endpointSeq, attempt.seq);
    if (attempt.responseIn !== undefined) refer.run(attempt.seq, attempt.responseIn);
    const labels = message ?? labelsOf(attempt.messageSeq);
    if (labels !== null) stretches.mark(attempt.endpointSeq, attempt.seq, traitsOfAttempt(attempt, labels));
    return true;
  };
}

/**
 * Returns a function that determines what a settlement changed, given that it was committed
 * earlier.
 */
function settledBeforeFinder(db: Database): (settlement: Settlement) => Settled {
  const delivery = db.prepare<SettledRow, [number]>("SELECT state, round, reason FROM delivery WHERE seq = ?");
  // The settlement that disables an endpoint sets `updated_at` to its own time.
  const disabling = db.prepare<DisabledRow, [number, number]>(
    "SELECT failing_since AS failingSince FROM endpoint WHERE seq = ? AND disabled = 1 AND updated_at = ?",
  );
  return (settlement) => {
    const { attempt, settledAt } = settlement;
    const endpoint = disabling.get(attempt.endpointSeq, settledAt);
    return settledBefore(settlement, delivery.get(attempt.deliverySeq), endpoint);
  };
}

/**
 * Returns a function that moves a delivery to its next state. The function changes nothing if the
 * delivery is in another round or has ended.
 */
function deliveryMover(db: Database) {
  const deliver = db.prepare(`UPDATE delivery SET ${TO_DELIVERED} WHERE seq = ?1 AND round = ?2 AND state = 0`);
  const revive = db.prepare(`UPDATE delivery SET ${TO_DELIVERED} WHERE seq = ?1 AND round = ?2 AND state = 2`);
  const wait = db.prepare(
    `UPDATE delivery SET attempts = ?3, attempts_total = attempts_total + 1, due_at = ?4, batch_seq = ?6,
       position = CASE (SELECT fifo FROM endpoint WHERE endpoint.seq = endpoint_seq) WHEN 1 THEN position ELSE ?5 END
     WHERE seq = ?1 AND round = ?2 AND state = 0`,
  );
  const die = db.prepare(
    `UPDATE delivery SET state = 2, attempts_total = attempts_total + 1, reason = ?3, ended_at = ?4
     WHERE seq = ?1 AND round = ?2 AND state = 0`,
  );
  const cancel = db.prepare(
    `UPDATE delivery SET state = 3, attempts_total = attempts_total + 1, reason = NULL, ended_at = ?3
     WHERE seq = ?1 AND round = ?2 AND state = 0`,
  );
  return (
    { deliverySeq: seq, batchSeq }: Settlement["attempt"],
    round: number,
    next: NextState,
    settledAt: number,
  ): Settled["change"] => {
    switch (next.state) {
      case "delivered":
        if (deliver.run(seq, round, settledAt).changes === 1) return "moved";
        return revive.run(seq, round, settledAt).changes === 1 ? "revived" : "stale";
      case "cancelled":
        return cancel.run(seq, round, settledAt).changes === 1 ? "moved" : "stale";
      case "dead":
        return die.run(seq, round, next.reason, settledAt).changes === 1 ? "moved" : "stale";
      case "pending":
        return wait.run(seq, round, next.attempts, next.dueAt, next.position, batchSeq).changes === 1
          ? "moved"
          : "stale";
    }
  };
}

function labelsFinder(db: Database): (messageSeq: Seq) => Required<Settlement>["message"] | null {
  const labels = db.prepare<{ eventType: string; channels: string | null; tags: string | null }, [number]>(
    "SELECT event_type AS eventType, channels, tags FROM message WHERE seq = ?",
  );
  return (messageSeq) => {
    const row = labels.get(messageSeq);
    if (row === null) return null;
    const { eventType, channels, tags } = row;
    return { eventType, channels: parsedOrNull<string[]>(channels), tags: parsedOrNull<string[]>(tags) };
  };
}
