import { expect, setDefaultTimeout, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startInstances } from "../support/instances.ts";
import { hasPostgres } from "../support/postgres.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";
import { soon } from "../support/soon.ts";

setDefaultTimeout(60_000);

test.skipIf(!hasPostgres)(
  "two instances send one notice about an endpoint, also after one of them was killed",
  async () => {
    await using chat = startReceiver();
    await using receiver = startReceiver(withStatus(500));
    await using group = await startInstances({
      // Longer than any pause on a busy machine: a leader that is suspended while it sends is replaced.
      args: ["--lease=6s", "--notify-after=1s", "--retry-schedule=200ms,200ms,200ms,200ms,1h"],
      env: { BOATHOOK_NOTIFY_SLACK: `${chat.url}/slack` },
    });
    const [first, second] = group.instances;
    const app = await makeApplication(first!.send);
    const texts = () => chat.received.map(({ body }) => (JSON.parse(body.toString()) as { text: string }).text);
    const notices = (name: string) => texts().filter((text) => text.includes(name));
    const names: string[] = [];
    const fail = async (name: string) => {
      names.push(name);
      await makeEndpoint(second!.send, app, `${receiver.url}/${name}`, { channels: [name] });
      await sendMessage(second!.send, app, { channels: [name] });
      await soon(texts, () => notices(name).length > 0);
      // One that is killed before it has stored what it sent is repeated.
      await soon(
        () => group.sql`SELECT 1 FROM notice`,
        ({ length }) => length === names.length,
      );
    };
    // An instance that has a notice of its own sends it before the next endpoint fails.
    for (const name of ["one", "two", "three"]) await fail(name);
    await first!.kill();
    for (const name of ["four", "five"]) await fail(name);
    const counts = ["one", "two", "three", "four"].map((name) => notices(name).length);
    expect({ counts, texts: texts() }).toEqual({ counts: [1, 1, 1, 1], texts: texts() });
  },
);
