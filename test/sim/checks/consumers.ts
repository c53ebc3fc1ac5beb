import type { Database, Statement } from "bun:sqlite";
import type { FactOf } from "../../../src/core/fact.ts";
import type { IdCodec, Seq } from "../../../src/core/id.ts";
import type { VirtualClock } from "../clock.ts";
import type { Marks } from "../marks.ts";
import type { ReceivedFrame, SimConsumer } from "../sockets/sim-consumer.ts";
import type { InFlight, UnderWay } from "../watch/in-flight.ts";
import type { Violation } from "./violation.ts";

/** The shortest timeout that an endpoint of the simulation can have, in ms. */
const TIMEOUT_MS_MIN = 200;

interface Around {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly ids: () => IdCodec;
  readonly marks: Marks;
  readonly inFlight: InFlight;
  readonly isStopping: () => boolean;
  readonly deliveryTimeoutMs: number;
  readonly violation: Violation;
}

/** Checks what the consumers of `websocket:` endpoints get, and what follows from their replies. */
export class ConsumerChecks {
  /** The consumers that have connected in this life of the program. */
  readonly consumers = new Set<SimConsumer>();
  /** Attempts whose frame was sent, and those that were acknowledged in time. */
  readonly #sent = new WeakSet<UnderWay>();
  readonly #acknowledged = new WeakSet<UnderWay>();
  readonly #members: Statement<{ seq: Seq }, [number]>;
  readonly #isOpen: Statement<{ open: number }, [number]>;

  constructor(private readonly around: Around) {
    this.#members = around.db.prepare("SELECT seq FROM delivery WHERE batch_seq = ?");
    this.#isOpen = around.db.prepare("SELECT deleted_at IS NULL AND NOT disabled AS open FROM endpoint WHERE seq = ?");
  }

  programStarted(): void {
    this.consumers.clear();
  }

  connected(consumer: SimConsumer): void {
    this.consumers.add(consumer);
  }

  /** The consumers whose connections have not ended. */
  get present(): readonly SimConsumer[] {
    return [...this.consumers].filter(({ hasEnded }) => !hasEnded);
  }

  /** Must be called when the program sends a frame to a consumer. */
  sent(consumer: SimConsumer, frame: ReceivedFrame): void {
    const { violation, isStopping } = this.around;
    const { endpointSeq, prefetch } = consumer;
    const { deliveryId } = frame;
    if (!consumer.isOpen) violation(`${deliveryId} is sent over a connection that has begun to close`);
    const attempts = this.#attemptsOf(deliveryId);
    if (attempts.length === 0) violation(`${deliveryId} is sent to a consumer without an attempt`);
    for (const attempt of attempts) {
      if (attempt.endpointSeq !== endpointSeq) violation(`${deliveryId} is sent to a consumer of another endpoint`);
      if (this.#sent.has(attempt)) violation(`${deliveryId} is sent to two consumers`);
      this.#sent.add(attempt);
    }
    // A frame that is given up makes room, which is certain only before the timeout. An earlier frame
    // with the same delivery id belongs to an attempt that has ended.
    const others = [...consumer.frames.keys()].filter((id) => id !== deliveryId && this.#isAwaited(id));
    if (others.length >= prefetch && !isStopping()) {
      violation(`a consumer of endpoint ${endpointSeq} gets a frame besides ${others.length} of ${prefetch}`);
    }
  }

  /** Must be called right before the program gets an acknowledgement. */
  acknowledging({ frames }: SimConsumer, deliveryId: string): void {
    if (!frames.has(deliveryId)) return;
    if (!this.#isAwaited(deliveryId)) this.around.marks.hit("socket: acknowledged late");
    else for (const attempt of this.#attemptsOf(deliveryId)) this.#acknowledged.add(attempt);
  }

  /** Must be called before the attempt is removed from those under way. */
  finished({ deliverySeq, endpointSeq, reason }: FactOf<"attempt.finished">): void {
    const { inFlight, violation, marks } = this.around;
    const attempt = inFlight.attempts.get(deliverySeq);
    if (attempt === undefined) return;
    if (this.#acknowledged.has(attempt) && reason !== null) {
      violation(`delivery ${deliverySeq} was acknowledged by a consumer, but its attempt has failed`);
    }
    const isOfConsumers = inFlight.known.get(endpointSeq)?.url === "websocket:";
    if (isOfConsumers && reason === "connection" && !this.#sent.has(attempt)) marks.hit("socket: no consumer");
    if (this.#sent.has(attempt) && reason === "timeout") marks.hit("socket: not acknowledged in time");
  }

  /** Must be called when the program crashes. */
  programCrashed(): void {
    const isWaiting = this.present.some(({ frames }) => frames.size > 0);
    if (isWaiting) this.around.marks.hit("crash: with frames at consumers");
    const attempts = [...this.around.inFlight.attempts.values()];
    if (attempts.some((attempt) => this.#acknowledged.has(attempt))) {
      this.around.marks.hit("crash: between an acknowledgement of a consumer and its settlement");
    }
  }

  /** Checks that consumers of endpoints that are disabled or deleted are disconnected. Must be called at rest. */
  nobodyIsLeft(): void {
    for (const { endpointSeq } of this.present) {
      if (this.#isOpen.get(endpointSeq)?.open === 1) continue;
      this.around.violation(`a consumer is still connected to the endpoint ${endpointSeq}, which is closed`);
    }
  }

  /** Returns whether the attempts of a frame are under way and have certainly not timed out. */
  #isAwaited(deliveryId: string): boolean {
    const { clock, inFlight, deliveryTimeoutMs } = this.around;
    return this.#attemptsOf(deliveryId).some(({ startedAt, ended, endpointSeq, isChanged }) => {
      const known = inFlight.known.get(endpointSeq)?.timeoutMs ?? deliveryTimeoutMs;
      return ended === null && clock.now < startedAt + (isChanged ? TIMEOUT_MS_MIN : known);
    });
  }

  /** Returns the attempts under way for which a frame was sent. */
  #attemptsOf(deliveryId: string): readonly UnderWay[] {
    const { ids, inFlight } = this.around;
    const batchSeq = ids().decode("batch_", deliveryId);
    const seqs =
      batchSeq === null ? [ids().decode("dlv_", deliveryId) ?? 0] : this.#members.all(batchSeq).map(({ seq }) => seq);
    return seqs.flatMap((seq) => inFlight.attempts.get(seq) ?? []);
  }
}
