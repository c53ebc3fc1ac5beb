import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ensureExecutable } from "./executable.ts";
import { startServer } from "./sdks/server.ts";

/**
 * `bun run fuzz` runs Schemathesis against the OpenAPI document of a real server. It checks that no
 * response is a 5xx, violates its schema or has an undocumented status. Without Python, the run is
 * skipped and the reason is printed.
 */

const SCHEMATHESIS = "schemathesis==4.32.5";
const HOME = join(import.meta.dir, "..", "dist", "schemathesis");
const INSTALL_TIMEOUT_MS = 180_000;
const RUN_TIMEOUT_MS = 240_000;
/**
 * Excluded paths: streams and long polls, which do not end by themselves, and inboxes, whose
 * responses the sender can configure.
 */
const EXCLUDED = "/live$|/events$|/poller/|/inbox/";

export interface FuzzReport {
  readonly outcome: "passed" | "failed" | "skipped";
  /** The result as a line to print. */
  readonly line: string;
}

async function execute(command: string[], timeoutMs: number): Promise<{ ok: boolean; output: string }> {
  const child = Bun.spawn(command, { cwd: HOME, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  return { ok: child.exitCode === 0, output: `${out}${err}`.trim() };
}

/** Installs Schemathesis. Returns why it failed, or null on success. */
async function install(): Promise<string | null> {
  if (Bun.which("python3") === null) return "python3 is missing";
  await mkdir(HOME, { recursive: true });
  for (const command of [
    ["python3", "-m", "venv", HOME],
    [join(HOME, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS],
  ]) {
    const { ok, output } = await execute(command, INSTALL_TIMEOUT_MS);
    if (!ok) return output.split("\n").at(-1) ?? "the installation failed";
  }
  return null;
}

export async function fuzz(): Promise<FuzzReport> {
  const obstacle = await install();
  if (obstacle !== null) return { outcome: "skipped", line: `skipped Schemathesis: ${obstacle}` };
  await ensureExecutable();
  const server = await startServer();
  try {
    const { ok, output } = await execute(
      [
        join(HOME, "bin", "schemathesis"),
        "run",
        `${server.url}/docs/json`,
        `--header=Authorization: Bearer ${server.token}`,
        "--checks=not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance",
        "--phases=examples,coverage,fuzzing",
        "--max-examples=8",
        "--seed=1",
        "--continue-on-failure",
        "--request-timeout=10",
        `--exclude-path-regex=${EXCLUDED}`,
        "--no-color",
      ],
      RUN_TIMEOUT_MS,
    );
    const cases = /(\d[\d,]*) generated/.exec(output)?.[1] ?? "no";
    if (!ok) console.log(output);
    return ok
      ? { outcome: "passed", line: `passed  Schemathesis: ${cases} requests` }
      : { outcome: "failed", line: `FAILED  Schemathesis: ${cases} requests, see above` };
  } finally {
    await server.stop();
  }
}

if (import.meta.main) {
  const { outcome, line } = await fuzz();
  console.log(line);
  process.exit(outcome === "failed" ? 1 : 0);
}
