import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXECUTABLE } from "../executable.ts";

/** A process of `dist/boathook` with its own data directory. */
export interface RunningServer {
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly token: string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/**
 * Starts the executable on a free port of 127.0.0.1. Rejects if it exits or does not serve within
 * `START_TIMEOUT_MS`.
 */
export async function startServer(): Promise<RunningServer> {
  const home = await mkdtemp(join(tmpdir(), "boathook-sdks-"));
  const token = crypto.randomUUID();
  const options = [
    "--port=0",
    "--data-dir=data",
    "--log-format=json",
    "--log-level=info",
    "--allow-subnets=127.0.0.0/8",
  ];
  const child = Bun.spawn([EXECUTABLE, "serve", ...options], {
    cwd: home,
    env: { PATH: process.env.PATH ?? "", HOME: home, BOATHOOK_ROOT_TOKEN: token },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const log = child.stdout[Symbol.asyncIterator]();
  const timer = setTimeout(() => child.kill(), START_TIMEOUT_MS);
  try {
    const url = await servingUrl(log);
    void drain(log);
    return { url, token, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }

  async function stop(): Promise<void> {
    child.kill("SIGTERM");
    await child.exited;
    await rm(home, { recursive: true, force: true });
  }
}

async function servingUrl(log: AsyncIterator<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await log.next();
    if (done === true) throw new Error("boathook exited before it served requests.");
    text += decoder.decode(value, { stream: true });
    const line = text
      .split("\n")
      .slice(0, -1)
      .find((candidate) => candidate.includes('"Serving."'));
    if (line !== undefined) return String((JSON.parse(line) as { url: unknown }).url);
  }
}

/** Reads the log until it ends, because a full pipe would block the server. */
async function drain(log: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await log.next()).done !== true);
}
