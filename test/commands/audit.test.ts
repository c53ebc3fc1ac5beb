import { describe, expect, test } from "bun:test";
import { type AuditedChange, audited } from "../../src/commands/audit.ts";
import { conflict, Problem } from "../../src/core/problem.ts";
import { type Configuration, type Store, StoreUnavailable } from "../../src/store/index.ts";
import { type CommandParts, commandParts } from "../support/command-parts.ts";
import { storeWith } from "../support/store-with.ts";

type Audit = Configuration["audit"];

/** Returns a store with some verbs of its audit log replaced. */
function withAudit(change: (audit: Audit) => Partial<Audit>) {
  return (store: Store) => {
    const { audit } = store.configuration;
    return storeWith(store, { configuration: { audit: { ...audit, ...change(audit) } } });
  };
}

function changeIn({ environment }: CommandParts): AuditedChange {
  return {
    environmentSeq: environment.seq,
    actor: { kind: "root", id: null, name: null },
    action: "v1.application.create",
    subject: { appId: "by-uid" },
  };
}

async function entries({ store, environment }: CommandParts) {
  const page = { limit: 10, from: null, backwards: false, order: "descending" } as const;
  const { rows } = await store.configuration.audit.list(environment.seq, {}, page);
  return rows.map(({ subject, done }) => ({ subject, done }));
}

async function full(): Promise<never> {
  throw new StoreUnavailable("The disk is full: nothing was stored.");
}

describe("audited changes", () => {
  test("an audit entry is stored before its change begins and completed after the change", async () => {
    using parts = await commandParts();
    let during: unknown;
    const result = await audited(parts, changeIn(parts), async () => {
      during = await entries(parts);
      return { result: 17, changed: { appId: "app_1" } };
    });
    expect(result).toBe(17);
    expect(during).toEqual([{ subject: { appId: "by-uid" }, done: false }]);
    expect(await entries(parts)).toEqual([{ subject: { appId: "app_1" }, done: true }]);
  });

  test("a change does not begin until its audit entry is stored", async () => {
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    using parts = await commandParts(withAudit(({ begin }) => ({ begin: (entry) => stored.then(() => begin(entry)) })));
    let isChanged = false;
    const done = audited(parts, changeIn(parts), async () => {
      isChanged = true;
      return { result: null, changed: {} };
    });
    // No event shows that the change has not begun, so the test waits a few turns of the event loop.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(isChanged).toBe(false);
    store();
    await done;
    expect(isChanged).toBe(true);
  });

  test("a change is not made if its audit entry cannot be stored", async () => {
    using parts = await commandParts(withAudit(() => ({ begin: full })));
    let isChanged = false;
    const refused = audited(parts, changeIn(parts), async () => {
      isChanged = true;
      return { result: null, changed: {} };
    });
    await expect(refused).rejects.toThrow(StoreUnavailable);
    expect(isChanged).toBe(false);
  });

  test("a change that was refused or had no effect leaves no audit entry", async () => {
    using parts = await commandParts();
    const refused = audited(parts, changeIn(parts), () => Promise.reject(conflict("taken")));
    await expect(refused).rejects.toThrow(Problem);
    await audited(parts, changeIn(parts), async () => ({ result: null, changed: null }));
    expect(await entries(parts)).toEqual([]);
  });

  test("a change that fails half-way leaves an audit entry with an unknown outcome", async () => {
    using parts = await commandParts();
    await expect(audited(parts, changeIn(parts), full)).rejects.toThrow(StoreUnavailable);
    expect(await entries(parts)).toEqual([{ subject: { appId: "by-uid" }, done: false }]);
  });

  test("a change succeeds if its audit entry cannot be completed, and the entry's outcome stays unknown", async () => {
    using parts = await commandParts(withAudit(() => ({ end: full })));
    const result = await audited(parts, changeIn(parts), async () => ({ result: 17, changed: {} }));
    expect(result).toBe(17);
    expect(await entries(parts)).toEqual([{ subject: { appId: "by-uid" }, done: false }]);
  });
});
