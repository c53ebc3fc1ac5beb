import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { executable, run } from "../support/binary.ts";
import { startInstances } from "../support/instances.ts";
import { hasPostgres, startPostgres } from "../support/postgres.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { soon } from "../support/soon.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Servers and commands are separate processes, which take seconds on a busy machine.
setDefaultTimeout(60_000);

function settings(url: string): Record<string, string> {
  return { BOATHOOK_STORE: url, BOATHOOK_ENCRYPTION_KEY: "00".repeat(32), BOATHOOK_ROOT_TOKEN: ROOT_TOKEN };
}

describe.skipIf(!hasPostgres)("the token commands on PostgreSQL", () => {
  test("every running instance accepts a new token of a command, and refuses one that a command has revoked", async () => {
    await using group = await startInstances({ settings: ["fsync = off"] });
    const { instances, url } = group;
    using home = temporaryDirectory();
    const token = (...args: string[]) => run(executable(), ["token", ...args], { cwd: home.path, env: settings(url) });
    const created = await token("create", "--name", "ci");
    expect(created).toMatchObject({ code: 0, stderr: "" });
    const statuses = () =>
      Promise.all(
        instances.map(
          async ({ send }) => (await send("GET", "/app", undefined, { token: created.stdout.trim() })).status,
        ),
      );
    expect(await statuses()).toEqual([200, 200]);
    const [{ id = "", name = "" } = {}] = (await token("list", "--json")).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(name).toBe("ci");
    expect(await token("revoke", id)).toEqual({ code: 0, stdout: "", stderr: "" });
    await soon(statuses, (all) => all.every((status) => status === 401));
    expect((await token("list")).stdout).toMatch(/revoked\n$/);
    expect(await token("revoke", "tok_nothing")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^There is no token "tok_nothing" in postgres:\/\/owner:\*\*\*@127\.0\.0\.1:\d+\/test_1\./,
      ),
    });
  });

  test("the root token is only replaced in the settings, and commands create no tables", async () => {
    await using server = await startPostgres({ settings: ["fsync = off"] });
    const url = await server.createDatabase();
    using home = temporaryDirectory();
    const token = (...args: string[]) => run(executable(), ["token", ...args], { cwd: home.path, env: settings(url) });
    expect(await token("root", "--rotate")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("The root token is configured by BOATHOOK_ROOT_TOKEN"),
    });
    expect(await token("list")).toEqual({
      code: 1,
      stdout: "",
      stderr: "The PostgreSQL database has no data yet. Start `boathook serve` on it first, or set another store.\n",
    });
    await using sql = new Bun.SQL(url, { max: 1 });
    expect(await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`).toHaveLength(0);
  });
});
