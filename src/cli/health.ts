import { type Command, Option } from "commander";
import type { Settings } from "../config/index.ts";
import { socketPathOf } from "../core/unix-socket.ts";
import { reasonOf } from "./client/printable.ts";
import { requestTo } from "./client/server-client.ts";
import { serverUrl } from "./client/server-options.ts";
import { CommandFailed } from "./exit-code.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";

const TIMEOUT_MS = 10_000;

/** Adds the command that checks a running server, for the health checks of containers and scripts. */
export function addHealthCommand(program: Command): void {
  const command = program
    .command("health")
    .description("Check that the server with these settings responds and can use its store. Needs no token.")
    .addOption(new Option("--server <url>", "URL of another server, or unix:/path/to/socket").argParser(serverUrl))
    .action(({ server }: { server?: string }) => check(server === undefined ? own(settingsFor(command)) : { server }));
  addSettingOptions(command, { host: null, port: null, tlsCert: null, tlsKey: null });
}

interface Place {
  readonly server: string;
  /** Whether any certificate is accepted. */
  readonly isOwn?: boolean;
}

/** The certificate of the server names its public host, not the address that is called here. */
function own({ host, port, tlsCert }: Settings): Place {
  if (socketPathOf(host) !== null) return { server: host };
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const scheme = tlsCert === null ? "http" : "https";
  return { server: `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`, isOwn: true };
}

async function check({ server, isOwn = false }: Place): Promise<void> {
  const { url, init } = requestTo(server, "/api/v1/health");
  let status: number;
  let body: { status?: unknown } | null;
  try {
    const own = isOwn ? ({ tls: { rejectUnauthorized: false }, proxy: false } as const) : {};
    const response = await fetch(url, { ...init, ...own, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    ({ status } = response);
    body = (await response.json().catch(() => null)) as typeof body;
  } catch (error) {
    throw new CommandFailed(`The server at ${server} cannot be reached (${reasonOf(error as Error)}).`);
  }
  const word = typeof body?.status === "string" ? body.status : null;
  if (status !== 200 || word === null) {
    throw new CommandFailed(`The server at ${server} is not healthy: ${word ?? `it responded with ${status}`}.`);
  }
  console.log(word);
}
