import { expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { Load, type Promised } from "../support/load.ts";
import { firstTime, heldBack, ok, type Received, startReceiver } from "../support/receiver.ts";

/**
 * The process is killed with SIGKILL repeatedly. Every message that got a 2xx must be delivered.
 */

const CYCLES = Number(process.env.KILL_CYCLES ?? 4);
const POSTERS = 8;
/** Time limit in ms, after which a message counts as lost. */
const PATIENCE_MS = 30_000;

/**
 * Returns how many messages to send between two kills: a random number, large enough to cause load.
 */
const someMessages = () => 200 + Math.floor(Math.random() * 800);

test(
  "killing the process under load loses no accepted message",
  async () => {
    await using receiver = startReceiver();
    // The low concurrency makes deliveries fall behind, so that at every kill some are under way
    // and many are pending.
    await using boathook = await install(["--endpoint-concurrency=2"]);
    const app = await makeApplication(boathook.send);
    await makeEndpoint(boathook.send, app, receiver.url);
    const load = new Load(boathook.send, app, POSTERS);

    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      await load.more(someMessages());
      load.serverDown();
      await boathook.kill();
      // After the last kill no new messages are sent, because they could wake a lane.
      if (cycle === CYCLES) await load.stop();
      await boathook.start();
      load.serverUp();
    }

    const { promised } = load;
    const isNew = firstTime();
    const everything = receiver.arrived(promised.size, (request) => promised.has(eventIdOf(request)) && isNew(request));
    await Promise.race([everything, Bun.sleep(PATIENCE_MS)]);
    const count = compare(promised, receiver.received);
    console.log(`${CYCLES} kills under load: ${JSON.stringify(count)}`);
    expect(count).toMatchObject({ lost: 0, unlike: 0 });
  },
  PATIENCE_MS + 30_000 + CYCLES * 10_000,
);

function eventIdOf({ body }: Received): string {
  return JSON.parse(body.toString()).eventId;
}

/**
 * `unanswered`: stored, but the sender got no response. `again`: arrivals of messages that had
 * arrived before. `unpromised`: arrived, but the last kill kept the sender from learning that it
 * was stored. `unlike`: arrived with another body or id.
 */
function compare(promised: ReadonlyMap<string, Promised>, received: readonly Received[]) {
  const idsOf = new Map<string, string>();
  let unlike = 0;
  for (const request of received) {
    const eventId = eventIdOf(request);
    const { body, id } = promised.get(eventId) ?? { body: request.body.toString(), id: null };
    const expectedId = id ?? idsOf.get(eventId) ?? request.id;
    if (request.body.toString() !== body || request.id !== expectedId) unlike++;
    idsOf.set(eventId, request.id);
  }
  const unanswered = [...promised.values()].filter(({ id }) => id === null).length;
  const lost = [...promised.keys()].filter((eventId) => !idsOf.has(eventId)).length;
  const arrived = promised.size - lost;
  return {
    accepted: promised.size - unanswered,
    unanswered,
    arrived,
    lost,
    again: received.length - idsOf.size,
    unpromised: idsOf.size - arrived,
    unlike,
  };
}

test("attempts that are under way when the process is killed are repeated after the next start", async () => {
  await using receiver = startReceiver();
  await using boathook = await install(["--endpoint-concurrency=4"]);
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, receiver.url);
  // After a success, an endpoint gets as many concurrent attempts as its limit allows.
  await attemptsOf(boathook.send, app, await sendMessage(boathook.send, app));

  receiver.answering = heldBack().answering;
  const ids = await sendMessages(boathook.send, app, 20);
  const hanging = (await receiver.arrived(1 + 4)).slice(1);
  await boathook.kill();
  expect(receiver.received).toHaveLength(1 + 4);

  receiver.answering = ok;
  await boathook.start();
  const after = (await receiver.arrived(1 + 4 + 20)).slice(1 + 4);
  expect(after.map(({ id }) => id).sort()).toEqual(ids.toSorted());
  for (const { id, body } of hanging) expect(after.find((request) => request.id === id)?.body).toEqual(body);
});

test("killing the process between two attempts does not change the schedule", async () => {
  await using receiver = startReceiver(() => new Response(null, { status: 500 }));
  await using boathook = await install(["--retry-schedule=1h"]);
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, receiver.url);
  const [message] = await sendMessages(boathook.send, app, 1);
  const before = await attemptsOf(boathook.send, app, message!);

  await boathook.kill();
  await boathook.start();
  // This message is due immediately. Its arrival shows that the lane has been read.
  const [next] = await sendMessages(boathook.send, app, 1);
  await attemptsOf(boathook.send, app, next!);
  expect(await attemptsOf(boathook.send, app, message!)).toEqual(before);
  expect(before[0]).toMatchObject({ statusText: "fail", reason: "status_5xx", nextAttempt: expect.any(String) });
});
