import { expect, test } from "bun:test";
import { clockErrors, FAULTS, failover } from "../instances/run.ts";
import { hasFaketime } from "../support/instances.ts";
import { hasPgbouncer } from "../support/pgbouncer.ts";
import { hasPostgres } from "../support/postgres.ts";

/** One for each kind of fault. `bun run instances --cycles 200` runs more. */
const CYCLES = FAULTS.length;

const GROUPS = [
  { name: "two instances", isPossible: true },
  { name: "two instances behind PgBouncer", isPooled: true, isPossible: hasPgbouncer },
  { name: "four instances whose clocks are minutes apart", clockErrors: clockErrors(4, 90), isPossible: hasFaketime },
];

for (const { name, isPossible, ...group } of GROUPS) {
  test.skipIf(!hasPostgres || !isPossible)(
    `${name} that are killed, suspended and stopped, and whose database crashes, lose no message and keep the order`,
    async () => {
      const outcome = await failover({ cycles: CYCLES, ...group });
      console.log(`${CYCLES} faults of ${name}: ${JSON.stringify(outcome)}`);
      const { accepted, lost, disordered, rows } = outcome;
      expect({ lost, disordered, rows }).toEqual({
        ...{ lost: 0, disordered: 0 },
        rows: { messages: accepted, delivered: accepted, pending: 0 },
      });
      expect(accepted).toBeGreaterThan(0);
    },
    300_000,
  );
}
