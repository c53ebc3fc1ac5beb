import type { RunningServer } from "../app.ts";
import type { Settings } from "../config/index.ts";
import type { Log } from "../telemetry/log.ts";

/**
 * Tells where the server is and, on the first start, how to send a first webhook: for people, or as
 * lines of the log.
 */
export function announce(settings: Settings, server: RunningServer, log: Log): void {
  const adminPage = `${settings.publicUrl ?? server.url}/ui/`;
  const first = server.firstStart;
  if (settings.logFormat === "json") {
    if (first !== null) {
      const fields = { rootToken: first.rootToken, curl: firstCurl(server.url, first) };
      log.info(fields, "First start: keep the root token, it is shown only now; the curl line sends a first webhook.");
    }
    log.info({ url: server.url, adminPage }, "Serving.");
    return;
  }
  const lines = first === null ? [] : firstStartLines(server.url, first);
  process.stdout.write(`\nBoathook serves on ${server.url}\nAdmin page:  ${adminPage}\n${lines.join("\n")}\n`);
}

type FirstStart = NonNullable<RunningServer["firstStart"]>;

function firstStartLines(url: string, first: FirstStart): string[] {
  const token =
    first.rootToken === null ? [] : [`Root token:  ${first.rootToken}`, "             (shown only now: keep it)"];
  return [...token, "", "Send a first webhook to the built-in inbox:", "", firstCurl(url, first), ""];
}

/** One line to copy. A configured token is not repeated: the line takes it from its variable. */
function firstCurl(url: string, first: FirstStart): string {
  const token = first.rootToken ?? "$BOATHOOK_ROOT_TOKEN";
  const body = JSON.stringify({ eventType: "demo.hello", payload: { hello: "world" } });
  return [
    "curl",
    `${url}/api/v1/app/${first.demoApplication}/msg`,
    `-H "Authorization: Bearer ${token}"`,
    `-H "Content-Type: application/json"`,
    `-d '${body}'`,
  ].join(" ");
}
