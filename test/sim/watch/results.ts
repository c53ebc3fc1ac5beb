import type { Database } from "bun:sqlite";
import { type Seq, seqAt } from "../../../src/core/id.ts";
import { operationalEventTypes } from "../../../src/core/operational.ts";
import type {
  CancelledStep,
  EndpointUpdate,
  Hastened,
  KnownEndpoint,
  MessageContent,
  NewMessage,
  PendingDelivery,
  Settled,
  Settlement,
  Task,
} from "../../../src/store/index.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks, Stage } from "../marks.ts";
import { changes } from "./effects.ts";
import type { InFlight, UnderWay } from "./in-flight.ts";

interface Around {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly inFlight: InFlight;
  readonly marks: Marks;
  /** Called when a lane begins to wait for the retry of its head. */
  readonly onPark: (endpointSeq: Seq, ms: number) => void;
}

/** Detects marks in the results of store verbs. */
export class Results {
  #hasFailedOperational = false;

  constructor(private readonly around: Around) {}

  failed(name: string, args: readonly unknown[]): void {
    const { marks, inFlight } = this.around;
    if (name === "queue.settle") {
      for (const { attempt } of args[0] as readonly Settlement[]) {
        marks.hit("settlement: disk full");
        const underWay = inFlight.attempts.get(attempt.deliverySeq);
        if (underWay !== undefined) underWay.hasFailed = true;
      }
    }
    if (name === "queue.accept" && isOperational(args[0] as readonly NewMessage[])) {
      this.#hasFailedOperational = true;
    }
  }

  succeeded(name: string, args: readonly unknown[], result: unknown): void {
    switch (name) {
      case "queue.settle":
        for (const [i, settlement] of (args[0] as readonly Settlement[]).entries()) {
          this.#settled(settlement, (result as readonly Settled[])[i]!);
        }
        break;
      case "queue.cancel.message":
        if ((result as readonly Seq[]).length > 0) this.around.marks.hit("cancel: a message");
        break;
      case "queue.cancel.step":
        if ((result as CancelledStep).cancelled > 0) this.around.marks.hit("cancel: messages of an endpoint");
        break;
      case "queue.due":
      case "queue.batch.due":
        this.#read(args[0] as Seq, result as readonly PendingDelivery[], args[3] as number);
        break;
      case "queue.contents":
        if ((result as ReadonlyArray<MessageContent | null>).some((content) => !content?.payload)) {
          this.around.marks.hit("lane: payload deleted before the attempt");
        }
        break;
      case "queue.bury":
        if ((result as number) > 0) {
          this.around.marks.hit(args[1] === "dead" ? "lane: buried by a disabling" : "lane: cancelled by a deletion");
        }
        break;
      case "queue.hasten":
        if ((result as Hastened).first !== null) this.around.marks.hit("socket: retries made due");
        break;
      case "queue.accept":
        this.#accepted(args[0] as readonly NewMessage[]);
        break;
      case "configuration.endpoints.get":
        if (result !== null) this.around.inFlight.known.set(args[0] as Seq, result as KnownEndpoint);
        break;
      case "configuration.endpoints.update":
        this.#updated(args[0] as Seq, result as EndpointUpdate);
        break;
      case "configuration.endpoints.secrets":
        if ((result as readonly unknown[]).length > 1) this.around.marks.hit("signature: two keys");
        break;
      case "housekeeping.prune":
        this.#pruned(args[0] as number, result as { readonly deleted: number; readonly more: boolean });
        break;
      case "housekeeping.tasks.lease":
        if ((result as readonly Task[]).length > 0) this.around.marks.hit("task: resumed after a restart");
        break;
    }
  }

  #settled({ attempt, next: wanted, settledAt }: Settlement, { change, next }: Settled): void {
    const { marks, inFlight } = this.around;
    marks.hit(stageOf(change, change === "stale" ? wanted.state : next.state));
    const underWay = inFlight.attempts.get(attempt.deliverySeq);
    if (underWay?.hasFailed) marks.hit("settlement: stored after a full disk");
    if (change !== "moved" || next.state !== "pending") return;
    if (underWay !== undefined) this.#retried(underWay, attempt.responseStatus);
    if (inFlight.known.get(attempt.endpointSeq)?.ordering !== "fifo") return;
    this.around.onPark(attempt.endpointSeq, Math.max(0, next.dueAt - settledAt));
  }

  #retried({ endpointSeq, isChanged, isReordered }: UnderWay, status: number): void {
    const { marks, inFlight } = this.around;
    if (isChanged) marks.hit("retry: endpoint changed during the attempt");
    if (isReordered) marks.hit("retry: ordering changed during the attempt");
    if (isChanged && status === 410) marks.hit("retry: 410 of a changed endpoint");
    if (!inFlight.isBusy(endpointSeq)) return;
    marks.hit("retry: while the lane was busy");
    if (inFlight.known.get(endpointSeq)?.ordering === "fifo") marks.hit("retry: fifo head while its lane was busy");
  }

  #read(endpointSeq: Seq, rows: readonly PendingDelivery[], limit: number): void {
    const { marks, inFlight, clock } = this.around;
    const isFifo = inFlight.known.get(endpointSeq)?.ordering === "fifo";
    for (const { seq, attempts, dueAt } of rows) {
      if (inFlight.attempts.has(seq)) marks.hit("lane: read a claimed delivery again");
      else if (attempts > 0 && dueAt > clock.wall && !isFifo) {
        marks.hit("lane: passed over after the clock was set back");
      }
    }
    if (rows.length === limit) marks.hit("lane: read a full page");
  }

  #updated(endpointSeq: Seq, update: EndpointUpdate): void {
    const { inFlight, marks } = this.around;
    const effects = changes(update);
    if (effects.includes("reorder")) {
      for (const attempt of inFlight.attemptsOf({ endpointSeq, messageSeq: null })) {
        attempt.isReordered = true;
      }
    }
    if (effects.includes("enable") && inFlight.buried.has(endpointSeq)) {
      marks.hit("lane: enabled while being buried");
    }
  }

  #accepted(messages: readonly NewMessage[]): void {
    const { marks, inFlight } = this.around;
    const isBusy = messages.some(({ deliveries }) =>
      deliveries.some(({ endpointSeq }) => inFlight.isBusy(endpointSeq)),
    );
    if (isBusy) marks.hit("lane: accepted while busy");
    if (!isOperational(messages)) return;
    marks.hit("operational: stored");
    if (this.#hasFailedOperational) marks.hit("operational: stored after a full disk");
    this.#hasFailedOperational = false;
  }

  #pruned(before: number, { deleted, more }: { readonly deleted: number; readonly more: boolean }): void {
    const { marks, db } = this.around;
    if (deleted > 0) marks.hit("retention: message deleted");
    if (more) return;
    const kept = db.query("SELECT 1 FROM message WHERE seq < ? LIMIT 1").get(seqAt(before));
    if (kept !== null) marks.hit("retention: message kept");
  }
}

function isOperational(messages: readonly NewMessage[]): boolean {
  return messages.some(({ eventType }) => (operationalEventTypes as readonly string[]).includes(eventType));
}

function stageOf(change: Settled["change"], state: Settlement["next"]["state"]): Stage {
  if (change === "revived") return "settlement: revived to delivered";
  return change === "stale" ? `settlement: stale, ${state}` : `settlement: moved to ${state}`;
}
