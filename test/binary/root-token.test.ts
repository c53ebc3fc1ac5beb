import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { executable, programEnvironment, type RunningBoathook, run, startBoathook } from "../support/binary.ts";
import { until } from "../support/delivery.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const CONFIGURED = "configured-root-token-0123456789";
const TOKEN = /bhroot_[A-Za-z0-9_-]{43}/;

/** A data directory, with functions that run commands on it. */
async function place() {
  const home = temporaryDirectory();
  const dataDir = home.file("it's data");
  const servers: RunningBoathook[] = [];
  return {
    dataDir,
    tokenFile: `${dataDir}/root-token`,
    readToken: () => readFileSync(`${dataDir}/root-token`, "utf8").trim(),
    async start(env: Record<string, string> = {}): Promise<RunningBoathook> {
      servers.push(await startBoathook(executable(), dataDir, [], { env }));
      return servers.at(-1)!;
    },
    rotate: (args: readonly string[] = ["--rotate"], env: Record<string, string> = {}) =>
      run(executable(), ["token", "root", ...args, `--data-dir=${dataDir}`], { env }),
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.stop();
      home[Symbol.dispose]();
    },
  };
}

async function statusOf({ url }: RunningBoathook, token: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/app`, { headers: { authorization: `Bearer ${token}` } });
  await response.body?.cancel();
  return response.status;
}

/** Returns everything that a server has logged, as text. */
const logOf = ({ log }: RunningBoathook) => JSON.stringify(log);

describe("a generated root token", () => {
  test("a generated root token is in a file that only its owner can read, and not in the log", async () => {
    await using at = await place();
    const server = await at.start();
    expect(statSync(at.tokenFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(at.tokenFile, "utf8")).toMatch(new RegExp(`^${TOKEN.source}\n$`));
    expect(logOf(server)).not.toMatch(/bhroot_/);
    expect(await server.logged(({ rootTokenFile }) => rootTokenFile === at.tokenFile)).toMatchObject({ level: "info" });
    expect(await statusOf(server, at.readToken())).toBe(200);
  });

  test("the curl command in the log reads the token from the file and sends a message", async () => {
    await using at = await place();
    const { curl } = await (await at.start()).logged((line) => "curl" in line);
    const shell = Bun.spawn(["sh", "-c", `${curl} --silent --fail --output /dev/null`], { stderr: "inherit" });
    expect(await shell.exited).toBe(0);
  });

  test.skipIf(process.platform === "win32")(
    "a first start on a terminal prints the token and creates no file",
    async () => {
      await using at = await place();
      let output = "";
      const args = [...executable(), "serve", "--port=0", `--data-dir=${at.dataDir}`];
      const child = Bun.spawn(args, {
        env: await programEnvironment({ TERM: "dumb" }),
        terminal: {
          data(_, bytes) {
            output += new TextDecoder().decode(bytes);
          },
        },
      });
      try {
        await until(
          async () => output,
          (text) => text.includes("/msg "),
        );
        const url = /listens on (\S+)/.exec(output)![1]!;
        const token = TOKEN.exec(output)![0];
        const response = await fetch(`${url}/api/v1/app`, { headers: { authorization: `Bearer ${token}` } });
        expect(response.status).toBe(200);
        expect(existsSync(at.tokenFile)).toBe(false);
      } finally {
        child.kill("SIGTERM");
        await child.exited;
      }
    },
  );

  test("if the first start is killed at any moment, the token file is valid after the next start", async () => {
    for (let afterMs = 20; afterMs <= 140; afterMs += 20) {
      await using at = await place();
      const args = ["serve", "--port=0", `--data-dir=${at.dataDir}`];
      const child = Bun.spawn([...executable(), ...args], {
        env: await programEnvironment(),
        stdio: ["ignore", "ignore", "ignore"],
      });
      await Bun.sleep(afterMs);
      child.kill("SIGKILL");
      await child.exited;
      const server = await at.start();
      expect(await statusOf(server, at.readToken())).toBe(200);
    }
  });
});

describe("a configured root token", () => {
  test("a configured root token invalidates the generated one for good and removes its file", async () => {
    await using at = await place();
    const first = await at.start();
    const generated = at.readToken();
    await first.stop();

    const configured = await at.start({ BOATHOOK_ROOT_TOKEN: CONFIGURED });
    expect(await statusOf(configured, CONFIGURED)).toBe(200);
    expect(await statusOf(configured, generated)).toBe(401);
    expect(existsSync(at.tokenFile)).toBe(false);
    await configured.stop();

    const later = await at.start();
    expect(await statusOf(later, generated)).toBe(401);
    expect(await statusOf(later, CONFIGURED)).toBe(401);
    const warning = await later.logged(({ level }) => level === "warn");
    expect(warning.msg).toContain("boathook token root --rotate");
    const created = await at.rotate();
    expect(await statusOf(later, created.stdout.trim())).toBe(200);
  });

  for (const token of ["abc", "x".repeat(31)]) {
    test(`the server exits with code 2 if the configured root token has ${token.length} characters`, async () => {
      await using at = await place();
      const env = { BOATHOOK_ROOT_TOKEN: token };
      const { code, stderr } = await run(executable(), ["serve", "--port=0", `--data-dir=${at.dataDir}`], { env });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^BOATHOOK_ROOT_TOKEN must be 32 to 256 [^\n]+\.\n$/);
      expect(stderr).not.toContain(token);
      expect(existsSync(at.dataDir)).toBe(false);
    });
  }
});

describe("token root", () => {
  test("`token root --rotate` prints a new token, and a running server refuses the old one immediately", async () => {
    await using at = await place();
    const server = await at.start();
    const old = at.readToken();
    expect(await statusOf(server, old)).toBe(200);
    const { code, stdout, stderr } = await at.rotate();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^${TOKEN.source}\n$`));
    expect(await statusOf(server, old)).toBe(401);
    expect(await statusOf(server, stdout.trim())).toBe(200);
    expect(existsSync(at.tokenFile)).toBe(false);

    await server.stop();
    const next = await at.start();
    expect(await statusOf(next, old)).toBe(401);
    expect(await statusOf(next, stdout.trim())).toBe(200);
  });

  test("a start keeps the token that `token root --rotate` has created in a directory whose first start failed", async () => {
    await using at = await place();
    const busy = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const failed = await run(executable(), ["serve", `--port=${busy.port}`, `--data-dir=${at.dataDir}`]);
    await busy.stop(true);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("is already in use") });

    const { code, stdout } = await at.rotate();
    expect(code).toBe(0);
    const server = await at.start();
    expect(await statusOf(server, stdout.trim())).toBe(200);
    expect(existsSync(at.tokenFile)).toBe(false);
  });

  test("`token root --rotate` exits with code 2 if the token is configured", async () => {
    await using at = await place();
    const server = await at.start();
    const { code, stdout, stderr } = await at.rotate(["--rotate"], { BOATHOOK_ROOT_TOKEN: CONFIGURED });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^The root token is configured by [^\n]+\.\n$/);
    expect(await statusOf(server, at.readToken())).toBe(200);
  });

  test("`token root --rotate` warns that the new token is not valid while the server has a configured token", async () => {
    await using at = await place();
    const server = await at.start({ BOATHOOK_ROOT_TOKEN: CONFIGURED });
    const { code, stdout, stderr } = await at.rotate();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^The data directory had no generated root token\.[^\n]*root-token[^\n]*\.\n$/);
    expect([await statusOf(server, stdout.trim()), await statusOf(server, CONFIGURED)]).toEqual([401, 200]);
    expect((await at.rotate()).stderr).toBe("");
  });

  test("`token root` without `--rotate` exits with code 2", async () => {
    await using at = await place();
    const server = await at.start();
    const { code, stdout, stderr } = await at.rotate([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^The root token cannot be shown[^\n]*--rotate[^\n]*\.\n$/);
    expect(await statusOf(server, at.readToken())).toBe(200);
  });

  test("`token root --rotate` fails in a directory without data and creates nothing", async () => {
    await using at = await place();
    const { code, stderr } = await at.rotate();
    expect(code).toBe(1);
    expect(stderr).toContain("holds no data of a server");
    expect(existsSync(at.dataDir)).toBe(false);
  });
});
