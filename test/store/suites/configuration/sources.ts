import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Source } from "../../../../src/store/index.ts";
import { doorToken, Furnished } from "../../furnished.ts";
import { ALL, expectPages } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

const SETTINGS = {
  uid: "shop-1",
  name: "Ärzte & Söhne",
  type: "open-ai",
  provider: "openai",
  config: { secret: "whsec_abc", secrets: ["a", "b"], toleranceSeconds: 0 },
  verification: "record",
  answer: { status: 202, headers: { "x-a": "1" }, body: "ok" },
  eventType: "$.type",
  deduplicate: { by: "header:X-Id", windowSeconds: 60 },
  ingestRate: 7,
  metadata: { team: "billing" },
  captured: "captured secret",
} satisfies Partial<Source>;

export function sourcesSuite(open: Open): void {
  describe("sources", () => {
    test("after a restart, sources are found by number, uid and application, unchanged", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource(SETTINGS);
      const plain = await world.addSource();
      await world.reopen();
      const { sources } = world.store.configuration;
      expect(await sources.find(world.environment.seq, { seq: source.seq })).toEqual(source);
      expect(await sources.find(world.environment.seq, { uid: "shop-1" })).toEqual(source);
      expect(await sources.get(source.seq)).toEqual(source);
      expect(await sources.ofApplication(source.applicationSeq)).toEqual(source);
      expect(await sources.get(plain.seq)).toEqual(plain);
    });

    test("sources are found only in their own environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const source = await world.addSource({ uid: "shop" });
      const { sources } = world.store.configuration;
      expect(await sources.find(other.seq, { seq: source.seq })).toBeNull();
      expect(await sources.find(other.seq, { uid: "shop" })).toBeNull();
      expect((await sources.list(other.seq, ALL)).rows).toEqual([]);
    });

    test("the application behind a source is found by its number, but is not in lists of applications", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource({ name: "Shop" });
      const { applications } = world.store.configuration;
      const found = await applications.find(world.environment.seq, { seq: source.applicationSeq });
      expect(found).toEqual(world.applicationOf(source));
      expect(found!.sourceSeq).toBe(source.seq);
      expect((await applications.list(world.environment.seq, ALL)).rows).toEqual([world.application]);
      expect(await world.store.configuration.sources.ofApplication(world.application.seq)).toBeNull();
    });

    test("if two sources with the same uid are created concurrently, only one is stored, with its application and token", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [world.newSource({ uid: "same" }), world.newSource({ uid: "same" })];
      expect(await Promise.all([world.createSource(one), world.createSource(two)])).toEqual([true, false]);
      const { sources, applications } = world.store.configuration;
      expect(await sources.get(two.seq)).toBeNull();
      expect(await applications.get(two.applicationSeq)).toBeNull();
      expect(await sources.withToken(doorToken(`first-${two.seq}`).sha256, world.now)).toBeNull();
      expect(await sources.find(world.environment.seq, { uid: "same" })).toEqual(one);
    });

    test("uids of sources are unique within their environment and independent of those of applications", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      await world.addApplication({ uid: "shop" });
      const source = await world.addSource({ uid: "shop" });
      await world.addSource({ uid: "shop", environmentSeq: other.seq });
      const { applications } = world.store.configuration;
      expect((await applications.find(world.environment.seq, { uid: "shop" }))!.seq).not.toBe(source.applicationSeq);
    });

    test("an update changes all fields of a source except immutable ones", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      const changed = { ...source, ...SETTINGS, updatedAt: world.now + 1 };
      const after = { ...changed, type: source.type, provider: source.provider };
      const { sources } = world.store.configuration;
      const fixed = { environmentSeq: 1, applicationSeq: 2, lastRunAt: 3, createdAt: 4 };
      expect(await sources.update(source.seq, () => ({ ...changed, ...fixed }))).toEqual({ before: source, after });
      await world.reopen();
      expect(await world.store.configuration.sources.get(source.seq)).toEqual(after);
    });

    test("the application behind a source gets the source's new name", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      await world.store.configuration.sources.update(source.seq, () => ({ name: "New", updatedAt: world.now + 1 }));
      const application = await world.store.configuration.applications.get(source.applicationSeq);
      expect(application).toMatchObject({ name: "New", updatedAt: world.now + 1, sourceSeq: source.seq });
    });

    test("an update of an application does not detach it from its source", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      const { applications, sources } = world.store.configuration;
      await applications.update(source.applicationSeq, () => ({ name: "New", sourceSeq: null }));
      expect(await sources.ofApplication(source.applicationSeq)).toEqual(source);
    });

    test("an update that sets a uid already in use does not change the source or its application", async () => {
      await using world = await Furnished.open(open);
      await world.addSource({ uid: "taken" });
      const source = await world.addSource();
      const { sources, applications } = world.store.configuration;
      expect(await sources.update(source.seq, () => ({ uid: "taken", name: "New" }))).toBe("taken");
      expect(await sources.get(source.seq)).toEqual(source);
      expect((await applications.get(source.applicationSeq))!.name).toBe(source.name);
    });

    test("concurrent updates of a source lose no change, and an error of a change is returned", async () => {
      await using world = await Furnished.open(open);
      const source = await world.addSource();
      const { sources } = world.store.configuration;
      const more = (before: Source) => ({ ingestRate: (before.ingestRate ?? 0) + 1 });
      await Promise.all([sources.update(source.seq, more), sources.update(source.seq, more)]);
      const refused = sources.update(source.seq, () => {
        throw new Error("refused");
      });
      expect(refused).rejects.toThrow("refused");
      await refused.catch(() => {});
      expect((await sources.get(source.seq))!.ingestRate).toBe(2);
    });

    test("a deleted source disappears with its tokens, its application and its endpoints, and frees its uid", async () => {
      await using world = await Furnished.open(open);
      const token = doorToken("the token");
      const source = await world.addSource({ uid: "shop", config: { secret: "s" } }, token);
      const endpoint = await world.addEndpoint({ applicationSeq: source.applicationSeq });
      const poller = { applicationSeq: source.applicationSeq, sink: "mirror", consumer: "one" };
      await world.store.history.pollers.move(poller, 7, { onlyForward: true, consumersMax: 2, now: world.now });
      expect(await world.store.configuration.sources.delete(source.seq, world.now)).toEqual([endpoint.seq]);
      await world.reopen();
      const { sources, applications, endpoints } = world.store.configuration;
      expect(await sources.get(source.seq)).toBeNull();
      expect(await sources.find(world.environment.seq, { uid: "shop" })).toBeNull();
      expect(await sources.find(world.environment.seq, { seq: source.seq })).toBeNull();
      expect(await sources.ofApplication(source.applicationSeq)).toBeNull();
      expect((await sources.list(world.environment.seq, ALL)).rows).toEqual([]);
      expect(await sources.withToken(token.sha256, world.now)).toBeNull();
      expect(await sources.tokens(source.seq, world.now)).toEqual([]);
      expect(await sources.update(source.seq, () => ({ name: "x" }))).toBe("gone");
      expect(await applications.get(source.applicationSeq)).toBeNull();
      expect(await endpoints.get(endpoint.seq)).toMatchObject({ deleted: true });
      expect(await world.store.history.pollers.cursor(poller)).toBeNull();
      expect(await sources.delete(source.seq, world.now)).toEqual([]);
      await world.addSource({ uid: "shop" });
    });

    test("sources are listed in pages in both directions", async () => {
      await using world = await Furnished.open(open);
      const all: Source[] = [];
      for (let i = 0; i < 7; i++) all.push(await world.addSource({ name: `Source ${i}` }));
      await expectPages(
        all,
        fc.constant(null),
        () => true,
        (_, page) => world.store.configuration.sources.list(world.environment.seq, page),
      );
    });

    test("the sources of type `cron` of all environments are listed with their latest run", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const cron = { type: "cron", provider: "cron", config: { schedule: "* * * * *", payload: "{}" } };
      await world.addSource();
      const one = await world.addSource(cron, null);
      const two = await world.addSource({ ...cron, environmentSeq: other.seq }, null);
      const deleted = await world.addSource(cron, null);
      const { sources } = world.store.configuration;
      await sources.delete(deleted.seq, world.now);
      await sources.setLastRun(two.seq, 500);
      await sources.setLastRun(two.seq, 400);
      expect(await sources.ofProvider("cron")).toEqual([one, { ...two, lastRunAt: 500 }]);
      expect(await sources.tokens(one.seq, world.now)).toEqual([]);
    });

    test("counts add up over restarts and are kept by an update", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [await world.addSource(), await world.addSource()];
      const counts = { stored: 1, duplicate: 2, refused: 3, limited: 4, handshake: 5 };
      await world.store.configuration.sources.count(
        new Map([
          [one.seq, counts],
          [17, counts],
        ]),
      );
      await world.store.configuration.sources.update(one.seq, () => ({ name: "New" }));
      await world.reopen();
      const { sources } = world.store.configuration;
      await sources.count(new Map([[one.seq, { stored: 10, duplicate: 0, refused: 0, limited: 0, handshake: 0 }]]));
      const none = { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };
      expect(await sources.counts(one.seq)).toEqual({ ...counts, stored: 11 });
      expect(await sources.counts(two.seq)).toEqual(none);
      expect(await sources.counts(17)).toEqual(none);
    });
  });
}
