import { expect, test } from "bun:test";
import { createApplication, createOnDemand } from "../../src/commands/applications.ts";
import { type CommandParts, commandParts } from "../support/command-parts.ts";

const settings = { uid: "customer-17", name: "Customer 17", throttleRate: null, metadata: {} };
const onDemand = {
  settings,
  actor: { kind: "root", id: null, name: null },
  action: "v1.application.create",
} as const;

async function stored({ store, environment }: CommandParts) {
  const page = { limit: 10, from: null, backwards: false, order: "descending" } as const;
  const { applications, audit } = store.configuration;
  const { rows: entries } = await audit.list(environment.seq, {}, page);
  const { rows } = await applications.list(environment.seq, page);
  return { names: rows.map(({ name }) => name), actions: entries.map(({ action, done }) => [action, done]) };
}

test("creating an application on demand stores an audit entry", async () => {
  using parts = await commandParts();
  await createOnDemand(parts, parts.environment.seq, onDemand);
  expect(await stored(parts)).toEqual({ names: ["Customer 17"], actions: [["v1.application.create", true]] });
  expect(parts.told).toMatchObject([{ type: "application.changed" }]);
});

test("an application is not created on demand if its audit entry cannot be stored", async () => {
  using parts = await commandParts();
  parts.failInserts("audit");
  await expect(createOnDemand(parts, parts.environment.seq, onDemand)).rejects.toThrow("planted");
  expect(await stored(parts)).toEqual({ names: [], actions: [] });
  expect(parts.told).toEqual([]);
});

test("creating an application on demand leaves no audit entry if its uid is already in use", async () => {
  using parts = await commandParts();
  await createApplication(parts, parts.environment.seq, { ...settings, name: "First" });
  await createOnDemand(parts, parts.environment.seq, onDemand);
  expect(await stored(parts)).toEqual({ names: ["First"], actions: [] });
});

test("concurrent calls create an application on demand only once", async () => {
  using parts = await commandParts();
  await Promise.all([1, 2, 3].map(() => createOnDemand(parts, parts.environment.seq, onDemand)));
  expect(await stored(parts)).toEqual({ names: ["Customer 17"], actions: [["v1.application.create", true]] });
});
