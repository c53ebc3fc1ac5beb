import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { credentialsFile } from "../../src/cli/client/credentials.ts";
import { fromSources, programEnvironment, run } from "../support/binary.ts";
import { type FakeApi, fakeApi } from "../support/fake-api.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const TOKEN = "bhk_test-only-token";
const MESSAGE_ID = "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr";

/** A server that accepts one token. */
const serverFor = (token: string): FakeApi =>
  fakeApi(({ headers, path }) => {
    if (headers.authorization !== `Bearer ${token}`) {
      return Response.json({ code: "authentication_failed", detail: "Invalid token" }, { status: 401 });
    }
    if (path === "/api/v1/environment") return Response.json({ id: "org_1", name: "staging" });
    return Response.json(path === "/api/v1/auth/whoami" ? { envId: "org_1", appId: null } : { id: MESSAGE_ID });
  });

type Home = ReturnType<typeof temporaryDirectory>;

const command = (home: Home, args: readonly string[], more: { input?: string; env?: Record<string, string> } = {}) =>
  run(fromSources, args, { ...more, env: { XDG_CONFIG_HOME: home.path, ...more.env } });

const logIn = (home: Home, url: string, input = `${TOKEN}\n`) => command(home, ["login", "--server", url], { input });

const trigger = (home: Home, args: readonly string[] = [], env: Record<string, string> = {}) =>
  command(home, ["trigger", "--source", "shop", ...args], { env });

