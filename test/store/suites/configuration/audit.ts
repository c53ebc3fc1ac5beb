import { describe, expect, test } from "bun:test";
import type { AuditEntry, AuditFilter, PageRequest } from "../../../../src/store/index.ts";
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

    test("audit entries are found by parts of the actor, the operation and the ids, and by application", async () => {
      await using world = await Furnished.open(open);
      const root = { kind: "root", id: null, name: null } as const;
      const entries = [
        newEntry(world, { actor: { kind: "user", id: "u-1", name: "Jürgen@example.com" } }),
        newEntry(world, { actor: root, action: "endpoint.delete", subject: { appId: "app_1", endpointId: "ep_X" } }),
        newEntry(world, { action: "event-type.create", subject: { eventTypeName: "invoice.paid" } }),
      ];
      for (const entry of entries) await world.store.configuration.audit.begin(entry);
      const found = async (filter: AuditFilter, page: Partial<PageRequest> = {}) => {
        const { audit } = world.store.configuration;
        const { rows } = await audit.list(world.environment.seq, {}, { ...NEWEST, ...page }, filter);
        return rows.map((row) => entries.findIndex(({ seq }) => seq === row.seq));
      };
      expect(await found({ actor: "JÜRGEN" })).toEqual([0]);
      expect(await found({ actor: "root" })).toEqual([1]);
      expect(await found({ actor: "tok_1" })).toEqual([2]);
      expect(await found({ action: "create" })).toEqual([2, 0]);
      expect(await found({ applicationId: "app_1" })).toEqual([1, 0]);
      expect(await found({ applicationId: "app_" })).toEqual([]);
      expect(await found({ text: "ep_x" })).toEqual([1]);
      expect(await found({ text: "INVOICE" })).toEqual([2]);
      expect(await found({ action: "create", applicationId: "app_1" })).toEqual([0]);
      expect(await found({ action: "create" }, { limit: 1 })).toEqual([2]);
      expect(await found({ action: "create" }, { from: entries[2]!.seq })).toEqual([0]);
      expect(await found({ action: "create" }, { from: entries[0]!.seq, backwards: true, limit: 1 })).toEqual([2]);
    });

    test("`targets` returns the names of records of the environment, including deleted ones", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const { application, endpoint, store } = world;
      const none = { applicationSeqs: [], endpointSeqs: [], sourceSeqs: [], tokenSeqs: [] };
      const of = { ...none, applicationSeqs: [application.seq, 5], endpointSeqs: [endpoint.seq], tokenSeqs: [7] };
      const { audit, applications } = store.configuration;
      const named = (isDeleted: boolean) => [
        [application.seq, { name: application.name, isDeleted }],
        [endpoint.seq, { name: endpoint.url, isDeleted }],
      ];
      expect([...(await audit.targets(world.environment.seq, of))]).toEqual(named(false) as never);
      expect([...(await audit.targets(other.seq, of))]).toEqual([]);
      await applications.delete(application.seq, world.now);
      expect([...(await audit.targets(world.environment.seq, of))]).toEqual(named(true) as never);
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
