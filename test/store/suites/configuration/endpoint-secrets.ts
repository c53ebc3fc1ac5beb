import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function endpointSecretsSuite(open: Open): void {
  describe("secrets", () => {
    const secret = (i: number) => `whsec_${Buffer.from(`secret ${i}`).toString("base64")}`;

    test("secrets are returned unchanged, with the current one first", async () => {
      await using world = await Furnished.open(open);
      const endpoint = await world.addEndpoint({}, secret(0));
      expect(
        await world.store.configuration.endpoints.rotateSecret(endpoint.seq, secret(1), world.now, world.now + 1000),
      ).toBe(true);
      expect(
        await world.store.configuration.endpoints.rotateSecret(endpoint.seq, secret(2), world.now, world.now + 1000),
      ).toBe(true);
      await world.reopen();
      expect(await world.store.configuration.endpoints.secrets(endpoint.seq, world.now)).toEqual([
        { secret: secret(2), expiresAt: null },
        { secret: secret(1), expiresAt: world.now + 1000 },
        { secret: secret(0), expiresAt: world.now + 1000 },
      ]);
    });

    test("secrets are used for signing until they expire", async () => {
      await using world = await Furnished.open(open);
      const endpoint = await world.addEndpoint({}, secret(0));
      await world.store.configuration.endpoints.rotateSecret(endpoint.seq, secret(1), world.now, world.now + 1000);
      const valid = async (at: number) =>
        (await world.store.configuration.endpoints.secrets(endpoint.seq, at)).map((s) => s.secret);
      expect(await valid(world.now + 999)).toEqual([secret(1), secret(0)]);
      expect(await valid(world.now + 1000)).toEqual([secret(1)]);
    });

    test("secrets can be rotated at most ten times before an old one expires", async () => {
      await using world = await Furnished.open(open);
      const endpoint = await world.addEndpoint({}, secret(0));
      const rotate = (i: number) =>
        world.store.configuration.endpoints.rotateSecret(endpoint.seq, secret(i), world.now, world.now + 1000 + i);
      for (let i = 1; i <= 10; i++) expect(await rotate(i)).toBe(true);
      const before = await world.store.configuration.endpoints.secrets(endpoint.seq, world.now);
      expect(await rotate(11)).toBe(false);
      expect(await world.store.configuration.endpoints.secrets(endpoint.seq, world.now)).toEqual(before);
      world.now += 1001;
      expect(await rotate(12)).toBe(true);
      const [current] = await world.store.configuration.endpoints.secrets(endpoint.seq, world.now);
      expect(current).toEqual({ secret: secret(12), expiresAt: null });
    });

    test("each secret belongs to one endpoint", async () => {
      await using world = await Furnished.open(open);
      const [one, two] = [await world.addEndpoint({}, secret(1)), await world.addEndpoint({}, secret(2))];
      await world.store.configuration.endpoints.rotateSecret(one.seq, secret(3), world.now, world.now + 1000);
      expect(await world.store.configuration.endpoints.secrets(two.seq, world.now)).toEqual([
        { secret: secret(2), expiresAt: null },
      ]);
    });
  });
}
