import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import type { Fact, FactOf } from "../../../../src/core/fact.ts";
import { systemClock } from "../../../../src/edge/clock.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { hasPostgres, startPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { optionsFor } from "../open.ts";

describe.skipIf(!hasPostgres)("the health of a store on PostgreSQL", () => {
  test("a store whose server was killed is failing, and states when the server works again", async () => {
    await using server = await startPostgres();
    const facts: Fact[] = [];
    const url = await server.createDatabase();
    const { housekeeping, close } = await openStore(optionsFor(url, { onFact: (fact) => facts.push(fact) }));
    const stated = () => facts.filter(({ type }) => type.startsWith("store."));
    expect(await housekeeping.health()).toEqual({ failing: false, damaged: false });
    await server.kill();
    expect(await housekeeping.ping().catch((error) => error)).toBeInstanceOf(StoreUnavailable);
    expect(await housekeeping.health()).toEqual({ failing: true, damaged: false });
    await server.start();
    await soon(housekeeping.health, ({ failing }) => !failing);
    expect(stated().map(({ type }) => type)).toEqual(["store.failing", "store.recovered"]);
    expect(stated()[0] as FactOf<"store.failing">).toMatchObject({ full: false, damaged: false });
    await close();
  });

  test("a read or write whose statement is cancelled finds the store unavailable, but the store is not failing", async () => {
    await using server = await startPostgres();
    const url = await server.createDatabase();
    await using sql = new SQL(url, { max: 1 });
    await sql.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET lock_timeout = '50ms'`);
    const { configuration, housekeeping, close } = await openStore(optionsFor(url));
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE environment, meta IN ACCESS EXCLUSIVE MODE`;
      expect(await configuration.environments.list().catch((error) => error)).toBeInstanceOf(StoreUnavailable);
      expect(await housekeeping.meta.set("name", "value").catch((error) => error)).toBeInstanceOf(StoreUnavailable);
      expect(await housekeeping.health()).toEqual({ failing: false, damaged: false });
    });
    await housekeeping.meta.set("name", "value");
    expect(await housekeeping.meta.get("name")).toBe("value");
    await close();
  });

  test("a lease that cannot be renewed because its server was killed is not reported as an internal error", async () => {
    await using server = await startPostgres();
    const facts: Fact[] = [];
    // The pause after a renewal that has failed is not longer.
    const leaseMs = 597;
    let renewals = 0;
    const after: typeof systemClock.after = (ms, run) => {
      if (ms === leaseMs / 3) renewals++;
      return systemClock.after(ms, run);
    };
    const clock = { ...systemClock, after };
    const options = optionsFor(await server.createDatabase(), { leaseMs, clock, onFact: (fact) => facts.push(fact) });
    const { close } = await openStore(options);
    await server.kill();
    const before = renewals;
    await soon(
      () => renewals,
      (count) => count >= before + 2,
    );
    await server.start();
    expect(facts.filter(({ type }) => type === "defect.found")).toEqual([]);
    await close();
  });
});
