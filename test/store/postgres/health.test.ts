import { describe, expect, test } from "bun:test";
import type { Fact, FactOf } from "../../../src/core/fact.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import { openStore } from "../../../src/store/postgres/index.ts";
import { hasPostgres, startPostgres } from "../../support/postgres.ts";
import { soon } from "../../support/soon.ts";
import { optionsFor } from "./open.ts";

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
});
