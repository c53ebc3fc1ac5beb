/**
 * Kills the executable under load, deletes its data directory and restores it from its replica,
 * repeatedly. Usage: `bun scripts/crash-replica.ts --cycles 20`. Exits with 1 if an acknowledged
 * message is lost with `replica-sync` `sync`, or if with `async` anything but the last messages is
 * lost.
 */
import { type Disaster, loseDisk } from "../test/crash/replica.ts";
import { countOptions } from "./count-option.ts";
import { ensureExecutable } from "./executable.ts";

const { cycles } = countOptions({ cycles: 20 });

function sumOf(disasters: readonly Disaster[]) {
  const lost = disasters.map((disaster) => disaster.lost);
  return {
    cycles: disasters.length,
    acknowledged: disasters.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    lost: lost.reduce((sum, count) => sum + count, 0),
    lostAtOnceMax: Math.max(...lost),
    lostMsMax: Math.round(Math.max(...disasters.map(({ lostMs }) => lostMs))),
    gaps: disasters.filter(({ hasGap }) => hasGap).length,
  };
}

await ensureExecutable();
const sync = sumOf(await loseDisk(cycles, "sync", console.log));
const async = sumOf(await loseDisk(cycles, "async", console.log));
console.log(JSON.stringify({ sync, async }, null, 2));
process.exit(sync.lost === 0 && sync.gaps === 0 && async.gaps === 0 ? 0 : 1);
