import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../package.json";
import { type TarEntry, tar } from "../archive/tar.ts";
import { zip } from "../archive/zip.ts";
import { sbom } from "./sbom.ts";
import type { Sources } from "./sources.ts";

/** Writes the files of a release. */

const ROOT = join(import.meta.dir, "..", "..");
const { name, version, description, license } = packageJson;

/** Files that every archive contains, by their name in it. */
const DOCUMENTS = { LICENSE: "LICENSE", "README.md": "README.md", "CHANGELOG.md": "web/guide/pages/changelog.md" };

/** The release cannot be made. The message is for the person who runs the script. */
export class ReleaseError extends Error {}

interface Options {
  readonly targets: readonly string[];
  /** An existing one is replaced. */
  readonly directory: string;
  readonly sources: Sources;
  /** Builds the executable for a target and returns its path. */
  readonly build: (target: string) => Promise<string>;
}

/**
 * Writes an archive per target, `SHA256SUMS`, and a list of what the executables contain
 * (CycloneDX). The same commit always gives the same archives. If a target cannot be built, there is
 * no `SHA256SUMS`. Throws `ReleaseError`.
 */
export async function writeRelease({ targets, directory, sources, build }: Options): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const failed: string[] = [];
  for (const target of targets) {
    try {
      await writeArchive(target, await build(target), directory, sources);
    } catch (error) {
      failed.push(target);
      console.error(`${target}: ${(error as Error).message}`);
    }
  }
  if (failed.length > 0) throw new ReleaseError(`Not released, because these targets failed: ${failed.join(", ")}.`);
  await writeSbom(directory, sources);
  await writeSums(directory);
}

async function writeArchive(target: string, executable: string, to: string, { timeSeconds }: Sources): Promise<void> {
  const isWindows = target.startsWith("windows");
  const directory = `${name}-${version}-${target}`;
  const entry = async (path: string, file: string, mode: number): Promise<TarEntry> => ({
    ...{ path: `${directory}/${path}`, mode },
    content: await Bun.file(file).bytes(),
  });
  const entries = [await entry(isWindows ? `${name}.exe` : name, executable, 0o755)];
  for (const [path, file] of Object.entries(DOCUMENTS)) entries.push(await entry(path, join(ROOT, file), 0o644));
  const archive = isWindows ? zip(entries, timeSeconds) : Bun.gzipSync(tar(entries, timeSeconds), { level: 9 });
  const file = `${directory}.${isWindows ? "zip" : "tar.gz"}`;
  await Bun.write(join(to, file), archive);
  console.log(`${file}  ${Math.round(archive.length / 1e6)} MB`);
}

async function writeSbom(directory: string, { commit, timeSeconds }: Sources): Promise<void> {
  const product = { name, version, description, license, commit, timeSeconds, bunVersion: Bun.version };
  const document = sbom(product, await Bun.file(join(ROOT, "bun.lock")).text(), licenseOf);
  await Bun.write(join(directory, `${name}-${version}.cdx.json`), `${JSON.stringify(document, null, 2)}\n`);
}

/** Returns the licence of an installed package. `key` is its key in `bun.lock`, such as `a/@b/c`. */
export function licenseOf(key: string): string | null {
  const path = (key.match(/(?:@[^/]+\/)?[^/]+/g) ?? []).join("/node_modules/");
  const file = join(ROOT, "node_modules", path, "package.json");
  if (!existsSync(file)) return null;
  const { license: expression } = require(file) as { license?: unknown };
  return typeof expression === "string" ? expression : null;
}

async function writeSums(directory: string): Promise<void> {
  const files = [...new Bun.Glob("*").scanSync({ cwd: directory })].sort();
  const lines = [];
  for (const file of files) {
    const sum = createHash("sha256")
      .update(await Bun.file(join(directory, file)).bytes())
      .digest("hex");
    lines.push(`${sum}  ${file}\n`);
  }
  await Bun.write(join(directory, "SHA256SUMS"), lines.join(""));
}
