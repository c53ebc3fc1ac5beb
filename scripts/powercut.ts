/**
 * Simulates power failures under load and during the first start, and restarts the executable with
 * the data that is on the disk afterwards: `bun run powercut --cuts 10`. The disk is an ext4 file
 * system in a file, which only root may mount. Exits with 1 if an acknowledged message is lost.
 */
import { type CutOutcome, powerCutAtFirstStart, powerCuts } from "../test/crash/power-cut.ts";
import { countOptions } from "./count-option.ts";
import { ensureExecutable } from "./executable.ts";

const { cuts } = countOptions({ cuts: 10 });

await ensureExecutable();
const outcomes: (CutOutcome | null)[] = [await powerCuts(cuts, console.log)];
for (let i = 0; i < cuts && outcomes[0] !== null; i++) outcomes.push(await powerCutAtFirstStart(console.log));
if (outcomes.includes(null)) {
  console.error("This machine does not allow a file system in a file. Run the command as root on Linux.");
  process.exit(1);
}
const lost = outcomes.reduce((sum, outcome) => sum + outcome!.lost, 0);
console.log(`${outcomes.length - 1 + cuts} power cuts, ${lost} acknowledged messages lost`);
process.exit(lost === 0 ? 0 : 1);
