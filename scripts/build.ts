import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { buildWeb } from "./web.ts";

/**
 * Builds `dist/boathook`, one executable for this machine. With `--all` also `dist/boathook-<os>-<arch>` for every other
 * system; that downloads the runtimes of those systems when they are not there yet.
 */

const ROOT = join(import.meta.dir, "..");
const DIST = join(ROOT, "dist");
const TARGETS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "windows-x64", "windows-arm64"] as const;

/** The names are left as they are written: the web framework reads some of them at run time. */
const FLAGS = [
  "--compile",
  "--bytecode",
  "--format=esm",
  "--minify-syntax",
  "--minify-whitespace",
  "--sourcemap",
  // The executable takes nothing from the directory in which it happens to be started.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

/** Builds one executable and returns its path. Throws when that fails. */
async function buildExecutable(target: string | null): Promise<string> {
  const suffix = target === null ? "" : `-${target}`;
  const extension = (target ?? process.platform).startsWith("win") ? ".exe" : "";
  const finished = join(DIST, `boathook${suffix}${extension}`);
  // Elsewhere first, so that an executable that is running, or half a file, is never in the way.
  const workshop = await mkdtemp(join(DIST, ".build-"));
  const unfinished = join(workshop, `boathook${extension}`);
  try {
    const targetFlag = target === null ? [] : [`--target=bun-${target}`];
    const main = join(ROOT, "src", "main.ts");
    const command = [process.execPath, "build", ...FLAGS, ...targetFlag, `--outfile=${unfinished}`, main];
    const code = await Bun.spawn(command, { cwd: ROOT, stdout: "ignore", stderr: "inherit" }).exited;
    if (code !== 0) throw new Error(`the build of ${finished} ended with code ${code}`);
    await rename(unfinished, finished);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return finished;
}

/** The pages and the executable for this machine. Throws when one of them fails. */
export async function build(): Promise<string> {
  await mkdir(DIST, { recursive: true });
  await buildWeb();
  return buildExecutable(null);
}

async function buildAll(): Promise<boolean> {
  let complete = true;
  for (const target of TARGETS) {
    try {
      console.log(`built ${await buildExecutable(target)}`);
    } catch (error) {
      complete = false;
      console.error(`not built for ${target}: ${(error as Error).message}`);
    }
  }
  return complete;
}

if (import.meta.main) {
  const unknown = process.argv.slice(2).filter((argument) => argument !== "--all");
  if (unknown.length > 0) {
    console.error(`build knows only --all, not ${unknown.join(" ")}`);
    process.exit(2);
  }
  console.log(`built ${await build()}`);
  if (process.argv.includes("--all") && !(await buildAll())) process.exit(1);
}
