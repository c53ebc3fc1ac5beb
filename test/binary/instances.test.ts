import { expect, test } from "bun:test";
import { FAULTS, failover } from "../instances/run.ts";
import { hasPostgres } from "../support/postgres.ts";

/** One for each kind of fault. `bun run instances --cycles 200` runs more. */
const CYCLES = FAULTS.length;

test.skipIf(!hasPostgres)(
  "two instances that are killed, suspended and stopped, and whose database crashes, lose no message and keep the order",
  async () => {
    const outcome = await failover(CYCLES);
    console.log(`${CYCLES} faults of two instances: ${JSON.stringify(outcome)}`);
    const { accepted, lost, disordered, rows } = outcome;
    expect({ lost, disordered, rows }).toEqual({
      ...{ lost: 0, disordered: 0 },
      rows: { messages: accepted, delivered: accepted, pending: 0 },
    });
    expect(accepted).toBeGreaterThan(0);
  },
  300_000,
);
