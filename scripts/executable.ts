import { statSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";

const ROOT = join(import.meta.dir, "..");
const SOURCES = "{src,web,patches}/**/*";
const BUILD_FILES = [
  "package.json",
  "bun.lock",
  "README.md",
  "scripts/build.ts",
  "scripts/runtime.ts",
  "scripts/web.ts",
];

/** Path of the executable for this machine. */
export const EXECUTABLE = join(ROOT, "dist", process.platform === "win32" ? "boathook.exe" : "boathook");

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isStale(): boolean {
  const builtAt = changedAt(EXECUTABLE);
  const sources = [...new Bun.Glob(SOURCES).scanSync({ cwd: ROOT }), ...BUILD_FILES];
  return sources.some((source) => changedAt(join(ROOT, source)) >= builtAt);
}

/** Builds the executable if it is missing or older than its sources. Throws if the build fails. */
export async function ensureExecutable(): Promise<void> {
  if (!isStale()) return;
  console.error("Building dist/boathook …");
  await build();
}
