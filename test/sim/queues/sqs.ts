import type { Answer, OutgoingRequest } from "../../../src/ports.ts";
import type { ConnectionParts } from "./connection.ts";
import type { Item, SimQueue } from "./queue.ts";

/** The host of the requests to queues in the region of the simulation. */
export const SQS_HOST = "sqs.eu-central-1.amazonaws.com";

/** Time after which a message that was not deleted is delivered again, in ms. */
const VISIBILITY_MS = [2000, 30_000, 300_000];
const STEP_MS_MAX = [1, 5, 50, 2000];

interface Input {
  readonly QueueUrl: string;
  readonly MaxNumberOfMessages?: number;
  readonly WaitTimeSeconds?: number;
  readonly Entries?: readonly { readonly ReceiptHandle: string }[];
}

/** A message as SQS returns it. */
interface SentMessage {
  readonly MessageId?: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MessageAttributes: Readonly<Record<string, { readonly StringValue: string }>>;
}

interface SqsParts extends ConnectionParts {
  readonly queue: (name: string) => SimQueue;
}

/** A simulated SQS. Requests and responses may be lost; messages that were received stay hidden for a while. */
export class SimSqs {
  /** The latest receipt handle of each message that is hidden. */
  readonly #hidden = new Map<string, { readonly item: Item; readonly queue: SimQueue }>();
  #handles = 0;

  constructor(private readonly parts: SqsParts) {}

  async answer({ headers, body }: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    const { rollLoss } = this.parts;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([this.#step(), aborted]);
    if (rollLoss() || signal.aborted) return LOST;
    const target = headers.find(([name]) => name.toLowerCase() === "x-amz-target")?.[1] ?? "";
    const input = JSON.parse(Buffer.from(body).toString()) as Input;
    const output = await this.#act(target.slice(target.indexOf(".") + 1), input, aborted);
    await Promise.race([this.#step(), aborted]);
    if (rollLoss() || signal.aborted) return LOST;
    const text = Buffer.from(JSON.stringify(output));
    return { kind: "response", status: 200, retryAfter: null, body: text, note: null };
  }

  async #act(action: string, input: Input, aborted: Promise<void>): Promise<object> {
    const queue = this.parts.queue(input.QueueUrl.slice(input.QueueUrl.lastIndexOf("/") + 1));
    const entries = input.Entries ?? [];
    switch (action) {
      case "ReceiveMessage":
        return { Messages: await this.#receive(queue, input, aborted) };
      case "DeleteMessageBatch":
        for (const item of this.#found(entries)) queue.remove(item);
        return { Successful: [], Failed: [] };
      case "ChangeMessageVisibilityBatch":
        this.#release(this.#found(entries), queue);
        return { Successful: [], Failed: [] };
      default:
        return {};
    }
  }

  #release(items: readonly Item[], queue: SimQueue): void {
    if (items.length > 0) this.parts.marks.hit("queue: messages released at once");
    queue.giveBack(items);
  }

  async #receive(queue: SimQueue, input: Input, aborted: Promise<void>): Promise<SentMessage[]> {
    const { clock } = this.parts;
    let hasWaited = false;
    const waited = new Promise<void>((resolve) => {
      const end = () => {
        hasWaited = true;
        resolve();
      };
      clock.at((input.WaitTimeSeconds ?? 0) * 1000, end);
      void aborted.then(end);
    });
    for (;;) {
      const items = queue.take(input.MaxNumberOfMessages ?? 1);
      if (items.length > 0 || hasWaited) return items.map((item) => this.#hide(item, queue));
      await Promise.race([queue.changed, waited]);
    }
  }

  #hide(item: Item, queue: SimQueue): SentMessage {
    const { clock, dice, marks } = this.parts;
    const handle = `handle-${this.#handles++}`;
    this.#hidden.set(handle, { item, queue });
    clock.at(dice.pick(VISIBILITY_MS), () => {
      if (!this.#hidden.delete(handle)) return;
      marks.hit("queue: visibility timeout passed");
      queue.giveBack([item]);
    });
    const { id, body, headers } = item.publication;
    const attributes = Object.entries(headers).map(([name, value]) => [name, { StringValue: value }]);
    return {
      ...(id !== null && { MessageId: id }),
      ...{ ReceiptHandle: handle, Body: body.toString(), MessageAttributes: Object.fromEntries(attributes) },
    };
  }

  /** Returns the messages whose receipt handles are still valid. The handles are used up. */
  #found(entries: NonNullable<Input["Entries"]>): Item[] {
    return entries.flatMap(({ ReceiptHandle: handle }) => {
      const found = this.#hidden.get(handle);
      this.#hidden.delete(handle);
      return found === undefined ? [] : [found.item];
    });
  }

  #step(): Promise<void> {
    const { clock, dice } = this.parts;
    return new Promise((resolve) => clock.at(dice.below(dice.pick(STEP_MS_MAX)), resolve));
  }
}

const LOST: Answer = { kind: "failure", reason: "connection", detail: "The connection was lost." };
