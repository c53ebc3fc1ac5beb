import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeSealedRuntime } from "./runtime.ts";
import { buildWeb } from "./web.ts";

/**
 * Builds `dist/boathook`, the executable for this machine. With `--all`, also builds
 * `dist/boathook-<os>-<arch>` for all other systems. Missing runtimes are downloaded.
 */

const ROOT = join(import.meta.dir, "..");
const DIST = join(ROOT, "dist");
export const TARGETS = [
  ...["linux-x64", "linux-arm64", "linux-x64-musl", "linux-arm64-musl"],
  ...["darwin-x64", "darwin-arm64", "windows-x64", "windows-arm64"],
] as const;

/** The entry points of the program and of its worker threads. */
const MAINS = ["main.ts", "worker.ts", "sandbox-worker.ts", "checkpoint-worker.ts"].map((file) =>
  join(ROOT, "src", file),
);

/** Names are not minified, because the web framework reads some of them at run time. */
const FLAGS = [
  "--compile",
  "--bytecode",
  "--format=esm",
  // Code that is imported on first use is loaded only then.
  "--splitting",
  "--minify-syntax",
  "--minify-whitespace",
  "--sourcemap",
  // The executable must not read configuration from its working directory.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

/** Builds one executable and returns its path; null is this machine. Throws if the build fails. */
export async function buildExecutable(target: string | null): Promise<string> {
  const suffix = target === null ? "" : `-${target}`;
  const extension = (target ?? process.platform).startsWith("win") ? ".exe" : "";
  const finished = join(DIST, `boathook${suffix}${extension}`);
  // The executable is built in a temporary directory and then moved, so that a running executable
  // is not overwritten and no partial file is left.
  const temporary = await mkdtemp(join(DIST, ".build-"));
  const unfinished = join(temporary, `boathook${extension}`);
  const sealed = join(temporary, `runtime${extension}`);
  try {
    await writeSealedRuntime(await runtimeFor(target, join(temporary, `probe${extension}`)), sealed);
    const define = `--define=BUILD_COMMIT=${JSON.stringify(commit())}`;
    await compile(target, unfinished, MAINS, [...FLAGS, define, `--compile-executable-path=${sealed}`]);
    await rename(unfinished, finished);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return finished;
}

/** Returns the commit of the sources, or an empty text outside of a Git repository. */
export function commit(): string {
  const { success, stdout } = Bun.spawnSync(["git", "rev-parse", "HEAD"], { cwd: ROOT, stderr: "ignore" });
  return success ? stdout.toString().trim() : "";
}

/** Returns the path of the Bun runtime for a target; null is this machine. */
async function runtimeFor(target: string | null, probe: string): Promise<string> {
  if (target === null) return process.execPath;
  // Bun downloads a missing runtime into its cache only when it builds something for the target.
  await compile(target, probe, [join(ROOT, "src", "cli", "version.ts")], ["--compile"]);
  const cache = Bun.spawnSync([process.execPath, "pm", "cache"], { cwd: ROOT }).stdout.toString().trim();
  const runtime = join(cache, `bun-${target.replace("arm64", "aarch64")}-v${Bun.version}`);
  if (existsSync(runtime)) return runtime;
  if (target === `${process.platform.replace("win32", "windows")}-${process.arch}`) return process.execPath;
  throw new Error(`Bun has not stored the runtime ${runtime}.`);
}

async function compile(
  target: string | null,
  to: string,
  mains: readonly string[],
  flags: readonly string[],
): Promise<void> {
  const targetFlag = target === null ? [] : [`--target=bun-${target}`];
  const command = [process.execPath, "build", ...flags, ...targetFlag, `--outfile=${to}`, ...mains];
  const code = await Bun.spawn(command, { cwd: ROOT, stdout: "ignore", stderr: "inherit" }).exited;
  if (code !== 0) throw new Error(`Bun failed to build ${to} with exit code ${code}.`);
}

/** Builds the web pages and the executable for this machine. Throws if one of them fails. */
export async function build(): Promise<string> {
  await mkdir(DIST, { recursive: true });
  await buildWeb();
  return buildExecutable(null);
}

async function buildAll(): Promise<boolean> {
  let complete = true;
  for (const target of TARGETS) {
    try {
      console.log(`Built ${await buildExecutable(target)}.`);
    } catch (error) {
      complete = false;
      console.error(`Build for ${target} failed: ${(error as Error).message}`);
    }
  }
  return complete;
}

if (import.meta.main) {
  const unknown = process.argv.slice(2).filter((argument) => argument !== "--all");
  if (unknown.length > 0) {
    console.error(`Unknown option ${unknown.join(" ")}; the only option is --all.`);
    process.exit(2);
  }
  console.log(`Built ${await build()}.`);
  if (process.argv.includes("--all") && !(await buildAll())) process.exit(1);
}
