import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { natsServer, startNats } from "../support/brokers/nats.ts";
import { bodies, SOURCES } from "../support/brokers/source-world.ts";
import { cutProxy } from "../support/cut-proxy.ts";
import { type InstanceGroup, type InstanceProcess, startInstances } from "../support/instances.ts";
import { hasPostgres } from "../support/postgres.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { soon } from "../support/soon.ts";
import { makeSource } from "../support/source.ts";

/** The shortest schedule of a cron source is a minute. */
setDefaultTimeout(180_000);
const MINUTE_MS = 60_000;
/** With more sources, the instances have more chances to make the same run at the same time. */
const SCHEDULES = 20;
const MESSAGES = 2000;

describe.skipIf(!hasPostgres)("the sources of two instances", () => {
  let group: InstanceGroup;
  let receiver: Receiver;
  let one: InstanceProcess;
  let other: InstanceProcess;

  beforeAll(async () => {
    receiver = startReceiver();
    // Longer than the pauses of a busy machine, in which an instance that is evicted refuses requests.
    group = await startInstances({ args: ["--lease=6s"] });
    [one, other] = group.instances as [InstanceProcess, InstanceProcess];
  }, 120_000);
  afterAll(async () => {
    await group?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  /** Opens a queue, of which the instances take. */
  async function queue(name: string) {
    const broker = await startNats();
    const proxy = cutProxy(broker.port);
    const connection = await connect({ servers: `127.0.0.1:${broker.port}` });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name, subjects: [`${name}.>`] });
    const config = { url: `nats://127.0.0.1:${proxy.port}/${name}.>` };
    const source = await makeSource(one.send, `${receiver.url}/${name}`, { fields: { type: "nats", config } });
    const shown = async ({ send }: InstanceProcess) => (await send("GET", `${SOURCES}/${source.id}`)).json;
    for (const instance of group.instances) {
      await soon(
        () => shown(instance),
        ({ connection }) => connection?.state === "connected",
      );
    }
    return {
      ...{ proxy, shown },
      publish: (texts: readonly string[]) =>
        Promise.all(texts.map((text) => jetstream(connection).publish(`${name}.a`, text))),
      /** Waits until all messages of the queue are settled. */
      untilSettled: () =>
        soon(
          () => manager.consumers.info(name, `boathook-${source.id}`),
          ({ num_pending: waiting, num_ack_pending: unsettled }) => waiting + unsettled === 0,
          MINUTE_MS,
        ),
      /** Returns the number of messages of this queue in the database. */
      async stored(): Promise<number> {
        const [{ count }] = await group.sql`SELECT count(*)::int FROM message
          WHERE received LIKE ${`%${source.uid}%`}`;
        return count;
      },
      async [Symbol.asyncDispose]() {
        await connection.close();
        proxy[Symbol.dispose]();
        await broker[Symbol.asyncDispose]();
      },
    };
  }

  describe.skipIf(natsServer === null)("the queue of a source", () => {
    test("both instances take messages from a queue, and each is stored once although one of them is killed", async () => {
      await using taken = await queue("both");
      const texts = bodies(MESSAGES);
      const publishing = taken.publish(texts);
      await soon(taken.stored, (count) => count >= MESSAGES / 4);
      await other.kill();
      await publishing;
      await taken.untilSettled();
      const arrived = () => new Set(receiver.received.filter(({ path }) => path === "/both").map(({ id }) => id));
      await soon(arrived, ({ size }) => size >= MESSAGES, MINUTE_MS);
      expect({ stored: await taken.stored(), arrived: arrived().size }).toEqual({
        stored: MESSAGES,
        arrived: MESSAGES,
      });
      const got = new Set(receiver.received.map(({ body }) => body.toString()));
      expect(texts.filter((text) => !got.has(text))).toEqual([]);
      await other.start();
    });

    test("messages that an instance has stored but not settled when it is killed are not stored again by the other", async () => {
      await using taken = await queue("unsettled");
      await one.kill();
      taken.proxy.cutNext("+ACK", "before");
      await taken.publish(bodies(10));
      await soon(
        () => taken.proxy.cuts,
        (cuts) => cuts === 1,
      );
      await other.kill();
      const before = await taken.stored();
      await one.start();
      await taken.untilSettled();
      const { duplicate } = (await taken.shown(one)).counts;
      expect({ before, duplicate, stored: await taken.stored() }).toEqual({
        ...{ before: expect.any(Number), duplicate: expect.any(Number), stored: 10 },
      });
      expect(Math.min(before, duplicate)).toBeGreaterThan(0);
      await other.start();
    });
  });

  test("each run of a cron source stores one message, although both instances make it", async () => {
    const fields = { type: "cron", config: { schedule: "* * * * *", payload: "{}" } };
    for (let i = 0; i < SCHEDULES; i++) {
      await makeSource(i % 2 === 0 ? one.send : other.send, `${receiver.url}/cron`, { fields });
    }
    const runs = (): Promise<{ runs: number; messages: number; sources: number }[]> => group.sql`
      SELECT count(DISTINCT (application_seq, accepted_at / ${MINUTE_MS}))::int AS runs, count(*)::int AS messages,
        count(DISTINCT application_seq)::int AS sources FROM message WHERE event_type = 'cron.received'`;
    await soon(runs, ([row]) => row!.sources === SCHEDULES, 2 * MINUTE_MS);
    // A process that stops ends its runs first.
    for (const { process } of group.instances) process.kill("SIGTERM");
    for (const { process } of group.instances) await process.exited;
    const [row] = await runs();
    expect(row!.messages).toBe(row!.runs);
  });
});
