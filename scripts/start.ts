import { EXECUTABLE, ensureExecutable } from "./executable.ts";

/**
 * `bun run start` builds the executable if it is missing or older than its sources, then replaces
 * itself with it. Further arguments are passed to `boathook serve`.
 */

/** The log is human-readable even in a pipe, unless a format is configured. */
function logFormat(args: readonly string[]): string[] {
  const asked =
    args.some((argument) => /^--(log-format|config)(=|$)/.test(argument)) ||
    process.env.BOATHOOK_LOG_FORMAT !== undefined ||
    process.env.BOATHOOK_CONFIG !== undefined;
  return asked ? [] : ["--log-format=pretty"];
}

await ensureExecutable();
const userArguments = process.argv.slice(2);
const command = [EXECUTABLE, "serve", ...userArguments, ...logFormat(userArguments)];

// Replaces this process, so that signals and the exit code need no forwarding.
if (process.platform !== "win32") process.execve?.(EXECUTABLE, command, process.env);
const server = Bun.spawn(command, { stdio: ["inherit", "inherit", "inherit"] });
process.exit(await server.exited);
