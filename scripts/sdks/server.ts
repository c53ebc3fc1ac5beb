import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXECUTABLE } from "../executable.ts";

/** A process of `dist/boathook` with its own data directory. */
export interface RunningServer {
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly token: string;
  /** `host:port` of the server for gRPC. */
  readonly grpcAddress: string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/**
 * Starts the executable on a free port of 127.0.0.1. `store` are the settings of its store, as variables;
 * by default its data are in its data directory. Rejects if it exits or does not serve within
 * `START_TIMEOUT_MS`.
 */
export async function startServer(store: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const home = await mkdtemp(join(tmpdir(), "boathook-sdks-"));
  const token = crypto.randomUUID();
  const options = [
    "--port=0",
    "--grpc-port=0",
    "--data-dir=data",
    "--log-format=json",
    "--log-level=info",
    "--allow-subnets=127.0.0.0/8",
  ];
  const child = Bun.spawn([EXECUTABLE, "serve", ...options], {
    cwd: home,
    env: { PATH: process.env.PATH ?? "", HOME: home, BOATHOOK_ROOT_TOKEN: token, ...store },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const log = child.stdout[Symbol.asyncIterator]();
  const timer = setTimeout(() => child.kill(), START_TIMEOUT_MS);
  try {
    const { url, grpcAddress } = await addresses(log);
    void drain(log);
    return { url, grpcAddress, token, stop };
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

/** Reads the log until the server serves requests. Returns its addresses. */
async function addresses(log: AsyncIterator<Uint8Array>): Promise<Pick<RunningServer, "url" | "grpcAddress">> {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await log.next();
    if (done === true) throw new Error("boathook exited before it served requests.");
    text += decoder.decode(value, { stream: true });
    const lines = text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const started = lines.find(({ event }) => event === "started");
    const grpc = lines.find(({ event }) => event === "grpc.started");
    if (started !== undefined) return { url: String(started.url), grpcAddress: `${grpc?.host}:${grpc?.port}` };
  }
}

/** Reads the log until it ends, because a full pipe would block the server. */
async function drain(log: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await log.next()).done !== true);
}