describe("boathook login", () => {
  test("login stores the token, in a directory and a file that only the user can read", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    const { code, stdout, stderr } = await logIn(home, `${server.url}/`);
    const file = home.file("boathook/credentials.json");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "",
      stderr: `Logged in to ${server.url} for the environment staging. The token is stored in ${file}.\n`,
    });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ server: server.url, token: TOKEN });
    expect([statSync(dirname(file)).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(readdirSync(dirname(file))).toEqual(["credentials.json"]);
  });

  test("login with a token that may not read its environment shows the id of the environment", async () => {
    using home = temporaryDirectory();
    using server = fakeApi(({ path }) =>
      path === "/api/v1/auth/whoami"
        ? Response.json({ envId: "org_1", appId: null })
        : Response.json({ code: "insufficient_access", detail: "Not allowed" }, { status: 403 }),
    );
    const { code, stderr } = await logIn(home, server.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(" for the environment org_1. ") });
  });

  test("login with the token of an application shows the uid of the application", async () => {
    using home = temporaryDirectory();
    using server = fakeApi(() => Response.json({ envId: "org_1", appId: "app_1", appUid: "acme" }));
    const { code, stderr } = await logIn(home, server.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(" for the application acme. ") });
  });

  test("later commands use the server and the token of the login", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    await logIn(home, server.url);
    expect(await trigger(home)).toEqual({ code: 0, stdout: `${MESSAGE_ID}\n`, stderr: "" });
  });

  test("a stored token is not sent to another server", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    using other = serverFor(TOKEN);
    await logIn(home, server.url);
    for (const args of [["--server", other.url], []]) {
      const { code, stdout, stderr } = await trigger(home, args, args.length > 0 ? {} : { BOATHOOK_SERVER: other.url });
      expect({ code, stdout, stderr, seen: other.seen.length }).toEqual({
        ...{ code: 2, stdout: "", seen: 0 },
        stderr: `There is no token for the server at ${other.url}. Log in with \`boathook login --server ${other.url}\`, or set BOATHOOK_TOKEN.\n`,
      });
    }
  });

  test("BOATHOOK_TOKEN takes precedence over the stored token", async () => {
    using home = temporaryDirectory();
    using server = serverFor("bhk_other");
    using first = serverFor(TOKEN);
    await logIn(home, first.url);
    const env = { BOATHOOK_TOKEN: "bhk_other", BOATHOOK_SERVER: server.url };
    expect((await trigger(home, [], env)).code).toBe(0);
  });

  test("a refused token is not stored, and an earlier login remains", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    await logIn(home, server.url);
    const before = readFileSync(home.file("boathook/credentials.json"), "utf8");
    const { code, stdout, stderr } = await logIn(home, server.url, "bhk_wrong\n");
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `The server at ${server.url} does not accept this token, so nothing was stored. Create one with \`boathook token create\`.\n`,
    });
    expect(readFileSync(home.file("boathook/credentials.json"), "utf8")).toBe(before);
  });

  const UNUSABLE: ReadonlyArray<readonly [name: string, input: string, stderr: RegExp]> = [
    ["no token", "\n", /^There is no token on stdin\.\n$/],
    ["two words", "bhk one\n", /^A token has no spaces and only printable ASCII characters\.\n$/],
    ["control characters", "bhk\u001b[31m\n", /^A token has no spaces/],
    ["a megabyte", "b".repeat(1_000_000), /^There are more than 65536 bytes on stdin\.\n$/],
  ];
  for (const [name, input, expected] of UNUSABLE) {
    test(`login with ${name} on stdin exits with 1, sends nothing and stores nothing`, async () => {
      using home = temporaryDirectory();
      using server = serverFor(TOKEN);
      const { code, stderr } = await logIn(home, server.url, input);
      expect({ code, seen: server.seen, files: readdirSync(home.path) }).toEqual({ code: 1, seen: [], files: [] });
      expect(stderr).toMatch(expected);
    });
  }

  test("login at an address without a server exits with 1 and names the address", async () => {
    using home = temporaryDirectory();
    const url = `http://127.0.0.1:${freePort()}`;
    const { code, stderr } = await logIn(home, url);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `The server at ${url} cannot be reached (the connection was refused). Start it, or set --server or BOATHOOK_SERVER.\n`,
    );
    expect(readdirSync(home.path)).toEqual([]);
  });

  test("login at a server that is not Boathook stores nothing", async () => {
    using home = temporaryDirectory();
    using server = fakeApi(() => Response.json({ hello: "world" }));
    const { code, stderr } = await logIn(home, server.url);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `${server.url} is not a Boathook server. Check --server.\n` });
    expect(readdirSync(home.path)).toEqual([]);
  });

  test("a token cannot be given as an option, and its value is not printed", async () => {
    using home = temporaryDirectory();
    const { code, stderr } = await command(home, ["login", "--token=bhk_secret"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "Unknown option '--token'; see boathook login --help.\n" });
  });

  test("a server with a password in its URL is refused", async () => {
    using home = temporaryDirectory();
    const { code, stderr } = await logIn(home, "http://user:hunter2@127.0.0.1:1");
    expect(code).toBe(2);
    expect(stderr).toContain("without a user");
  });

  test("at a terminal, login asks for the token and does not show it", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    let shown = "";
    const decoder = new TextDecoder();
    const child = Bun.spawn([...fromSources, "login", "--server", server.url], {
      env: await programEnvironment({ XDG_CONFIG_HOME: home.path }),
      terminal: {
        data(terminal, bytes) {
          const asked = shown.includes("Token for");
          shown += decoder.decode(bytes, { stream: true });
          // A typing error, erased, before the token.
          if (!asked && shown.includes("Token for")) terminal.write(`x\u007f${TOKEN}\r`);
        },
      },
    });
    expect(await child.exited).toBe(0);
    expect(shown).toContain(`Token for ${server.url}: `);
    expect(shown).not.toContain(TOKEN);
    expect(JSON.parse(readFileSync(home.file("boathook/credentials.json"), "utf8")).token).toBe(TOKEN);
  });

  test("Ctrl-C at the prompt exits with 130 and stores nothing", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    let shown = "";
    const child = Bun.spawn([...fromSources, "login", "--server", server.url], {
      env: await programEnvironment({ XDG_CONFIG_HOME: home.path }),
      terminal: {
        data(terminal, bytes) {
          const asked = shown.includes("Token for");
          shown += new TextDecoder().decode(bytes);
          if (!asked && shown.includes("Token for")) terminal.write("bhk\u0003");
        },
      },
    });
    expect(await child.exited).toBe(130);
    expect(readdirSync(home.path)).toEqual([]);
  });
});

