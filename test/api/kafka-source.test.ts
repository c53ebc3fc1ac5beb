import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { suspend } from "../support/brokers/broker.ts";
import { hasKafka, startKafka, type TestKafka } from "../support/brokers/kafka.ts";
import { bodies, SOURCES, type SourceWorld, sourceWorld } from "../support/brokers/source-world.ts";
import { freePort } from "../support/free-port.ts";
import { soon } from "../support/soon.ts";

const HOOK_MS = 120_000;
const LOAD = 1500;

describe.skipIf(!hasKafka)("a source of type kafka", () => {
  let world: SourceWorld;
  let broker: TestKafka;

  beforeAll(async () => {
    broker = await startKafka();
    world = await sourceWorld("--max-body=1KiB");
  }, HOOK_MS);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
  }, HOOK_MS);

  const url = (topic: string, query = "") => `kafka://127.0.0.1:${broker.port}/${topic}${query}`;
  const produce = (topic: string, texts: readonly string[], headers: Readonly<Record<string, string>> = {}) =>
    broker.producer.send({ topic, messages: texts.map((value) => ({ value, headers })) });
  /** Makes a source that takes from a new topic. */
  const newSource = async (fields: object = {}, endpoint: object = {}, topicOptions: object = {}) => {
    const topic = await broker.newTopic(topicOptions);
    const source = await world.makeSource("kafka", url(topic), fields, endpoint);
    await world.untilConnection(source, "connected");
    return { ...source, topic, group: `boathook-${source.id}` };
  };
  /** Waits until a group has committed everything in a topic. */
  const untilCommitted = (group: string, topic: string) =>
    soon(
      () => broker.lag(group, topic),
      (lag) => lag === 0,
    );

  test("a Kafka source delivers the messages of its topic with their headers, byte for byte", async () => {
    const source = await newSource();
    const headers = { "event-type": "order.created", "content-type": "application/json", "X-Own": "own" };
    await produce(source.topic, ['{"a": 1.0}'], headers);
    const [request] = await world.arrived(source, 1);
    expect(request!.text).toBe('{"a": 1.0}');
    expect(request!.headers).toMatchObject({
      ...{ "boathook-method": "kafka", "boathook-path": source.topic },
      ...{ "boathook-verification": "unattempted", "content-type": "application/json", "x-own": "own" },
    });
    const { json } = await world.send("GET", `/app/${source.appId}/msg`);
    expect(json.data).toMatchObject([{ eventType: "order.created", verification: "unattempted" }]);
    await untilCommitted(source.group, source.topic);
  });

  test("a Kafka source begins with the oldest message of its topic", async () => {
    const topic = await broker.newTopic({ partitions: 3 });
    await produce(topic, bodies(50));
    const source = await world.makeSource("kafka", url(topic));
    const arrived = await world.arrived(source, 50);
    expect(arrived.map(({ text }) => text).sort()).toEqual(bodies(50).sort());
  });

  test.each(["gzip", "snappy", "lz4", "zstd"])(
    "a Kafka source reads batches that are compressed with %s",
    async (codec) => {
      const topic = await broker.newTopic({ config: { "compression.type": codec } });
      const texts = bodies(300).map((text) => `${text} ${"again ".repeat(100)}`);
      await produce(topic, texts);
      const source = await world.makeSource("kafka", url(topic));
      expect((await world.arrived(source, 300)).map(({ text }) => text).sort()).toEqual(texts.sort());
    },
  );

  test("a Kafka source delivers equal bodies each, and takes no stored message again after a restart", async () => {
    const source = await newSource();
    await produce(source.topic, ["same", "same"]);
    await world.arrived(source, 2);
    await untilCommitted(source.group, source.topic);
    await world.server.restart();
    await produce(source.topic, ["later"]);
    const texts = (await world.arrived(source, 3)).map(({ text }) => text);
    expect(texts.toSorted()).toEqual(["later", "same", "same"]);
    expect((await world.get(source)).counts).toMatchObject({ duplicate: 0 });
  });

  test("a Kafka message that is too large is logged and skipped", async () => {
    const source = await newSource();
    await produce(source.topic, ["x".repeat(2000)]);
    await produce(source.topic, ["small"]);
    expect((await world.arrived(source, 1))[0]!.text).toBe("small");
    const { json } = await world.send("GET", `${SOURCES}/${source.id}/log`);
    expect(json.data).toMatchObject([{ cause: "payload_too_large", method: "kafka", path: source.topic }]);
    await untilCommitted(source.group, source.topic);
  });

  test("a Kafka source keeps the order of a partition for an endpoint with fifo", async () => {
    const source = await newSource({}, { ordering: "fifo" });
    for (let i = 0; i < 100; i += 10) await produce(source.topic, bodies(100).slice(i, i + 10));
    expect((await world.arrived(source, 100)).map(({ text }) => text)).toEqual(bodies(100));
  });

  test("two Kafka sources of one group share the messages, and a third gets them all", async () => {
    const topic = await broker.newTopic({ partitions: 4 });
    const sharing = [
      await world.makeSource("kafka", url(topic, "?group=shop")),
      await world.makeSource("kafka", url(topic, "?group=shop")),
    ];
    const alone = await world.makeSource("kafka", url(topic, "?group=alone"));
    for (const source of [...sharing, alone]) await world.untilConnection(source, "connected");
    const members = async () => (await broker.admin.describeGroups(["shop"])).groups[0]!;
    await soon(members, (group) => group.state === "Stable" && group.members.length === 2);
    await produce(topic, bodies(200));
    await world.arrived(alone, 200);
    const arrived = async () => {
      const lists = await Promise.all(sharing.map((source) => world.arrived(source, 1)));
      return lists.map((list) => list.map(({ text }) => text));
    };
    const lists = await soon(arrived, (found) => new Set(found.flat()).size >= 200);
    expect(lists.flat().sort()).toEqual(bodies(200).sort());
    for (const source of sharing) expect((await world.get(source)).connection).toMatchObject({ state: "connected" });
  });

  test("a Kafka source has no URL, and its password is shown nowhere", async () => {
    const config = { url: `kafka://ann:secret@127.0.0.1:${broker.port}/a` };
    const { json } = await world.send("POST", SOURCES, { name: "Q", type: "kafka", config });
    expect(json).toMatchObject({ ingestUrl: null });
    expect(json.config.url).toContain("//ann:***@");
  });

  test.each([
    "kafka://127.0.0.1",
    "kafka://127.0.0.1/a/b",
    "kafka://127.0.0.1/__consumer_offsets",
    "kafka://127.0.0.1/a?group=",
    "kafka://127.0.0.1/a?key=b",
    "kafka://127.0.0.1/a?sasl=plain",
    "kafka:///a",
    "https://127.0.0.1/a",
  ])("a Kafka source cannot have the URL %s", async (at) => {
    const { status, json } = await world.send("POST", SOURCES, { name: "Q", type: "kafka", config: { url: at } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
  });

  test("a Kafka source says that its topic does not exist, and why it cannot connect", async () => {
    const source = await world.makeSource("kafka", url("nobody"));
    await world.untilConnection(source, "failed", "UNKNOWN_TOPIC_OR_PARTITION");
    const change = (at: string) => world.patch(source, { config: { url: at } });
    await change(`kafka://127.0.0.1:${freePort()}/a`);
    await world.untilConnection(source, "failed", "The connection was refused.");
    await change("kafka://10.1.2.3/a");
    await world.untilConnection(source, "failed", "10.1.2.3 is not public");
    await change(`kafka://127.0.0.1:${broker.misleadingPort}/nobody`);
    await world.untilConnection(source, "failed");
    expect(await broker.admin.listTopics()).not.toContain("nobody");
  });

  test("a Kafka source whose cluster names a forbidden address does not connect to it", async () => {
    const at = `kafka://127.0.0.1:${broker.misleadingPort}/${await broker.newTopic()}`;
    const source = await world.makeSource("kafka", at);
    await world.untilConnection(source, "failed", "is not public");
  });

  test("a Kafka source says that its login is wrong", async () => {
    const at = `kafka://ann:wr0ng@127.0.0.1:${broker.loginPort}/${await broker.newTopic()}`;
    const source = await world.makeSource("kafka", at);
    await world.untilConnection(source, "failed", "SASL_AUTHENTICATION_FAILED");
    expect(JSON.stringify(await world.get(source))).not.toContain("wr0ng");
  });

  test("a Kafka source stores what a topic contains that was deleted and created again, although its offsets are the same", async () => {
    const source = await newSource();
    await produce(source.topic, bodies(3));
    await world.arrived(source, 3);
    await untilCommitted(source.group, source.topic);
    await broker.recreate(source.topic);
    await produce(source.topic, ["again", "and again"]);
    const texts = (await world.arrived(source, 5)).map(({ text }) => text);
    expect(texts.toSorted()).toEqual([...bodies(3), "again", "and again"].toSorted());
  });

  test("when Kafka has removed messages that a source had not taken, the log says so, and the source takes the others", async () => {
    const source = await newSource();
    await produce(source.topic, bodies(2));
    await world.arrived(source, 2);
    await untilCommitted(source.group, source.topic);
    await world.patch(source, { disabled: true });
    await soon(
      async () => (await broker.admin.describeGroups([source.group])).groups[0]!.members,
      (members) => members.length === 0,
    );
    await produce(source.topic, ["removed", "removed too"]);
    await broker.admin.deleteTopicRecords({ topic: source.topic, partitions: [{ partition: 0, offset: "4" }] });
    await produce(source.topic, ["kept"]);
    await world.patch(source, { disabled: false });
    expect((await world.arrived(source, 3)).map(({ text }) => text)).toEqual([...bodies(2), "kept"]);
    const { msg } = await world.server.logged(
      ({ event, sourceId }) => event === "source.removed" && sourceId === source.id,
    );
    expect(msg).toContain(`Partition 0 of the topic ${source.topic} does not have the next message any more`);
  });

  test("a Kafka source takes nothing while it is disabled, and the rest when it is enabled", async () => {
    const source = await newSource();
    await produce(source.topic, ["before"]);
    await world.arrived(source, 1);
    await untilCommitted(source.group, source.topic);
    await world.patch(source, { disabled: true });
    await soon(
      () => world.get(source),
      ({ connection }) => connection === null,
    );
    await soon(
      async () => (await broker.admin.describeGroups([source.group])).groups[0]!.members,
      (members) => members.length === 0,
    );
    await produce(source.topic, ["waits"]);
    await world.patch(source, { disabled: false });
    expect((await world.arrived(source, 2))[1]!.text).toBe("waits");
  });

  test("a Kafka source commits no message that it has not stored while its rate is used up", async () => {
    const source = await newSource({ ingestRate: 1, config: { prefetch: 3 } });
    await produce(source.topic, bodies(20));
    await world.arrived(source, 1);
    const { stored = 0 } = (await world.get(source)).counts;
    expect(await broker.lag(source.group, source.topic)).toBeGreaterThanOrEqual(20 - stored - 2);
    await world.patch(source, { ingestRate: null });
    expect((await world.arrived(source, 20)).length).toBe(20);
  });

  test(
    "a Kafka source loses no message when the server is killed and restarted under load",
    async () => {
      const source = await newSource({}, {}, { partitions: 3 });
      const texts = bodies(LOAD);
      for (let i = 0; i < LOAD; i += 100) await produce(source.topic, texts.slice(i, i + 100));
      await world.arrived(source, LOAD / 10);
      await world.server.restart();
      const arrived = await world.arrived(source, LOAD);
      expect(arrived.map(({ text }) => text).sort()).toEqual([...texts].sort());
      const { counts } = await world.get(source);
      console.log(`The server was killed: ${LOAD} messages from Kafka are stored, ${counts.duplicate} came twice.`);
    },
    HOOK_MS,
  );

  test(
    "a Kafka source loses no message when Kafka is killed and restarted under load",
    async () => {
      const source = await newSource({}, {}, { partitions: 3 });
      const texts = bodies(LOAD);
      await produce(source.topic, texts);
      await world.arrived(source, LOAD / 10);
      await broker.kill();
      await world.untilConnection(source, "failed");
      await broker.start();
      const arrived = await world.arrived(source, LOAD);
      expect(arrived.map(({ text }) => text).sort()).toEqual([...texts].sort());
      await world.untilConnection(source, "connected");
      const { counts } = await world.get(source);
      console.log(`Kafka was killed: ${LOAD} messages are stored, ${counts.duplicate} came twice.`);
    },
    HOOK_MS,
  );

  test("a Kafka source waits for a broker that hangs, and continues when it responds again", async () => {
    const source = await newSource();
    await suspend(broker.pid);
    await Bun.sleep(500);
    process.kill(broker.pid, "SIGCONT");
    await produce(source.topic, bodies(20));
    expect((await world.arrived(source, 20)).map(({ text }) => text).sort()).toEqual(bodies(20).sort());
  });
});
