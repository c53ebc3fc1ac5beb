import { describe, expect, test } from "bun:test";
import { createEndpoint } from "../../src/commands/endpoints.ts";
import { receive } from "../../src/commands/receive.ts";
import { ingestUrlOf } from "../../src/commands/source-tokens.ts";
import { createSource } from "../../src/commands/sources.ts";
import { generateSecret } from "../../src/core/signature.ts";
import type { Endpoint } from "../../src/store/index.ts";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";
import { STRIPE_SECRET, stripeSignature } from "../support/stripe.ts";

const RETRY_SCHEDULE = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];
const REQUESTS = 360;
const OUTAGE = HOUR;

/** Creates a source whose endpoint fails, and sends requests to it for an hour. */
async function worldAfterOutage(ordering: Endpoint["ordering"]) {
  const world = await EngineWorld.open({ policy: { retryScheduleMs: RETRY_SCHEDULE } });
  const { kernel, environmentSeq } = world;
  const wanted = { name: "Stripe", type: "stripe", config: { secret: STRIPE_SECRET } };
  const source = await world.do(() => createSource(kernel, environmentSeq, wanted));
  const { applicationSeq } = source;
  const settings = { url: "https://consumer.example/", ordering };
  const secret = generateSecret(new Uint8Array(24));
  await world.do(() => createEndpoint(kernel, { applicationSeq, settings, secret }));
  world.behave("consumer.example", 503);
  const url = (await world.do(() => ingestUrlOf(kernel, source)))!;
  const statuses = new Set<number>();
  for (let n = 1; n <= REQUESTS; n++) {
    const { status } = await world.do(() => post(world, url.split("/").at(-1)!, n));
    statuses.add(status);
    await world.pass(OUTAGE / REQUESTS);
  }
  world.behave("consumer.example", 200);
  const recoveredAt = world.time;
  await world.rest();
  const afterwards = world.starts.filter(({ at }) => at >= recoveredAt).map(({ message }) => message);
  return { world, statuses, afterwards };
}

async function post({ kernel, now }: EngineWorld, token: string, n: number) {
  const body = Buffer.from(JSON.stringify({ id: `evt_${n}`, type: "invoice.paid", message: n }));
  const headers = { "content-type": "application/json", ...stripeSignature(body, { at: now }) };
  const entry = (await kernel.sources.find(token))!;
  const request = { method: "POST", suffix: "", query: "", headers, address: () => "192.0.2.1" };
  return receive(kernel, entry, request, () => body);
}

const all = Array.from({ length: REQUESTS }, (_, i) => i + 1);

describe("a consumer of a source that fails for an hour", () => {
  test("a fifo endpoint gets every received message once after it has recovered, in the order of acceptance", async () => {
    const { world, statuses, afterwards } = await worldAfterOutage("fifo");
    expect([...statuses]).toEqual([200]);
    expect(afterwards).toEqual(all);
    world[Symbol.dispose]();
  });

  test("a parallel endpoint gets every received message once after it has recovered", async () => {
    const { world, statuses, afterwards } = await worldAfterOutage("parallel");
    expect([...statuses]).toEqual([200]);
    expect(afterwards.toSorted((a, b) => a - b)).toEqual(all);
    world[Symbol.dispose]();
  });
});
