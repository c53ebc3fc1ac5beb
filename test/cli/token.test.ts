import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { openStore } from "../../src/store/sqlite/index.ts";
import { optionsFor } from "../store/sqlite/open.ts";
import { executable, fromSources, run, startBoathook } from "../support/binary.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const TOKEN_LINE = /^bhk_[A-Za-z0-9_-]{43}\n$/;

/** Returns a directory that contains a data directory `data` as a server leaves it. */
async function withData(): Promise<ReturnType<typeof temporaryDirectory>> {
  const dir = temporaryDirectory();
  await (await openStore(optionsFor(dir.file("data")))).close();
  return dir;
}

function token(dataDir: string, ...args: string[]) {
  return run(fromSources, ["token", ...args, "--data-dir", dataDir]);
}

/** Returns the cells of each row that `token list` prints, without the header. */
async function listed(dataDir: string): Promise<string[][]> {
  const { stdout } = await token(dataDir, "list");
  const lines = stdout.trimEnd().split("\n").slice(1);
  return lines.map((line) => line.split(/ {2,}/));
}

describe("token create", () => {
  test("token create prints only the token, and a different one each time", async () => {
    using dir = await withData();
    const first = await token(dir.file("data"), "create");
    const second = await token(dir.file("data"), "create");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(TOKEN_LINE);
    expect(second.stdout).toMatch(TOKEN_LINE);
    expect(second.stdout).not.toBe(first.stdout);
  });

  test("token list --json prints one object a line, and nothing without tokens", async () => {
    using dir = await withData();
    const list = async () => (await token(dir.file("data"), "list", "--json")).stdout;
    expect(await list()).toBe("");
    await token(dir.file("data"), "create", "--name", "a\u009bb", "--read-only", "--expires", "1d");
    const lines = (await list()).trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      ...{ id: expect.stringMatching(/^tok_/), name: "a\u009bb", environment: "default", application: null },
      ...{ readOnly: true, scopes: null, createdAt: expect.any(String), expiresAt: expect.any(String) },
      state: "active",
    });
  });

  test("token create stores its options and creates the environment", async () => {
    using dir = await withData();
    await token(dir.file("data"), "create", "--name", "ci", "--environment", "staging", "--expires", "30d");
    const [[id, name, environment, application, scopes, created, expires, state] = []] = await listed(dir.file("data"));
    expect(id).toMatch(/^tok_[0-9A-Za-z]{27}$/);
    expect([name, environment, application, scopes, state]).toEqual(["ci", "staging", "all", "all", "active"]);
    expect(Date.parse(expires ?? "") - Date.parse(created ?? "")).toBe(30 * 86_400_000);
  });

  const failures: ReadonlyArray<readonly [args: readonly string[], sentence: string]> = [
    [["--app", "nope"], 'There is no application "nope" in the environment default. Give --app an id or uid'],
    [
      ["--environment", "org_000000000000000000000000000"],
      'There is no environment with the id "org_000000000000000000000000000". Give --environment',
    ],
    [
      ["--environment", "not a name"],
      'The environment "not a name" does not exist and cannot be created with this name. Only the characters',
    ],
  ];
  for (const [args, sentence] of failures) {
    test(`"token create ${args.join(" ")}" fails with a one-line error`, async () => {
      using dir = await withData();
      const { code, stdout, stderr } = await token(dir.file("data"), "create", ...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toStartWith(sentence);
      expect(stderr).toMatch(/^[^\n]+\n$/);
    });
  }
});

describe("token revoke", () => {
  test("token revoke revokes a token, and succeeds again when it is repeated", async () => {
    using dir = await withData();
    await token(dir.file("data"), "create", "--name", "ci");
    const id = (await listed(dir.file("data")))[0]?.[0] ?? "";
    for (let time = 0; time < 2; time++) {
      expect(await token(dir.file("data"), "revoke", id)).toEqual({ code: 0, stdout: "", stderr: "" });
      expect((await listed(dir.file("data")))[0]?.at(-1)).toBe("revoked");
    }
  });

  test("token revoke fails for an unknown id", async () => {
    using dir = await withData();
    await token(dir.file("data"), "create");
    const { code, stderr } = await token(dir.file("data"), "revoke", "tok_nothing");
    expect(code).toBe(1);
    expect(stderr).toContain('no token "tok_nothing"');
  });
});

test("token list does not create a data directory", async () => {
  using dir = temporaryDirectory();
  expect((await token(dir.file("missing"), "list")).code).toBe(1);
  expect(existsSync(dir.file("missing"))).toBe(false);
});

test("a running server accepts a new token and refuses a revoked one immediately", async () => {
  using dir = temporaryDirectory();
  const dataDir = dir.file("data");
  const server = await startBoathook(executable(), dataDir);
  try {
    const text = (await run(executable(), ["token", "create", "--data-dir", dataDir])).stdout.trim();
    const status = async () => {
      const answer = await fetch(`${server.url}/api/v1/app`, { headers: { authorization: `Bearer ${text}` } });
      await answer.body?.cancel();
      return answer.status;
    };
    expect(await status()).toBe(200);
    const id = (await listed(dataDir))[0]?.[0] ?? "";
    await run(executable(), ["token", "revoke", id, "--data-dir", dataDir]);
    expect(await status()).toBe(401);
  } finally {
    await server.stop();
  }
});
