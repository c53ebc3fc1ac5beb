import { expect, setDefaultTimeout, test } from "bun:test";
import { executable, run } from "../support/binary.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const PASSWORD = "s3cret-of-the-database";
const COMPLETE = {
  BOATHOOK_STORE: `postgres://owner:${PASSWORD}@127.0.0.1:1/hooks`,
  BOATHOOK_ENCRYPTION_KEY: "00".repeat(32),
  BOATHOOK_ROOT_TOKEN: ROOT_TOKEN,
};

/** Runs a command without any other settings. Returns its exit code and what it prints to stderr. */
async function refusalOf(args: readonly string[], env: Readonly<Record<string, string>>) {
  using home = temporaryDirectory();
  const { code, stderr, stdout } = await run(executable(), args, { cwd: home.path, env });
  expect(stdout + stderr).not.toContain(PASSWORD);
  return { code, stderr };
}

test("the server does not start if its PostgreSQL database cannot be reached", async () => {
  expect(await refusalOf(["serve", "--port=0"], COMPLETE)).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /^The database postgres:\/\/owner:\*\*\*@127\.0\.0\.1:1\/hooks cannot be used: .*\n$/,
    ),
  });
});

test.each([
  ["BOATHOOK_ENCRYPTION_KEY", "encryption-key"],
  ["BOATHOOK_ROOT_TOKEN", "root-token"],
])("with PostgreSQL, %s is required", async (variable, name) => {
  const { [variable as keyof typeof COMPLETE]: _, ...env } = COMPLETE;
  expect(await refusalOf(["serve", "--port=0"], env)).toEqual({
    code: 2,
    stderr: `store is a PostgreSQL database, but ${name} is missing. Set it to the same value for all instances.\n`,
  });
});

test.each([
  [
    "BOATHOOK_REPLICA",
    "/mnt/replica",
    "replica",
    " and use the replication of PostgreSQL, or an archive of its write-ahead log",
  ],
  ["BOATHOOK_BACKUP_DIR", "/mnt/backups", "backup-dir", " and run pg_dump or pg_basebackup on a schedule"],
  ["BOATHOOK_SHARD", "eu1", "shard", ""],
])("with PostgreSQL, %s is refused", async (variable, value, name, instead) => {
  expect(await refusalOf(["serve", "--port=0"], { ...COMPLETE, [variable]: value })).toEqual({
    code: 2,
    stderr: `${name} works only with SQLite. Remove it${instead}, or set store to sqlite.\n`,
  });
});

test("a password among the parameters of the PostgreSQL URL is refused and not shown", async () => {
  const BOATHOOK_STORE = `postgres://owner@127.0.0.1:1/hooks?password=${PASSWORD}`;
  const { code, stderr } = await refusalOf(["token", "list"], { ...COMPLETE, BOATHOOK_STORE });
  expect(code).toBe(2);
  expect(stderr).toContain("BOATHOOK_STORE must be sqlite, or postgres://user:password@host:port/database,");
});

test("a token command says that the PostgreSQL database cannot be reached, without its password", async () => {
  const { code, stderr } = await refusalOf(["token", "list"], COMPLETE);
  expect(code).toBe(1);
  expect(stderr).toStartWith("The database postgres://owner:***@127.0.0.1:1/hooks cannot be used: ");
});

test.each([
  [
    "backup",
    ["backup", "copy.bak"],
    "Back up the PostgreSQL database with pg_dump, or with pg_basebackup and an archive of its write-ahead log.",
  ],
  [
    "restore",
    ["restore", "copy.bak"],
    "Restore the PostgreSQL database with pg_restore, or from its base backup and archive.",
  ],
  ["key forget", ["key", "forget"], "No earlier keys are kept with PostgreSQL."],
])("with PostgreSQL, boathook %s says that it works only with SQLite", async (name, args, instead) => {
  const env = { ...COMPLETE, BOATHOOK_NEW_ENCRYPTION_KEY: "11".repeat(32) };
  expect(await refusalOf(args, env)).toEqual({
    code: 1,
    stderr: `boathook ${name} works only with SQLite. ${instead}\n`,
  });
});
