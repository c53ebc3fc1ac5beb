import type { Command } from "commander";
import { startServer } from "../app.ts";
import type { Settings } from "../config/index.ts";
import { createLog } from "../telemetry/log.ts";
import { announce } from "./announce.ts";
import { EXIT } from "./exit-code.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";
import { listenForStop } from "./stop-signal.ts";
import { version } from "./version.ts";

/**
 * Beyond `shutdown-timeout`: for closing the store before the process is ended whatever it does.
 */
const STOP_GRACE_MS = 10_000;

export function addServeCommand(program: Command): void {
  const command = program
    .command("serve")
    .description("Run the server: API, delivery, built-in inbox and admin page.")
    .action(() => serve(settingsFor(command)));
  addSettingOptions(command);
}

/** Runs the server until a signal ends it. Throws `StartError` when it cannot start. */
async function serve(settings: Settings): Promise<void> {
  const log = createLog({
    level: settings.logLevel,
    format: settings.logFormat,
    colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  });
  const stopAsked = listenForStop();
  const server = await startServer(settings, { log, version });
  announce(settings, server, log);

  const signal = await stopAsked;
  log.info({ signal }, "Stopping; a second signal ends it at once.");
  const tooLong = setTimeout(() => {
    log.error({}, "The server did not stop in time and is ended.");
    process.exit(EXIT.failed);
  }, settings.shutdownTimeoutMs + STOP_GRACE_MS);
  await server.stop();
  clearTimeout(tooLong);
  log.info({}, "Stopped.");
}
