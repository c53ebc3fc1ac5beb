import { describe, expect, test } from "bun:test";
import type { PayloadVersion } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function payloadVersionsSuite(open: Open): void {
  describe("payload versions", () => {
    test("payload versions are stored unchanged across a restart, and listed newest first", async () => {
      await using world = await Furnished.open(open);
      const older = await world.addPayloadVersion("1", {
        eventTypes: ["a"],
        downgrade: "function downgrade() {}",
        sunsetAt: 5,
      });
      const newer = await world.addPayloadVersion("2");
      await world.reopen();
      const { payloadVersions } = world.store.configuration;
      expect(await payloadVersions.all(world.environment.seq)).toEqual([
        newer as PayloadVersion,
        older as PayloadVersion,
      ]);
      const other = await world.addEnvironment("other");
      expect(await payloadVersions.all(other.seq)).toEqual([]);
    });

    test("the name of a payload version is unique among those that are not deleted, up to a maximum", async () => {
      await using world = await Furnished.open(open);
      const { payloadVersions } = world.store.configuration;
      await world.send();
      expect(await world.addPayloadVersion("1", {}, 2)).toMatchObject({ deletedSeq: null });
      expect(await world.addPayloadVersion("1", {}, 2)).toBe("taken");
      expect(await payloadVersions.delete(world.environment.seq, "1", () => world.seqs.next())).toBe("deleted");
      expect(await payloadVersions.delete(world.environment.seq, "1", () => world.seqs.next())).toBe("gone");
      expect(await world.addPayloadVersion("1", {}, 2)).toMatchObject({ deletedSeq: null });
      expect(await world.addPayloadVersion("2", {}, 2)).toBe("full");
    });

    test("a deleted payload version is removed once no earlier message is stored", async () => {
      await using world = await Furnished.open(open);
      const { payloadVersions } = world.store.configuration;
      await world.addPayloadVersion("1", {}, 1);
      await payloadVersions.delete(world.environment.seq, "1", () => world.seqs.next());
      await world.send();
      expect(await world.addPayloadVersion("2", {}, 1)).toMatchObject({ deletedSeq: null });
      expect((await payloadVersions.all(world.environment.seq)).map(({ version }) => version)).toEqual(["2"]);
    });

    test("a payload version gets its number in its commit, so that no earlier number is given out later", async () => {
      await using world = await Furnished.open(open);
      const { payloadVersions } = world.store.configuration;
      const creating = world.addPayloadVersion("1");
      const beforeCreation = world.seqs.next();
      const created = (await creating) as PayloadVersion;
      expect(created.seq).toBeGreaterThan(beforeCreation);
      const deleting = payloadVersions.delete(world.environment.seq, "1", () => world.seqs.next());
      const beforeDeletion = world.seqs.next();
      expect(await deleting).toBe("deleted");
      const [deleted] = await payloadVersions.all(world.environment.seq);
      expect(deleted!.deletedSeq).toBeGreaterThan(beforeDeletion);
    });

    test("a change of a payload version that does not exist returns null", async () => {
      await using world = await Furnished.open(open);
      const { payloadVersions } = world.store.configuration;
      const stored = (await world.addPayloadVersion("1")) as PayloadVersion;
      const change = () => ({ description: "changed" });
      const changed = { ...stored, description: "changed" };
      expect(await payloadVersions.update(world.environment.seq, "1", change)).toEqual(changed);
      expect(await payloadVersions.update(world.environment.seq, "2", change)).toBeNull();
      expect(await payloadVersions.all(world.environment.seq)).toEqual([changed]);
    });

    test("only endpoints of the environment that are not deleted count as users of a payload version", async () => {
      await using world = await Furnished.open(open);
      const { payloadVersions, endpoints } = world.store.configuration;
      await world.addPayloadVersion("1");
      const endpoint = await world.addEndpoint({ apiVersion: "1" });
      expect(await payloadVersions.usage(world.environment.seq, "1")).toBe(1);
      expect(await payloadVersions.usage(world.environment.seq + 1, "1")).toBe(0);
      expect(await payloadVersions.delete(world.environment.seq, "1", () => world.seqs.next())).toBe("in use");
      await endpoints.delete(endpoint.seq, 1);
      expect(await payloadVersions.usage(world.environment.seq, "1")).toBe(0);
    });

    test("an endpoint is not pinned to a payload version that does not exist, and nothing is stored", async () => {
      await using world = await Furnished.open(open);
      const { payloadVersions, endpoints } = world.store.configuration;
      await world.addPayloadVersion("1");
      const deleting = payloadVersions.delete(world.environment.seq, "1", () => world.seqs.next());
      const endpoint = world.newEndpoint({ apiVersion: "1" });
      const creating = endpoints.create(endpoint, "whsec_b3RoZXI=");
      const updating = endpoints.update(world.endpoint.seq, () => ({ apiVersion: "1", description: "changed" }));
      expect([await deleting, await creating, await updating]).toEqual(["deleted", "no version", "no version"]);
      expect(await endpoints.get(endpoint.seq)).toBeNull();
      expect(await endpoints.get(world.endpoint.seq)).toMatchObject({ apiVersion: null, description: "" });
    });
  });
}
