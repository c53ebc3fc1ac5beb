import { writeFileSync } from "node:fs";
import {
  type Admin,
  type IHeaders,
  Kafka,
  type KafkaJSProtocolError,
  type KafkaMessage,
  Partitioners,
  type Producer,
} from "kafkajs";
import { kafkaFormat, kafkaJars, kafkaServer } from "../../../scripts/test-servers/kafka.ts";
import { useCodecs } from "../../../src/edge/kafka/codecs.ts";
import { soon } from "../soon.ts";
import { temporaryDirectory } from "../temporary.ts";
import { type Broker, type BrokerTls, freePorts, RestartableProcess } from "./broker.ts";

/** Null where Kafka cannot be had. */
const jars = await kafkaJars();
export const hasKafka = jars !== null;
if (!hasKafka) console.log("Kafka is missing (it needs Java and Maven): the tests with it are skipped");

/** Users and their passwords, for PLAIN and SCRAM. `reader` may read topics, and not write to them. */
const USERS = { ann: "s@cret", reader: "secret" };
/** An address that the address policy of the tests forbids. */
export const FORBIDDEN_ADDRESS = "10.99.0.1";

export interface StoredMessage {
  readonly partition: number;
  readonly key: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A broker of Kafka that is also its own controller. `tlsPort` needs a user. */
export interface TestKafka extends Broker {
  /** Port at which a user is needed, without TLS. */
  readonly loginPort: number;
  /** Port at which the broker says that its address is `FORBIDDEN_ADDRESS`. */
  readonly misleadingPort: number;
  readonly admin: Admin;
  /** A producer for tests of sources. */
  readonly producer: Producer;
  /** Makes a topic and returns its name. */
  newTopic(options?: {
    readonly partitions?: number;
    readonly config?: Readonly<Record<string, string>>;
  }): Promise<string>;
  /** Deletes a topic and creates it again, with one partition. */
  recreate(topic: string): Promise<void>;
  /** Returns the number of messages in a topic. */
  count(topic: string): Promise<number>;
  /** Returns the messages in a topic, in the order of each partition. */
  contents(topic: string): Promise<readonly StoredMessage[]>;
  /** Returns how many messages of a topic a group has not committed. */
  lag(group: string, topic: string): Promise<number>;
}

export async function startKafka(tls: BrokerTls | null = null): Promise<TestKafka> {
  const directory = temporaryDirectory();
  const ports = freePorts(5) as [number, number, number, number, number];
  const [port, misleadingPort, loginPort, tlsPort] = ports;
  const file = (name: string) => directory.file(name);
  if (tls !== null) writeFileSync(file("broker.pem"), tls.key + tls.cert);
  if (tls?.clientCa !== undefined) writeFileSync(file("ca.pem"), tls.clientCa);
  writeFileSync(file("kafka.properties"), properties(ports, file, tls));
  const format = Bun.spawn(kafkaFormat(jars!, file("kafka.properties"), USERS), {
    ...{ cwd: directory.path, stdin: "ignore", stdout: Bun.file(file("format.log")), stderr: "ignore" },
  });
  if ((await format.exited) !== 0) throw new Error(await Bun.file(file("format.log")).text());
  const environment = { PATH: process.env.PATH ?? "" };
  const command = kafkaServer(jars!, file("kafka.properties"));
  const server = new RestartableProcess(command, environment, directory.path, file("kafka.log"));
  const client = new Kafka({ clientId: "test", brokers: [`127.0.0.1:${port}`], logCreator: () => () => {} });
  const admin = client.admin({ retry: { retries: 5 } });
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const topics: string[] = [];
  const countNow = async (topic: string) =>
    (await admin.fetchTopicOffsets(topic)).reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  /** Asks again if the broker says that it cannot answer yet, such as while it takes over a partition. */
  const count = async (topic: string): Promise<number> => {
    const ask = () =>
      countNow(topic).catch((error: KafkaJSProtocolError) => {
        if (error.retriable) return error;
        throw error;
      });
    return (await soon(ask, (answer) => typeof answer === "number")) as number;
  };
  /** Waits until the broker leads the partitions of topics, some time after it names itself their leader. */
  const untilLed = (names: readonly string[]) =>
    soon(
      () => Promise.allSettled(names.map(countNow)),
      (counts) => counts.every(({ status }) => status === "fulfilled"),
    );
  const start = () => server.start(port, () => responds(port));
  const stop = async () => {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
    await server.kill();
    directory[Symbol.dispose]();
  };
  try {
    await start();
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createAcls({ acl: [noWriting] });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ port, misleadingPort, loginPort, tlsPort: tls === null ? null : tlsPort, admin, producer, count },
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    async start() {
      await start();
      await untilLed(topics);
    },
    async newTopic({ partitions: numPartitions = 1, config = {} } = {}) {
      const topic = `topic-${topics.length + 1}`;
      topics.push(topic);
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
      await untilLed([topic]);
      return topic;
    },
    async recreate(topic) {
      await admin.deleteTopics({ topics: [topic] });
      await soon(
        () => admin.listTopics(),
        (found) => !found.includes(topic),
      );
      // The client fails if the broker does not lead the new partition at once.
      await admin.createTopics({ topics: [{ topic }], waitForLeaders: false });
      await untilLed([topic]);
    },
    contents: async (topic) => contentsOf(client, topic, await count(topic)),
    async lag(groupId, topic) {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const ends = await admin.fetchTopicOffsets(topic);
      const next = new Map(found!.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      return ends.reduce((sum, { partition, high }) => sum + Number(high) - Math.max(0, next.get(partition) ?? 0), 0);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** A rule for `reader`. Whoever has no rule may do everything. */
const noWriting = {
  ...{ resourceType: 2, resourceName: "topic-", resourcePatternType: 4 },
  ...{ principal: "User:reader", host: "*", operation: 4, permissionType: 2 },
};

function properties(
  [port, misleading, login, tls, controller]: readonly number[],
  file: (name: string) => string,
  certificates: BrokerTls | null,
): string {
  const hasTls = certificates !== null;
  const listeners = { PLAIN: port, MISLEADING: misleading, LOGIN: login, ...(hasTls && { ENCRYPTED: tls }) };
  const at = (name: string, host = "127.0.0.1") => `${name}://${host}:${listeners[name as "PLAIN"]}`;
  const names = Object.keys(listeners);
  const advertised = names.map((name) => at(name, name === "MISLEADING" ? FORBIDDEN_ADDRESS : "127.0.0.1"));
  const jaas = "org.apache.kafka.common.security";
  const users = Object.entries(USERS).map(([name, password]) => `user_${name}="${password}"`);
  const logins = ["login", "encrypted"].flatMap((listener) => [
    `listener.name.${listener}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512`,
    `listener.name.${listener}.plain.sasl.jaas.config=${jaas}.plain.PlainLoginModule required ${users.join(" ")};`,
    ...["scram-sha-256", "scram-sha-512"].map(
      (name) => `listener.name.${listener}.${name}.sasl.jaas.config=${jaas}.scram.ScramLoginModule required;`,
    ),
  ]);
  return [
    ...["process.roles=broker,controller", "node.id=1", `controller.quorum.voters=1@127.0.0.1:${controller}`],
    `listeners=${names.map((name) => at(name)).join(",")},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=${advertised.join(",")}`,
    ...["controller.listener.names=CONTROLLER", "inter.broker.listener.name=PLAIN"],
    "listener.security.protocol.map=PLAIN:PLAINTEXT,MISLEADING:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT,ENCRYPTED:SASL_SSL",
    ...logins,
    ...(hasTls ? ["ssl.keystore.type=PEM", `ssl.keystore.location=${file("broker.pem")}`] : []),
    ...(certificates?.clientCa === undefined
      ? []
      : [
          ...["ssl.truststore.type=PEM", `ssl.truststore.location=${file("ca.pem")}`],
          // A listener with SASL heeds only its own setting.
          "listener.name.encrypted.ssl.client.auth=required",
        ]),
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    ...["allow.everyone.if.no.acl.found=true", "super.users=User:ANONYMOUS;User:ann"],
    ...[`log.dirs=${file("data")}`, "auto.create.topics.enable=true", "group.initial.rebalance.delay.ms=0"],
    ...["offsets.topic.replication.factor=1", "offsets.topic.num.partitions=1"],
    ...["transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1"],
    // A killed broker may come back only after its session.
    ...["broker.session.timeout.ms=1000", "broker.heartbeat.interval.ms=300"],
    "share.coordinator.state.topic.replication.factor=1",
  ].join("\n");
}

/** Returns whether a broker tells its topics. */
async function responds(port: number): Promise<boolean> {
  const client = new Kafka({ brokers: [`127.0.0.1:${port}`], retry: { retries: 0 }, logCreator: () => () => {} });
  const admin = client.admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** Reads `count` messages from the beginning of a topic. */
async function contentsOf(client: Kafka, topic: string, count: number): Promise<readonly StoredMessage[]> {
  if (count === 0) return [];
  useCodecs();
  const found: StoredMessage[] = [];
  const consumer = client.consumer({ groupId: `test-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 });
  const all = Promise.withResolvers<void>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      found.push(storedMessage(partition, message));
      if (found.length >= count) all.resolve();
    },
  });
  const timer = setTimeout(() => all.reject(new Error(`Only ${found.length} of ${count} messages were read.`)), 30_000);
  try {
    await all.promise;
    return found;
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
}

function storedMessage(partition: number, { key, value, headers = {} }: KafkaMessage): StoredMessage {
  const texts = Object.entries(headers as IHeaders).map(([name, text]) => [name, String(text)] as const);
  return { partition, key: String(key), text: String(value), headers: Object.fromEntries(texts) };
}
