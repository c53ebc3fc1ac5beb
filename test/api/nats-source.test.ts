import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { type Broker, suspend } from "../support/brokers/broker.ts";
import { natsServer, startNats } from "../support/brokers/nats.ts";
import { bodies, SOURCES, type SourceWorld, sourceWorld } from "../support/brokers/source-world.ts";
import { freePort } from "../support/free-port.ts";
import { soon } from "../support/soon.ts";

const LOAD = 1500;
const LOAD_MS = 120_000;

describe.skipIf(natsServer === null)("a source of type nats", () => {
  let world: SourceWorld;
  let broker: Broker;
  let connection: NatsConnection;
  let manager: JetStreamManager;

  const open = async () => {
    connection = await connect({ servers: `127.0.0.1:${broker.port}`, reconnect: false });
    manager = await jetstreamManager(connection);
  };
  beforeAll(async () => {
    broker = await startNats();
    await open();
    world = await sourceWorld("--max-body=1KiB");
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await connection?.close();
    await broker?.[Symbol.asyncDispose]();
  });

  const url = (subject: string, query = "") => `nats://127.0.0.1:${broker.port}/${subject}${query}`;
  let streams = 0;
  /** Makes a stream with the subjects `in-1.…`, and returns its name, such as `in-1`. */
  const newStream = async () => {
    const name = `in-${++streams}`;
    await manager.streams.add({ name, subjects: [`${name}.>`] });
    return name;
  };
  const publish = (subject: string, texts: readonly string[], fields: Readonly<Record<string, string>> = {}) => {
    const all = headers();
    for (const [name, value] of Object.entries(fields)) all.set(name, value);
    return Promise.all(texts.map((text) => jetstream(connection).publish(subject, text, { headers: all })));
  };
  /** Makes a source that takes from a new stream. */
  const newSource = async (fields: object = {}, endpoint: object = {}) => {
    const stream = await newStream();
    const source = await world.makeSource("nats", url(`${stream}.>`), fields, endpoint);
    await world.untilConnection(source, "connected");
    return { ...source, stream };
  };
  /** Waits until the consumer of a source has settled everything. */
  const untilSettled = (stream: string, consumer: string) =>
    soon(
      () => manager.consumers.info(stream, consumer),
      ({ num_pending: waiting, num_ack_pending: unsettled }) => waiting + unsettled === 0,
    );

  test("a NATS source delivers the messages of its subject with their headers, byte for byte", async () => {
    const source = await newSource();
    const fields = { "event-type": "order.created", "content-type": "application/json", "X-Own": "own" };
    await publish(`${source.stream}.a.b`, ['{"a": 1.0}'], fields);
    const [request] = await world.arrived(source, 1);
    expect(request!.text).toBe('{"a": 1.0}');
    expect(request!.headers).toMatchObject({
      ...{ "boathook-method": "nats", "boathook-path": `${source.stream}.a.b` },
      ...{ "boathook-verification": "unattempted", "content-type": "application/json", "x-own": "own" },
    });
    const { json } = await world.send("GET", `/app/${source.appId}/msg`);
    expect(json.data).toMatchObject([{ eventType: "order.created", verification: "unattempted" }]);
    await untilSettled(source.stream, `boathook-${source.id}`);
  });

  test("a NATS source delivers equal bodies each, and takes no stored message again after a restart", async () => {
    const source = await newSource();
    await publish(`${source.stream}.a`, ["same", "same"]);
    await world.arrived(source, 2);
    await untilSettled(source.stream, `boathook-${source.id}`);
    await world.server.restart();
    await publish(`${source.stream}.a`, ["later"]);
    expect((await world.arrived(source, 3)).map(({ text }) => text)).toEqual(["same", "same", "later"]);
    // How many of the first two are counted depends on whether their counts were stored before the restart.
    expect((await world.get(source)).counts).toMatchObject({ duplicate: 0 });
  });

  test("a NATS message that is too large is logged and never sent again", async () => {
    const source = await newSource();
    await publish(`${source.stream}.a`, ["x".repeat(2000)]);
    await publish(`${source.stream}.a`, ["small"]);
    expect((await world.arrived(source, 1))[0]!.text).toBe("small");
    const { json } = await world.send("GET", `${SOURCES}/${source.id}/log`);
    expect(json.data).toMatchObject([{ cause: "payload_too_large", method: "nats", path: `${source.stream}.a` }]);
    await untilSettled(source.stream, `boathook-${source.id}`);
  });

  test("a NATS source keeps the order of its stream for an endpoint with fifo", async () => {
    const source = await newSource({}, { ordering: "fifo" });
    for (const text of bodies(100)) await publish(`${source.stream}.a`, [text]);
    expect((await world.arrived(source, 100)).map(({ text }) => text)).toEqual(bodies(100));
  });

  test("the NATS consumer of a source follows the subject and the prefetch of the source", async () => {
    const source = await newSource();
    const consumer = () => manager.consumers.info(source.stream, `boathook-${source.id}`);
    expect((await consumer()).config).toMatchObject({ max_ack_pending: 100, filter_subject: `${source.stream}.>` });
    const config = { url: url(`${source.stream}.a`), prefetch: 7 };
    expect((await world.patch(source, { config })).status).toBe(200);
    const changed = await soon(consumer, (found) => found.config.max_ack_pending === 7);
    expect(changed.config.filter_subject).toBe(`${source.stream}.a`);
  });

  test("a NATS consumer that exists with the name in the URL is used unchanged", async () => {
    const stream = await newStream();
    await manager.consumers.add(stream, {
      ...{ durable_name: "shop", ack_policy: "explicit" as never, max_ack_pending: 5 },
      filter_subject: `${stream}.a`,
    });
    const source = await world.makeSource("nats", url(`${stream}.>`, `?stream=${stream}&durable=shop`));
    await world.untilConnection(source, "connected");
    await publish(`${stream}.b`, ["other"]);
    await publish(`${stream}.a`, ["own"]);
    expect((await world.arrived(source, 1))[0]!.text).toBe("own");
    expect((await manager.consumers.info(stream, "shop")).config.max_ack_pending).toBe(5);
  });

  test("a NATS source has no URL, and its password or token is shown nowhere", async () => {
    const shownOf = async (login: string) => {
      const config = { url: `nats://${login}@127.0.0.1:${broker.port}/a` };
      return (await world.send("POST", SOURCES, { name: "Q", type: "nats", config })).json;
    };
    const withPassword = await shownOf("ann:secret");
    expect(withPassword).toMatchObject({ ingestUrl: null });
    expect(withPassword.config.url).toContain("//ann:***@");
    expect((await shownOf("t0ken")).config.url).toContain("//***@");
  });

  test.each([
    "nats://127.0.0.1",
    "nats://127.0.0.1/a..b",
    "nats://127.0.0.1/$SYS.>",
    "nats://127.0.0.1/a.>.b",
    "nats://127.0.0.1/a?stream=a.b",
    "nats://127.0.0.1/a?durable=",
    "nats://127.0.0.1/a?queue=b",
    "nats:///a",
    "https://127.0.0.1/a",
  ])("a NATS source cannot have the URL %s", async (at) => {
    const { status, json } = await world.send("POST", SOURCES, { name: "Q", type: "nats", config: { url: at } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
  });

  test("a NATS source says that no stream takes its subject, and why it cannot connect", async () => {
    const source = await world.makeSource("nats", url("nobody"));
    await world.untilConnection(source, "failed", "No stream takes the subject.");
    const change = (at: string) => world.patch(source, { config: { url: at } });
    await change(url("nobody", "?stream=NONE"));
    await world.untilConnection(source, "failed", "stream not found");
    await change(`nats://127.0.0.1:${freePort()}/a`);
    await world.untilConnection(source, "failed", "The connection was refused.");
    await change("nats://10.1.2.3/a");
    await world.untilConnection(source, "failed", "10.1.2.3 is not public");
  });

  test("a NATS source says that its login is wrong", async () => {
    await using own = await startNats(null, "users: [{ user: ann, password: secret }]");
    const source = await world.makeSource("nats", `nats://ann:wrong@127.0.0.1:${own.port}/a`);
    await world.untilConnection(source, "failed", "Authorization Violation");
    expect(JSON.stringify(await world.get(source))).not.toContain("wrong");
  });

  test("a NATS source says that its stream was deleted, and connects again when it was created again", async () => {
    const source = await newSource();
    await manager.streams.delete(source.stream);
    await world.untilConnection(source, "failed");
    await manager.streams.add({ name: source.stream, subjects: [`${source.stream}.>`] });
    await publish(`${source.stream}.a`, ["again"]);
    expect((await world.arrived(source, 1))[0]!.text).toBe("again");
  });

  test("a NATS source stores what a stream contains that was deleted and created again, although its numbers are the same", async () => {
    const source = await newSource();
    await publish(`${source.stream}.a`, bodies(3));
    await world.arrived(source, 3);
    await manager.streams.delete(source.stream);
    await world.untilConnection(source, "failed");
    await manager.streams.add({ name: source.stream, subjects: [`${source.stream}.>`] });
    await publish(`${source.stream}.a`, ["again", "and again"]);
    const texts = (await world.arrived(source, 5)).map(({ text }) => text);
    expect(texts.toSorted()).toEqual([...bodies(3), "again", "and again"].toSorted());
  });

  test("a NATS source with a consumer that permits more than its prefetch never requests more, and keeps its connection", async () => {
    const stream = await newStream();
    await manager.consumers.add(stream, { durable_name: "wide", ack_policy: "explicit" as never });
    const at = url(`${stream}.>`, `?stream=${stream}&durable=wide`);
    const source = await world.makeSource("nats", at, { ingestRate: 100, config: { prefetch: 20 } });
    await world.untilConnection(source, "connected");
    const { connection: before } = await world.get(source);
    await publish(`${stream}.a`, bodies(300));
    await world.arrived(source, 300);
    expect((await world.get(source)).connection).toEqual(before);
  });

  test("a NATS source takes nothing while it is disabled, and the rest when it is enabled", async () => {
    const source = await newSource();
    await world.patch(source, { disabled: true });
    expect((await world.get(source)).connection).toBeNull();
    const consumer = () => manager.consumers.info(source.stream, `boathook-${source.id}`);
    // The connection may still be closing. Until it is, NATS gives a message to its last request.
    await soon(consumer, ({ num_waiting }) => num_waiting === 0);
    await publish(`${source.stream}.a`, ["waits"]);
    expect((await consumer()).num_ack_pending).toBe(0);
    await world.patch(source, { disabled: false });
    expect((await world.arrived(source, 1))[0]!.text).toBe("waits");
  });

  test("a NATS source takes no more messages than its prefetch while its rate is used up", async () => {
    const source = await newSource({ ingestRate: 1, config: { prefetch: 3 } });
    await publish(`${source.stream}.a`, bodies(20));
    await world.arrived(source, 1);
    const info = await manager.consumers.info(source.stream, `boathook-${source.id}`);
    expect(info.num_ack_pending).toBeLessThanOrEqual(3);
    await world.patch(source, { ingestRate: null });
    expect((await world.arrived(source, 20)).length).toBe(20);
  });

  test(
    "a NATS source loses no message when the server is killed and restarted under load",
    async () => {
      const source = await newSource();
      const texts = bodies(LOAD);
      const publishing = publish(`${source.stream}.a`, texts);
      await world.arrived(source, LOAD / 10);
      await world.server.restart();
      await publishing;
      const arrived = await world.arrived(source, LOAD);
      expect(arrived.map(({ text }) => text).sort()).toEqual([...texts].sort());
      const { counts } = await world.get(source);
      console.log(`The server was killed: ${LOAD} messages from NATS are stored, ${counts.duplicate} came twice.`);
    },
    LOAD_MS,
  );

  test(
    "a NATS source loses no message when NATS is killed and restarted under load",
    async () => {
      const source = await newSource();
      const texts = bodies(LOAD);
      await publish(`${source.stream}.a`, texts);
      await world.arrived(source, LOAD / 10);
      await connection.close();
      await broker.kill();
      await world.untilConnection(source, "failed");
      await broker.start();
      await open();
      const arrived = await world.arrived(source, LOAD);
      expect(arrived.map(({ text }) => text).sort()).toEqual([...texts].sort());
      await world.untilConnection(source, "connected");
      const { counts } = await world.get(source);
      console.log(`NATS was killed: ${LOAD} messages are stored, ${counts.duplicate} came twice.`);
    },
    LOAD_MS,
  );

  test("a NATS source waits for a broker that hangs, and continues when it responds again", async () => {
    const source = await newSource();
    await suspend(broker.pid);
    await Bun.sleep(500);
    process.kill(broker.pid, "SIGCONT");
    await publish(`${source.stream}.a`, bodies(20));
    expect((await world.arrived(source, 20)).map(({ text }) => text).sort()).toEqual(bodies(20).sort());
  });
});
