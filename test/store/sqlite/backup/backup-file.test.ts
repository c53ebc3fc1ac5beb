import { expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import { writeBackup } from "../../../../src/store/sqlite/backup/backup-file.ts";
import { databaseFileOf } from "../../../../src/store/sqlite/data-dir/data-dir.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

/** Empties the log of a database, which needs all of its locks. Prints the result. */
const SHORTEN = `
import { Database } from "bun:sqlite";
const db = new Database(process.argv[1], { strict: true });
db.run("PRAGMA journal_mode = WAL");
db.run("CREATE TABLE IF NOT EXISTS probe (value INTEGER)");
console.log(JSON.stringify(db.query("PRAGMA wal_checkpoint(TRUNCATE)").get()));
`;

test("a backup calls afterCopy once, when it holds no lock of the database", async () => {
  using dir = temporaryDirectory();
  const dataDir = dir.file("data");
  await (await openStore(optionsFor(dataDir))).close();
  const results: unknown[] = [];
  const afterCopy = () => {
    const { stdout } = Bun.spawnSync([process.execPath, "-e", SHORTEN, databaseFileOf(dataDir)]);
    results.push(JSON.parse(stdout.toString()));
  };
  const request = { dataDir, file: dir.file("backup"), keys: null, force: false, verify: true, version: "1" };
  await writeBackup({ ...request, besideServer: { clock: systemClock, afterCopy }, now: systemClock.now() });
  expect(results).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
});
