import { StartError } from "../core/start-error.ts";

/**
 * Environment variables that turn off checks of the runtime, run other code in it, or print
 * secrets. Bun reads some of them only when they are needed, so removing these from the environment
 * is enough. The build makes the others unknown to the runtime (`scripts/runtime.ts`).
 */
export const RUNTIME_VARIABLES = [
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_OPTIONS",
  "BUN_OPTIONS",
  "BUN_BE_BUN",
  "BUN_CONFIG_VERBOSE_FETCH",
  "BUN_INSPECT",
  "BUN_INSPECT_CONNECT_TO",
  "BUN_INSPECT_NOTIFY",
  "BUN_INSPECT_PRELOAD",
] as const;

/**
 * Removes these variables from `environment` and returns the names of those that were set. Throws
 * `StartError` if the runtime has already obeyed `BUN_OPTIONS`, which only happens if the build
 * could not prepare the runtime.
 */
export function dropRuntimeVariables(environment: Record<string, string | undefined>): string[] {
  if (Bun.isStandaloneExecutable && process.execArgv.length > 0) {
    throw new StartError("BUN_OPTIONS has changed how this program runs. Remove the variable from the environment.");
  }
  const dropped = RUNTIME_VARIABLES.filter((name) => environment[name] !== undefined);
  for (const name of dropped) delete environment[name];
  return dropped;
}

/** Returns the warning about a variable that was removed. */
export function droppedWarning(variable: string): string {
  return `The environment variable ${variable} is ignored. Remove it from the environment of this program.`;
}
