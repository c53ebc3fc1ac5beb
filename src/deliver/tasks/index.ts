import type { Facts } from "../../core/facts.ts";
import type { IdCodec, SeqSource } from "../../core/id.ts";
import type { Signals } from "../../core/signal.ts";
import type { Clock } from "../../ports.ts";
import type { Store } from "../../store/index.ts";
import type { Gate } from "../gate.ts";
import { CancelMessages } from "./cancel-messages.ts";
import { Drop } from "./drop.ts";
import { Purge } from "./purge.ts";
import { Redrive } from "./redrive.ts";
import { replayKinds } from "./replay.ts";
import type { TaskKind } from "./task-kind.ts";
import { usageKinds } from "./usage.ts";

export interface TaskParts {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly gate: Pick<Gate, "closeEndpoint">;
}

/** All kinds of background tasks. */
export function taskKinds(clock: Clock, time: Pick<Clock, "now">, parts: TaskParts): TaskKind[] {
  return [
    new Redrive(clock, time, parts),
    ...replayKinds(clock, parts),
    new Drop(clock, parts),
    new CancelMessages(clock, parts),
    new Purge(clock, parts),
    ...usageKinds(clock, parts),
  ];
}
