import { expect, test } from "bun:test";
import { plainIncoming } from "../../src/accept/incoming.ts";
import type { MessageToSend } from "../../src/accept/payload-check.ts";
import { createEventType } from "../../src/commands/event-types.ts";
import { sendBatch, sendMessage } from "../../src/commands/send.ts";
import { Invalid, Problem } from "../../src/core/problem.ts";
import { plainEventType } from "../../src/core/resources/event-type.ts";
import { StoreUnavailable } from "../../src/store/index.ts";
import { EngineWorld, HOUR } from "../support/engine-world.ts";

const schemas = { "1": { type: "object", required: ["id"] } };
const onDemand = {
  settings: { uid: "new", name: "New", throttleRate: null, metadata: {} },
  actor: { kind: "root", id: null, name: null },
  action: "v1.application.create",
} as const;

function message(payload: object, change: Partial<MessageToSend["incoming"]> = {}): MessageToSend {
  const bytes = Buffer.from(JSON.stringify(payload));
  return { incoming: { ...plainIncoming("user.signup", bytes), ...change }, content: { value: payload } };
}

async function worldWithSchema(validation: "warn" | "reject") {
  const world = await EngineWorld.open();
  const { kernel, environmentSeq } = world;
  const settings = { ...plainEventType, schemas, validation } as const;
  await world.do(() => createEventType(kernel, { environmentSeq, name: "user.signup" }, settings));
  const to = { environmentSeq, application: { uid: "new" } };
  const send = (toSend: MessageToSend) => world.do(() => sendMessage(kernel, to, toSend, onDemand));
  const exists = async () =>
    (await world.store.configuration.applications.find(environmentSeq, { uid: "new" })) !== null;
  return { world, to, send, exists, [Symbol.dispose]: () => world[Symbol.dispose]() };
}

test("a message that does not match its schema creates no application on demand", async () => {
  using setup = await worldWithSchema("reject");
  await expect(setup.send(message({}))).rejects.toThrow(Invalid);
  expect(await setup.exists()).toBe(false);
  expect(await setup.send(message({ id: 1 }))).toMatchObject({ accepted: true, warnings: null });
  expect(await setup.exists()).toBe(true);
});

test("a message that is scheduled in the past or more than a day ahead is refused", async () => {
  using setup = await worldWithSchema("warn");
  const { world, send } = setup;
  for (const deliverAt of [world.now, world.now + 24 * HOUR + 1000]) {
    await expect(send(message({ id: 1 }, { deliverAt }))).rejects.toThrow("at most 24 hours ahead");
  }
  expect(await send(message({ id: 1 }, { deliverAt: world.now + 24 * HOUR }))).toMatchObject({ accepted: true });
});

test("text that is not JSON does not match any schema", async () => {
  using setup = await worldWithSchema("warn");
  const content = { text: "<xml/>", loc: ["body", "raw"] };
  const sent = await setup.send({ ...message({}), content });
  expect(sent).toMatchObject({ accepted: true, warnings: [{ loc: ["body", "raw"], type: "schema.json" }] });
});

test("a message that fails does not affect the others of its batch, and the results are in the order of the messages", async () => {
  using setup = await worldWithSchema("reject");
  const { world, to, send } = setup;
  await send(message({ id: 1 }, { eventId: "taken" }));
  const batch = [message({ id: 1 }), message({}), message({ id: 2 }, { eventId: "taken" }), message({ id: 3 })];
  const results = await world.do(() => sendBatch(world.kernel, to, batch));
  expect(results.map((result) => ("accepted" in result ? "sent" : result.constructor))).toEqual([
    "sent",
    Invalid,
    Problem,
    "sent",
  ]);
});

test("a message is accepted only if it is stored, whether it is sent alone or in a batch", async () => {
  using setup = await worldWithSchema("warn");
  const { world, to, send } = setup;
  await send(message({ id: 1 }));
  world.isDiskFull = true;
  await expect(send(message({ id: 2 }))).rejects.toThrow(StoreUnavailable);
  await expect(world.do(() => sendBatch(world.kernel, to, [message({ id: 3 })]))).rejects.toThrow(StoreUnavailable);
  expect(world.factsOf("message.accepted")).toHaveLength(1);
  world.isDiskFull = false;
  await send(message({ id: 4 }));
  expect(world.factsOf("message.accepted")).toHaveLength(2);
});
