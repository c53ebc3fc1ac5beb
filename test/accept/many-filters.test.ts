import { expect, test } from "bun:test";
import { Recipients } from "../../src/accept/recipients.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { messageStepsMax } from "../../src/filter/filter.ts";
import { filterStepsMax } from "../../src/filter/meter.ts";
import { filterCharsMax } from "../../src/filter/together.ts";
import { type ApplicationEntry, applicationEntry } from "../../src/store/directory.ts";
import { Turns } from "../../src/store/turns.ts";

/** The filters of one application must not block the event loop. These tests count the turns. */

const ENDPOINTS = 1_000;
/** The greatest number of steps in one turn. */
const STEPS_PER_TURN = 100_000;

/** Chooses the endpoints of messages. `turns` is the number of turns that it has waited for. */
class Choosing {
  turns = 0;
  readonly #recipients = new Recipients(
    new Turns({
      soon: (task) => {
        this.turns++;
        setImmediate(task);
      },
    }),
  );

  async of(entry: ApplicationEntry, payload: string): Promise<number> {
    this.turns = 0;
    const message = { eventType: "a", channels: null, payload: Buffer.from(payload), contentType: null, headers: null };
    return (await this.#recipients.of(entry, message)).length;
  }
}

function applicationWith(filter: (i: number) => string): ApplicationEntry {
  const application = plainApplication({ seq: 1, environmentSeq: 1, name: "filtered", now: 0 });
  const common = { eventTypes: null, channels: null };
  return applicationEntry(
    application,
    Array.from({ length: ENDPOINTS }, (_, i) => ({ ...common, seq: 10 + i, filter: filter(i) })),
  );
}

test("1,000 ordinary filters of one application need no turn of their own", async () => {
  const choosing = new Choosing();
  const entry = applicationWith((i) => `{"payload":{"amount":{"$gt":${i}},"currency":{"$in":["EUR","USD"]}}}`);
  await choosing.of(entry, "{}");
  expect(await choosing.of(entry, '{"amount":100,"currency":"EUR"}')).toBe(100);
  expect(choosing.turns).toBe(0);
});

test("1,000 filters of one application with an expression each need one turn of their own", async () => {
  const choosing = new Choosing();
  const entry = applicationWith((i) => `{"payload":{"name":{"$regex":"^order[.](paid|sent)${i}$"}}}`);
  await choosing.of(entry, "{}");
  expect(await choosing.of(entry, '{"name":"order.paid7"}')).toBe(1);
  expect(choosing.turns).toBeLessThanOrEqual(1);
});

test("the costliest filters of one application need a bounded number of turns for a message", async () => {
  const choosing = new Choosing();
  const conditions = Array.from({ length: 60 }, (_, i) => `{"a":{"$gt":${i}}}`).join(",");
  const entry = applicationWith((i) => `{"payload":{"$and":[{"$or":[${conditions}]},{"b":${i}}]}}`);
  const payload = `{"a":[${"0,".repeat(100_000)}0],"b":-1}`;
  await choosing.of(entry, payload);
  const turnsMax = (messageStepsMax + filterStepsMax + ENDPOINTS) / STEPS_PER_TURN + 1;
  // Those for which no steps are left match.
  expect(await choosing.of(entry, payload)).toBeGreaterThan(ENDPOINTS / 2);
  expect(choosing.turns).toBeGreaterThan(1);
  expect(choosing.turns).toBeLessThanOrEqual(turnsMax);
});

test("filters as large as one application may have are compiled once, in turns", async () => {
  const choosing = new Choosing();
  const items = Array.from({ length: 150 }, (_, i) => i + 100).join(",");
  const entry = applicationWith((i) => `{"payload":{"a":{"$in":[${i},${items}]}}}`);
  const chars = entry.endpoints.all.reduce((sum, { filter }) => sum + filter!.length, 0);
  expect(chars).toBeGreaterThan(filterCharsMax / 2);
  expect(chars).toBeLessThanOrEqual(filterCharsMax);
  await choosing.of(entry, '{"a":1}');
  expect(choosing.turns).toBeGreaterThan(10);
  await choosing.of(entry, '{"a":1}');
  expect(choosing.turns).toBe(0);
});
