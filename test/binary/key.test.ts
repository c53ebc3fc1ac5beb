import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";
import { type DiskKind, diskKinds } from "../support/small-disk.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const [FIRST, SECOND] = ["1a".repeat(32), "2b".repeat(32)];

function key(dataDir: string, args: readonly string[], env: Record<string, string> = {}) {
  return run(executable(), ["key", ...args, `--data-dir=${dataDir}`], { env });
}

function keyFile(dataDir: string, name = "encryption.key"): string {
  return readFileSync(join(dataDir, name), "utf8").trim();
}

describe("key rotate", () => {
  test("a running server signs with the same secrets before, after and after a restart, and takes new ones", async () => {
    await using receiver = startReceiver();
    await using boathook = await install();
    const { dataDir, send } = boathook;
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, `${receiver.url}/old`);
    const secretOf = async (id: string) => (await send("GET", `/app/${app}/endpoint/${id}/secret`)).json.key;
    const secret = await secretOf(endpoint);
    const before = keyFile(dataDir);
    const { code, stdout, stderr } = await key(dataDir, ["rotate"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S+: [1-9]\d* values? encrypted with the new key\n$/);
    expect(stderr).toContain(`kept in ${join(dataDir, "encryption.key.old")}`);
    expect(keyFile(dataDir)).not.toBe(before);
    expect(keyFile(dataDir, "encryption.key.old")).toBe(before);
    expect(statSync(join(dataDir, "encryption.key.old")).mode & 0o777).toBe(0o600);
    expect(await secretOf(endpoint)).toBe(secret);
    const added = await makeEndpoint(send, app, `${receiver.url}/new`);
    const addedSecret = await secretOf(added);
    await boathook.process.stop();
    await boathook.start();
    expect(await secretOf(endpoint)).toBe(secret);
    expect(await secretOf(added)).toBe(addedSecret);
    await send("POST", `/app/${app}/msg`, { eventType: "a.b", payload: {} });
    await until(
      async () => receiver.received.length,
      (count) => count === 2,
    );
    const { json } = await send("GET", "/audit-log");
    expect(json.data.map(({ action }: { action: string }) => action)).toContain("key.rotate");
  });

  test("a backup from before is restored with the kept key, until the key is forgotten", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    await makeApplication(boathook.send);
    const file = dir.file("before.bak");
    expect(await run(executable(), ["backup", file, `--data-dir=${boathook.dataDir}`])).toMatchObject({ code: 0 });
    for (let i = 0; i < 2; i++) expect(await key(boathook.dataDir, ["rotate"])).toMatchObject({ code: 0 });
    const restore = (to: string, name: string) =>
      run(executable(), [
        ...["restore", file, `--data-dir=${dir.file(to)}`],
        `--key-file=${join(boathook.dataDir, name)}`,
      ]);
    expect(await restore("wrong", "encryption.key")).toMatchObject({ code: 1 });
    expect(await restore("restored", "encryption.key.old")).toMatchObject({ code: 0 });
    expect(keyFile(boathook.dataDir, "encryption.key.old").split("\n")).toContain(keyFile(dir.file("restored")));
    const forgotten = await key(boathook.dataDir, ["forget"]);
    expect(forgotten).toMatchObject({
      code: 0,
      stdout: `${boathook.dataDir}: removed ${join(boathook.dataDir, "encryption.key.old")}\n`,
    });
    expect(await key(boathook.dataDir, ["forget"])).toMatchObject({ code: 0 });
    expect(existsSync(join(boathook.dataDir, "encryption.key.old"))).toBeFalse();
  });

  test("a configured key is replaced by the one in the variable, and the server gets it from a file until its setting is changed", async () => {
    await using boathook = await install([], { env: { BOATHOOK_ENCRYPTION_KEY: FIRST } });
    const { dataDir, send } = boathook;
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, "http://127.0.0.1:1/");
    const secretOf = async () => (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json.key;
    const secret = await secretOf();
    const env = { BOATHOOK_ENCRYPTION_KEY: FIRST };
    expect(await key(dataDir, ["rotate"], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("BOATHOOK_NEW_ENCRYPTION_KEY"),
    });
    const wrong = await key(dataDir, ["rotate"], { ...env, BOATHOOK_NEW_ENCRYPTION_KEY: "hunter2" });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(
      /^BOATHOOK_NEW_ENCRYPTION_KEY must be 64 hex digits, .* is a secret and not shown\.\n$/,
    );
    const { code, stdout, stderr } = await key(dataDir, ["rotate"], { ...env, BOATHOOK_NEW_ENCRYPTION_KEY: SECOND });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("Set encryption-key") });
    for (const one of [FIRST, SECOND]) expect(stdout + stderr).not.toContain(one);
    expect(await secretOf()).toBe(secret);
    await boathook.process.stop();
    // The setting still has the old key.
    await boathook.start();
    expect(await secretOf()).toBe(secret);
    expect(boathook.process.log.map(({ event }) => event)).toContain("key.old");
    const doctor = await run(executable(), ["doctor", `--data-dir=${dataDir}`], { env });
    expect(doctor.stdout).toContain(
      "warn  key  The configured encryption key is the one from before the latest rotation.",
    );
    expect(await key(dataDir, ["forget"], env)).toMatchObject({ code: 1 });
    await boathook.process.stop();
    const changed = { dataDir, env: { BOATHOOK_ENCRYPTION_KEY: SECOND } };
    await using restarted = await install([], changed);
    expect((await restarted.send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json.key).toBe(secret);
    expect(await key(dataDir, ["forget"], changed.env)).toMatchObject({ code: 0 });
  });

  const [smallDisk] = diskKinds;
  const hasSmallDisk = isPossible(smallDisk!);
  test.skipIf(!hasSmallDisk)("on a full disk the command fails, and works when there is room again", async () => {
    using disk = smallDisk!.open()!;
    await using boathook = await install([], disk);
    const app = await makeApplication(boathook.send);
    const endpoint = await makeEndpoint(boathook.send, app, "http://127.0.0.1:1/");
    const secretOf = async () => (await boathook.send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json.key;
    const [secret, before] = [await secretOf(), keyFile(disk.dataDir)];
    disk.fill(boathook.process.pid);
    expect(await key(disk.dataDir, ["rotate"])).toMatchObject({
      code: 1,
      stderr: `The data directory ${disk.dataDir} is on a full disk. Free some space, then try again.\n`,
    });
    expect(await secretOf()).toBe(secret);
    disk.makeRoom(boathook.process.pid);
    expect(await key(disk.dataDir, ["rotate"])).toMatchObject({ code: 0 });
    expect(keyFile(disk.dataDir)).not.toBe(before);
    expect(await secretOf()).toBe(secret);
  });

  test("without data, with a wrong key or with an older schema, the command fails and changes nothing", async () => {
    using dir = temporaryDirectory();
    expect(await key(dir.file("missing"), ["rotate"])).toMatchObject({ code: 1 });
    expect(existsSync(dir.file("missing"))).toBeFalse();
    await using boathook = await install();
    const { dataDir } = boathook;
    await boathook.process.stop();
    const wrong = await key(dataDir, ["rotate"], {
      BOATHOOK_ENCRYPTION_KEY: FIRST,
      BOATHOOK_NEW_ENCRYPTION_KEY: SECOND,
    });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("does not match the data") });
    const old = new Database(join(dataDir, "boathook.db"));
    const { user_version: version } = old.query("PRAGMA user_version").get() as { user_version: number };
    old.run(`PRAGMA user_version = ${version - 1}`);
    const before = keyFile(dataDir);
    expect(await key(dataDir, ["rotate"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Start the server of this version first."),
    });
    expect(keyFile(dataDir)).toBe(before);
    old.run(`PRAGMA user_version = ${version}`);
    old.close();
    writeFileSync(join(dataDir, "encryption.key"), "not a key");
    expect(await key(dataDir, ["rotate"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not contain 64 hex digits"),
    });
  });
});

function isPossible(kind: DiskKind): boolean {
  const disk = kind.open();
  disk?.[Symbol.dispose]();
  return disk !== null;
}
