import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elasticMqJars } from "../../../scripts/test-servers/elasticmq.ts";
import { freePort } from "../free-port.ts";

const START_MS = 60_000;

/** Null where ElasticMQ cannot be had. */
const jars = await elasticMqJars();
export const hasElasticMq = jars !== null;
if (!hasElasticMq)
  console.log("ElasticMQ is missing (it needs Java and Maven): the tests with an SQS server are skipped");

type Json = Readonly<Record<string, unknown>>;

export interface SqsText {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A real server with the protocol of SQS. Its messages survive `kill`. */
export class ElasticMq implements AsyncDisposable {
  #child: Bun.Subprocess | null = null;

  private constructor(
    private readonly home: string,
    readonly port: number,
  ) {}

  static async start(): Promise<ElasticMq> {
    const server = new ElasticMq(await mkdtemp(join(tmpdir(), "boathook-sqs-")), freePort());
    await Bun.write(join(server.home, "queues.conf"), "");
    await Bun.write(join(server.home, "server.conf"), server.#config());
    await server.start();
    return server;
  }

  #config(): string {
    const { home, port } = this;
    return `include classpath("application.conf")
      node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }
      rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
      rest-stats { enabled = false }
      generate-node-address = false
      queues {}
      messages-storage { enabled = true, uri = "jdbc:h2:${home}/messages;WRITE_DELAY=0" }
      queues-storage { enabled = true, path = "${home}/queues.conf" }`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Returns the URL of a queue for an endpoint or a source. */
  urlOf(queue: string, user = "KEY:secret"): string {
    return `sqs://${user}@elasticmq/000000000000/${queue}?endpoint=${encodeURIComponent(this.url)}`;
  }

  /** Starts the server after `kill`, on the same port and data. */
  async start(): Promise<void> {
    this.#child = Bun.spawn(
      [
        "java",
        ...["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
        `-Dconfig.file=${join(this.home, "server.conf")}`,
        "-cp",
        `${jars}/*`,
        "org.elasticmq.server.Main",
      ],
      { cwd: this.home, stdin: "ignore", stdout: Bun.file(join(this.home, "log")), stderr: "ignore" },
    );
    const deadline = Date.now() + START_MS;
    let last: unknown = null;
    while (Date.now() < deadline) {
      const found = await this.call("ListQueues", {}).catch((error: unknown) => {
        last = error;
        return null;
      });
      if (found !== null) return;
      await Bun.sleep(100);
    }
    throw new Error(`ElasticMQ did not start: ${last}`);
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  /** Stops and continues the process, so that requests wait. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  async call(action: string, input: Json): Promise<Json> {
    const response = await fetch(this.url, {
      method: "POST",
      headers: { "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": `AmazonSQS.${action}` },
      body: JSON.stringify(input),
      keepalive: false,
    });
    const json = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${action}: ${JSON.stringify(json)}`);
    return json;
  }

  /** Creates a queue. */
  async queue(name: string, attributes: Json = {}): Promise<void> {
    await this.call("CreateQueue", { QueueName: name, Attributes: attributes });
  }

  async send(
    queue: string,
    bodies: readonly string[],
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
    );
    for (let at = 0; at < bodies.length; at += 10) {
      const Entries = bodies
        .slice(at, at + 10)
        .map((MessageBody, i) => ({ Id: String(i), MessageBody, MessageAttributes }));
      await this.call("SendMessageBatch", { QueueUrl: this.#queueUrl(queue), Entries });
    }
  }

  /** Adds a message to a FIFO queue. */
  async sendFifo(queue: string, MessageBody: string): Promise<void> {
    await this.call("SendMessage", { QueueUrl: this.#queueUrl(queue), MessageBody, MessageGroupId: "group" });
  }

  /** Takes all messages out of a queue. */
  async drain(queue: string): Promise<SqsText[]> {
    const texts: SqsText[] = [];
    for (;;) {
      const received = await this.call("ReceiveMessage", {
        ...{ QueueUrl: this.#queueUrl(queue), MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] },
      });
      const messages = (received.Messages ?? []) as readonly RawMessage[];
      if (messages.length === 0) return texts;
      texts.push(...messages.map(textOf));
      const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      await this.call("DeleteMessageBatch", { QueueUrl: this.#queueUrl(queue), Entries });
    }
  }

  /** Returns the number of messages that wait in a queue, and of those that were received and not deleted. */
  async counts(queue: string): Promise<{ readonly waiting: number; readonly open: number }> {
    const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
    const { Attributes } = await this.call("GetQueueAttributes", {
      QueueUrl: this.#queueUrl(queue),
      AttributeNames: names,
    });
    const [waiting, open] = names.map((name) => Number((Attributes as Record<string, string>)[name]));
    return { waiting: waiting!, open: open! };
  }

  #queueUrl(queue: string): string {
    return `${this.url}/000000000000/${queue}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.home, { recursive: true, force: true });
  }
}

interface RawMessage {
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue: string }>>;
}

function textOf({ Body: body, MessageAttributes = {} }: RawMessage): SqsText {
  const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue] as const);
  return { body, attributes: Object.fromEntries(attributes) };
}
