import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../src/doctor/finding.ts";
import { executable, type Finished, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { type Installation, install } from "../support/installation.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

function doctor(dataDir: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Finished> {
  return run(executable(), ["doctor", `--data-dir=${dataDir}`, ...args], { env });
}

async function findings(dataDir: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const { code, stdout } = await doctor(dataDir, ["--json", ...args], env);
  const found = (JSON.parse(stdout) as { findings: Finding[] }).findings;
  return { code, found, named: (name: string) => found.find((finding) => finding.name === name) };
}

/** Returns the names, contents and times of modification of a directory and its files. */
function stateOf(directory: string): string[] {
  const timesOf = (path: string) => {
    const { mtimeNs, size, mode, uid } = statSync(path, { bigint: true });
    return `${mtimeNs} ${size} ${mode} ${uid}`;
  };
  const files = readdirSync(directory).sort();
  return [
    timesOf(directory),
    ...files.map((name) => `${name} ${timesOf(join(directory, name))} ${hashOf(join(directory, name))}`),
  ];
}

function hashOf(path: string): string {
  return Bun.hash(readFileSync(path)).toString();
}

/** Returns a directory with the data of a server that has stopped. */
async function stoppedData(use: (boathook: Installation) => Promise<void> = async () => {}): Promise<string> {
  const dir = temporaryDirectory();
  await using boathook = await install([], { dataDir: dir.file("data") });
  await use(boathook);
  await boathook.process.stop();
  return dir.file("data");
}

describe("doctor", () => {
  test("one line per finding, exit code 0, and no change of any file while the server is stopped", async () => {
    const data = await stoppedData();
    const before = stateOf(data);
    const { code, stdout, stderr } = await doctor(data);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) expect(line).toMatch(/^(ok|warn) {2}[a-z-]+ {2}[A-Z0-9].*\.$/);
    expect(lines).toContain("ok  lock  No server is using the data directory.");
    expect(stateOf(data)).toEqual(before);
  });

  test("a running server keeps its lock, and no file changes", async () => {
    await using boathook = await install();
    await makeApplication(boathook.send);
    // The server itself changes the index of the log when it reads.
    const state = () => stateOf(boathook.dataDir).filter((line) => !line.startsWith("boathook.db-shm"));
    const before = state();
    const { code, named } = await findings(boathook.dataDir);
    expect(state()).toEqual(before);
    expect(code).toBe(0);
    expect(named("lock")!.detail).toBe("A server is using the data directory.");
    expect(named("database")!.level).toBe("ok");
    expect(named("key")!.level).toBe("ok");
    expect((await boathook.send("GET", "/health")).json.status).toBe("ok");
  });

  test("the data of a server that was killed is read without recovering it", async () => {
    await using boathook = await install();
    await makeApplication(boathook.send);
    await boathook.kill();
    const before = stateOf(boathook.dataDir);
    expect(await findings(boathook.dataDir)).toMatchObject({ code: 0 });
    rmSync(join(boathook.dataDir, "boathook.db-shm"));
    const { code, named } = await findings(boathook.dataDir);
    expect({ code, level: named("database")!.level }).toEqual({ code: 0, level: "warn" });
    expect(stateOf(boathook.dataDir).slice(1)).toEqual(
      before.slice(1).filter((line) => !line.startsWith("boathook.db-shm")),
    );
  });

  test("--server also checks the running server", async () => {
    await using boathook = await install();
    const app = await makeApplication(boathook.send);
    await boathook.send("POST", `/app/${app}/endpoint`, { url: "http://127.0.0.1:1/", disabled: true });
    const args = [`--server=${boathook.url}`];
    const { code, named } = await findings(boathook.dataDir, args, { BOATHOOK_TOKEN: ROOT_TOKEN });
    expect(code).toBe(0);
    expect(named("server")!.level).toBe("ok");
    expect(named("server-version")!.level).toBe("ok");
    expect(named("server-endpoints")!.detail).toBe("0 endpoints are failing and 1 disabled.");
    const wrong = await findings(boathook.dataDir, args, { BOATHOOK_TOKEN: "x".repeat(40) });
    expect(wrong.code).toBe(1);
    expect(wrong.named("server")!.detail).toContain("does not accept the token");
    expect(await doctor(boathook.dataDir, args)).toMatchObject({
      code: 2,
      stderr: "Set the environment variable BOATHOOK_TOKEN to the root token of the server.\n",
    });
    await boathook.kill();
    const gone = await findings(boathook.dataDir, args, { BOATHOOK_TOKEN: ROOT_TOKEN });
    expect({ code: gone.code, level: gone.named("server")!.level }).toEqual({ code: 1, level: "fail" });
  });

  test("a server on another machine is checked without a data directory here", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    const { code, stdout } = await run(executable(), ["doctor", "--json", `--server=${boathook.url}`], {
      env: { BOATHOOK_TOKEN: ROOT_TOKEN },
      cwd: dir.path,
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain("data-dir");
  });

  test("each fault of a data directory fails with the exit code 1 and a remedy", async () => {
    const data = await stoppedData();
    const parent = join(data, "..");
    const faults: ReadonlyArray<readonly [name: string, break_: (copy: string) => void]> = [
      ["key", (copy) => rmSync(join(copy, "encryption.key"))],
      ["key", (copy) => writeFileSync(join(copy, "encryption.key"), "ab".repeat(32))],
      ["key", (copy) => writeFileSync(join(copy, "encryption.key"), "not a key")],
      ["database", (copy) => rmSync(join(copy, "boathook.db"))],
      ["database", (copy) => writeFileSync(join(copy, "boathook.db"), "x".repeat(10_000))],
      ["database", (copy) => writeFileSync(join(copy, "boathook.db.restoring"), "")],
      ["database", damage],
      ["schema", (copy) => withDatabase(copy, (db) => db.run("PRAGMA user_version = 9999"))],
    ];
    for (const [index, [name, break_]] of faults.entries()) {
      const copy = join(parent, `copy-${index}`);
      mkdirSync(copy, { mode: 0o700 });
      for (const file of readdirSync(data)) copyFileSync(join(data, file), join(copy, file));
      if (index === 5) rmSync(join(copy, "boathook.db"));
      break_(copy);
      const { code, named } = await findings(copy);
      expect({ index, code, level: named(name)?.level }).toEqual({ index, code: 1, level: "fail" });
      expect(named(name)!.remedy).toMatch(/^[A-Z].*\.$/);
    }
    const missing = await findings(join(parent, "missing"));
    expect({ code: missing.code, level: missing.named("data-dir")!.level }).toEqual({ code: 1, level: "fail" });
    rmSync(parent, { recursive: true });
  });

  test("a data directory that cannot be looked up is a failure with the reason", async () => {
    const { code, named } = await findings("a".repeat(300));
    expect(code).toBe(1);
    expect(named("data-dir")).toMatchObject({ level: "fail", detail: expect.stringContaining("ENAMETOOLONG") });
  });

  test("rights of other users are a warning, and an invalid setting is a failure", async () => {
    const data = await stoppedData();
    chmodSync(join(data, "encryption.key"), 0o644);
    const open = await findings(data);
    expect(open.code).toBe(0);
    expect(open.named("data-dir")).toMatchObject({ level: "warn", remedy: `Run \`chmod -R go= ${data}\`.` });
    const wrong = await findings(data, [], { BOATHOOK_PORT: "many" });
    expect(wrong.code).toBe(1);
    expect(wrong.found).toMatchObject([{ name: "configuration", level: "fail" }]);
    rmSync(join(data, ".."), { recursive: true });
  });
});

/** Overwrites a page of the database that the start does not read. */
function damage(directory: string): void {
  const file = join(directory, "boathook.db");
  const bytes = readFileSync(file);
  const root = withDatabase(directory, (db) =>
    db.query("SELECT rootpage FROM sqlite_schema WHERE name = 'audit'").get(),
  );
  const { rootpage } = root as { rootpage: number };
  bytes.fill(0x55, (rootpage - 1) * 4096, rootpage * 4096);
  writeFileSync(file, bytes);
}

function withDatabase<T>(directory: string, use: (db: Database) => T): T {
  const db = new Database(join(directory, "boathook.db"));
  try {
    return use(db);
  } finally {
    db.close();
  }
}

test.skipIf(process.platform === "win32")(
  "doctor reports a key file that is a pipe, and serve refuses it, without waiting for a writer",
  async () => {
    const dataDir = await stoppedData();
    rmSync(join(dataDir, "encryption.key"));
    expect(Bun.spawnSync(["mkfifo", join(dataDir, "encryption.key")]).exitCode).toBe(0);
    const { code, named } = await findings(dataDir);
    expect(code).toBe(1);
    expect(named("key")).toMatchObject({ level: "fail", detail: expect.stringContaining("64 hex digits") });
    const served = await run(executable(), ["serve", "--port=0", `--data-dir=${dataDir}`]);
    expect(served).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The key file \S+ is not a regular file, [^\n]+\n$/),
    });
  },
);
