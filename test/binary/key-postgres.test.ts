import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { openStore } from "../../src/store/postgres/index.ts";
import { optionsFor } from "../store/postgres/open.ts";
import { executable, run } from "../support/binary.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const [FIRST, SECOND] = ["00".repeat(32), "2b".repeat(32)];

describe.skipIf(!hasPostgres)("boathook key rotate on PostgreSQL", () => {
  let server: PostgresServer;
  let home: ReturnType<typeof temporaryDirectory>;
  let url: string;
  beforeAll(async () => {
    home = temporaryDirectory();
    server = await startPostgres();
    url = await server.createDatabase();
    await (await openStore(optionsFor(url))).close();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    home?.[Symbol.dispose]();
  });

  function rotate(args: readonly string[], env: Readonly<Record<string, string>>) {
    return run(executable(), ["key", "rotate", ...args], {
      cwd: home.path,
      env: { BOATHOOK_STORE: url, BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, ...env },
    });
  }

  test("without a new key, key rotate says how to give one to a PostgreSQL database", async () => {
    const { code, stderr } = await rotate([], { BOATHOOK_ENCRYPTION_KEY: FIRST });
    expect(code).toBe(2);
    expect(stderr).toContain("BOATHOOK_NEW_ENCRYPTION_KEY");
  });

  test("while an instance runs, key rotate refuses to replace the key of a PostgreSQL database", async () => {
    const store = await openStore(optionsFor(url));
    const env = { BOATHOOK_ENCRYPTION_KEY: FIRST, BOATHOOK_NEW_ENCRYPTION_KEY: SECOND };
    expect(await rotate([], env)).toMatchObject({
      code: 1,
      stdout: "",
      stderr:
        "1 process still uses the database. Stop all instances, then try again. One that was killed counts until its lease ends.\n",
    });
    await store.close();
  });

  test("key rotate replaces the key of a PostgreSQL database with the new one in the environment, and the audit log shows it", async () => {
    const env = { BOATHOOK_ENCRYPTION_KEY: FIRST, BOATHOOK_NEW_ENCRYPTION_KEY: SECOND };
    const { code, stdout, stderr } = await rotate([], env);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^postgres:\/\/owner:\*\*\*@\S+: 0 values encrypted with the new key\n$/),
    });
    expect(stderr).toContain("The new key is in force.");
    const store = await openStore(optionsFor(url, { encryptionKey: SECOND }));
    const [environment] = await store.configuration.environments.list();
    const page = { limit: 5, from: null, backwards: false, order: "descending" } as const;
    const { rows } = await store.configuration.audit.list(environment!.seq, {}, page);
    expect(rows[0]).toMatchObject({ action: "key.rotate", actor: { kind: "command" } });
    await store.close();
  });

  test("key rotate writes a generated key for a PostgreSQL database to a new file, and never replaces a file", async () => {
    const file = home.file("new.key");
    const env = { BOATHOOK_ENCRYPTION_KEY: SECOND };
    expect(await rotate(["--to-file", file], env)).toMatchObject({ code: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const key = readFileSync(file, "utf8").trim();
    await (await openStore(optionsFor(url, { encryptionKey: key }))).close();
    const again = await rotate(["--to-file", file], { BOATHOOK_ENCRYPTION_KEY: key });
    expect(again).toMatchObject({ code: 1, stderr: `${file} already exists. Give the path of a new file.\n` });
  });
});
