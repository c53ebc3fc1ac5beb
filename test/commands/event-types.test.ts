import { expect, test } from "bun:test";
import { allEventTypes, importEventTypes, portionCharsMax } from "../../src/commands/event-type-import.ts";
import { changeEventType, createEventType } from "../../src/commands/event-types.ts";
import { plainEventType } from "../../src/core/resources/event-type.ts";
import type { Store } from "../../src/store/index.ts";
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

const large = { 1: { type: "object", description: "x".repeat(60_000) } };

test("a large import is stored in portions, and the portions before one that fails remain and are announced", async () => {
  let commits = 0;
  const countCommits = (store: Store): Store => ({
    ...store,
    together(start, ...rest) {
      commits++;
      return store.together(start, ...rest);
    },
  });
  using parts = await commandParts(countCommits);
  const inOnePortion = Math.floor(portionCharsMax / JSON.stringify(large).length);
  const names = Array.from({ length: 2 * inOnePortion + 1 }, (_, i) => `e${String(i).padStart(2, "0")}`);
  await createEventType(parts, keyOf(parts, "other"), plainEventType);
  const toldBefore = parts.told.length;
  const last = names.at(-1)!;
  parts.failInserts("event_type", `NEW.name = '${last}'`);
  const imports = names.map((name) => ({ name, change: { schemas: large }, loc: ["body"] }));
  await expect(importEventTypes(parts, parts.environment.seq, imports, true)).rejects.toThrow("planted");
  expect(commits).toBe(3);
  const remaining = names.filter((name) => name !== last);
  expect(await stored(parts)).toEqual([...remaining, "other"].map((name) => `${name}: `));
  expect(parts.told.slice(toldBefore).map((signal) => "name" in signal && signal.name)).toEqual(remaining);
});

test("an import of many event types without schemas, and the archival of many others, are stored in portions", async () => {
  const sizes: number[] = [];
  const countChanges = (store: Store): Store => ({
    ...store,
    together(start, ...rest) {
      return store.together(
        () => {
          const writes = start();
          sizes.push(writes.length);
          return writes;
        },
        ...rest,
      );
    },
  });
  using parts = await commandParts(countChanges);
  const imports = (prefix: string) => Array.from({ length: 150 }, (_, i) => imported(`${prefix}${i}`));
  await importEventTypes(parts, parts.environment.seq, imports("a"));
  await importEventTypes(parts, parts.environment.seq, imports("b"), true);
  expect(sizes).toEqual([100, 50, 100, 100, 100]);
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
