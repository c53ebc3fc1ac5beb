import { Argument, type Command } from "commander";
import { reasonOf } from "./client/printable.ts";
import { textOfResponse } from "./client/response-text.ts";
import { requestTo } from "./client/server-client.ts";
import { serverUrl } from "./client/server-options.ts";
import { FailureReported } from "./exit-code.ts";
import { formatTable } from "./table.ts";

const TIMEOUT_MS = 10_000;
const METRICS_TOKEN_VARIABLE = "BOATHOOK_METRICS_TOKEN";

/** What a server says about itself. */
interface Shard {
  readonly url: string;
  readonly shard: string | null;
  /** The status of its health, or why it could not be asked. */
  readonly status: string;
  readonly version: string | null;
  readonly pending: number | null;
  readonly deadLetters: number | null;
  /** Age of the oldest due delivery, in seconds. */
  readonly oldestDueSeconds: number | null;
}

/** Adds the command that shows several servers together. */
export function addShardsCommand(program: Command): void {
  program
    .command("shards")
    .description(
      "Show several servers together: their names, health, and what waits. Exits with 1 unless all are well.",
    )
    .addArgument(new Argument("<url...>", "URLs of the servers").argParser(eachUrl))
    .option("--json", "print JSON")
    .addHelpText("after", `\nIf the servers have a metrics-token, it is read from ${METRICS_TOKEN_VARIABLE}.`)
    .action(async (urls: readonly string[], { json = false }: { json?: boolean }) => {
      const shards = await Promise.all(urls.map(read));
      if (json) console.log(JSON.stringify(shards, null, 2));
      else console.log(formatTable(HEAD, shards.map(lineOf)));
      if (shards.some(({ status }) => status !== "ok")) throw new FailureReported();
    });
}

const HEAD = ["SHARD", "URL", "STATUS", "VERSION", "PENDING", "DEAD", "OLDEST DUE"];

function lineOf({ shard, url, status, version, pending, deadLetters, oldestDueSeconds }: Shard): string[] {
  const shown = (value: unknown) => (value === null ? "-" : String(value));
  const oldest = oldestDueSeconds === null ? "-" : `${Math.round(oldestDueSeconds)}s`;
  return [shown(shard), url, status, shown(version), shown(pending), shown(deadLetters), oldest];
}

function eachUrl(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), serverUrl(text).replace(/\/+$/, "")];
}

async function read(server: string): Promise<Shard> {
  const unknown = { shard: null, version: null, pending: null, deadLetters: null, oldestDueSeconds: null };
  try {
    const health = await get(server, "/api/v1/health");
    const { status } = Object(JSON.parse(await textOfResponse(health))) as { readonly status?: unknown };
    if (typeof status !== "string") return { ...unknown, url: server, status: "no health of Boathook" };
    const token = process.env[METRICS_TOKEN_VARIABLE] ?? "";
    const response = await get(server, "/metrics", token === "" ? {} : { authorization: `Bearer ${token}` });
    if (response.status !== 200) return { ...unknown, url: server, status: `metrics: ${response.status}` };
    return { url: server, status, ...readingsIn(await textOfResponse(response)) };
  } catch (error) {
    return { ...unknown, url: server, status: `unreachable (${reasonOf(error as Error)})` };
  }
}

function get(server: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  const { url, init } = requestTo(server, path);
  return fetch(url, { ...init, headers, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
}

function readingsIn(text: string): Omit<Shard, "url" | "status"> {
  const number = (name: string) => {
    const value = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
    return value === undefined ? null : Number(value);
  };
  const labels = /^boathook_build_info\{(.*)\} 1$/m.exec(text)?.[1] ?? "";
  const label = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] || null;
  return {
    shard: label("shard"),
    version: label("version"),
    pending: number("boathook_deliveries_pending"),
    deadLetters: number("boathook_dead_letters"),
    oldestDueSeconds: number("boathook_oldest_due_age_seconds"),
  };
}
