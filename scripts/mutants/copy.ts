import { rmSync } from "node:fs";
import { cp, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PARTS = ["src", "test", "scripts", "web", "package.json", "tsconfig.json", "bunfig.toml", "README.md", "LICENSE"];
const BUILD_TIMEOUT_MS = 120_000;

/**
 * Copies the working tree, including uncommitted files, and builds the web pages in the copy.
 * Returns the path of the copy, which is removed when this process exits.
 */
export async function copyRepository(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "boathook-mutants-"));
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
  for (const part of PARTS) await cp(join(ROOT, part), join(path, part), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(path, "node_modules"));
  const { ending, output } = await run("bun scripts/web.ts", path, BUILD_TIMEOUT_MS);
  if (ending !== "passed") throw new Error(`The web pages could not be built:\n${output}`);
  return path;
}
