import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { executable, programEnvironment, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { succeeds } from "../support/command.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const OTHER_KEY = "cd".repeat(32);
const SENTENCE = /^[^\n]+\.\n$/;

function restore(file: string, dataDir: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  return run(executable(), ["restore", file, `--data-dir=${dataDir}`, ...args], { env });
}

/**
 * Makes a backup, with key, of a server that has a message which its endpoint refuses. Returns the
 * ids and the path of the data directory, whose server is stopped.
 */
async function backedUp(dir: ReturnType<typeof temporaryDirectory>, url: string) {
  await using boathook = await install(["--retry-schedule=1s,1s,1s,1s,1s,1s"], { dataDir: dir.file("old") });
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, url);
  const message = await sendMessage(boathook.send, app);
  for (const [name, args] of [
    ["with", ["--with-key"]],
    ["without", []],
  ] as const) {
    const made = await run(executable(), ["backup", dir.file(name), "--data-dir", boathook.dataDir, ...args]);
    expect(made.code).toBe(0);
  }
  await boathook.process.stop();
  return { app, message };
}

describe("restore", () => {
  test("a restored server sends nothing until deliveries are resumed, and says so everywhere", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver(withStatus(503));
    const { app, message } = await backedUp(dir, receiver.url);
    receiver.answering = withStatus(200);
    const before = receiver.received.length;

    const { code, stdout, stderr } = await restore(dir.file("with"), dir.file("new"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Deliveries are held/) });
    expect(stdout).toMatch(/^\S+\/new \d+ bytes from the backup of \S+ \(schema \d+\), with its key file\n$/);
    expect(statSync(dir.file("new/boathook.db")).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir.file("new")).filter((name) => !name.startsWith("boathook.lock"))).toEqual([
      "boathook.db",
      "encryption.key",
    ]);

    await using boathook = await install([], { dataDir: dir.file("new") });
    const { send } = boathook;
    const later = await sendMessage(send, app);
    for (let starts = 0; starts < 2; starts++) {
      await boathook.process.logged(({ event, level }) => event === "delivery.held" && level === "warn");
      expect((await send("GET", "/health")).json.delivery).toBe("held");
      const { json } = await send("GET", "/overview");
      expect(json.attention).toContainEqual(expect.objectContaining({ kind: "delivery_held" }));
      await boathook.process.stop();
      await boathook.start();
    }
    expect(receiver.received).toHaveLength(before);

    expect((await send("POST", "/delivery/resume")).status).toBe(200);
    await receiver.arrived(before + 2);
    expect(
      receiver.received
        .slice(before)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([message, later].sort());
  });

  test("with --deliver a restored server sends immediately", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver(withStatus(503));
    await backedUp(dir, receiver.url);
    const before = receiver.received.length;
    expect(await restore(dir.file("with"), dir.file("new"), ["--deliver"])).toMatchObject({ code: 0, stderr: "" });
    await using boathook = await install([], { dataDir: dir.file("new") });
    expect((await boathook.send("GET", "/health")).json.delivery).toBe("running");
    await receiver.arrived(before + 1);
  });

  test("a backup without the key is restored with the key file, the configured key or the key file in place", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver();
    await backedUp(dir, receiver.url);
    const key = readFileSync(dir.file("old/encryption.key"), "utf8").trim();
    const file = dir.file("without");

    expect(await restore(file, dir.file("a"), ["--key-file", dir.file("old/encryption.key")])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(dir.file("a/encryption.key"), "utf8")).toBe(`${key}\n`);
    expect(readFileSync(dir.file("a/boathook.db"), "latin1")).not.toContain(key);

    const env = { BOATHOOK_ENCRYPTION_KEY: key };
    expect(await restore(file, dir.file("b"), [], env)).toMatchObject({ code: 0 });
    expect(existsSync(dir.file("b/encryption.key"))).toBe(false);

    mkdirSync(dir.file("c"));
    writeFileSync(dir.file("c/encryption.key"), `${key}\n`);
    expect(await restore(file, dir.file("c"))).toMatchObject({ code: 0 });
    await using boathook = await install([], { dataDir: dir.file("c") });
    expect((await boathook.send("GET", "/app")).json.data).toHaveLength(1);
  });

  test("the key of a backup is not in the restored database", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver();
    await backedUp(dir, receiver.url);
    const key = readFileSync(dir.file("old/encryption.key"), "utf8").trim();
    expect(readFileSync(dir.file("with"), "latin1")).toContain(key);
    expect(await restore(dir.file("with"), dir.file("new"))).toMatchObject({ code: 0 });
    expect(readFileSync(dir.file("new/boathook.db"), "latin1")).not.toContain(key);
  });

  test("a restore that fails prints one sentence and leaves the directory as it was", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver();
    await backedUp(dir, receiver.url);
    const file = dir.file("with");
    const changed = (name: string, change: (path: string) => void) => {
      copyFileSync(file, dir.file(name));
      change(dir.file(name));
      return dir.file(name);
    };
    const sql = (statement: string) => (path: string) => {
      const db = new Database(path);
      db.run(statement);
      db.close();
    };
    const { size } = statSync(file);
    writeFileSync(dir.file("text"), "not a database, but long enough to look at".repeat(500));
    writeFileSync(dir.file("empty"), "");
    sql("CREATE TABLE backup (name TEXT, value TEXT)")(dir.file("foreign"));
    writeFileSync(dir.file("other-key"), OTHER_KEY);
    const damage = (path: string) => {
      const bytes = readFileSync(path);
      bytes.fill(0xff, Math.floor(size / 4096 / 2) * 4096, Math.floor(size / 4096 / 2) * 4096 + 4096);
      writeFileSync(path, bytes);
    };
    const cases: ReadonlyArray<
      readonly [file: string, args: readonly string[], env: Record<string, string>, why: RegExp]
    > = [
      [dir.file("missing"), [], {}, /does not exist/],
      [dir.path, [], {}, /is not a file/],
      [dir.file("text"), [], {}, /was not made by `boathook backup`/],
      [dir.file("empty"), [], {}, /was not made by `boathook backup`/],
      [dir.file("foreign"), [], {}, /was not made by `boathook backup`/],
      [dir.file("old/boathook.db"), [], {}, /was not made by `boathook backup`/],
      [changed("cut", (path) => truncateSync(path, size - 4096)), [], {}, /is incomplete: 4096 bytes are missing/],
      [changed("half", (path) => truncateSync(path, size / 2)), [], {}, /is incomplete|is damaged/],
      [changed("damaged", damage), [], {}, /is damaged/],
      [changed("newer", sql("PRAGMA user_version = 10000")), [], {}, /newer version of Boathook \(schema 10000;/],
      [dir.file("without"), [], {}, /does not contain the encryption key/],
      [dir.file("without"), ["--key-file", dir.file("other-key")], {}, /encryption key does not match/],
      [
        dir.file("without"),
        ["--key-file", dir.file("text")],
        {},
        /does not contain 64 hex digits\. Give --key-file the encryption\.key of the server/,
      ],
      [dir.file("without"), ["--key-file", dir.file("missing")], {}, /cannot be read/],
      [file, [], { BOATHOOK_ENCRYPTION_KEY: OTHER_KEY }, /encryption key does not match/],
    ];
    mkdirSync(dir.file("there"));
    for (const [from, args, env, why] of cases) {
      for (const name of ["there", "absent"]) {
        const { code, stdout, stderr } = await restore(from, dir.file(name), args, env);
        expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(why) });
        expect(stderr).toMatch(SENTENCE);
      }
      expect(readdirSync(dir.file("there"))).toEqual([]);
      expect(existsSync(dir.file("absent"))).toBe(false);
    }
    expect((await restore(file, dir.file("there"))).code).toBe(0);
  }, 180_000);

  test("a restore never overwrites data or the key file of other data", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver();
    await backedUp(dir, receiver.url);
    const database = readFileSync(dir.file("old/boathook.db"));
    const refused = await restore(dir.file("with"), dir.file("old"));
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ holds data, which a restore would overwrite\./),
    });
    expect(readFileSync(dir.file("old/boathook.db")).equals(database)).toBe(true);

    mkdirSync(dir.file("other"));
    writeFileSync(dir.file("other/encryption.key"), OTHER_KEY);
    const other = await restore(dir.file("with"), dir.file("other"));
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The key file \S+ does not match the backup/),
    });
    expect(readFileSync(dir.file("other/encryption.key"), "utf8")).toBe(OTHER_KEY);
    expect(readdirSync(dir.file("other"))).toEqual(["encryption.key"]);
  });

  test("after a restore was killed, the server does not start, and the restore can be repeated", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver();
    await backedUp(dir, receiver.url);
    const dataDir = dir.file("new");
    const restoring = `${dataDir}/boathook.db.restoring`;
    for (let tries = 0; tries < 20 && !existsSync(restoring); tries++) {
      const child = Bun.spawn([...executable(), "restore", dir.file("with"), `--data-dir=${dataDir}`], {
        env: await programEnvironment(),
        stdio: ["ignore", "ignore", "ignore"],
      });
      await until(
        async () => existsSync(restoring) || child.exitCode !== null,
        (isSo) => isSo,
      );
      child.kill("SIGKILL");
      await child.exited;
      // The restore was faster than the kill.
      if (!existsSync(restoring)) expect(succeeds("rm", "-r", dataDir)).toBe(true);
    }
    const started = await run(executable(), ["serve", "--port=0", `--data-dir=${dataDir}`]);
    expect(started).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/was interrupted\. Run `boathook restore` again\.\n$/),
    });
    expect(await restore(dir.file("with"), dataDir)).toMatchObject({ code: 0 });
    await using boathook = await install([], { dataDir });
    expect((await boathook.send("GET", "/app")).json.data).toHaveLength(1);
    expect(existsSync(restoring)).toBe(false);
  });
});
