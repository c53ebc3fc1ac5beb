import { expect, test } from "bun:test";
import { type Installation, install } from "../support/installation.ts";
import { firstTime, startReceiver } from "../support/receiver.ts";
import { makeSource } from "../support/source.ts";
import { postStripe, stripeEvent, stripeSignature } from "../support/stripe.ts";

/** Tests bursts of requests at the door of the executable. */

const CONNECTIONS = 32;

/** Sends events on several connections, each until `goOn` returns false or a request is cut off. */
async function burst(
  source: { readonly url: string },
  goOn: () => boolean,
  onStatus: (body: string, status: number) => void,
): Promise<void> {
  async function sender(): Promise<void> {
    while (goOn()) {
      const body = stripeEvent();
      const status = await postStripe(source, body).then(
        (response) => response.status,
        () => 0,
      );
      onStatus(body, status);
      if (status === 0) return;
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
}

async function killUnderBurst(boathook: Installation, source: { readonly url: string }, count: number) {
  const promised: string[] = [];
  const others: number[] = [];
  let killing: Promise<void> | null = null;
  await burst(
    source,
    () => killing === null,
    (body, status) => {
      if (status === 200) promised.push(body);
      else if (status !== 0) others.push(status);
      if (promised.length >= count) killing ??= boathook.kill();
    },
  );
  await killing;
  return { promised, others };
}

test("killing the server under a burst loses nothing that got a 2xx", async () => {
  await using boathook = await install();
  await using consumer = startReceiver();
  const source = await makeSource(boathook.send, consumer.url);
  const promised = new Set<string>();
  for (const count of [500, 1000, 200]) {
    const killed = await killUnderBurst(boathook, source, count);
    expect(killed.others).toEqual([]);
    for (const body of killed.promised) promised.add(body);
    await boathook.start();
  }
  const missing = new Set(promised);
  await consumer.arrived(promised.size, ({ body }) => missing.delete(body.toString()));
  expect([promised.size >= 1700, missing.size]).toEqual([true, 0]);
}, 120_000);

test("an event that is sent again after a crash has one message id, whatever its attempts", async () => {
  await using boathook = await install();
  await using consumer = startReceiver();
  const source = await makeSource(boathook.send, consumer.url);
  const { promised } = await killUnderBurst(boathook, source, 300);
  await boathook.start();
  // The sender did not see some of the responses, so it sends everything again.
  for (const body of promised) expect((await postStripe(source, body)).status).toBe(200);
  const end = stripeEvent();
  await postStripe(source, end);
  await consumer.arrived(1, ({ body }) => body.toString() === end);
  const idsOf = Map.groupBy(consumer.received, ({ body }) => body.toString());
  for (const body of promised) {
    expect(new Set(idsOf.get(body)!.map(({ id }) => id)).size).toBe(1);
  }
}, 60_000);

test("a burst far above the consumer's rate is taken without a refusal and worked off in order", async () => {
  const COUNT = 3000;
  await using boathook = await install();
  const gate = Promise.withResolvers<void>();
  await using consumer = startReceiver(async () => {
    await gate.promise;
    return new Response(null, { status: 204 });
  });
  const source = await makeSource(boathook.send, consumer.url, { endpoint: { ordering: "fifo" } });
  const statuses = new Set<number>();
  let sent = 0;
  await burst(
    source,
    () => sent++ < COUNT,
    (_, status) => statuses.add(status),
  );
  expect([...statuses]).toEqual([200]);
  gate.resolve();
  const deliveries = await consumer.arrived(COUNT, firstTime());
  const ids = deliveries.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort());
}, 120_000);

test("forged requests in a burst are refused and do not fill the log of the source", async () => {
  await using boathook = await install();
  await using consumer = startReceiver();
  const source = await makeSource(boathook.send, consumer.url);
  const body = stripeEvent();
  const forged = stripeSignature(body, { secret: "another" });
  const statuses = await Promise.all(
    Array.from({ length: 1500 }, async () => (await postStripe(source, body, forged)).status),
  );
  expect(new Set(statuses)).toEqual(new Set([401]));
  const { json } = await boathook.send("GET", `/ingest/api/v1/source/${source.id}/log?limit=250`);
  expect(json.data.length).toBeGreaterThanOrEqual(100);
  expect(json.data.length).toBeLessThan(250);
  expect(json.data[0]).toMatchObject({ status_code: 401, cause: "signature_mismatch" });
}, 60_000);
