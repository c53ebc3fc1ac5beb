import { expect, test } from "bun:test";
import { CANARIES, CANARY_NAMES, findings } from "./canary.ts";
import { World } from "./world.ts";

/** A planted fault must be found within this many seeds. */
const SEEDS = 60;

for (const canary of CANARY_NAMES) {
  test(`the simulation finds the planted fault ${canary}`, async () => {
    const first = CANARIES[canary].seed;
    let found = findings(await new World(first, canary).run(), canary);
    if (found.length === 0) console.log(`seed ${first} no longer finds ${canary}, so all seeds are tried`);
    for (let seed = 1; seed <= SEEDS && found.length === 0; seed++) {
      found = findings(await new World(seed, canary).run(), canary);
    }
    expect(found).not.toBeEmpty();
  }, 120_000);
}
