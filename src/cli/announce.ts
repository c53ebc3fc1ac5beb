import type { RunningServer } from "../app.ts";
import type { Settings } from "../config/index.ts";
import type { Log } from "../telemetry/log.ts";

/**
 * Prints the URL of the server. On the first start, also prints how to send a first webhook. If the
 * log format is `json`, writes log lines instead.
 */
export function announce(settings: Settings, server: RunningServer, log: Log): void {
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
    log.info({ url: server.url, adminPage }, "Serving.");
    return;
  }
  const lines = first === null ? [] : firstStartLines(server.url, first);
  process.stdout.write(`\nBoathook listens on ${server.url}\nAdmin page:  ${adminPage}\n${lines.join("\n")}\n`);
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
