/**
 * The environment that the HTTP client of the runtime needs. It reads the number of requests that may be under way at once
 * only when the process starts, and it sends requests through a proxy whenever one of the usual variables is set,
 * while deliveries must go to the address that was checked.
 */

const CEILING_VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";
/** The runtime's own default, and the greatest value that it takes. */
const CEILING_MIN = 256;
const CEILING_MAX = 65_336;
/** Requests beside the deliveries. */
const CEILING_SPARE = 64;
const PROXY_VARIABLES: ReadonlySet<string> = new Set(["http_proxy", "https_proxy", "all_proxy", "no_proxy"]);

type Environment = Readonly<Record<string, string | undefined>>;

/** How `environment` must look for a server with this concurrency, or null when it already does. */
export function serverEnvironment(
  environment: Environment,
  deliveryConcurrency: number,
): Record<string, string> | null {
  const ceiling = String(Math.min(CEILING_MAX, Math.max(CEILING_MIN, deliveryConcurrency + CEILING_SPARE)));
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const kept = entries.filter(([name]) => !PROXY_VARIABLES.has(name.toLowerCase()));
  if (kept.length === entries.length && environment[CEILING_VARIABLE] === ceiling) return null;
  return { ...Object.fromEntries(kept), [CEILING_VARIABLE]: ceiling };
}

/**
 * Replaces this process by itself with the environment that the server needs; the process id stays. Returns when there is
 * nothing to do. Where a process cannot be replaced (Windows) it drops the proxy variables, and the ceiling stays what it is.
 */
export function ensureServerEnvironment(deliveryConcurrency: number): void {
  const wanted = serverEnvironment(process.env, deliveryConcurrency);
  if (wanted === null) return;
  if (process.execve !== undefined && process.platform !== "win32") {
    process.execve(process.execPath, ownArguments(), wanted);
  }
  for (const name of Object.keys(process.env)) {
    if (PROXY_VARIABLES.has(name.toLowerCase())) delete process.env[name];
  }
}

/** The arguments that this process was started with, in the form that `execve` wants. */
function ownArguments(): string[] {
  // A compiled executable reports a path inside of itself as its script; it must not be handed on.
  const script = Bun.isStandaloneExecutable ? [] : [...process.execArgv, Bun.main];
  return [process.execPath, ...script, ...process.argv.slice(2)];
}
