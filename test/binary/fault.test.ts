import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { createDiskImage } from "../crash/disk-image.ts";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Tests faults of the machine that have no test file of their own. */

setDefaultTimeout(60_000);

const health = async (send: Awaited<ReturnType<typeof install>>["send"]) => (await send("GET", "/health")).json;

test("while the file system is read-only, changes get 503 and reads work; a restart on a writable one has every message", async () => {
  using disk = createDiskImage(64);
  if (disk === null) {
    console.log("A file system cannot be mounted here: the test of a read-only one is skipped.");
    return;
  }
  await using receiver = startReceiver();
  await using boathook = await install([], disk);
  const { send } = boathook;
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  const ids = await sendMessages(send, app, 20);
  await receiver.arrived(20);

  disk.makeReadOnly();
  const refused = await until(
    async () => send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} }),
    ({ status }) => status !== 202,
  );
  expect([refused.status, refused.json.code]).toEqual([503, "unavailable"]);
  expect((await send("GET", `/app/${app}/msg/${ids[0]}`)).status).toBe(200);
  expect(await health(send)).toMatchObject({ status: "failing", store: "failing" });

  await boathook.kill();
  disk.mountAgain();
  await boathook.start();
  for (const id of ids) expect((await send("GET", `/app/${app}/msg/${id}`)).status).toBe(200);
  await attemptsOf(send, app, await sendMessage(send, app));
});

test("while other programs use all processors, every message is accepted and delivered at its first attempt", async () => {
  await using receiver = startReceiver();
  await using boathook = await install(["--retry-schedule="]);
  const { send } = boathook;
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  const neighbours = cpus().map(() => Bun.spawn(["sh", "-c", "while :; do :; done"]));
  try {
    const ids = await sendMessages(send, app, 200);
    const arrived = await receiver.arrived(200);
    expect(arrived.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    expect(await health(send)).toMatchObject({ status: "ok" });
  } finally {
    for (const neighbour of neighbours) neighbour.kill("SIGKILL");
  }
  expect((await send("GET", "/dead-letter/summary")).json.total).toBe(0);
});

describe("a directory that is gone", () => {
  test("for backups is created again; without its parent, backups fail until it is back", async () => {
    using dir = temporaryDirectory();
    mkdirSync(dir.file("disk"));
    const directory = dir.file("disk/backups");
    await using boathook = await install([`--backup-dir=${directory}`, "--backup-every=1s"]);
    const { log, logged } = boathook.process;
    const nextAfter = (count: number) =>
      until(
        async () => log.filter(({ event }) => event === "backup.finished").length,
        (finished) => finished > count,
      );
    const first = await nextAfter(0);
    rmSync(directory, { recursive: true });
    await nextAfter(first);
    expect(existsSync(directory)).toBe(true);

    renameSync(dir.file("disk"), dir.file("elsewhere"));
    expect(await logged(({ event }) => event === "backup.failed")).toMatchObject({
      reason: expect.stringContaining("does not exist"),
    });
    renameSync(dir.file("elsewhere"), dir.file("disk"));
    await nextAfter(log.filter(({ event }) => event === "backup.finished").length);
    expect((await boathook.send("GET", "/system")).json.backups).toMatchObject({ reason: null });
  });

  test("for the replica is reported, and messages are accepted and delivered; the replica goes on when it is back", async () => {
    using dir = temporaryDirectory();
    const replica = dir.file("replica");
    await using receiver = startReceiver();
    await using boathook = await install([`--replica=${replica}`]);
    const { send } = boathook;
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    await until(
      () => health(send),
      (report) => report.replica === "ok",
    );
    renameSync(replica, dir.file("elsewhere"));
    await attemptsOf(send, app, await sendMessage(send, app));
    expect(
      await until(
        () => health(send),
        (report) => report.replica === "failed",
      ),
    ).toMatchObject({ status: "degraded", store: "ok" });
    expect(existsSync(replica)).toBe(false);
    renameSync(dir.file("elsewhere"), replica);
    await until(
      () => health(send),
      (report) => report.replica === "ok",
    );
    await boathook.process.stop();
    const [key, restored] = [join(boathook.dataDir, "encryption.key"), dir.file("restored")];
    const args = ["restore", `--replica=${replica}`, `--data-dir=${restored}`, `--key-file=${key}`];
    expect(await run(executable(), args)).toMatchObject({ code: 0 });
    using db = new Database(join(restored, "boathook.db"));
    expect(db.query("SELECT count(*) AS messages FROM message").get()).toEqual({ messages: 1 });
  });
});
