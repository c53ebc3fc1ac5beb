import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import packageJson from "../../package.json";
import { executable, fromSources, run } from "../support/binary.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Runs a command with wrong usage or configuration and returns its one-line error. */
async function usageError(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await run(fromSources, args, { env });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^[^\n]+\n$/);
  return stderr.trimEnd();
}

/** The executable also prints the commit from which it was built. */
const VERSION = new RegExp(`^${packageJson.version.replaceAll(".", "\\.")} \\(commit [0-9a-f]{12}\\)\n$`);

describe("help and version", () => {
  test("--version prints the version of the package", async () => {
    expect(await run(fromSources, ["--version"])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
  });

  test("help lists the commands and exits with 0", async () => {
    const { code, stdout } = await run(fromSources, ["help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("serve");
    expect(stdout).toContain("token");
  });

  test("serve --help shows every setting with its default, and secrets only as variables", async () => {
    const { code, stdout } = await run(fromSources, ["serve", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--retry-schedule <duration,…> .*\(default: 5s,5m,30m,2h,5h,10h,10h\)/);
    expect(stdout).toContain("BOATHOOK_ROOT_TOKEN");
    expect(stdout).not.toContain("--root-token");
  });

  test("doctor --help shows its own options and refers to serve for the settings, which it accepts as flags", async () => {
    const { code, stdout } = await run(fromSources, ["doctor", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("--server <url>");
    expect(stdout).toContain("boathook serve --help lists them.");
    expect(stdout).not.toContain("--retry-schedule");
    const doctor = await run(fromSources, ["doctor", "--retry-schedule", "soon"]);
    expect(doctor).toMatchObject({ code: 1, stdout: expect.stringContaining("fail  configuration  --retry-schedule") });
  });

  test("every command documents its options", async () => {
    expect((await run(fromSources, ["token", "create", "--help"])).stdout).toContain("--expires <duration>");
    expect((await run(fromSources, ["token", "revoke", "--help"])).stdout).toContain("--data-dir <path>");
  });

  test("without a command, the help is printed to stderr and the exit code is 2", async () => {
    for (const args of [[], ["token"]]) {
      const { code, stdout, stderr } = await run(fromSources, args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toStartWith("Usage: boathook");
    }
  });
});

describe("wrong usage", () => {
  const cases: ReadonlyArray<readonly [args: readonly string[], sentence: string]> = [
    [["srve"], "Unknown command 'srve'; did you mean serve?"],
    [["reload", "--help"], "Unknown command 'reload'; did you mean relay?"],
    [["xyzzy"], "Unknown command 'xyzzy'; see boathook help."],
    [["help", "srve"], "Unknown command 'srve'; did you mean serve?"],
    [["token", "make"], "Unknown command 'make'; see boathook token --help."],
    [["serve", "--prot", "1"], "Unknown option '--prot'; did you mean --port?"],
    [["serve", "--rot-token=hunter2"], "Unknown option '--rot-token'; see boathook serve --help."],
    [["serve", "--port"], "Option '--port <integer>' argument missing; see boathook serve --help."],
    [["serve", "now"], "Too many arguments for 'serve'; expected 0 arguments but got 1: now."],
    [["token", "revoke"], "Missing required argument 'id'; see boathook token revoke --help."],
    [["token", "list", "--port", "1"], "Unknown option '--port'; see boathook token list --help."],
    [["serve", "--port", "http"], '--port must be an integer from 0 to 65535, but is "http".'],
    [["serve", "--https-only=maybe"], '--https-only must be true or false, but is "maybe".'],
    [
      ["serve", "--root-token", "hunter2"],
      "--root-token is not allowed because root-token is a secret; set the variable BOATHOOK_ROOT_TOKEN or use the --config file.",
    ],
    [
      ["token", "create", "--expires", "soon"],
      "Option '--expires <duration>' argument 'soon' is invalid; must be a duration such as 12h or 30d, at most 36500d.",
    ],
  ];
  for (const [args, sentence] of cases) {
    test(`"boathook ${args.join(" ")}" exits with 2 and a one-line error`, async () => {
      expect(await usageError(args)).toBe(sentence);
    });
  }

  test("an invalid variable makes every command fail, even one that does not use it", async () => {
    expect(await usageError(["token", "list"], { BOATHOOK_PORT: "x" })).toBe(
      'BOATHOOK_PORT must be an integer from 0 to 65535, but is "x".',
    );
    expect(await usageError(["serve"], { BOATHOOK_PROT: "1" })).toContain("did you mean BOATHOOK_PORT?");
  });

  test("an invalid value in the configuration file prevents the start", async () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("a.toml"), "sync = 'never'");
    expect(await usageError(["serve", "--config", dir.file("a.toml")])).toMatch(
      /^sync in .* must be full or normal, but is "never"\.$/,
    );
  });
});

describe("the executable", () => {
  test("the executable prints the same version and the same errors for invalid settings as the sources", async () => {
    expect((await run(executable(), ["--version"])).stdout).toMatch(VERSION);
    const { code, stderr } = await run(executable(), ["serve", "--port", "http"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: '--port must be an integer from 0 to 65535, but is "http".\n',
    });
  });

  test("the executable reads neither .env nor bunfig.toml from its working directory", async () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file(".env"), "BOATHOOK_PORT=nonsense\n");
    writeFileSync(dir.file("bunfig.toml"), 'preload = ["./not-there.ts"]\n');
    const { code, stderr } = await run(executable(), ["token", "list", "--data-dir=missing"], { cwd: dir.path });
    expect(stderr).toContain("The data directory missing holds no data of a server.");
    expect(code).toBe(1);
  });
});
