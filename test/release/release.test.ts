import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import packageJson from "../../package.json";
import { ReleaseError, writeRelease } from "../../scripts/release/release.ts";
import { ROOT, run } from "../support/binary.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const sources = { commit: "abc", timeSeconds: 1_700_000_000, isDirty: false };
const { version } = packageJson;

test("a release has an archive per target, the list of contents, and their checksums", async () => {
  using dir = temporaryDirectory();
  writeFileSync(dir.file("program"), "the program");
  const directory = dir.file("release");
  const write = () =>
    writeRelease({
      targets: ["linux-x64-musl", "windows-x64"],
      directory,
      sources,
      build: async () => dir.file("program"),
    });
  await write();
  const names = [
    ...[`boathook-${version}-linux-x64-musl.tar.gz`, `boathook-${version}-windows-x64.zip`],
    `boathook-${version}.cdx.json`,
  ];
  expect(readdirSync(directory).sort()).toEqual(["SHA256SUMS", ...names]);
  const sum = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(directory, name)))
      .digest("hex");
  const sums = readFileSync(join(directory, "SHA256SUMS"), "utf8");
  expect(sums).toBe(names.map((name) => `${sum(name)}  ${name}\n`).join(""));
  const archive = gunzipSync(readFileSync(join(directory, names[0]!))).toString("latin1");
  for (const file of ["boathook", "LICENSE", "README.md", "CHANGELOG.md"]) {
    expect(archive).toContain(`boathook-${version}-linux-x64-musl/${file}\0`);
  }
  expect(readFileSync(join(directory, names[1]!)).toString("latin1")).toContain(
    `boathook-${version}-windows-x64/boathook.exe`,
  );
  await write();
  expect(readFileSync(join(directory, "SHA256SUMS"), "utf8")).toBe(sums);
});

test("a release with a target that cannot be built fails, names the target and has no checksums", async () => {
  using dir = temporaryDirectory();
  writeFileSync(dir.file("program"), "the program");
  const directory = dir.file("release");
  const build = async (target: string) => {
    if (target === "darwin-x64") throw new Error("Bun failed to build it.");
    return dir.file("program");
  };
  const released = writeRelease({ targets: ["linux-x64", "darwin-x64"], directory, sources, build });
  await expect(released).rejects.toThrow(new ReleaseError("Not released, because these targets failed: darwin-x64."));
  expect(existsSync(join(directory, "SHA256SUMS"))).toBe(false);
});

test("the scripts for releases and images refuse unknown options and targets with exit code 2", async () => {
  for (const [script, ...args] of [
    ["release", "--target=beos-x64"],
    ["release", "--targets=linux-x64"],
    ["image", "--arch=sparc"],
    ["image", "--tag=a"],
  ] as const) {
    const { code, stderr } = await run([process.execPath, join(ROOT, "scripts", script, "run.ts")], args);
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(stderr).toContain(`Usage: bun run ${script}`);
  }
});

test("the changelog describes the version of the package", () => {
  const changelog = readFileSync(join(ROOT, "web/guide/pages/changelog.md"), "utf8");
  expect(changelog).toContain(`\n## ${version}\n`);
});
