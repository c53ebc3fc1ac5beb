import { expect, test } from "bun:test";
import type { Context } from "../../../src/api/http/context.ts";
import { Lookup } from "../../../src/api/http/lookup.ts";
import type { Reply } from "../../../src/api/http/reply.ts";
import { attemptRoutes } from "../../../src/api/resources/attempt/routes.ts";
import { Facts } from "../../../src/core/facts.ts";
import { IdCodec } from "../../../src/core/id.ts";
import { Signals } from "../../../src/core/signal.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import type { Directory } from "../../../src/store/directory.ts";
import { openMemoryStore } from "../../../src/store/sqlite/index.ts";
import { Furnished } from "../../store/furnished.ts";
import { openedOnce } from "../../store/store-under-test.ts";
import { memoryDatabase } from "../../support/memory-database.ts";
import { storeWith } from "../../support/store-with.ts";

/** Fails the test, because a payload may have megabytes. */
const notRead = () => {
  throw new Error("The message was read with its payload.");
};

/** Opens a world with a dead letter, and calls the routes of attempts on a store that refuses to read messages. */
async function worldWithAttempt() {
  const { store: memory } = openMemoryStore(memoryDatabase(), systemClock, () => {});
  const world = await Furnished.open(async () => openedOnce(memory));
  const message = await world.sendDead();
  const page = { limit: 1, from: null, backwards: false, order: "descending" } as const;
  const { rows } = await memory.history.attempts.ofMessage(message.seq, {}, page, true);
  const messages = { ...memory.history.messages, find: notRead, get: notRead };
  const store = storeWith(memory, { history: { messages } });
  const ids = new IdCodec(memory.idSeed);
  const signals = new Signals(() => {});
  const lookup = new Lookup(store, ids, { checkServed() {} } as unknown as Directory);
  const parts = { store, ids, lookup, seqs: world.seqs, clock: systemClock, facts: new Facts(), signals };
  const routes = attemptRoutes(parts as unknown as Context);
  const identity = { environmentSeq: world.environment.seq, applicationSeq: null };
  const params = {
    app_id: ids.encode("app_", world.application.seq),
    msg_id: ids.encode("msg_", message.seq),
    attempt_id: ids.encode("atmpt_", rows[0]!.seq),
    endpoint_id: ids.encode("ep_", world.endpoint.seq),
  };
  return {
    world,
    call: (id: string) =>
      routes.find((route) => route.id === id)!.handle({ identity, params } as never) as Promise<Reply>,
  };
}

test.each([
  ["v1.message-attempt.get", 200],
  ["v1.message-attempt.expunge-content", 204],
  ["v1.message-attempt.resend", 202],
] as const)("the operation %s does not read the payload of its message", async (id, status) => {
  const { world, call } = await worldWithAttempt();
  await using _ = world;
  expect((await call(id)).status).toBe(status);
});
