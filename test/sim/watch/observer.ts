import type { Database } from "bun:sqlite";
import type { Fact, FactOf } from "../../../src/core/fact.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { Signal } from "../../../src/core/signal.ts";
import type { NewMessage, Settlement } from "../../../src/store/index.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks, Stage } from "../marks.ts";
import type { AimName } from "../rates.ts";
import { Effects } from "./effects.ts";
import type { InFlight, Target } from "./in-flight.ts";
import { Results } from "./results.ts";

/** Lanes with a lower rate of attempts per second count as parked after each attempt. */
const SLOW_RATE = 20;

/** Minimum time for which a settlement waits after its commit failed. */
const SETTLE_AGAIN_MS = 500;
/** Writes whose commit may be the last action in a life of the program. */
const COMMITS: ReadonlyArray<readonly [Stage, RegExp]> = [
  ["crash after commit: message", /^queue\.accept$/],
  ["crash after commit: settlement", /^queue\.settle$/],
  ["crash after commit: resend", /^queue\.resend$/],
  ["crash after commit: batch", /^queue\.batch\.close$/],
  ["crash after commit: endpoint", /^configuration\.endpoints\.(update|delete|create)$/],
  ["crash after commit: secret", /rotateSecret$/],
  ["crash after commit: task", /^housekeeping\.tasks\.(create|update)$/],
  ["crash after commit: token", /^configuration\.tokens\.(create|revoke|end|endOfApplication)$/],
  ["crash after commit: payload link", /^history\.payloadLinks\.use$/],
  ["crash after commit: idempotency key", /^queue\.idempotency\.put$/],
];

/** Calls that cancel pending deliveries, also by deleting their payloads. */
const CANCELS = /^queue\.(cancel|expunge)\./;

interface Around {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly inFlight: InFlight;
  readonly marks: Marks;
  /** Called when a call that cancels deliveries begins. Returns what is called when it ends. */
  readonly onCancel: () => () => void;
  /** Called when a call that makes the retries of an endpoint due begins, and when it ends. */
  readonly onHasten: (endpointSeq: Seq) => void;
  readonly onAccept: (messages: readonly NewMessage[]) => void;
  /**
   * Called when work begins at which an event may be aimed. `forMs` is how long the work stays in
   * flight.
   */
  readonly aim: (aim: AimName, target: Target, forMs: number) => void;
}

/** Called when the verb has ended. */
export type Ended = (result: unknown, error: unknown) => void;

/** Watches one life of the program: its calls of the store, its facts and its signals. */
export class Observer {
  readonly #effects: Effects;
  readonly #results: Results;
  /** Writes that wait for a commit, by verb. */
  readonly #queued = new Map<string, number>();

  constructor(private readonly around: Around) {
    this.#effects = new Effects(around.db, around.inFlight, around.marks);
    this.#results = new Results({ ...around, onPark: (endpointSeq, ms) => this.#park(endpointSeq, ms) });
  }

  /** Must be called when a verb is called. `delayMs` is the time by which the call is delayed. */
  call(name: string, args: readonly unknown[], delayMs: number): Ended {
    const meeting = this.#effects.begin(name, args);
    this.#queued.set(name, (this.#queued.get(name) ?? 0) + 1);
    const endCancel = CANCELS.test(name) ? this.around.onCancel() : null;
    const endLane = this.#laneCall(name, args, delayMs > 0);
    if (name === "queue.accept") this.around.onAccept(args[0] as readonly NewMessage[]);
    if (name === "queue.settle") this.#settling(args[0] as readonly Settlement[], delayMs);
    const isHasten = name === "queue.hasten";
    if (isHasten) this.around.onHasten(args[0] as Seq);
    return (result, error) => {
      if (isHasten) this.around.onHasten(args[0] as Seq);
      this.#queued.set(name, this.#queued.get(name)! - 1);
      endLane();
      endCancel?.();
      if (error !== null) this.#failed(name, args);
      else {
        if (meeting !== null) this.#effects.end(meeting, result);
        this.#results.succeeded(name, args, result);
      }
    };
  }

