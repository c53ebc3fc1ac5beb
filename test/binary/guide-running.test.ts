import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { delimiter } from "node:path";
import { which } from "bun";
import packageJson from "../../package.json";
import { writeRelease } from "../../scripts/release/release.ts";
import { EXECUTABLE, executable, programEnvironment } from "../support/binary.ts";
import { guideBlocks, replaced } from "../support/guide.ts";
import { install } from "../support/installation.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Runs commands of the guide's page about running the server, with other paths. */

async function shell(script: string, cwd: string, path: string) {
  const env = await programEnvironment();
  const child = Bun.spawn(["sh", "-e", "-c", script], {
    ...{ cwd, env: { ...env, PATH: `${path}${delimiter}${env.PATH}` } },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

async function scriptWith(word: string): Promise<string> {
  const found = (await guideBlocks("running", "sh")).find((block) => block.includes(word));
  if (found === undefined) throw new Error(`No commands of the guide contain ${word}.`);
  return found;
}

describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("the guide's commands", () => {
  test("unpack and install a release after comparing its checksum", async () => {
    using dir = temporaryDirectory();
    const release = dir.file("release");
    const sources = { commit: "abc", timeSeconds: 1_700_000_000, isDirty: false };
    await writeRelease({ targets: ["linux-x64"], directory: release, sources, build: async () => EXECUTABLE });
    mkdirSync(dir.file("bin"));
    const script = replaced(await scriptWith("sha256sum"), ["/usr/local/bin", dir.file("bin")]);
    const { code, stdout } = await shell(script, release, dir.file("bin"));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^boathook-\S+: OK\nboathook-\S+: OK\n\d+\.\d+\.\d+ \(commit [0-9a-f]{12}\)\n$/),
    });
    expect(stdout).toContain(packageJson.version);
  });

  test.skipIf(which("curl") === null)("reach a server on a Unix socket", async () => {
    using dir = temporaryDirectory();
    const path = dir.file("boathook.sock");
    await using server = await install([`--host=unix:${path}`]);
    expect(server.url).toBe(`unix:${path}`);
    const script = replaced(await scriptWith("--unix-socket"), ["/run/boathook/boathook.sock", path]);
    const { code, stdout } = await shell(script, dir.path, executable()[0]!.replace(/\/boathook$/, ""));
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\{"status":"ok",.*\}ok\n$/) });
  });
});
