import type { Command } from "commander";
import { type RunningServer, startServer } from "../app.ts";
import { type ReadSettings, readKeyPair, type Settings, settingsInForce } from "../config/index.ts";
import { StartError } from "../core/start-error.ts";
import { systemClock } from "../edge/clock.ts";
import { ServiceManager } from "../edge/service-manager.ts";
import { type AdjustableLog, createLog } from "../telemetry/log.ts";
import { LogOutput } from "../telemetry/log-output.ts";
import { RecentLines } from "../telemetry/recent-lines.ts";
import { announce, rootTokenPrinter } from "./announce.ts";
import { EXIT } from "./exit-code.ts";
import { dropStartCode } from "./heap-growth.ts";
import { ownProgram } from "./own-program.ts";
import { listenForReload, Reloader } from "./reload.ts";
import { droppedWarning } from "./runtime-variables.ts";
import { addSettingOptions, readFor } from "./setting-options.ts";
import { listenForStop } from "./stop-signal.ts";
import { commit, version } from "./version.ts";

/**
 * Time after `shutdown-timeout` that closing the store may take, in ms. After that the process
 * exits regardless.
 */
const STOP_GRACE_MS = 10_000;
const STDOUT = 1;
/** Time limit for writing the last log lines, in ms. Writing never ends if nobody reads them. */
const FLUSH_MS = 1_000;

/** `dropped` are the ignored environment variables, which the server reports. */
export function addServeCommand(program: Command, dropped: readonly string[]): void {
  const command = program
    .command("serve")
    .description("Run the server: API, sources, delivery, built-in inbox and admin page.")
    .option("--accept-clock", "trust a clock that is more than a day ahead of the stored data; see the log")
    .option("--deliver", "resume deliveries that were held with --no-deliver or over the API")
    .option("--no-deliver", "accept and store messages, but send nothing until deliveries are resumed")
    .option("--no-upgrade-copy", "do not copy the data before a new version upgrades it")
    .action(({ acceptClock = false, deliver, upgradeCopy }: GivenOptions) => {
      if (excluding.size > 1) command.error("error: Use either --deliver or --no-deliver, not both.");
      return serve((again) => readFor(command, again), { dropped, acceptClock, deliver, upgradeCopy });
    });
  // Commander keeps only the last of two options that negate each other.
  const excluding = new Set<string>();
  for (const name of ["deliver", "no-deliver"]) command.on(`option:${name}`, () => excluding.add(name));
  addSettingOptions(command);
}

interface GivenOptions {
  readonly acceptClock?: boolean;
  readonly deliver?: boolean;
  readonly upgradeCopy: boolean;
}

interface ServeOptions {
  readonly dropped: readonly string[];
  readonly acceptClock: boolean;
  /** Undefined if neither `--deliver` nor `--no-deliver` was given. */
  readonly deliver: boolean | undefined;
  readonly upgradeCopy: boolean;
}

/** Runs the server until a signal stops it. Throws `StartError` if it cannot start. */
async function serve(
  read: (again: boolean) => ReadSettings,
  { dropped, acceptClock, deliver, upgradeCopy }: ServeOptions,
): Promise<void> {
  const { settings, from } = read(false);
  const keyPair = readKeyPair(settings, { now: Date.now(), again: false });
  const recentLines = new RecentLines();
  const output = new LogOutput(STDOUT, (dropped) =>
    log.warn({ dropped }, "Log lines were dropped because the output could not be written."),
  );
  const log = openLog(settings, recentLines, output);
  for (const variable of dropped) log.warn({ variable }, droppedWarning(variable));
  const manager = ServiceManager.fromEnvironment(process.env, systemClock, (problem) => log.warn({}, problem));
  manager?.status("Starting.");
  const stopSignal = listenForStop();
  const reloadSignal = listenForReload(log.silence);
  const options = {
    ...{ log, keyPair },
    program: ownProgram(),
    logLinesDropped: () => output.dropped,
    logsAttempts: () => log.isLevelEnabled("debug"),
    ...{ version, commit, recentLines },
    settingsInForce: () => settingsInForce(reloader?.inForce.settings ?? settings, reloader?.inForce.from ?? from),
    ...{ acceptClock, upgradeCopy },
    ...(deliver !== undefined && { deliver }),
    showRootToken: rootTokenPrinter(settings),
  };
  let reloader: Reloader | null = null;
  const server = await startServer(settings, options).catch(async (error: unknown) => {
    // The command line prints the message to stderr, but readers of JSON logs read only stdout.
    if (error instanceof StartError && settings.logFormat === "json") log.error({}, error.message);
    if (error instanceof StartError) manager?.status(error.message);
    await output.flush(FLUSH_MS);
    throw error;
  });
  announce(settings, server, { log, output });
  reloader = new Reloader({ settings, from, keyPair }, () => read(true), server, log);
  manager?.ready(`Serving on ${server.url}.`);
  dropStartCode();
  reloadSignal.use(() => reload(reloader!, server, manager));

  const signal = await stopSignal;
  manager?.stopping(settings.shutdownTimeoutMs + STOP_GRACE_MS);
  log.info({ signal }, "Stopping. A second signal stops the server immediately.");
  const exitTimer = setTimeout(() => {
    log.error({}, "The server did not stop in time. Exiting.");
    void output.flush(FLUSH_MS).then(() => process.exit(EXIT.failed));
  }, settings.shutdownTimeoutMs + STOP_GRACE_MS);
  await server.stop();
  clearTimeout(exitTimer);
  log.info({}, "Stopped.");
  await output.flush(FLUSH_MS);
}

function openLog({ logLevel, logFormat }: Settings, recentLines: RecentLines, output: LogOutput): AdjustableLog {
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const onLine = (line: Parameters<RecentLines["add"]>[0]) => recentLines.add(line);
  return createLog({ level: logLevel, format: logFormat, colour, onLine }, output);
}

async function reload(reloader: Reloader, server: RunningServer, manager: ServiceManager | null): Promise<void> {
  manager?.reloading();
  await reloader.reload();
  manager?.ready(`Serving on ${server.url}.`);
}
