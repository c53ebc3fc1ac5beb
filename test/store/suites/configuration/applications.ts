import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Application } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import { ALL, expectPages } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

export function applicationsSuite(open: Open): void {
  describe("applications", () => {
    test("after a restart, applications are found by number and by uid, unchanged", async () => {
      await using world = await Furnished.open(open);
      const application = await world.addApplication({
        uid: "customer-1",
        name: "Ärzte & Söhne",
        throttleRate: 5,
        metadata: { plan: "gold" },
      });
      await world.reopen();
      const { applications } = world.store.configuration;
      expect(await applications.find(world.environment.seq, { seq: application.seq })).toEqual(application);
      expect(await applications.find(world.environment.seq, { uid: "customer-1" })).toEqual(application);
      expect(await applications.get(application.seq)).toEqual(application);
    });

    test("applications are found only in their own environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const application = await world.addApplication({ uid: "customer-1" });
      expect(await world.store.configuration.applications.find(other.seq, { seq: application.seq })).toBeNull();
      expect(await world.store.configuration.applications.find(other.seq, { uid: "customer-1" })).toBeNull();
    });

    test("application uids are unique within their environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const first = await world.addApplication({ uid: "customer-1" });
      const second = world.newApplication({ uid: "customer-1" });
      expect(await world.store.configuration.applications.create(second)).toBe(false);
      expect(await world.store.configuration.applications.get(second.seq)).toBeNull();
      expect(await world.store.configuration.applications.find(world.environment.seq, { uid: "customer-1" })).toEqual(
        first,
      );
      await world.addApplication({ uid: "customer-1", environmentSeq: other.seq });
    });

    test("if two applications with the same uid are created concurrently, only one is stored", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [world.newApplication({ uid: "same" }), world.newApplication({ uid: "same" })];
      const { applications } = world.store.configuration;
      expect(await Promise.all([applications.create(one), applications.create(two)])).toEqual([true, false]);
    });

    test("an update changes all fields of an application except immutable ones", async () => {
      await using world = await Furnished.open(open);
      const changed: Application = {
        ...world.application,
        uid: "new",
        name: "New name",
        throttleRate: 7,
        metadata: { a: "b" },
        updatedAt: world.now + 1,
      };
      const { applications } = world.store.configuration;
      expect(await applications.update(changed.seq, () => ({ ...changed, createdAt: 1 }))).toEqual({
        before: world.application,
        after: changed,
      });
      expect(await world.store.configuration.applications.get(changed.seq)).toEqual(changed);
    });

    test("an update that sets a uid already in use does not change the application", async () => {
      await using world = await Furnished.open(open);
      await world.addApplication({ uid: "taken" });
      const { applications } = world.store.configuration;
      expect(await applications.update(world.application.seq, () => ({ uid: "taken", name: "x" }))).toBe("taken");
      expect(await world.store.configuration.applications.get(world.application.seq)).toEqual(world.application);
    });

    test("a deleted application disappears with its endpoints, and its uid can be used again", async () => {
      await using world = await Furnished.open(open);
      const application = await world.addApplication({ uid: "customer-1" });
      const endpoint = await world.addEndpoint({ applicationSeq: application.seq });
      expect(await world.store.configuration.applications.delete(application.seq, world.now)).toEqual([endpoint.seq]);
      expect(await world.store.configuration.applications.delete(application.seq, world.now)).toEqual([]);
      await world.reopen();
      const { applications, endpoints } = world.store.configuration;
      expect(await applications.get(application.seq)).toBeNull();
      expect(await applications.find(world.environment.seq, { uid: "customer-1" })).toBeNull();
      expect((await applications.list(world.environment.seq, ALL)).rows).toEqual([world.application]);
      expect(await endpoints.active(application.seq)).toEqual([]);
      expect(await endpoints.get(endpoint.seq)).toMatchObject({ deleted: true });
      const heir = await world.addApplication({ uid: "customer-1" });
      expect(await applications.find(world.environment.seq, { uid: "customer-1" })).toEqual(heir);
    });

    test("updating a deleted application does not restore it", async () => {
      await using world = await Furnished.open(open);
      await world.store.configuration.applications.delete(world.application.seq, world.now);
      const { applications } = world.store.configuration;
      expect(await applications.update(world.application.seq, () => ({ name: "x" }))).toBe("gone");
      expect(await world.store.configuration.applications.get(world.application.seq)).toBeNull();
    });

    test("an environment has only one hidden application, and neither lists nor lookups return it", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const [first, second, others] = [
        world.newApplication(),
        world.newApplication(),
        world.newApplication({ environmentSeq: other.seq }),
      ];
      const { applications } = world.store.configuration;
      const made = await Promise.all([first, second].map((one) => applications.ensureOperational(one)));
      expect(made).toEqual([first, first]);
      await applications.ensureOperational(others);
      await world.reopen();
      const hidden = await world.store.configuration.applications.operational();
      expect(hidden.toSorted((a, b) => a.seq - b.seq)).toEqual([first, others]);
      expect(await world.store.configuration.applications.operationalOf(other.seq)).toEqual(others);
      expect(await world.store.configuration.applications.operationalOf(world.seqs.next())).toBeNull();
      expect(await world.store.configuration.applications.known(first.seq)).toEqual(first);
      expect(await world.store.configuration.applications.find(world.environment.seq, { seq: first.seq })).toBeNull();
      expect((await world.store.configuration.applications.list(world.environment.seq, ALL)).rows).toEqual([
        world.application,
      ]);
    });

    test("a deleted application can still be found by its number", async () => {
      await using world = await Furnished.open(open);
      await world.store.configuration.applications.delete(world.application.seq, world.now);
      expect(await world.store.configuration.applications.known(world.application.seq)).toEqual(world.application);
      expect(await world.store.configuration.applications.known(world.seqs.next())).toBeNull();
    });

    test("applications are paged in both directions and both orders", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const rows = [world.application];
      for (let i = 0; i < 9; i++) {
        rows.push(await world.addApplication());
        await world.addApplication({ environmentSeq: other.seq });
      }
      await expectPages(
        rows,
        fc.constant(null),
        () => true,
        (_, page) => world.store.configuration.applications.list(world.environment.seq, page),
      );
      expect((await world.store.configuration.applications.list(world.environment.seq, ALL)).rows).toEqual(rows);
    });

    test("a search finds applications by a part of the name or uid in any case, or by number", async () => {
      await using world = await Furnished.open(open);
      const { applications } = world.store.configuration;
      const arzte = await world.addApplication({ name: "Ärzte 100% & Söhne", uid: "Arzt_1" });
      const plain = await world.addApplication({ name: "arztx1" });
      const foreign = await world.addApplication({ environmentSeq: (await world.addEnvironment("other")).seq });
      await world.addSource({ name: "Ärzte" });
      const find = async (text: string, seq: number | null = null) => {
        const page = await applications.list(world.environment.seq, ALL, null, { text, seq });
        return page.rows.map((row) => row.seq);
      };
      expect(await find("äRZTE")).toEqual([arzte.seq]);
      expect(await find("ARZT")).toEqual([arzte.seq, plain.seq]);
      expect(await find("t_1")).toEqual([arzte.seq]);
      expect(await find("0%")).toEqual([arzte.seq]);
      expect(await find("no such text", plain.seq)).toEqual([plain.seq]);
      expect(await find("no such text", foreign.seq)).toEqual([]);
    });

    test("a search can be combined with an exclusion, and its pages agree with the list", async () => {
      await using world = await Furnished.open(open);
      const { applications } = world.store.configuration;
      const rows: Application[] = [];
      for (let i = 0; i < 12; i++) {
        const application = await world.addApplication({ name: `Name ${i % 3}` });
        if (i % 2 === 0) await world.addEndpoint({ applicationSeq: application.seq });
        rows.push(application);
      }
      const exclude = { withoutEndpoints: true, allDisabled: false, allAt: null };
      const filters = fc.record({ text: fc.constantFrom("name 1", "NAME", "e 2"), excludes: fc.boolean() });
      await expectPages(
        rows,
        filters,
        (row, { text, excludes }) =>
          row.name.toLowerCase().includes(text.toLowerCase()) && (!excludes || rows.indexOf(row) % 2 === 0),
        (filter, page) =>
          applications.list(world.environment.seq, page, filter.excludes ? exclude : null, {
            text: filter.text,
            seq: null,
          }),
      );
    });
  });
}
