import { openReplicated } from "./replicated.ts";

/**
 * A process that writes rows until it is killed, with a replica that waits for each of them. Prints
 * the number of each row that the replica has confirmed. Arguments: data directory, replica, first
 * number.
 */
const [, , dataDir, location, first] = process.argv;
// Copies of the database take as long as several epochs, and are made all the time.
const limits = { checkpointFrames: 40, baseBytesMin: 200_000, recordsPerDatabase: 0, chunkBytes: 3 * 4096 };
const store = await openReplicated(dataDir!, location!, { isSync: true, limits });
for (let number = Number(first); ; number++) {
  const filler = "x".repeat((number * 997) % 9000);
  // Rows are overwritten, so that each page changes in many epochs.
  await store.housekeeping.meta.set(`test-${number % 300}`, `${number} ${filler}`);
  await store.housekeeping.meta.set("test-last", String(number));
  if ((await store.replica!.confirmed()) === true) process.stdout.write(`${number}\n`);
}
