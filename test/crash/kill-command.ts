import { Database } from "bun:sqlite";
import { existsSync, renameSync, rmSync } from "node:fs";
import { KeyBox } from "../../src/store/sql/secret-box.ts";
import { databaseFileOf } from "../../src/store/sqlite/data-dir/data-dir.ts";
import { keyFileOf, keysInFile } from "../../src/store/sqlite/encryption/key-file.ts";
import { sealedTables } from "../../src/store/sqlite/encryption/reseal.ts";
import { executable, programEnvironment, run } from "../support/binary.ts";

/** Longest time in ms from the start of a command to its kill: about twice the time that it takes. */
const COMMAND_MS = 400;

/** Starts a backup and kills it at a random time. The server may be running. */
export async function killedBackup(dataDir: string): Promise<void> {
  await killed(["backup", `${dataDir}.bak`, "--force", `--data-dir=${dataDir}`]);
}

/**
 * Replaces the data of a stopped server with a backup of it. The first restore is killed at a random
 * time and repeated. Rejects if a server starts with half of the data.
 */
export async function killedRestore(dataDir: string): Promise<void> {
  const file = `${dataDir}.bak`;
  await succeed(["backup", file, "--force", "--with-key", `--data-dir=${dataDir}`]);
  renameSync(dataDir, `${dataDir}.old`);
  const restore = ["restore", file, "--deliver", `--data-dir=${dataDir}`];
  await killed(restore);
  if (existsSync(`${dataDir}/boathook.db.restoring`)) {
    const { code } = await run(executable(), ["serve", "--port=0", `--data-dir=${dataDir}`]);
    if (code !== 1) throw new Error(`a server ended with ${code} on half of a restore`);
  }
  // The restore may have been complete before the kill.
  if (!existsSync(`${dataDir}/boathook.db`)) await succeed(restore);
  rmSync(`${dataDir}.old`, { recursive: true });
}

/** Starts a rotation of the encryption key and kills it at a random time. The server is running. */
export async function killedRotation(dataDir: string): Promise<void> {
  await killed(["key", "rotate", `--data-dir=${dataDir}`]);
}

/**
 * Finishes the rotation, or makes another one if the first one was complete. Rejects if any value can
 * then be opened only with an earlier key. The server is running.
 */
export async function finishRotation(dataDir: string): Promise<void> {
  await succeed(["key", "rotate", `--data-dir=${dataDir}`]);
  const present = new KeyBox(keysInFile(keyFileOf(dataDir))[0]!);
  const db = new Database(databaseFileOf(dataDir));
  try {
    for (const { table } of sealedTables(db)) {
      const rows = db.query<{ sealed: Uint8Array }, []>(`SELECT sealed FROM ${table} WHERE sealed IS NOT NULL`).all();
      const closed = rows.filter(({ sealed }) => present.openOrNull(sealed) === null).length;
      if (closed > 0) throw new Error(`${closed} values in ${table} are not sealed with the present key`);
    }
  } finally {
    db.close();
  }
}

async function killed(args: readonly string[]): Promise<void> {
  const child = Bun.spawn([...executable(), ...args], {
    env: await programEnvironment(),
    stdio: ["ignore", "ignore", "ignore"],
  });
  await Bun.sleep(Math.random() * COMMAND_MS);
  child.kill("SIGKILL");
  await child.exited;
}

async function succeed(args: readonly string[]): Promise<void> {
  const { code, stderr } = await run(executable(), args);
  if (code !== 0) throw new Error(`boathook ${args[0]} ended with ${code}: ${stderr}`);
}
