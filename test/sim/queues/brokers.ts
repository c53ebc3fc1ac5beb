import { BrokerError } from "../../../src/consume/broker.ts";
import type { BrokerType } from "../../../src/core/broker.ts";
import type { Answer, OpenQueue, OutgoingRequest } from "../../../src/ports.ts";
import type { VirtualClock } from "../clock.ts";
import type { Dice } from "../dice.ts";
import type { Marks } from "../marks.ts";
import { QueueConnection } from "./connection.ts";
import { type Publication, SimQueue } from "./queue.ts";
import { SimSqs } from "./sqs.ts";

interface Around {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly marks: Marks;
  /** Chance per step that a connection is lost or cannot be opened, or a request to SQS fails. */
  readonly loss: number;
  /** Whether everything must work. */
  readonly isCalm: () => boolean;
  /** Called when a message has left its queue for good. */
  readonly onRemoved: (publication: Publication) => void;
}

/** Time after which a broker notices that the program has ended, in ms. */
const NOTICED_MS_MAX = [1, 500, 20_000];

/** The simulated brokers with their queues. They outlive the program. */
export class SimBrokers {
  readonly #queues = new Map<string, SimQueue>();
  readonly #connections = new Set<QueueConnection>();
  readonly #sqs: SimSqs;

  constructor(private readonly around: Around) {
    this.#sqs = new SimSqs({
      ...{ clock: around.clock, dice: around.dice, marks: around.marks, rollLoss: () => this.#rollLoss() },
      queue: (name) => this.#queues.get(name)!,
    });
  }

  /** Creates a queue and returns its URL. */
  create(type: BrokerType): string {
    const name = `queue-${this.#queues.size}`;
    this.#queues.set(name, new SimQueue(name, this.around.onRemoved));
    switch (type) {
      case "amqp":
        return `amqps://user:password@rabbit.example/?queue=${name}`;
      case "nats":
        return `nats://nats.example/${name}`;
      case "kafka":
        return `kafka://kafka.example/${name}`;
      case "sqs":
        return `sqs://KEY:secret@eu-central-1/123456789012/${name}`;
    }
  }

  queueOf(url: string): SimQueue {
    return this.#queues.get(url.slice(url.search(/[^/=]+$/)))!;
  }

  /** Connects to a queue of AMQP or NATS. */
  readonly open: OpenQueue = async ({ url }) => {
    const { clock, dice, marks } = this.around;
    await new Promise<void>((resolve) => clock.at(dice.below(20), resolve));
    if (this.#rollLoss()) {
      marks.hit("queue: connection refused");
      throw new BrokerError("The connection was refused.");
    }
    const parts = { clock, dice, marks, rollLoss: () => this.#rollLoss() };
    const connection = new QueueConnection(parts, this.queueOf(url.href));
    this.#connections.add(connection);
    return connection;
  };

  /** Responds to a request to SQS. */
  answer(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    return this.#sqs.answer(request, signal);
  }

  /** Ends all connections to a queue as if their broker was killed. */
  disturb(url: string): void {
    const queue = this.queueOf(url);
    for (const connection of this.#connections) if (connection.queue === queue) this.#lose(connection);
  }

  /** Must be called when the program has ended. What it has sent may still arrive. */
  programEnded(): void {
    const { clock, dice } = this.around;
    for (const connection of this.#connections) {
      clock.at(dice.below(dice.pick(NOTICED_MS_MAX)), () => this.#lose(connection));
    }
  }

  #lose(connection: QueueConnection): void {
    connection.lose("The connection was lost.");
    this.#connections.delete(connection);
  }

  #rollLoss(): boolean {
    const { dice, loss, isCalm } = this.around;
    return !isCalm() && dice.chance(loss);
  }
}
