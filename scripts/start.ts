import { statSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";

/**
 * `bun run start`: builds the executable when it is missing or older than what it is made of, then becomes it. Further
 * arguments go to `boathook serve`.
 */

const ROOT = join(import.meta.dir, "..");
const EXECUTABLE = join(ROOT, "dist", process.platform === "win32" ? "boathook.exe" : "boathook");
const SOURCES = "{src,web}/**/*";
const BUILD_FILES = ["package.json", "bun.lock", "scripts/build.ts", "scripts/web.ts"];

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isStale(): boolean {
  const builtAt = changedAt(EXECUTABLE);
  const sources = [...new Bun.Glob(SOURCES).scanSync({ cwd: ROOT }), ...BUILD_FILES];
  return sources.some((source) => changedAt(join(ROOT, source)) >= builtAt);
}

/** Who starts from a clone wants to read what happens, also through a pipe, unless a format has been asked for. */
function logFormat(args: readonly string[]): string[] {
  const asked =
    args.some((argument) => /^--(log-format|config)(=|$)/.test(argument)) ||
    process.env.BOATHOOK_LOG_FORMAT !== undefined ||
    process.env.BOATHOOK_CONFIG !== undefined;
  return asked ? [] : ["--log-format=pretty"];
}

if (isStale()) {
  console.error("Building dist/boathook …");
  await build();
}
const userArguments = process.argv.slice(2);
const command = [EXECUTABLE, "serve", ...userArguments, ...logFormat(userArguments)];

// As the same process, so that signals and the exit code need no forwarding.
if (process.platform !== "win32") process.execve?.(EXECUTABLE, command, process.env);
const server = Bun.spawn(command, { stdio: ["inherit", "inherit", "inherit"] });
process.exit(await server.exited);
