import { afterAll, describe, expect, test } from "bun:test";
import { closeSharedServer, sharedServer } from "../store/postgres/open.ts";
import { hasPostgres } from "../support/postgres.ts";
import { worldsAreRemoved } from "../support/world-store/in-postgres.ts";
import { LossyWorld } from "./lost-connections.ts";

afterAll(async () => {
  await worldsAreRemoved();
  await closeSharedServer();
});

/** `bun scripts/lost-connections.ts` runs many seeds. */
const SEEDS = [1, 2, 3, 4];

describe.skipIf(!hasPostgres)("an engine that loses its connections to PostgreSQL again and again", () => {
  test.each(SEEDS)(
    "no accepted message is lost, and no attempt is forgotten without a crash (seed %d)",
    async (seed) => {
      const url = (await sharedServer()).url("postgres");
      const findings = await LossyWorld.run(seed, url);
      expect(findings.violations).toEqual([]);
      expect(findings.cuts).toBeGreaterThan(0);
    },
  );
});
