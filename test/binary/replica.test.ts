import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, cpSync, readdirSync, rmSync, statSync } from "node:fs";
import { loseDisk } from "../crash/replica.ts";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

function restore(replica: string, dataDir: string, ...args: readonly string[]) {
  return run(executable(), ["restore", `--replica=${replica}`, `--data-dir=${dataDir}`, ...args]);
}

test("after the data directory is lost, the data is restored from the replica, and deliveries are held", async () => {
  using dir = temporaryDirectory();
  await using receiver = startReceiver();
  const [data, replica, key] = [dir.file("data"), dir.file("replica"), dir.file("key")];
  await using boathook = await install([`--replica=${replica}`], { dataDir: data });
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, receiver.url);
  const id = await sendMessage(boathook.send, app);
  await receiver.arrived(1);
  copyFileSync(`${data}/encryption.key`, key);
  await boathook.process.stop();
  rmSync(data, { recursive: true });

  expect(statSync(replica).mode & 0o777).toBe(0o700);
  const { code, stdout, stderr } = await restore(replica, data, `--key-file=${key}`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Deliveries are held/) });
  expect(stdout).toMatch(
    /^\S+\/data \d+ bytes from the replica, last commit \S+Z \(schema \d+\), with its key file\n$/,
  );
  await boathook.start();
  expect((await boathook.send("GET", `/app/${app}/msg/${id}`)).json.id).toBe(id);
  expect((await boathook.send("GET", "/health")).json.delivery).toBe("held");
});

test("a server that was stopped continues its replica without another copy of the database", async () => {
  using dir = temporaryDirectory();
  const [data, replica, restored] = [dir.file("data"), dir.file("replica"), dir.file("restored")];
  await using boathook = await install([`--replica=${replica}`], { dataDir: data });
  for (const uid of ["first", "second", "third"]) {
    const state = () => boathook.send("GET", "/health").then(({ json }) => json.replica);
    await until(state, (found) => found === "ok");
    expect((await boathook.send("POST", "/app", { name: uid, uid })).status).toBe(201);
    await boathook.process.stop();
    expect(readdirSync(replica).filter((name) => name.startsWith("generation-"))).toHaveLength(1);
    if (uid !== "third") await boathook.start();
  }
  const { code } = await restore(replica, restored, `--key-file=${data}/encryption.key`);
  expect(code).toBe(0);
  rmSync(data, { recursive: true });
  cpSync(restored, data, { recursive: true });
  await boathook.start();
  for (const uid of ["first", "second", "third"]) expect((await boathook.send("GET", `/app/${uid}`)).status).toBe(200);
});

test("with replica-sync sync, no acknowledged message is lost with the disk", async () => {
  const disasters = await loseDisk(2, "sync");
  expect(disasters.map(({ lost }) => lost)).toEqual([0, 0]);
});

test("with replica-sync async, only the last acknowledged messages are lost with the disk", async () => {
  const disasters = await loseDisk(2, "async");
  expect(disasters.map(({ hasGap }) => hasGap)).toEqual([false, false]);
});

test("a server does not start with the replica of other data, and leaves it as it is", async () => {
  using dir = temporaryDirectory();
  const replica = dir.file("replica");
  {
    await using first = await install([`--replica=${replica}`]);
    await first.process.stop();
  }
  const { code, stderr } = await run(executable(), [
    "serve",
    "--port=0",
    `--data-dir=${dir.file("b")}`,
    `--replica=${replica}`,
  ]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^The replica \S+ belongs to other data\. [^\n]+\.\n$/),
  });
});

test("wrong uses of a replica end with one sentence", async () => {
  using dir = temporaryDirectory();
  const inside = await run(executable(), ["serve", `--data-dir=${dir.path}`, `--replica=${dir.file("replica")}`]);
  expect(inside).toMatchObject({ code: 2, stderr: expect.stringMatching(/^The replica \S+ is in the data directory/) });
  for (const [args, code, sentence] of [
    [[], 2, /^Give the path of a backup, or a replica with --replica/],
    [["x.bak", "--replica=/r"], 2, /^Give a backup or --replica with its options, not both/],
    [["--replica=/r", "--at=yesterday"], 2, /^--at must be a time such as 2026-01-31T12:00:00Z/],
    [[`--replica=${dir.file("nothing")}`], 1, /^\S+\/nothing is not a replica/],
  ] as const) {
    const result = await run(executable(), ["restore", `--data-dir=${dir.file("new")}`, ...args]);
    expect({ args, ...result }).toEqual({ args, code, stdout: "", stderr: expect.stringMatching(sentence) });
  }
});
