import { expect, test } from "bun:test";
import { Idempotency } from "../../src/accept/idempotency.ts";
import { Facts } from "../../src/core/facts.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";
import { memoryDatabase } from "../support/memory-database.ts";

test("nothing that may fail comes between the work of a keyed request and the storing of its key", async () => {
  const { store } = openMemoryStore(memoryDatabase(), systemClock, () => {});
  const idempotency = new Idempotency(store, systemClock, new Facts(), "replay");
  let works = 0;
  const send = () =>
    idempotency.once({
      ...{ scope: "caller POST /path", key: "key", storedByWork: false },
      bodyHash: async () => new Uint8Array(8),
      work: async () => {
        works++;
        return { status: 202, body: `work ${works}` };
      },
      repeat: async (stored) => (stored.kind === "text" ? { status: stored.status, body: stored.body } : null),
      // As for an application that is closed, because it is about to move, while the work is done.
      application: async () => {
        if (works > 0) throw new Error("The application is being moved.");
        return 1;
      },
    });
  expect(await send()).toMatchObject({ body: "work 1" });
  expect(await send()).toMatchObject({ body: "work 1" });
  expect(works).toBe(1);
});
