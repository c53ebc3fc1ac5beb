import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function totalsSuite(open: Open): void {
  describe("totals", () => {
    test("the store counts pending deliveries and dead letters of each environment", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.history.totals()).toEqual([]);
      const other = await world.addEnvironment("other");
      const application = await world.addApplication({ environmentSeq: other.seq });
      const endpoint = await world.addEndpoint({ applicationSeq: application.seq });
      await world.sendDead();
      await world.sendMany(2);
      await world.sendDead({ applicationSeq: application.seq }, { endpointSeq: endpoint.seq });
      const totals = await world.store.history.totals();
      expect(totals.toSorted((a, b) => a.environmentSeq - b.environmentSeq)).toEqual([
        { environmentSeq: world.environment.seq, pending: 2, dead: 1 },
        { environmentSeq: other.seq, pending: 0, dead: 1 },
      ]);
    });
  });

  describe("failingEndpoints", () => {
    test("`failingEndpoints` counts the failing endpoints of one environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const elsewhere = await world.addApplication({ environmentSeq: other.seq });
      await world.addEndpoint({ failingSince: world.now });
      await world.addEndpoint({ failingSince: world.now });
      await world.addEndpoint({ failingSince: world.now, applicationSeq: elsewhere.seq });
      const deleted = await world.addEndpoint({ failingSince: world.now });
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      expect(await world.store.history.failingEndpoints(world.environment.seq)).toBe(2);
      expect(await world.store.history.failingEndpoints(other.seq)).toBe(1);
      expect(await world.store.history.failingEndpoints(null)).toBe(3);
    });

    test("`failingEndpoints` skips endpoints that are paused or disabled, and those of hidden or deleted applications", async () => {
      await using world = await Furnished.open(open);
      const hidden = await world.store.configuration.applications.ensureOperational(world.newApplication());
      const deleted = await world.addApplication();
      const failingSince = world.now;
      await world.addEndpoint({ failingSince, paused: true });
      await world.addEndpoint({ failingSince, disabled: true });
      await world.addEndpoint({ failingSince, applicationSeq: hidden.seq });
      await world.addEndpoint({ failingSince, applicationSeq: deleted.seq });
      await world.store.configuration.applications.delete(deleted.seq, world.now);
      expect(await world.store.history.failingEndpoints(world.environment.seq)).toBe(0);
      await world.addEndpoint({ failingSince });
      expect(await world.store.history.failingEndpoints(world.environment.seq)).toBe(1);
    });
  });

  describe("endpointCounts", () => {
    test("`endpointCounts` counts the endpoints of all environments by state, each once, and no deleted ones", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const elsewhere = await world.addApplication({ environmentSeq: other.seq });
      const counts = () => world.store.history.endpointCounts();
      const { healthy } = await counts();
      await world.addEndpoint({ disabled: true });
      await world.addEndpoint({ disabled: true, paused: true, applicationSeq: elsewhere.seq });
      await world.addEndpoint({ failingSince: world.now });
      await world.addEndpoint();
      const paused = await world.addEndpoint({ paused: true });
      const challenge = { since: 1, tries: 0, nextAt: null, failure: null, staysPaused: false };
      await world.addEndpoint({ paused: true, challenge });
      expect(await counts()).toEqual({ healthy: healthy + 1, disabled: 2, paused: 1, unverified: 1 });
      await world.store.configuration.endpoints.delete(paused.seq, world.now);
      expect(await counts()).toEqual({ healthy: healthy + 1, disabled: 2, paused: 0, unverified: 1 });
    });
  });
}
