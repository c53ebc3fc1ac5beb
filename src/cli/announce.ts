import type { RunningServer } from "../app.ts";
import { type Settings, settingsInForce } from "../config/index.ts";
import { socketPathOf } from "../core/unix-socket.ts";
import type { Log } from "../telemetry/log.ts";
import type { LogOutput } from "../telemetry/log-output.ts";
import { version } from "./version.ts";

/**
 * Returns a function that prints a generated root token. Returns null if stdout is not a terminal
 * or contains a JSON log. The log never contains the token.
 */
export function rootTokenPrinter({ logFormat }: Settings): ((token: string) => void) | null {
  if (logFormat === "json" || process.stdout.isTTY !== true) return null;
  return (token) => {
    process.stdout.write(`\nRoot token:  ${token}\n             (keep it: it is not shown again)\n`);
  };
}

/**
 * Prints the URL of the server. On the first start, also prints how to send a first webhook. If the
 * log format is `json`, writes log lines instead.
 */
export function announce(
  settings: Settings,
  server: RunningServer,
  { log, output }: { readonly log: Log; readonly output: Pick<LogOutput, "write"> },
): void {
  // Without a public URL, nobody can open the pages of a server on a Unix socket.
  const base = settings.publicUrl ?? (socketPathOf(server.url) === null ? server.url : null);
  const adminPage = base === null ? null : `${base}/ui/`;
  const first = server.firstStart;
  if (settings.logFormat === "json") {
    if (first !== null) {
      const fields = { rootTokenFile: first.rootTokenFile, curl: firstCurl(server.url, first) };
      log.info(fields, "First start. The root token is in the file. The curl command sends a first webhook.");
    }
    const { url } = server;
    const { dataDir } = settings;
    log.info({ event: "started", version, url, adminPage, dataDir, settings: shown(settings) }, "Serving.");
    return;
  }
  const lines = first === null ? [] : firstStartLines(server.url, first);
  output.write(
    `\nBoathook ${version} listens on ${server.url}\nAdmin page:  ${adminPage ?? "(set public-url to the URL of the proxy)"}\nData:        ${settings.dataDir}\n${lines.join("\n")}\n`,
  );
}

/** Returns the current settings as an operator would write them, without the values of secrets. */
function shown(settings: Settings): Readonly<Record<string, string | null>> {
  return Object.fromEntries(settingsInForce(settings, {}).map(({ name, value }) => [name, value]));
}

type FirstStart = NonNullable<RunningServer["firstStart"]>;

function firstStartLines(url: string, first: FirstStart): string[] {
  const file = first.rootTokenFile;
  const token = file === null ? [] : [`Root token:  in the file ${file}`];
  return [...token, "", "Send a first webhook to the built-in inbox:", "", firstCurl(url, first), ""];
}

/**
 * Returns a `curl` command for the user to copy. It contains the root token only if the token is
 * also printed.
 */
function firstCurl(url: string, { rootToken, rootTokenFile, demoApplication }: FirstStart): string {
  const token = rootTokenFile === null ? rootToken : `$(cat ${quoted(rootTokenFile)})`;
  const body = JSON.stringify({ eventType: "demo.hello", payload: { hello: "world" } });
  const socket = socketPathOf(url);
  return [
    ...["curl", ...(socket === null ? [] : [`--unix-socket ${quoted(socket)}`])],
    `${socket === null ? url : "http://localhost"}/api/v1/app/${demoApplication}/msg`,
    `-H "Authorization: Bearer ${token}"`,
    `-H "Content-Type: application/json"`,
    `-d '${body}'`,
  ].join(" ");
}

/** Quotes a path for use in a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
