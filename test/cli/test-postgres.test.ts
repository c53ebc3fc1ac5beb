import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { TESTS_WITHOUT_STORE, testsOnEitherStore } from "../../scripts/test-postgres.ts";

const ROOT = join(import.meta.dir, "..", "..");
/** What a test calls to restart a server on its data, or to look at or change its stored data. */
const STORED = /\.(restart|stores|alterRows)\(/;

test("every test over HTTP runs on either store, except those of clients of brokers", () => {
  const all = [...new Glob("test/api/*.test.ts").scanSync(ROOT)];
  const rest = all.filter((path) => !testsOnEitherStore().includes(path));
  expect(rest.sort()).toEqual([...TESTS_WITHOUT_STORE].sort());
});

test.each(TESTS_WITHOUT_STORE)("%s, which runs with SQLite only, does not look at stored data", async (path) => {
  const text = await Bun.file(join(ROOT, path)).text();
  expect(STORED.exec(text)?.[0] ?? null).toBeNull();
});

test.each(["targets", "edge"])(
  "no file of src/%s, which has the clients of brokers, imports a store",
  async (folder) => {
    const importing: string[] = [];
    for (const path of new Glob(`src/${folder}/**/*.ts`).scanSync(ROOT)) {
      if (/from "[^"]*\/store\//.test(await Bun.file(join(ROOT, path)).text())) importing.push(path);
    }
    expect(importing).toEqual([]);
  },
);
