/**
 * Kills the executable with SIGKILL repeatedly: under load, during starts, shutdowns, backups,
 * restores and rotations of the encryption key, during the first start with an empty data directory, and
 * during upgrades of data from earlier versions. Usage: `bun run crash --cycles 50`. The
 * load includes signed requests to a source. Exits with 1 if anything that was acknowledged is lost,
 * altered or undone, if a source has stored an event twice, or if a copy from before an upgrade is not whole.
 */
import { migrations } from "../src/store/sqlite/schema/migrations.ts";
import { crashMigration, type MigrationOutcome } from "../test/crash/migration.ts";
import { crash, crashFirstStart } from "../test/crash/run.ts";
import { countOptions } from "./count-option.ts";
import { ensureExecutable } from "./executable.ts";

const { cycles } = countOptions({ cycles: 50 });

await ensureExecutable();
for (let i = 0; i < cycles; i++) await crashFirstStart();
console.log(`${cycles} first starts killed: each second start served and delivered`);
const upgrades: MigrationOutcome[] = [];
for (let i = 0; i < cycles; i++) {
  const upgrade = await crashMigration(1 + Math.floor(Math.random() * (migrations.length - 1)));
  console.log(
    `upgrade ${i + 1} from schema ${upgrade.from}: killed ${upgrade.seen.length} times at ${upgrade.seen.join(", ")}`,
  );
  upgrades.push(upgrade);
}
const failedUpgrades = upgrades.filter(({ changed, brokenCopies }) => changed + brokenCopies > 0);
console.log(`${cycles} upgrades killed: ${failedUpgrades.length} of them lost or changed something`);
const outcome = await crash(cycles, console.log);
console.log(JSON.stringify(outcome, null, 2));
const { lost, unlike, disordered, undone } = outcome;
const { lostFromSource, storedTwice, unlikeSource, disorderedFromSource } = outcome;
const wrong = lost + unlike + disordered + undone + lostFromSource + storedTwice + unlikeSource + disorderedFromSource;
process.exit(wrong + failedUpgrades.length === 0 ? 0 : 1);
