import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PostgresServer } from "../../test/support/postgres.ts";
import { databaseSettings } from "../../test/support/server-database.ts";
import { ensureExecutable } from "../executable.ts";
import { type Command, LANGUAGES, type Language } from "./language.ts";
import { startFileReceiver } from "./receiver.ts";
import { type RunningServer, startServer } from "./server.ts";

/**
 * `bun run check:sdks` runs the same round trip against a real server with the official SDKs of
 * other languages, and one over gRPC in two languages. With names, such as `gRPC in Go`, it runs only
 * those. Languages whose toolchain or registry is not available are skipped, and the
 * reason is printed.
 */

/** Time limit for a registry that does not respond. */
const FETCH_TIMEOUT_MS = 120_000;
const BUILD_TIMEOUT_MS = 300_000;
const RUN_TIMEOUT_MS = 90_000;

/**
 * Matches output of a package manager that reports wrong pinned files rather than an unreachable
 * registry.
 */
const WRONG_LOCK =
  /checksum mismatch|SECURITY ERROR|--locked was passed|updates to go\.(mod|sum)|missing go\.sum entry/;

export interface SdkReport {
  /** Number of steps that passed, in all round trips. */
  readonly passed: number;
  /** Number of languages whose build or round trip failed. */
  readonly failed: number;
  /** Number of languages that were skipped. */
  readonly skipped: number;
  /** One line to print per language. */
  readonly lines: readonly string[];
}

type Outcome =
  | { readonly kind: "passed"; readonly steps: number }
  | { readonly kind: "failed"; readonly steps: number; readonly reason: string }
  | { readonly kind: "skipped"; readonly reason: string };

type Variables = Readonly<Record<string, string>>;

interface Finished {
  readonly ok: boolean;
  readonly output: string;
}

async function execute(
  command: Command,
  language: Language,
  timeoutMs: number,
  env: Variables = {},
): Promise<Finished> {
  const child = Bun.spawn([...command], {
    cwd: language.directory,
    env: { ...process.env, ...language.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  const late = child.signalCode === null ? "" : `\n${command[0]} timed out after ${timeoutMs / 1000} s`;
  return { ok: child.exitCode === 0, output: `${out}${err}${late}`.trim() };
}

/** Returns why a program failed: Maven's first error, otherwise the last line of the output. */
function reasonIn(output: string): string {
  return /\[ERROR\] (.+)$/m.exec(output)?.[1] ?? (output.split("\n").at(-1)?.trim() || "no output");
}

/** Returns why this machine cannot build the program of a language, or null. */
async function missingToolchain(language: Language): Promise<string | null> {
  for (const tool of language.tools) if (Bun.which(tool) === null) return `${tool} is missing`;
  const { ok, output } = await execute(language.version, language, FETCH_TIMEOUT_MS);
  const [, major, minor = ".0", patch = ".0"] = /(\d+)(\.\d+)?(\.\d+)?/.exec(output) ?? [];
  if (!ok || major === undefined) return `${language.version.join(" ")}: ${reasonIn(output)}`;
  const version = major + minor + patch;
  return Bun.semver.order(version, language.oldest) < 0 ? `${version} is older than ${language.oldest}` : null;
}

async function prepare(language: Language): Promise<Outcome | null> {
  const missing = await missingToolchain(language);
  if (missing !== null) return { kind: "skipped", reason: missing };
  for (const path of language.remade) await rm(path, { recursive: true, force: true });
  for (const command of language.fetch) {
    const { ok, output } = await execute(command, language, FETCH_TIMEOUT_MS);
    if (ok) continue;
    const reason = `fetching failed: ${reasonIn(output)}`;
    return WRONG_LOCK.test(output) ? { kind: "failed", steps: 0, reason } : { kind: "skipped", reason };
  }
  for (const command of language.build) {
    const { ok, output } = await execute(command, language, BUILD_TIMEOUT_MS);
    if (ok) continue;
    console.log(output);
    return { kind: "failed", steps: 0, reason: `build failed: ${reasonIn(output)}` };
  }
  return null;
}

/** Runs the program of a language against one server after another, until one fails. */
async function roundTrips(language: Language, servers: readonly RunningServer[], env: Variables): Promise<Outcome> {
  let steps = 0;
  for (const { url, token, grpcAddress } of servers) {
    const outcome = await roundTrip(language, {
      ...env,
      ...{ SERVER_URL: url, SERVER_TOKEN: token, GRPC_ADDRESS: grpcAddress },
    });
    if (outcome.kind !== "passed") return outcome;
    steps += outcome.steps;
  }
  return { kind: "passed", steps };
}

async function roundTrip(language: Language, env: Variables): Promise<Outcome> {
  const { ok, output } = await execute(language.run, language, RUN_TIMEOUT_MS, env);
  console.log(output);
  const steps = output.match(/^passed {2}/gm)?.length ?? 0;
  if (ok && steps > 0) return { kind: "passed", steps };
  return { kind: "failed", steps, reason: /^FAILED {2}(.*)$/m.exec(output)?.[1] ?? reasonIn(output) };
}

function describeOutcome(language: Language, outcome: Outcome): string {
  const title = `${language.name} (${language.sdk})`;
  if (outcome.kind === "skipped") return `skipped ${title}: ${outcome.reason}`;
  if (outcome.kind === "failed") return `FAILED  ${title}: ${outcome.reason}`;
  return `passed  ${title}: ${outcome.steps} steps`;
}

/**
 * Runs all round trips in sequence against `dist/boathook`, and builds it first if it is older than
 * its sources. With a PostgreSQL server, runs each one a second time, with the data in it.
 */
export async function checkSdks(
  languages: readonly Language[] = LANGUAGES,
  postgres: PostgresServer | null = null,
): Promise<SdkReport> {
  await ensureExecutable();
  const received = await mkdtemp(join(tmpdir(), "boathook-received-"));
  await mkdir(join(import.meta.dir, "..", "..", "dist", "sdks"), { recursive: true });
  const receiver = startFileReceiver(received);
  const env = { RECEIVER_URL: receiver.url, RECEIVED_DIR: received };
  const servers: RunningServer[] = [];
  try {
    servers.push(await startServer());
    if (postgres !== null) servers.push(await startServer(databaseSettings(await postgres.createDatabase())));
    const outcomes: Outcome[] = [];
    for (const language of languages) {
      console.log(`\n── ${language.name}`);
      outcomes.push((await prepare(language)) ?? (await roundTrips(language, servers, env)));
    }
    return summarize(languages, outcomes);
  } finally {
    for (const server of servers) await server.stop();
    await receiver.stop();
    await rm(received, { recursive: true, force: true });
  }
}

function summarize(languages: readonly Language[], outcomes: readonly Outcome[]): SdkReport {
  return {
    passed: outcomes.reduce((sum, outcome) => sum + (outcome.kind === "skipped" ? 0 : outcome.steps), 0),
    failed: outcomes.filter(({ kind }) => kind === "failed").length,
    skipped: outcomes.filter(({ kind }) => kind === "skipped").length,
    lines: outcomes.map((outcome, index) => describeOutcome(languages[index]!, outcome)),
  };
}

if (import.meta.main) {
  const names = process.argv.slice(2);
  const wanted = LANGUAGES.filter(({ name }) => names.length === 0 || names.includes(name));
  const { passed, failed, skipped, lines } = await checkSdks(wanted);
  console.log(`\n── summary\n${lines.join("\n")}\n`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exit(failed === 0 ? 0 : 1);
}
