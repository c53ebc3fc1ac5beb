import { expect, test } from "bun:test";
import { createDiskImage } from "../crash/disk-image.ts";
import { type CutOutcome, powerCutAtFirstStart, powerCuts } from "../crash/power-cut.ts";

/** `bun run powercut --cuts 10` makes more cuts. */
const CUTS = 2;

const possible = isPossible();
if (!possible) console.log("A file system in a file cannot be mounted here: the tests of power cuts are skipped.");

test.skipIf(!possible)(
  "a power cut under load loses no acknowledged message",
  async () => {
    expect(await powerCuts(CUTS)).toMatchObject({ lost: 0 });
  },
  180_000,
);

test.skipIf(!possible)(
  "after a power cut soon after the first start, the server starts again with every acknowledged message",
  async () => {
    const outcomes: (CutOutcome | null)[] = [];
    for (let i = 0; i < CUTS; i++) outcomes.push(await powerCutAtFirstStart());
    for (const outcome of outcomes) expect(outcome).toMatchObject({ lost: 0 });
  },
  120_000,
);

function isPossible(): boolean {
  using image = createDiskImage(16);
  return image !== null;
}
