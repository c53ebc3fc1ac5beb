import { expect, test } from "bun:test";
import { allEventTypes, importEventTypes } from "../../src/commands/event-type-import.ts";
import { changeEventType, createEventType } from "../../src/commands/event-types.ts";
import { plainEventType } from "../../src/core/resources/event-type.ts";
import { type CommandParts, commandParts } from "../support/command-parts.ts";

const imported = (name: string) => ({ name, change: { description: "imported" }, loc: ["body"] });

async function stored({ store, environment }: CommandParts) {
  const all = await allEventTypes(store, environment.seq);
  return all.map(({ name, description, archived }) => `${name}: ${description}${archived ? " (archived)" : ""}`);
}

function keyOf({ environment }: CommandParts, name: string) {
  return { environmentSeq: environment.seq, name };
}

test("an import changes nothing if one of its event types cannot be stored", async () => {
  using parts = await commandParts();
  await createEventType(parts, keyOf(parts, "a"), plainEventType);
  await createEventType(parts, keyOf(parts, "other"), plainEventType);
  const toldBefore = parts.told.length;
  parts.failInserts("event_type", "NEW.name = 'b'");
  const failed = importEventTypes(parts, parts.environment.seq, [imported("a"), imported("b")], true);
  await expect(failed).rejects.toThrow("planted");
  expect(await stored(parts)).toEqual(["a: ", "other: "]);
  expect(parts.told).toHaveLength(toldBefore);
});

test("an import keeps concurrent changes to other fields and event types", async () => {
  using parts = await commandParts();
  await createEventType(parts, keyOf(parts, "a"), plainEventType);
  await createEventType(parts, keyOf(parts, "other"), plainEventType);
  await Promise.all([
    importEventTypes(parts, parts.environment.seq, [imported("a")], true),
    changeEventType(parts, keyOf(parts, "a"), () => ({ deprecated: true })),
    changeEventType(parts, keyOf(parts, "other"), () => ({ description: "changed" })),
  ]);
  expect(await stored(parts)).toEqual(["a: imported", "other: changed (archived)"]);
  expect((await parts.store.configuration.eventTypes.get(parts.environment.seq, "a"))?.deprecated).toBe(true);
});

test("only one of several concurrent calls that restore an archived event type succeeds", async () => {
  using parts = await commandParts();
  const key = keyOf(parts, "a");
  await createEventType(parts, key, { ...plainEventType, archived: true });
  const results = await Promise.allSettled(
    ["first", "second"].map((description) => createEventType(parts, key, { ...plainEventType, description })),
  );
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(await stored(parts)).toEqual(["a: first"]);
});
