import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { migrations } from "../../../../src/store/sqlite/schema/migrations.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { optionsFor } from "../open.ts";

const KEY = "0123456789abcdef".repeat(4);
/** The texts that must not be in the files. */
const SECRETS = ["Zm9vYmFyLXRva2Vu", "pa55w0rd"] as const;
const HEADERS = { Authorization: `Bearer ${SECRETS[0]}` };
const URL_WITH_PASSWORD = `https://user:${SECRETS[1]}@hook.example/x`;
const SHOWN_URL = "https://user:***@hook.example/x";

/** Returns the secrets that a data directory's files contain in plain text. */
function foundIn(home: ReturnType<typeof temporaryDirectory>): string[] {
  const files = readdirSync(home.path).map((name) => readFileSync(home.file(name)));
  return SECRETS.filter((secret) => files.some((file) => file.includes(secret)));
}

/** Creates data as the last version without the `sealed` column wrote it. */
function oldData(path: string): void {
  using db = new Database(path, { create: true });
  db.run("PRAGMA journal_mode = WAL");
  const before = migrations.findIndex((step) => step.includes("endpoint ADD COLUMN sealed"));
  for (const step of migrations.slice(0, before)) db.run(step);
  db.run(`PRAGMA user_version = ${before}`);
  db.run("INSERT INTO environment (seq, name, created_at) VALUES (1, 'default', 1)");
  db.run(
    "INSERT INTO application (seq, environment_seq, name, metadata, created_at, updated_at) VALUES (2, 1, '', '{}', 1, 1)",
  );
  const endpoint = db.query(
    `INSERT INTO endpoint (seq, application_seq, url, description, disabled, metadata, headers, version, fifo, paused, created_at, updated_at)
     VALUES (?, 2, ?, '', 0, '{}', ?, 1, 0, 0, 1, 1)`,
  );
  endpoint.run(3, URL_WITH_PASSWORD, JSON.stringify(HEADERS));
  endpoint.run(4, "https://plain.example/a@b", "{}");
  // When a row is changed, a copy of its old text remains in the page.
  db.run("UPDATE endpoint SET description = 'a description that makes the row longer', disabled = 1 WHERE seq = 3");
  db.run("UPDATE endpoint SET description = '', disabled = 0 WHERE seq = 3");
  const attempt = db.query(
    `INSERT INTO attempt (seq, delivery_seq, message_seq, endpoint_seq, url, response_status, duration_ms, trigger, started_at)
     VALUES (?, 1, 6, 3, ?, 200, 1, 0, 1)`,
  );
  attempt.run(7, URL_WITH_PASSWORD);
  attempt.run(8, "https://plain.example/a@b");
  // When a page is split, copies of its rows remain in it.
  for (let seq = 100; seq < 400; seq++) attempt.run(seq, URL_WITH_PASSWORD);
}

describe("headers and URL passwords at rest", () => {
  test("no file of the data directory contains headers or URL passwords of endpoints in plain text", async () => {
    using home = temporaryDirectory();
    const store = await openStore(optionsFor(home.path));
    await using world = await Furnished.open(async () => openedOnce(store));
    const endpoint = await world.addEndpoint({ url: URL_WITH_PASSWORD, headers: HEADERS });
    await store.configuration.endpoints.update(endpoint.seq, () => ({ description: "changed" }));
    expect(await store.configuration.endpoints.get(endpoint.seq)).toMatchObject({
      url: URL_WITH_PASSWORD,
      headers: HEADERS,
    });
    expect(foundIn(home)).toEqual([]);
  });

  test("opening a data directory of an earlier version seals the secrets in it", async () => {
    using home = temporaryDirectory();
    oldData(home.file("boathook.db"));
    expect(foundIn(home)).toEqual([...SECRETS]);

    for (let start = 0; start < 2; start++) {
      const store = await openStore(optionsFor(home.path, { encryptionKey: KEY }));
      const { endpoints } = store.configuration;
      expect(await endpoints.get(3)).toMatchObject({ url: URL_WITH_PASSWORD, headers: HEADERS });
      expect(await endpoints.get(4)).toMatchObject({ url: "https://plain.example/a@b", headers: {} });
      const attempts = await Promise.all([7, 8].map((seq) => store.history.attempts.get(6, seq)));
      expect(attempts.map((attempt) => attempt!.url)).toEqual([SHOWN_URL, "https://plain.example/a@b"]);
      expect(foundIn(home)).toEqual([]);
      await store.close();
    }
  });

  test("starting with a wrong key seals nothing", async () => {
    using home = temporaryDirectory();
    await (await openStore(optionsFor(home.path, { encryptionKey: KEY }))).close();
    {
      using db = new Database(home.file("boathook.db"));
      db.run("DELETE FROM meta WHERE name = 'endpoints-sealed'");
      db.run("ALTER TABLE endpoint DROP CONSTRAINT endpoint_sealed_check");
      db.run(
        "INSERT INTO application (seq, environment_seq, name, metadata, created_at, updated_at) VALUES (2, 1, '', '{}', 1, 1)",
      );
      db.run(
        "INSERT INTO endpoint (seq, application_seq, url, description, disabled, metadata, headers, version, fifo, paused, created_at, updated_at) VALUES (3, 2, ?, '', 0, '{}', '{}', 1, 0, 0, 1, 1)",
        [URL_WITH_PASSWORD],
      );
    }
    await expect(openStore(optionsFor(home.path, { encryptionKey: "f".repeat(64) }))).rejects.toThrow(/encryption key/);
    const store = await openStore(optionsFor(home.path, { encryptionKey: KEY }));
    expect(await store.configuration.endpoints.get(3)).toMatchObject({ url: URL_WITH_PASSWORD });
    await store.close();
  });
});
