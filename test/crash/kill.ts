import { executable, programEnvironment, ROOT } from "../support/binary.ts";
import { freePort } from "../support/free-port.ts";
import type { Installation } from "../support/installation.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { finishRotation, killedBackup, killedRestore, killedRotation } from "./kill-command.ts";
import type { Storm } from "./storm.ts";

/** Ways to kill the server and restart it. */

export const KILLS = [
  "under load",
  "during the start",
  "during the shutdown",
  "during a backup",
  "before an interrupted restore",
  "during a key rotation",
] as const;
export type Kill = (typeof KILLS)[number];

/** Longest time in ms from the spawn of a process to its kill: about twice the time that a start takes. */
export const START_MS = 400;

/** Kills the server and starts it again. The storm continues afterwards. */
export async function killAndRestart(kill: Kill, boathook: Installation, storm: Storm): Promise<void> {
  storm.serverDown();
  if (kill === "during the shutdown") {
    boathook.process.kill("SIGTERM");
    await Bun.sleep(Math.random() * 50);
  }
  if (kill === "during a backup") await killedBackup(boathook.dataDir);
  if (kill === "during a key rotation") await killedRotation(boathook.dataDir);
  await boathook.kill();
  if (kill === "before an interrupted restore") await killedRestore(boathook.dataDir);
  if (kill === "during the start") await killedStart(boathook.dataDir, Math.random() * START_MS);
  await boathook.start();
  storm.serverUp();
  if (kill === "during a key rotation") await finishRotation(boathook.dataDir);
}

interface SpawnOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server and kills it after a time in ms, whether it is ready by then or not. */
export async function killedStart(dataDir: string, afterMs: number, options: SpawnOptions = {}): Promise<void> {
  const { child } = await spawnServer(dataDir, options);
  await Bun.sleep(afterMs);
  child.kill("SIGKILL");
  await child.exited;
}

/** Starts a server on a free port without waiting until it is ready. */
export async function spawnServer(dataDir: string, { args = [], env = {} }: SpawnOptions = {}) {
  const port = freePort();
  const own = [`--port=${port}`, `--data-dir=${dataDir}`, "--allow-subnets=127.0.0.0/8"];
  const child = Bun.spawn([...executable(), "serve", ...own, ...args], {
    cwd: ROOT,
    env: await programEnvironment({ BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, ...env }),
    stdio: ["ignore", "ignore", "ignore"],
  });
  return { child, url: `http://127.0.0.1:${port}` };
}
