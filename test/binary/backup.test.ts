import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { executable, programEnvironment, run, startBoathook } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { sendMessages, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { Load } from "../support/load.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const KEY = "ab".repeat(32);

function backup(dataDir: string, file: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  return run(executable(), ["backup", file, `--data-dir=${dataDir}`, ...args], { env });
}

/** Returns the event ids of the messages in a backup; null for a message that has none. */
function eventIdsIn(file: string): ReadonlyArray<string | null> {
  const db = new Database(file, { readonly: true });
  try {
    const rows = db.query<{ id: string | null }, []>("SELECT event_id AS id FROM message").all();
    return rows.map(({ id }) => id);
  } finally {
    db.close();
  }
}

/** Returns the nice value and the scheduling policy of a process, proc(5). */
function priorityOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return `${fields[16]} ${fields[38]}`;
}

describe("backup", () => {
  test("a backup of a server under load contains every message that was accepted before it began", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    const load = new Load(boathook.send, await makeApplication(boathook.send), 8);
    for (let i = 0; i < 4; i++) {
      await load.more(300);
      const accepted = [...load.promised.keys()];
      const file = dir.file(`${i}.bak`);
      expect(await backup(boathook.dataDir, file)).toMatchObject({ code: 0 });
      const inFile = new Set(eventIdsIn(file));
      expect(accepted.filter((id) => !inFile.has(id))).toEqual([]);
    }
    await load.stop();
    expect((await boathook.send("GET", "/health")).json.status).toBe("ok");
  });

  test("a backup is one file that only its owner can read, and the command prints its size", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    const file = dir.file("a.bak");
    const { code, stdout, stderr } = await backup(boathook.dataDir, file);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${file} ${statSync(file).size} bytes without key\n` });
    expect(stderr).toBe(
      `The backup can be restored only with the encryption key (the file ${boathook.dataDir}/encryption.key). Keep a copy of the key elsewhere.\n`,
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir.path)).toEqual(["a.bak"]);
  });

  test("a backup contains the encryption key only with --with-key, and never the root token", async () => {
    using dir = temporaryDirectory();
    const dataDir = dir.file("data");
    await (await startBoathook(executable(), dataDir)).stop();
    const token = readFileSync(`${dataDir}/root-token`, "utf8").trim();
    await backup(dataDir, dir.file("without"));
    const { stdout, stderr } = await backup(dataDir, dir.file("with"), ["--with-key"]);
    expect(stdout).toEndWith(" bytes with key\n");
    expect(stderr).toBe("");
    const key = readFileSync(`${dataDir}/encryption.key`, "utf8").trim();
    expect(readFileSync(dir.file("with"), "latin1")).toContain(key);
    expect(readFileSync(dir.file("without"), "latin1")).not.toContain(key);
    expect(readFileSync(dir.file("with"), "latin1")).not.toContain(token);
  });

  test("--with-key includes the configured key, and is refused without a key or with another one", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install([], { env: { BOATHOOK_ENCRYPTION_KEY: KEY } });
    const none = await backup(boathook.dataDir, dir.file("a"), ["--with-key"]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/has no usable key file\. Set [^\n]+\n$/) });
    const env = { BOATHOOK_ENCRYPTION_KEY: "cd".repeat(32) };
    const other = await backup(boathook.dataDir, dir.file("a"), ["--with-key"], env);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The encryption key does not match/) });
    expect(readdirSync(dir.path)).toEqual([]);
    expect(
      await backup(boathook.dataDir, dir.file("a"), ["--with-key"], { BOATHOOK_ENCRYPTION_KEY: KEY }),
    ).toMatchObject({ code: 0 });
    expect(readFileSync(dir.file("a"), "latin1")).toContain(KEY);
  });

  test("a backup to stdout prints only the backup there", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    await sendMessages(boathook.send, await makeApplication(boathook.send), 500, {
      payload: { text: "x".repeat(1000) },
    });
    const shell = Bun.spawn(
      ["sh", "-c", `"$0" backup - --data-dir "$1" | cat > "$2"`, ...executable(), boathook.dataDir, dir.file("a")],
      {
        env: await programEnvironment({ TMPDIR: dir.path }),
        stdio: ["ignore", "inherit", "pipe"],
      },
    );
    expect(await shell.exited).toBe(0);
    expect(await new Response(shell.stderr).text()).toStartWith(
      `stdout ${statSync(dir.file("a")).size} bytes without key\n`,
    );
    expect(eventIdsIn(dir.file("a"))).toHaveLength(500);
    expect(readdirSync(dir.path)).toEqual(["a"]);
  });

  test.skipIf(process.platform !== "linux")("only the backup of large data has a low priority", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    await sendMessages(boathook.send, await makeApplication(boathook.send), 200, {
      payload: { text: "x".repeat(1000) },
    });
    await boathook.process.stop();
    const start = async () =>
      Bun.spawn([...executable(), "backup", "-", `--data-dir=${boathook.dataDir}`], {
        env: await programEnvironment({ TMPDIR: dir.path }),
        stdio: ["ignore", "pipe", "ignore"],
      });
    const small = await start();
    // The copy has been checked, and nobody reads the rest of it.
    await small.stdout.getReader().read();
    expect(priorityOf(small.pid)).toBe(priorityOf(process.pid));
    small.kill("SIGTERM");
    await small.exited;

    // SQLite ignores a log without a header.
    writeFileSync(`${boathook.dataDir}/boathook.db-wal`, "");
    truncateSync(`${boathook.dataDir}/boathook.db-wal`, 64 * 1024 * 1024);
    const large = await start();
    await until(
      async () => priorityOf(large.pid),
      (priority) => priority !== priorityOf(process.pid),
    );
    large.kill("SIGTERM");
    await large.exited;
  });

  test("a stopped server can be backed up, and its data directory stays as it was", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    await sendMessages(boathook.send, await makeApplication(boathook.send), 10);
    await boathook.process.stop();
    const files = readdirSync(boathook.dataDir);
    expect(await backup(boathook.dataDir, dir.file("a"))).toMatchObject({ code: 0 });
    expect(eventIdsIn(dir.file("a"))).toHaveLength(10);
    expect(readdirSync(boathook.dataDir)).toEqual(files);
  });

  test("a backup of a killed server contains what the write-ahead log holds", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    await sendMessages(boathook.send, await makeApplication(boathook.send), 10);
    await boathook.kill();
    expect(await backup(boathook.dataDir, dir.file("a"))).toMatchObject({ code: 0 });
    expect(eventIdsIn(dir.file("a"))).toHaveLength(10);
  });

  test("an existing file is replaced only with --force", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    writeFileSync(dir.file("a"), "mine");
    const refused = await backup(boathook.dataDir, dir.file("a"));
    expect(refused).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^\S+ already exists\. .*--force\.\n$/),
    });
    expect(readFileSync(dir.file("a"), "utf8")).toBe("mine");
    expect(await backup(boathook.dataDir, dir.file("a"), ["--force"])).toMatchObject({ code: 0 });
    expect(eventIdsIn(dir.file("a"))).toHaveLength(0);
  });

  test("when the backup is killed at any moment, no file appears and the next backup succeeds", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    const app = await makeApplication(boathook.send);
    for (let i = 0; i < 10; i++) {
      await sendMessages(boathook.send, app, 300, { payload: { text: "x".repeat(5000) } });
    }
    const file = dir.file("a");
    for (const moment of ["at once", "when the copy has begun", "when the log is copied"]) {
      const child = Bun.spawn([...executable(), "backup", file, `--data-dir=${boathook.dataDir}`], {
        env: await programEnvironment(),
        stdio: ["ignore", "ignore", "ignore"],
      });
      const awaited = { "when the copy has begun": `${file}.tmp`, "when the log is copied": `${file}.tmp-wal` }[moment];
      if (awaited !== undefined) {
        await until(
          async () => existsSync(awaited) || child.exitCode !== null,
          (isSo) => isSo,
        );
      }
      child.kill("SIGKILL");
      await child.exited;
      if (existsSync(file)) expect(eventIdsIn(file)).toHaveLength(3000);
    }
    expect(await backup(boathook.dataDir, file, ["--force"])).toMatchObject({ code: 0 });
    expect(eventIdsIn(file)).toHaveLength(3000);
    expect(readdirSync(dir.path)).toEqual(["a"]);
    await sendMessages(boathook.send, app, 10);
  });

  const failures: ReadonlyArray<readonly [name: string, file: string, sentence: RegExp]> = [
    ["a file in a missing directory", "no/such/a.bak", /^The directory \S+ does not exist\./],
    ["a directory", ".", /is a directory\. Give the path of a new file\.\n$/],
    ["the database itself", "data/boathook.db", /is a file of the data directory\. Give another path\.\n$/],
    ["the file about the replica", "data/replica.json", /is a file of the data directory\. Give another path\.\n$/],
    ["a path through a file", "plain/a.bak", /^The backup \S+ cannot be written/],
  ];
  for (const [name, file, sentence] of failures) {
    test(`a backup to ${name} fails with one sentence and changes nothing`, async () => {
      using dir = temporaryDirectory();
      const dataDir = dir.file("data");
      writeFileSync(dir.file("plain"), "");
      await using boathook = await install([], { dataDir });
      const { code, stdout, stderr } = await backup(dataDir, dir.file(file), ["--force"]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(sentence);
      expect(stderr).toMatch(/^[^\n]+\n$/);
      expect(readdirSync(dir.path).sort()).toEqual(["data", "plain"]);
      expect((await boathook.send("GET", "/health")).status).toBe(200);
    });
  }

  test("a backup of a directory without data fails and creates nothing", async () => {
    using dir = temporaryDirectory();
    const { code, stderr } = await backup(dir.file("data"), dir.file("a"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/holds no data of a server/);
    expect(readdirSync(dir.path)).toEqual([]);
  });
});
