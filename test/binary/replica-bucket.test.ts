import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { OWNER } from "../../src/core/replica-name.ts";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { sendMessage, sendMessages, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { startS3 } from "../support/s3-server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const KEY = { BOATHOOK_ENCRYPTION_KEY: "ab".repeat(32) };
const LOCATION = "s3://copies/some/prefix";

test("a replica in a bucket restores what was acknowledged before the server was killed", async () => {
  using dir = temporaryDirectory();
  using s3 = startS3();
  const env = { ...KEY, ...s3.env };
  const data = dir.file("data");
  await using boathook = await install([`--replica=${LOCATION}`, "--replica-sync=sync"], { dataDir: data, env });
  const { send } = boathook;
  const app = await makeApplication(send);
  const ids: string[] = [];
  for (let cycle = 0; cycle < 3; cycle++) {
    for (let i = 0; i < 5; i++) ids.push(await sendMessage(send, app));
    await boathook.kill();
    rmSync(data, { recursive: true });
    const restore = await run(executable(), ["restore", `--replica=${LOCATION}`, `--data-dir=${data}`], { env });
    expect(restore).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Deliveries are held/) });
    await boathook.start();
    for (const id of ids) expect((await send("GET", `/app/${app}/msg/${id}`)).status).toBe(200);
  }
  expect([...s3.objects.keys()].every((key) => key.startsWith("some/prefix/"))).toBe(true);
});

test("while a bucket fails, changes get 503 with replica-sync sync, and health, metrics and page say so", async () => {
  using s3 = startS3();
  const args = [`--replica=${LOCATION}`, "--replica-sync=sync", "--replica-timeout=300ms"];
  await using boathook = await install(args, { env: { ...KEY, ...s3.env } });
  const { send } = boathook;
  const app = await makeApplication(send);
  expect((await send("GET", "/health")).json).toMatchObject({ status: "ok", replica: "ok" });

  s3.failing = 500;
  const refused = await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, eventId: "once" });
  expect([refused.status, refused.json.code]).toEqual([503, "replica_unavailable"]);
  const { status, json } = await until(
    async () => send("GET", "/health"),
    ({ json }) => json.replica === "failed",
  );
  expect([status, json.status]).toEqual([200, "degraded"]);
  const metrics = await (await fetch(`${boathook.url}/metrics`)).text();
  expect(metrics).toMatch(/^boathook_replica_up 0$/m);
  expect(metrics).toMatch(/^boathook_replica_lag_bytes [1-9]\d*$/m);
  expect((await send("GET", "/overview")).json.attention).toContainEqual(
    expect.objectContaining({ kind: "replica_failed", severity: "critical" }),
  );
  await boathook.process.logged(({ event }) => event === "replica.failed");

  s3.failing = null;
  await until(
    async () => send("GET", "/health"),
    ({ json }) => json.replica === "ok",
  );
  // The message exists all the same.
  expect((await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, eventId: "once" })).status).toBe(409);
  await sendMessages(send, app, 3);
});

test("a bucket that does not exist or refuses the credentials keeps the server from starting", async () => {
  using dir = temporaryDirectory();
  using s3 = startS3();
  for (const [location, env] of [
    ["s3://missing/x", s3.env],
    [LOCATION, { S3_ENDPOINT: s3.env.S3_ENDPOINT! }],
  ] as const) {
    const args = ["serve", "--port=0", `--data-dir=${dir.file("data")}`, `--replica=${location}`];
    const result = await run(executable(), args, { env: { ...KEY, ...env } });
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The replica \S+ cannot be used \(\w+\)\. [^\n]+\n$/),
    });
  }
});

test("a bucket that is slow and cannot be reached at the start gets everything later", async () => {
  using dir = temporaryDirectory();
  using s3 = startS3();
  s3.failing = 503;
  const env = { ...KEY, ...s3.env };
  await using boathook = await install([`--replica=${LOCATION}`], { dataDir: dir.file("data"), env });
  const app = await makeApplication(boathook.send);
  const id = await sendMessage(boathook.send, app);
  s3.failing = null;
  s3.delayMs = 200;
  const { send } = boathook;
  await until(
    async () => send("GET", "/health"),
    ({ json }) => json.replica === "ok",
  );
  await boathook.process.stop();
  rmSync(dir.file("data"), { recursive: true });
  const restore = await run(executable(), ["restore", `--replica=${LOCATION}`, `--data-dir=${dir.file("data")}`], {
    env,
  });
  expect(restore.code).toBe(0);
  await boathook.start();
  expect((await send("GET", `/app/${app}/msg/${id}`)).status).toBe(200);
});

test("a server whose bucket another server has begun to use stops writing to it, and the other one goes on", async () => {
  using dir = temporaryDirectory();
  using s3 = startS3();
  const env = { ...KEY, ...s3.env };
  await using first = await install([`--replica=${LOCATION}`], { dataDir: dir.file("first"), env });
  const app = await makeApplication(first.send);
  await sendMessage(first.send, app);
  const stateOf = async ({ send }: Installation) => (await send("GET", "/system")).json.replica;
  await until(
    () => stateOf(first),
    ({ state }) => state === "ok",
  );
  const backup = await run(executable(), ["backup", dir.file("backup"), `--data-dir=${dir.file("first")}`]);
  expect(backup.code).toBe(0);
  const restore = await run(executable(), ["restore", dir.file("backup"), `--data-dir=${dir.file("second")}`], { env });
  expect(restore.code).toBe(0);
  await using second = await install([`--replica=${LOCATION}`], { dataDir: dir.file("second"), env });

  const failed = await until(
    () => stateOf(first),
    ({ state }) => state === "failed",
  );
  expect(failed.reason).toMatch(/^Another server \(on \S+, since \S+Z\) writes to the replica s3:/);
  const objects = new Set(s3.objects.keys());
  await sendMessage(first.send, app);
  const id = await sendMessage(second.send, app);
  await until(
    () => stateOf(second),
    ({ state, lagBytes }) => state === "ok" && lagBytes === 0,
  );
  // Both committed, but only the second one has written records since, all of them to its own generation.
  const added = [...s3.objects.keys()].filter((key) => !objects.has(key) && key.includes("/segment-"));
  expect(added.length).toBeGreaterThan(0);
  expect(added.filter((key) => key.includes("generation-00000001"))).toEqual([]);

  await second.kill();
  rmSync(dir.file("second"), { recursive: true });
  const args = ["restore", `--replica=${LOCATION}`, `--data-dir=${dir.file("second")}`];
  expect(await run(executable(), args, { env })).toMatchObject({ code: 0 });
  await second.start();
  expect((await second.send("GET", `/app/${app}/msg/${id}`)).status).toBe(200);
});

test("a server with other data does not take a bucket from the server that uses it", async () => {
  using dir = temporaryDirectory();
  using s3 = startS3();
  const env = { ...KEY, ...s3.env };
  await using boathook = await install([`--replica=${LOCATION}`], { dataDir: dir.file("data"), env });
  await until(
    async () => boathook.send("GET", "/health"),
    ({ json }) => json.replica === "ok",
  );
  const owner = s3.objects.get(`some/prefix/${OWNER}`);
  const args = ["serve", "--port=0", `--data-dir=${dir.file("other")}`, `--replica=${LOCATION}`];
  const refused = await run(executable(), args, { env });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/belongs to other data/) });
  expect(owner).toBeDefined();
  expect(s3.objects.get(`some/prefix/${OWNER}`)).toEqual(owner!);
});
