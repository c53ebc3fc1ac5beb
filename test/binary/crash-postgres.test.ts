import { expect, test } from "bun:test";
import { crashOnPostgres, POSTGRES_KILLS } from "../crash/postgres.ts";
import { hasPostgres } from "../support/postgres.ts";

test.skipIf(!hasPostgres)(
  "killing the server, PostgreSQL or the connections between them under load loses no acknowledged change and keeps the order",
  async () => {
    const outcome = await crashOnPostgres(POSTGRES_KILLS.length);
    console.log(`${POSTGRES_KILLS.length} kills with PostgreSQL: ${JSON.stringify(outcome)}`);
    expect(outcome).toMatchObject({ lost: 0, unlike: 0, disordered: 0, undone: 0 });
    expect(outcome).toMatchObject({ lostFromSource: 0, storedTwice: 0, unlikeSource: 0, disorderedFromSource: 0 });
    const { accepted, arrived, received } = outcome;
    expect(Math.min(accepted, arrived, received)).toBeGreaterThan(0);
  },
  300_000,
);