describe("boathook logout", () => {
  test("logout removes the stored token, and says when there is none", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    await logIn(home, server.url);
    expect(await command(home, ["logout"])).toEqual({ code: 0, stdout: "", stderr: "Logged out.\n" });
    expect(existsSync(home.file("boathook/credentials.json"))).toBe(false);
    expect(await command(home, ["logout"])).toEqual({ code: 0, stdout: "", stderr: "There was no stored token.\n" });
  });

  test("a command with a login whose token has ended reports how to log in again", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    await logIn(home, server.url);
    const file = home.file("boathook/credentials.json");
    writeFileSync(file, JSON.stringify({ server: server.url, token: "bhk_ended" }));
    expect(await trigger(home)).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `The server at ${server.url} no longer accepts the token of this login. Log in again with \`boathook login --server ${server.url}\`.\n`,
    });
  });

  test("a damaged file of credentials is reported with its path", async () => {
    using home = temporaryDirectory();
    const file = home.file("boathook/credentials.json");
    mkdirSync(dirname(file));
    for (const text of ["{", "null", '{"server": 1}']) {
      writeFileSync(file, text);
      expect(await trigger(home)).toEqual({
        ...{ code: 1, stdout: "" },
        stderr: `The file ${file} does not contain credentials. Log in again with \`boathook login\`.\n`,
      });
    }
  });
});

describe("the file of credentials", () => {
  const places: ReadonlyArray<readonly [NodeJS.Platform, Record<string, string>, RegExp]> = [
    ["linux", { XDG_CONFIG_HOME: "/x" }, /^\/x\/boathook\/credentials\.json$/],
    ["linux", { XDG_CONFIG_HOME: "relative" }, /^\/.*\/\.config\/boathook\/credentials\.json$/],
    ["linux", {}, /\/\.config\/boathook\/credentials\.json$/],
    ["darwin", {}, /\/Library\/Application Support\/boathook\/credentials\.json$/],
    ["win32", { APPDATA: "/roaming" }, /^\/roaming\/boathook\/credentials\.json$/],
  ];
  for (const [platform, environment, expected] of places) {
    test(`on ${platform} with ${JSON.stringify(environment)}, the credentials are where the system keeps configuration`, () => {
      expect(credentialsFile(environment, platform)).toMatch(expected);
    });
  }
});

describe("BOATHOOK_ENVIRONMENT", () => {
  test("client commands send --environment, or the variable, as the header boathook-environment", async () => {
    using home = temporaryDirectory();
    using server = serverFor(TOKEN);
    const env = { BOATHOOK_TOKEN: TOKEN, BOATHOOK_SERVER: server.url };
    await trigger(home, [], { ...env, BOATHOOK_ENVIRONMENT: "staging" });
    await trigger(home, ["--environment", "live"], { ...env, BOATHOOK_ENVIRONMENT: "staging" });
    await trigger(home, [], env);
    expect(server.seen.map(({ headers }) => headers["boathook-environment"])).toEqual(["staging", "live", undefined]);
  });

  test("an environment, an application or a source that does not exist is named", async () => {
    using home = temporaryDirectory();
    let detail = "";
    using server = fakeApi(() => Response.json({ code: "not_found", detail }, { status: 404 }));
    const env = { BOATHOOK_TOKEN: TOKEN, BOATHOOK_SERVER: server.url };
    detail = "Environment not found";
    expect((await trigger(home, ["--environment", "x"], env)).stderr).toBe(
      `Environment x does not exist on the server at ${server.url}.\n`,
    );
    detail = "Source not found";
    expect((await trigger(home, [], env)).stderr).toBe(`Source shop does not exist on the server at ${server.url}.\n`);
    expect((await trigger(home, ["--environment", "x"], env)).stderr).toBe(
      `Source shop does not exist on the server at ${server.url} in the environment x.\n`,
    );
  });

  test("serve and the commands on a data directory ignore the variables of client commands", async () => {
    using home = temporaryDirectory();
    const env = { BOATHOOK_SERVER: "nonsense", BOATHOOK_TOKEN: "x", BOATHOOK_ENVIRONMENT: "y" };
    const { code, stderr } = await command(home, ["token", "list", `--data-dir=${home.file("none")}`], { env });
    expect(code).toBe(1);
    expect(stderr).toContain("holds no data of a server");
  });
});
