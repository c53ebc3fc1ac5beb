import type { FactOf } from "../../core/fact.ts";
import type { Facts } from "../../core/facts.ts";
import { type IdCodec, type Seq, timeOfSeq } from "../../core/id.ts";
import { formatInstant } from "../../core/instant.ts";
import type { TailFrame } from "../../core/listener.ts";
import type { Clock } from "../../ports.ts";
import type { Socket, SocketEvents } from "../http/web-socket.ts";

/** Number of unread bytes from which on a client gets no more events. */
const UNREAD_BYTES_MAX = 1024 * 1024;

interface Parts {
  readonly facts: Facts;
  readonly ids: IdCodec;
  readonly clock: Pick<Clock, "now">;
}

/** Reports the messages and attempts of applications to connections while they happen. */
export class Tails {
  readonly #tails = new Map<Seq, Set<Tail>>();

  constructor({ facts, ids, clock }: Parts) {
    const report = (applicationSeq: Seq, frame: () => TailFrame) => {
      const tails = this.#tails.get(applicationSeq);
      if (tails === undefined) return;
      const text = JSON.stringify(frame());
      for (const tail of tails) tail.send(text);
    };
    facts.on(["message.accepted"], (fact) => {
      if (this.#tails.size > 0) report(fact.applicationSeq, () => messageFrame(fact, ids));
    });
    facts.on(["attempt.finished"], (fact) => {
      if (this.#tails.size > 0) report(fact.applicationSeq, () => attemptFrame(fact, ids, clock.now()));
    });
  }

  /** Returns a connection that reports what happens to an application. `onClose` is called once. */
  of(applicationSeq: Seq, onClose: () => void): Tail {
    const own = this.#tails.get(applicationSeq) ?? new Set();
    const tail: Tail = new Tail(
      () => this.#tails.set(applicationSeq, own.add(tail)),
      () => {
        own.delete(tail);
        if (own.size === 0 && this.#tails.get(applicationSeq) === own) this.#tails.delete(applicationSeq);
        onClose();
      },
    );
    return tail;
  }
}

class Tail implements SocketEvents {
  #socket: Socket | null = null;
  #skipped = 0;

  constructor(
    private readonly onOpen: () => void,
    private readonly onClose: () => void,
  ) {}

  open(socket: Socket): void {
    this.#socket = socket;
    this.onOpen();
    socket.sendText(JSON.stringify({ type: "ready" } satisfies TailFrame));
  }

  /** Does nothing, because clients have nothing to send. */
  message(): void {}

  drain(): void {}

  close(): void {
    this.#socket = null;
    this.onClose();
  }

  end(code: number): void {
    this.#socket?.close(code);
  }

  send(text: string): void {
    const socket = this.#socket;
    if (socket === null) return;
    if (socket.getBufferedAmount() > UNREAD_BYTES_MAX) {
      this.#skipped++;
      return;
    }
    if (this.#skipped > 0) {
      socket.sendText(JSON.stringify({ type: "skipped", count: this.#skipped } satisfies TailFrame));
      this.#skipped = 0;
    }
    socket.sendText(text);
  }
}

function messageFrame({ messageSeq, eventType }: FactOf<"message.accepted">, ids: IdCodec): TailFrame {
  const time = formatInstant(timeOfSeq(messageSeq));
  return { type: "message", time, messageId: ids.encode("msg_", messageSeq), eventType };
}

function attemptFrame(fact: FactOf<"attempt.finished">, ids: IdCodec, now: number): TailFrame {
  const { messageSeq, endpointSeq, reason, responseStatus, durationMs } = fact;
  return {
    ...{ type: "attempt", time: formatInstant(now), messageId: ids.encode("msg_", messageSeq) },
    ...{ endpointId: ids.encode("ep_", endpointSeq), status: reason === null ? "success" : "fail" },
    ...{ responseStatusCode: responseStatus, durationMs },
  };
}
