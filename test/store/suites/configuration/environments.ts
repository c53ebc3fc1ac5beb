import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function environmentsSuite(open: Open): void {
  describe("environments", () => {
    test("after a restart, environments are found by number and by name, and are listed by name", async () => {
      await using world = await Furnished.open(open);
      const staging = await world.addEnvironment("a-staging");
      await world.reopen();
      const { environments } = world.store.configuration;
      expect(await environments.get(staging.seq)).toEqual(staging);
      expect(await environments.named("a-staging")).toEqual(staging);
      expect(await environments.named("nobody")).toBeNull();
      expect(await environments.get(world.seqs.next())).toBeNull();
      expect(await environments.list()).toEqual([staging, world.environment]);
    });

    test("environments have a type, can be renamed and paged, and never share a name", async () => {
      await using world = await Furnished.open(open);
      const { environments } = world.store.configuration;
      const times = { createdAt: 1, updatedAt: 1 };
      const one = { seq: world.seqs.next(), name: "one", type: "development", pausedAt: null, ...times } as const;
      expect(await environments.create(one)).toBe(true);
      expect(await environments.create({ ...one, seq: world.seqs.next() })).toBe(false);
      expect(await environments.rename(one.seq, "default", 2)).toBe(false);
      expect(await environments.rename(one.seq, "renamed", 2)).toBe(true);
      await world.reopen();
      const renamed = { ...one, name: "renamed", updatedAt: 2 };
      expect(await world.store.configuration.environments.get(one.seq)).toEqual(renamed);
      const page = { limit: 1, from: null, backwards: false, order: "descending" } as const;
      expect(await world.store.configuration.environments.page(page)).toEqual({ rows: [renamed], more: true });
      const next = await world.store.configuration.environments.page({ ...page, from: one.seq });
      expect(next).toEqual({ rows: [world.environment], more: false });
    });

    test("an environment stays paused across a restart, and keeps the time at which it was first paused", async () => {
      await using world = await Furnished.open(open);
      const { seq } = await world.addEnvironment("shop");
      const paused = await world.store.configuration.environments.setPaused(seq, true, 10);
      expect(paused).toMatchObject({ seq, name: "shop", pausedAt: 10, updatedAt: 10 });
      expect(await world.store.configuration.environments.setPaused(seq, true, 20)).toEqual(paused);
      await world.reopen();
      const { environments } = world.store.configuration;
      expect(await environments.get(seq)).toEqual(paused);
      expect(await environments.get(world.environment.seq)).toMatchObject({ pausedAt: null });
      const resumed = await environments.setPaused(seq, false, 30);
      expect(resumed).toEqual({ ...paused!, pausedAt: null, updatedAt: 30 });
      expect(await environments.setPaused(seq, false, 40)).toEqual(resumed);
      expect(await environments.setPaused(world.seqs.next(), true, 50)).toBeNull();
    });

    test("deleting an environment deletes its contents and does not affect other environments", async () => {
      await using world = await Furnished.open(open);
      const { store, application, endpoint, environment } = world;
      const other = await world.addEnvironment("other");
      const theirs = await world.addApplication({ environmentSeq: other.seq, uid: "theirs" });
      const theirEndpoint = await world.addEndpoint({ applicationSeq: theirs.seq });
      await store.configuration.eventTypes.create(world.newEventType({ environmentSeq: other.seq }));
      await store.configuration.eventTypes.create(world.newEventType());
      const theirPoller = { applicationSeq: theirs.seq, sink: "mirror", consumer: "one" };
      await store.history.pollers.move(theirPoller, 7, { onlyForward: true, consumersMax: 2, now: world.now });
      const source = await world.addSource({ environmentSeq: other.seq, uid: "shop" });
      expect(await store.configuration.environments.delete(other.seq, world.now)).toEqual({
        applications: [theirs.seq, source.applicationSeq],
        endpoints: [{ seq: theirEndpoint.seq, applicationSeq: theirs.seq }],
        sources: [source.seq],
      });
      expect(await store.history.pollers.cursor(theirPoller)).toBeNull();
      expect(await store.configuration.environments.named("other")).toBeNull();
      expect(await store.configuration.sources.get(source.seq)).toBeNull();
      expect(await store.configuration.sources.tokens(source.seq, world.now)).toEqual([]);
      expect(await store.configuration.applications.find(other.seq, { uid: "theirs" })).toBeNull();
      expect(await store.configuration.endpoints.get(theirEndpoint.seq)).toMatchObject({ deleted: true });
      expect(await store.configuration.eventTypes.get(other.seq, "order.paid")).toBeNull();
      expect(await store.configuration.applications.find(environment.seq, { seq: application.seq })).toEqual(
        application,
      );
      expect(await store.configuration.endpoints.get(endpoint.seq)).toMatchObject({ deleted: false });
      expect(await store.configuration.eventTypes.get(environment.seq, "order.paid")).not.toBeNull();
      expect((await world.addEnvironment("other")).seq).not.toBe(other.seq);
    });

    test("concurrent requests for the same new environment create one environment", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = await Promise.all([world.addEnvironment("new"), world.addEnvironment("new")]);
      expect(two).toEqual(one!);
      expect(await world.addEnvironment("default")).toEqual(world.environment);
    });
  });
}
