import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, renameSync, rmSync, statSync } from "node:fs";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { sendMessage, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { diskKinds } from "../support/small-disk.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// A failure is reported after 5 seconds.
setDefaultTimeout(60_000);

const KEY = { BOATHOOK_ENCRYPTION_KEY: "ab".repeat(32) };

test("a replica directory that is removed is reported, and a restart does not begin a new one", async () => {
  using dir = temporaryDirectory();
  const [data, replica] = [dir.file("data"), dir.file("replica")];
  await using boathook = await install([`--replica=${replica}`], { dataDir: data, env: KEY });
  const { send } = boathook;
  const app = await makeApplication(send);
  rmSync(replica, { recursive: true });
  const { json } = await until(
    async () => {
      // The server goes on.
      await sendMessage(send, app);
      return send("GET", "/system");
    },
    ({ json }) => json.replica.state === "failed",
  );
  expect(json.replica.reason).toMatch(/was removed or is no longer mounted/);
  await boathook.process.stop();
  const args = ["serve", "--port=0", `--data-dir=${data}`, `--replica=${replica}`];
  const { code, stderr } = await run(executable(), args, { env: KEY });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^The replica \S+ is empty, although/) });
  rmSync(`${data}/replica.json`);
  await boathook.start();
  await until(
    async () => send("GET", "/health"),
    ({ json }) => json.replica === "ok",
  );
});

test("a replica directory that is renamed is reported although nothing is committed, and continued when it is back", async () => {
  using dir = temporaryDirectory();
  const [data, replica] = [dir.file("data"), dir.file("replica")];
  await using boathook = await install([`--replica=${replica}`], { dataDir: data, env: KEY });
  const { send } = boathook;
  const app = await makeApplication(send);
  const before = await sendMessage(send, app);
  const stateOf = async () => (await send("GET", "/system")).json.replica;
  await until(stateOf, ({ state, lagBytes }) => state === "ok" && lagBytes === 0);
  renameSync(replica, `${replica}.old`);
  const { reason } = await until(stateOf, ({ state }) => state === "failed");
  expect(reason).toMatch(/was removed or is no longer mounted/);

  // A copy of the replica is another directory.
  cpSync(`${replica}.old`, replica, { recursive: true });
  const replaced = await until(stateOf, ({ reason }) => !/was removed/.test(reason));
  expect(replaced).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/was replaced by another directory/),
  });
  const during = await sendMessage(send, app);
  rmSync(replica, { recursive: true });
  renameSync(`${replica}.old`, replica);
  await until(stateOf, ({ state, lagBytes }) => state === "ok" && lagBytes === 0);
  const after = await sendMessage(send, app);
  await boathook.process.stop();
  rmSync(data, { recursive: true });
  const restore = await run(executable(), ["restore", `--replica=${replica}`, `--data-dir=${data}`], { env: KEY });
  expect(restore.code).toBe(0);
  await boathook.start();
  for (const id of [before, during, after]) expect((await send("GET", `/app/${app}/msg/${id}`)).status).toBe(200);
});

test("two servers cannot use the same replica directory", async () => {
  using dir = temporaryDirectory();
  const replica = dir.file("replica");
  await using boathook = await install([`--replica=${replica}`]);
  expect(statSync(`${replica}/boathook-replica.json`).mode & 0o777).toBe(0o600);
  const args = ["serve", "--port=0", `--data-dir=${dir.file("other")}`, `--replica=${replica}`];
  const { code, stderr } = await run(executable(), args);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/already in use by another boathook/) });
  expect(boathook.process.pid).toBeGreaterThan(0);
});

const disk = diskKinds[0]!.open();
const canMount = disk !== null;
disk?.[Symbol.dispose]();

describe.if(canMount)("a replica on a full disk", () => {
  test("a full disk of a replica is reported, the server goes on, and everything is in the replica when there is room again", async () => {
    using dir = temporaryDirectory();
    using small = diskKinds[0]!.open()!;
    const [data, replica] = [dir.file("data"), small.dataDir];
    await using boathook = await install([`--replica=${replica}`], { dataDir: data, env: KEY });
    const { send } = boathook;
    const app = await makeApplication(send);
    small.fill(boathook.process.pid);
    const ids: string[] = [];
    await until(
      async () => {
        ids.push(await sendMessage(send, app));
        return send("GET", "/health");
      },
      ({ json }) => json.replica === "failed",
    );
    expect((await send("GET", "/system")).json.replica.reason).toMatch(/ENOSPC|no space/i);
    small.makeRoom(boathook.process.pid);
    await until(
      async () => (await send("GET", "/system")).json.replica,
      ({ state, lagBytes }) => state === "ok" && lagBytes === 0,
    );
    await boathook.kill();
    rmSync(data, { recursive: true });
    const restore = await run(executable(), ["restore", `--replica=${replica}`, `--data-dir=${data}`], { env: KEY });
    expect(restore.code).toBe(0);
    await boathook.start();
    for (const id of [ids[0], ids.at(-1)]) expect((await send("GET", `/app/${app}/msg/${id}`)).status).toBe(200);
  });
});
