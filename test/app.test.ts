import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { startServer } from "../src/app.ts";
import { readSettings, type Settings } from "../src/config/index.ts";
import { freePort } from "./support/free-port.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };
const options = { log, version: "0", showRootToken: null };
const starting = { status: "starting", store: "ok", delivery: "running", replica: null, version: "0" };

function settingsFor(dataDir: string, port: number): Settings {
  const flags = { "data-dir": dataDir, port: String(port) };
  return readSettings({ flags, environment: {}, terminal: false });
}

test("health and the API respond with 503 until the first start has finished, and the ping with 204", async () => {
  using home = temporaryDirectory();
  const port = freePort();
  const url = `http://127.0.0.1:${port}/api/v1`;
  const during: Record<string, unknown> = {};
  const showRootToken = async () => {
    const response = await fetch(`${url}/health`);
    during.health = [response.status, await response.json()];
    for (const path of ["/health/ping", "/app"]) during[path] = (await fetch(url + path)).status;
  };
  const server = await startServer(settingsFor(home.file("data"), port), { ...options, showRootToken });
  const after = await fetch(`${url}/health`);
  expect([after.status, await after.json()]).toEqual([200, expect.objectContaining({ status: "ok", store: "ok" })]);
  await server.stop();
  expect(during).toEqual({
    health: [503, { ...starting, disk: { freeBytes: expect.any(Number) } }],
    "/health/ping": 204,
    "/app": 503,
  });
});

test("a start that fails after the server has begun to listen leaves nothing running", async () => {
  using home = temporaryDirectory();
  const [dataDir, port] = [home.file("data"), freePort()];
  const url = `http://127.0.0.1:${port}/api/v1/health/ping`;
  await (await startServer(settingsFor(dataDir, port), options)).stop();
  const db = new Database(home.file("data/boathook.db"));
  db.run("DELETE FROM meta WHERE name IN ('first-start', 'root-token-sha256')");
  db.run("DELETE FROM application");
  db.run("CREATE TRIGGER broken BEFORE INSERT ON application BEGIN SELECT RAISE(ABORT, 'no room'); END");

  await expect(startServer(settingsFor(dataDir, port), options)).rejects.toThrow("no room");
  await expect(fetch(url)).rejects.toThrow();

  // The failed start has released the port and the data directory.
  db.run("DROP TRIGGER broken");
  db.close();
  const server = await startServer(settingsFor(dataDir, port), options);
  expect((await fetch(url)).status).toBe(204);
  await server.stop();
});
