import type { RunningServer } from "../app.ts";
import type { Settings } from "../config/index.ts";
import { allSettings } from "../config/schema.ts";
import type { Log } from "../telemetry/log.ts";
import type { LogOutput } from "../telemetry/log-output.ts";
import { version } from "./version.ts";

/**
 * Prints the URL of the server. On the first start, also prints how to send a first webhook. If the
 * log format is `json`, writes log lines instead.
 */
export function announce(
  settings: Settings,
  server: RunningServer,
  { log, output }: { readonly log: Log; readonly output: Pick<LogOutput, "write"> },
): void {
  const adminPage = `${settings.publicUrl ?? server.url}/ui/`;
  const first = server.firstStart;
  if (settings.logFormat === "json") {
    if (first !== null) {
      const fields = { rootToken: first.rootToken, curl: firstCurl(server.url, first) };
      log.info(
        fields,
        "First start. Keep the root token: it is not shown again. The curl command sends a first webhook.",
      );
    }
    const { url } = server;
    const { dataDir } = settings;
    log.info({ event: "started", version, url, adminPage, dataDir, settings: shown(settings) }, "Serving.");
    return;
  }
  const lines = first === null ? [] : firstStartLines(server.url, first);
  output.write(
    `\nBoathook ${version} listens on ${server.url}\nAdmin page:  ${adminPage}\nData:        ${settings.dataDir}\n${lines.join("\n")}\n`,
  );
}

/** Returns the settings in force by their fields, without the values of secrets. */
function shown(settings: Settings): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    allSettings().map(([field, { secret }]) => {
      const value = settings[field];
      return [field, secret && value !== null ? "[set]" : value];
    }),
  );
}

type FirstStart = NonNullable<RunningServer["firstStart"]>;

function firstStartLines(url: string, first: FirstStart): string[] {
  const token = [`Root token:  ${first.rootToken}`, "             (keep it: it is not shown again)"];
  return [...token, "", "Send a first webhook to the built-in inbox:", "", firstCurl(url, first), ""];
}

/** Returns a `curl` command for the user to copy. */
function firstCurl(url: string, first: FirstStart): string {
  const body = JSON.stringify({ eventType: "demo.hello", payload: { hello: "world" } });
  return [
    "curl",
    `${url}/api/v1/app/${first.demoApplication}/msg`,
    `-H "Authorization: Bearer ${first.rootToken}"`,
    `-H "Content-Type: application/json"`,
    `-d '${body}'`,
  ].join(" ");
}
