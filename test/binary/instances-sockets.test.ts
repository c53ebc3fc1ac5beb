import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { WEBSOCKET_URL } from "../../src/core/endpoint-url/websocket.ts";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type InstanceGroup, type InstanceProcess, startInstances } from "../support/instances.ts";
import { hasPostgres } from "../support/postgres.ts";
import { SocketConsumer } from "../support/socket-consumer.ts";
import { soon } from "../support/soon.ts";

setDefaultTimeout(60_000);

describe.skipIf(!hasPostgres)("consumers of a websocket endpoint at several instances", () => {
  let group: InstanceGroup;
  let app: string;

  beforeAll(async () => {
    group = await startInstances({ args: ["--lease=3s", "--retry-schedule=1h"] });
    app = await makeApplication(group.instances[0]!.send);
  }, 120_000);

  afterAll(() => group?.[Symbol.asyncDispose]());

  const connect = (index: number, endpoint: string) =>
    SocketConsumer.connect(group.instances[index]!.url, `/api/v1/app/${app}/endpoint/${endpoint}`);

  /** Waits until an instance sends messages to the endpoints that another one has created. */
  async function untilFollowed({ send }: InstanceProcess, channel: string): Promise<void> {
    await makeEndpoint(group.instances[0]!.send, app, WEBSOCKET_URL, { channels: [channel] });
    const recipients = async () => {
      const message = await sendMessage(send, app, { channels: [channel] });
      return (await send("GET", `/app/${app}/msg/${message}/endpoint`)).json.data;
    };
    await soon(recipients, ({ length }) => length === 1);
  }

  test.each([0, 1])("a consumer at instance %d gets the messages that any instance accepts", async (index) => {
    const { send } = group.instances[0]!;
    // At least one of these lanes belongs to the other instance.
    const lanes = Array.from({ length: 8 }, (_, i) => [`lane-${index}-${i}`]);
    const endpoints: string[] = [];
    for (const channels of lanes) {
      endpoints.push(await makeEndpoint(send, app, WEBSOCKET_URL, { channels, ordering: "fifo" }));
    }
    await untilFollowed(group.instances[1]!, `followed-${index}`);
    for (const [i, channels] of lanes.entries()) {
      const endpoint = endpoints[i]!;
      // It fails, since no consumer is connected, and is retried when one is.
      const ids = [await sendMessage(send, app, { channels })];
      using consumer = await connect(index, endpoint);
      for (const instance of group.instances) ids.push(await sendMessage(instance.send, app, { channels }));
      await consumer.until(() => consumer.frames.length >= ids.length);
      expect(consumer.messageIds).toEqual(ids);
    }
  });

  test("a consumer at the other instance gets the messages after the first one has disconnected", async () => {
    const { send } = group.instances[0]!;
    const channels = ["both"];
    const endpoint = await makeEndpoint(send, app, WEBSOCKET_URL, { channels, ordering: "fifo" });
    using first = await connect(0, endpoint);
    const before = await sendMessage(send, app, { channels });
    await first.until(() => first.frames.length > 0);
    using second = await connect(1, endpoint);
    first.socket.close();
    await first.until(() => first.closed !== null);
    const after = await sendMessage(send, app, { channels });
    await second.until(() => second.frames.length > 0);
    expect([first.messageIds, second.messageIds]).toEqual([[before], [after]]);
  });

  test("a consumer gets the messages after the instance of the other consumer was killed", async () => {
    const [one, other] = group.instances as [InstanceProcess, InstanceProcess];
    const channels = ["killed"];
    const endpoint = await makeEndpoint(one.send, app, WEBSOCKET_URL, { channels });
    using first = await connect(1, endpoint);
    await sendMessage(one.send, app, { channels });
    await first.until(() => first.frames.length > 0);
    using second = await connect(0, endpoint);
    await other.kill();
    const after = await sendMessage(one.send, app, { channels });
    await second.until(() => second.messageIds.includes(after));
    await other.start();
  });
});
