import type { Signal } from "../../../core/signal.ts";
import type { Clock } from "../../../ports.ts";
import type { Queue } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import type { Days } from "../housekeeping/days.ts";
import { taskUpdate } from "../housekeeping/tasks.ts";
import { Claims } from "../instances/claims.ts";
import type { Instance } from "../instances/instance.ts";
import type { SlotSeqSource } from "../instances/numbers.ts";
import { acceptVerb } from "./accept.ts";
import { batchVerbs } from "./batches.ts";
import { cancelVerbs } from "./cancel.ts";
import { contentsVerb } from "./contents.ts";
import { deliveries } from "./deliveries.ts";
import { expungeVerbs } from "./expunge.ts";
import { hopsOfVerb } from "./function-sends.ts";
import { idempotencyVerbs } from "./idempotency.ts";
import { lanes } from "./lanes.ts";
import { QuotaUsages, usageVerbs } from "./quota-usage.ts";
import { redriveVerbs } from "./redrive.ts";
import { resendAllVerb } from "./resend-all.ts";
import { settleVerb } from "./settle.ts";

export interface QueueParts {
  readonly database: Database;
  readonly instance: Instance;
  /** Reports a signal to the other instances. */
  readonly publish: (signal: Signal) => void;
  readonly committer: Committer;
  readonly numbers: SlotSeqSource;
  readonly clock: Clock;
  readonly days: Days;
  readonly box: SecretBox;
}

export function queue(parts: QueueParts): Queue {
  const { database, committer, instance, numbers, clock, days, box, publish } = parts;
  const { claim, renew, release } = new Claims({ queries: database.lease, instance, publish });
  const usages = new QuotaUsages();
  const storeTask = taskUpdate(instance);
  return {
    ...{ claim, renew, release },
    ...lanes(database.lanes, clock),
    ...deliveries(committer, numbers),
    ...redriveVerbs(database, committer, numbers, storeTask, clock),
    accept: acceptVerb(committer, days, usages),
    usage: usageVerbs(database, committer),
    idempotency: idempotencyVerbs(database, committer, box),
    hopsOf: hopsOfVerb(database),
    contents: contentsVerb(database.lanes, clock),
    settle: settleVerb(committer, days, box),
    resendAll: resendAllVerb(committer, numbers, storeTask),
    batch: batchVerbs(database, committer, numbers, clock),
    cancel: cancelVerbs(committer, storeTask),
    expunge: expungeVerbs(committer, storeTask, clock),
  };
}
