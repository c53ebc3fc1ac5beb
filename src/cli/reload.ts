import { closeSync, openSync } from "node:fs";
import type { RunningServer } from "../app.ts";
import { type ReadSettings, SCHEMA, type Settings, SettingsError } from "../config/index.ts";
import { allSettings, type Field } from "../config/schema.ts";
import type { AdjustableLog } from "../telemetry/log.ts";

/** Signals that end a process by default but that this process ignores. */
const IGNORED = ["SIGUSR1", "SIGUSR2", "SIGPIPE"] as const;

/** The settings that a running server can change. */
const RELOADABLE: ReadonlySet<Field> = new Set(["logLevel", "metricsToken"]);

/**
 * Handles SIGHUP, and ignores signals that would end the process for no reason. A SIGHUP that
 * arrives before `use` is called is handled by that call. If the terminal of the process was
 * closed, SIGHUP calls `onTerminalClosed` and then stops the process like SIGTERM.
 */
export function listenForReload(onTerminalClosed: () => void): { use(reload: () => void): void } {
  for (const signal of IGNORED) process.on(signal, () => {});
  const hasTerminal = process.stdin.isTTY === true;
  let reload: (() => void) | null = null;
  let isWaiting = false;
  process.on("SIGHUP", () => {
    if (hasTerminal && !isTerminalOpen()) {
      onTerminalClosed();
      process.kill(process.pid, "SIGTERM");
    } else if (reload !== null) reload();
    else isWaiting = true;
  });
  return {
    use(wanted) {
      reload = wanted;
      if (isWaiting) wanted();
    },
  };
}

function isTerminalOpen(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads the settings again, applies those that a running server can change, and logs one line with
 * the names of the changed settings. If the file cannot be read or a setting is invalid, nothing
 * changes. A `metrics-token` can be added or replaced but not removed, so that a mistake in the file
 * never opens `/metrics` to everybody.
 */
export class Reloader {
  constructor(
    private current: ReadSettings,
    private readonly read: () => ReadSettings,
    private readonly server: Pick<RunningServer, "setMetricsToken">,
    private readonly log: AdjustableLog,
  ) {}

  /** The settings in force. */
  get inForce(): ReadSettings {
    return this.current;
  }

  readonly reload = (): void => {
    const { log } = this;
    try {
      const { settings: before, from } = this.current;
      const { settings: next, from: nextFrom } = this.read();
      const changed = this.#changedIn(next);
      const metricsToken = next.metricsToken ?? before.metricsToken;
      const isReloadable = (field: Field) =>
        RELOADABLE.has(field) && (field !== "metricsToken" || next.metricsToken !== null);
      const [taken, left] = [changed.filter(isReloadable), changed.filter((field) => !isReloadable(field))];
      this.server.setMetricsToken(metricsToken);
      log.setLevel(next.logLevel);
      const settings = { ...before, logLevel: next.logLevel, metricsToken };
      this.current = { settings, from: { ...from, ...sourcesOf(taken, nextFrom) } };
      log.always(
        { changed: taken.map(nameOf), needRestart: left.map(nameOf) },
        taken.length > 0 ? "Settings reloaded." : "Settings reloaded: none that can be reloaded has changed.",
      );
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      log.error(
        { error: error.message },
        "Settings not reloaded: they are invalid or cannot be read. The previous ones stay in force.",
      );
    }
  };

  #changedIn(next: Settings): Field[] {
    return allSettings()
      .map(([field]) => field)
      .filter((field) => JSON.stringify(next[field]) !== JSON.stringify(this.current.settings[field]));
  }
}

function sourcesOf(fields: readonly Field[], from: ReadSettings["from"]): ReadSettings["from"] {
  return Object.fromEntries(fields.map((field) => [field, from[field] ?? "default"]));
}

function nameOf(field: Field): string {
  return SCHEMA[field].name;
}
