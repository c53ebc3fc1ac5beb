import { describe, expect, test } from "bun:test";
import type { AuditEntry, PageRequest } from "../../../../src/store/index.ts";
import { DAY_MS, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const NEWEST: PageRequest = { limit: 10, from: null, backwards: false, order: "descending" };

function newEntry(world: Furnished, change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    seq: world.seqs.next(),
    environmentSeq: world.environment.seq,
    actor: { kind: "token", id: "tok_1", name: "Token" },
    action: "application.create",
    subject: { appId: "app_1" },
    done: false,
    at: world.now,
    ...change,
  };
}

async function listed(world: Furnished, page = NEWEST, window = {}): Promise<readonly AuditEntry[]> {
  return (await world.store.configuration.audit.list(world.environment.seq, window, page)).rows;
}

export function auditSuite(open: Open): void {
  describe("audit log", () => {
    test("the audit log keeps started and finished entries across a restart", async () => {
      await using world = await Furnished.open(open);
      const [begun, ended] = [newEntry(world), newEntry(world)];
      const other = newEntry(world, { actor: { kind: "root", id: null, name: null }, subject: {}, done: true });
      for (const entry of [begun, ended, other]) await world.store.configuration.audit.begin(entry);
      const done = { ...ended, done: true, subject: { appId: "app_1", endpointId: "ep_1" } };
      await world.store.configuration.audit.end(done);
      await world.reopen();
      expect(await listed(world)).toEqual([other, done, begun]);
    });

    test("an audit entry is stored no later than subsequent writes, even if the call that begins it is not awaited", async () => {
      await using world = await Furnished.open(open);
      const entry = newEntry(world);
      const begun = world.store.configuration.audit.begin(entry);
      await world.addApplication();
      expect(await listed(world)).toEqual([entry]);
      await begun;
    });

    test("`drop` removes a started audit entry but keeps a finished one", async () => {
      await using world = await Furnished.open(open);
      const [begun, done] = [newEntry(world), newEntry(world, { done: true })];
      for (const entry of [begun, done]) {
        await world.store.configuration.audit.begin(entry);
        await world.store.configuration.audit.drop(entry.seq);
      }
      expect(await listed(world)).toEqual([done]);
    });

    test("an audit entry that is finished without having been started is stored in full", async () => {
      await using world = await Furnished.open(open);
      const entry = newEntry(world, { done: true });
      await world.store.configuration.audit.end(entry);
      expect(await listed(world)).toEqual([entry]);
    });

    test("audit entries are listed by environment and time, in pages", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const entries: AuditEntry[] = [];
      for (let i = 0; i < 4; i++) {
        world.now += 1000;
        entries.unshift(newEntry(world));
        await world.store.configuration.audit.begin(entries[0]!);
        await world.store.configuration.audit.begin(newEntry(world, { environmentSeq: other.seq }));
      }
      expect(await listed(world)).toEqual(entries);
      expect(await listed(world, { ...NEWEST, limit: 2, from: entries[0]!.seq })).toEqual(entries.slice(1, 3));
      expect(await listed(world, { ...NEWEST, limit: 2, from: entries[3]!.seq, backwards: true })).toEqual(
        entries.slice(1, 3),
      );
      const window = { after: entries[3]!.at, before: entries[0]!.at };
      expect(await listed(world, NEWEST, window)).toEqual(entries.slice(1, 3));
    });

    test("the audit log is kept for longer than messages, but not forever", async () => {
      await using world = await Furnished.open(open);
      const entry = newEntry(world, { done: true });
      await world.store.configuration.audit.end(entry);
      await world.store.housekeeping.prune(world.now + 300 * DAY_MS, world.now + 390 * DAY_MS, 100);
      expect(await listed(world)).toEqual([entry]);
      await world.store.housekeeping.prune(world.now + 300 * DAY_MS, world.now + 401 * DAY_MS, 100);
      expect(await listed(world)).toEqual([]);
    });
  });
}