  /** Whether the latest commit contains a write of a rare kind. */
  get isCommitRare(): boolean {
    return this.#isQueued(
      /^queue\.(resend|idempotency\.put)$|^configuration\.|^housekeeping\.tasks\.|^history\.payloadLinks\./,
    );
  }

  #isQueued(verbs: RegExp): boolean {
    return [...this.#queued].some(([name, count]) => count > 0 && verbs.test(name));
  }

  /**
   * Must be called when the program crashes right after a commit, before it learns of the commit.
   */
  crashedAfterCommit(): void {
    for (const [stage, verbs] of COMMITS) if (this.#isQueued(verbs)) this.around.marks.hit(stage);
  }

  crashed(): void {
    const { inFlight, marks } = this.around;
    const attempts = [...inFlight.attempts.values()];
    if (attempts.some(({ ended }) => ended === null)) marks.hit("crash: with an attempt under way");
    if (attempts.some(({ ended }) => ended !== null)) marks.hit("crash: with a settlement that waits");
    const lanes = [...inFlight.known.keys()];
    if (lanes.some((seq) => inFlight.isBusy(seq))) marks.hit("crash: with a busy lane");
    if (lanes.some((seq) => inFlight.isParked(seq))) marks.hit("crash: with a parked lane");
  }

  happened(fact: Fact): void {
    const { inFlight, marks } = this.around;
    switch (fact.type) {
      case "attempt.started":
        this.#started(fact);
        break;
      case "attempt.finished":
        inFlight.finished(fact);
        break;
      case "delivery.postponed":
        inFlight.finished(fact);
        marks.hit("attempt: prevented by a shortage");
        break;
      case "endpoint.disabled":
        if (fact.cause !== "manual") marks.hit(`endpoint: disabled as ${fact.cause}`);
        break;
      case "backlog.growing":
        marks.hit("backlog: growing");
        break;
      case "backlog.recovered":
        marks.hit("backlog: recovered");
        break;
      case "task.ended":
        if (fact.status === "failed") marks.hit("task: failed");
        break;
    }
  }

  signalled(signal: Signal): void {
    const applicationSeq = "applicationSeq" in signal ? signal.applicationSeq : null;
    for (const attempt of this.around.inFlight.attempts.values()) {
      const { endpointSeq } = attempt;
      const isMeant =
        signal.type === "endpoint.changed"
          ? signal.endpointSeq === endpointSeq
          : this.around.inFlight.known.get(endpointSeq)?.applicationSeq === applicationSeq;
      if (isMeant) attempt.isChanged = true;
    }
  }

  #started(fact: FactOf<"attempt.started">): void {
    const { inFlight, aim } = this.around;
    const attempt = inFlight.started(fact);
    const { endpointSeq } = attempt;
    aim("attempt", attempt, 1000);
    const { throttleRate = null, applicationThrottleRate = null } = inFlight.known.get(endpointSeq) ?? {};
    const rate = Math.min(throttleRate ?? SLOW_RATE, applicationThrottleRate ?? SLOW_RATE);
    if (rate < SLOW_RATE) this.#park(endpointSeq, 1000 / rate);
  }

  #park(endpointSeq: Seq, ms: number): void {
    this.around.inFlight.park(endpointSeq, ms);
    this.around.aim("parked", { endpointSeq, messageSeq: null }, ms);
  }

  /** Counts calls on behalf of a lane. Returns a function to call when the call has ended. */
  #laneCall(name: string, args: readonly unknown[], isSlow: boolean): () => void {
    const { inFlight, aim } = this.around;
    const endpointSeq = args[0] as Seq;
    if (name === "configuration.endpoints.secrets" && isSlow) aim("reading", { endpointSeq, messageSeq: null }, 0);
    if (name === "queue.contents" && isSlow) this.#aimAtContent((args[0] as readonly Seq[])[0]!);
    switch (name) {
      case "queue.due":
      case "queue.nextPosition":
      case "queue.bury":
        inFlight.busy(endpointSeq, 1);
        if (name === "queue.bury") inFlight.buried.add(endpointSeq);
        if (isSlow) aim("reading", { endpointSeq, messageSeq: null }, 0);
        return () => {
          inFlight.busy(endpointSeq, -1);
          inFlight.buried.delete(endpointSeq);
        };
      default:
        return () => {};
    }
  }

  #aimAtContent(messageSeq: Seq): void {
    const row = this.around.db
      .query<{ seq: Seq }, [number]>("SELECT endpoint_seq AS seq FROM delivery WHERE message_seq = ? AND state = 0")
      .get(messageSeq);
    if (row !== null) this.around.aim("reading", { endpointSeq: row.seq, messageSeq }, 0);
  }

  #settling(settlements: readonly Settlement[], delayMs: number): void {
    for (const { attempt } of settlements) {
      const underWay = this.around.inFlight.ended(attempt.deliverySeq);
      if (underWay !== null) this.around.aim("settlement", underWay, delayMs / 2);
    }
  }

  #failed(name: string, args: readonly unknown[]): void {
    this.#results.failed(name, args);
    if (name !== "queue.settle") return;
    for (const { attempt } of args[0] as readonly Settlement[]) {
      const underWay = this.around.inFlight.attempts.get(attempt.deliverySeq);
      if (underWay !== undefined) this.around.aim("settlement", underWay, SETTLE_AGAIN_MS);
    }
  }
}
