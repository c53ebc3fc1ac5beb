import { existsSync, renameSync, rmSync } from "node:fs";
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
