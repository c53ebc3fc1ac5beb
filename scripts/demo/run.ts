import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findChromium } from "../../test/support/chromium.ts";
import { build } from "../build.ts";
import { writeLastDay } from "./history.ts";
import { startReceivers } from "./receivers.ts";
import { takeScreenshots } from "./screenshots.ts";
import { type Call, pagesOf, receiveOne, sendOne, setUp } from "./world.ts";

/**
 * `bun run demo` serves a playground with traffic: three customers with endpoints that succeed, fail,
 * hang and recover. Its data is deleted at the end. `--screenshots [FOLDER]` takes screenshots of the
 * pages into `dist/screenshots` or another folder, and ends.
 */

const PORT = Number(process.env.PORT ?? 8071);
const ROOT_TOKEN = "demo-root-token-of-the-playground-only";
const MESSAGES_PER_SECOND = 5;
/** Number of messages that are sent for each one that is received. */
const RECEIVED_EVERY = 8;
/** Messages that are sent before the screenshots are taken. */
const MESSAGES_BEFORE_SCREENSHOTS = 150;
const START_MS_MAX = 15_000;

const [option, folder = join(import.meta.dir, "..", "..", "dist", "screenshots")] = process.argv.slice(2);
const screenshots = option === "--screenshots" ? folder : undefined;
if (option !== undefined && screenshots === undefined) {
  console.error("Usage: bun run demo [--screenshots [FOLDER]]");
  process.exit(2);
}
const chromiumPath = findChromium();
if (screenshots !== undefined && chromiumPath === null) {
  console.error("Chromium was not found. Install it or set CHROMIUM to its path.");
  process.exit(1);
}

const executable = await build();
const directory = await mkdtemp(join(tmpdir(), "boathook-demo-"));
const url = `http://127.0.0.1:${PORT}`;
const receivers = startReceivers();
const dataDir = join(directory, "data");
let server = startServer();
let stopping = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stopping = true;
  });
}

const call: Call = async (method, path, body) => {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${ROOT_TOKEN}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} responded with ${response.status}: ${text}`);
  return text === "" ? null : JSON.parse(text);
};

try {
  await started();
  const demo = await setUp(call, receivers);
  server.kill("SIGTERM");
  await server.exited;
  await writeLastDay(dataDir);
  server = startServer();
  await started();
  console.log(`The playground is at ${url}/ui/ with the token ${ROOT_TOKEN}`);
  console.log("Press Ctrl+C to stop. The data is then deleted.");
  for (let index = 0; !stopping && server.exitCode === null; index++) {
    await sendOne(call, index);
    if (index % RECEIVED_EVERY === 0) await receiveOne(demo, index);
    await Bun.sleep(screenshots === undefined ? 1_000 / MESSAGES_PER_SECOND : 20);
    if (screenshots === undefined || index < MESSAGES_BEFORE_SCREENSHOTS) continue;
    const pages = await pagesOf(call);
    await takeScreenshots({ url, token: ROOT_TOKEN, folder: screenshots, pages }, chromiumPath!);
    console.log(`Screenshots are in ${screenshots}.`);
    stopping = true;
  }
} finally {
  server.kill("SIGTERM");
  await server.exited;
  await receivers.stop();
  await rm(directory, { recursive: true, force: true });
}
process.exit(0);

function startServer() {
  return Bun.spawn([executable, "serve", "--data-dir", dataDir, "--port", String(PORT)], {
    env: { PATH: process.env.PATH ?? "", BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, BOATHOOK_ALLOW_SUBNETS: "127.0.0.0/8" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
}

/** Waits until the server responds. Throws if it ends or does not respond in time. */
async function started(): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  while (server.exitCode === null && Date.now() < deadline) {
    const headers = { authorization: `Bearer ${ROOT_TOKEN}` };
    const response = await fetch(`${url}/api/v1/app`, { headers }).catch(() => null);
    if (response?.ok) return;
    await Bun.sleep(50);
  }
  throw new Error(`The server did not start on port ${PORT}. Set PORT to a free port.`);
}
