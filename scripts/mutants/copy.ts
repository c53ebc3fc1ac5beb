import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PARTS = ["src", "test", "scripts", "web", "package.json", "tsconfig.json", "bunfig.toml", "README.md", "LICENSE"];
const BUILD_TIMEOUT_MS = 120_000;

/** A copy of the repository in which files may be changed. Disposing removes it. */
export interface Copy extends AsyncDisposable {
  readonly path: string;
}

/** Copies the working tree, also what is not committed, and builds the web pages in the copy. */
export async function copyRepository(): Promise<Copy> {
  const path = await mkdtemp(join(tmpdir(), "boathook-mutants-"));
  const remove = () => rm(path, { recursive: true, force: true });
  try {
    for (const part of PARTS) await cp(join(ROOT, part), join(path, part), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(path, "node_modules"));
    const built = await run("bun scripts/web.ts", path, BUILD_TIMEOUT_MS);
    if (built.ending !== "passed") throw new Error(`The web pages could not be built:\n${built.output}`);
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: remove };
}
