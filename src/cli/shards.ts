import { Argument, type Command } from "commander";
import { maskPassword } from "../core/url-password.ts";
import { printable, reasonOf } from "./client/printable.ts";
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
  /** A name for its data, which differs from that of other servers. */
  readonly data: string | null;
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
      const sameNames = shards.flatMap((shard, i) => sameNameIn(shards.slice(0, i), shard) ?? []);
      for (const note of sameNames) console.error(note);
      if (sameNames.length > 0 || shards.some(({ status }) => status !== "ok")) throw new FailureReported();
    });
}

const HEAD = ["SHARD", "URL", "STATUS", "VERSION", "PENDING", "DEAD", "OLDEST DUE"];

function lineOf({ shard, url, status, version, pending, deadLetters, oldestDueSeconds }: Shard): string[] {
  const shown = (value: unknown) => (value === null ? "-" : String(value));
  const oldest = oldestDueSeconds === null ? "-" : `${Math.round(oldestDueSeconds)}s`;
  return [shown(shard), url, status, shown(version), shown(pending), shown(deadLetters), oldest];
}

/** Returns what is wrong if another server has the name of this one, but other data; otherwise null. */
function sameNameIn(others: readonly Shard[], { url, shard, data }: Shard): string | null {
  const other = others.find((found) => found.shard === shard && found.data !== data);
  if (shard === null || data === null || other === undefined) return null;
  return `The servers at ${printable(other.url)} and ${printable(url)} are both named ${printable(shard)}. Set shard to another name on one of them, because a proxy finds shards by the names in ids.`;
}

function eachUrl(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), serverUrl(text).replace(/\/+$/, "")];
}

async function read(server: string): Promise<Shard> {
  const url = maskPassword(server);
  const unknown = { url, shard: null, data: null, version: null, pending: null, deadLetters: null };
  const failed = (status: string) => ({ ...unknown, oldestDueSeconds: null, status });
  try {
    const status = statusIn(await textOfResponse(await get(server, "/api/v1/health")));
    if (status === null) return failed("no health of Boathook");
    const token = process.env[METRICS_TOKEN_VARIABLE] ?? "";
    const response = await get(server, "/metrics", token === "" ? {} : { authorization: `Bearer ${token}` });
    if (response.status === 401) return failed(`metrics: 401 (set ${METRICS_TOKEN_VARIABLE})`);
    if (response.status !== 200) return failed(`metrics: ${response.status}`);
    return { url, status, ...readingsIn(await textOfResponse(response)) };
  } catch (error) {
    return failed(`unreachable (${reasonOf(error as Error)})`);
  }
}

/** Returns the status in a response of the health check, or null if it is not one. */
function statusIn(text: string): string | null {
  try {
    const { status } = Object(JSON.parse(text)) as { readonly status?: unknown };
    return typeof status === "string" ? status : null;
  } catch {
    return null;
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
    data: label("data"),
    version: label("version"),
    pending: number("boathook_deliveries_pending"),
    deadLetters: number("boathook_dead_letters"),
    oldestDueSeconds: number("boathook_oldest_due_age_seconds"),
  };
}
