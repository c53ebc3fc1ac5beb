import { closeSync, openSync } from "node:fs";
import type { RunningServer } from "../app.ts";
import { type ReadSettings, readKeyPair, SCHEMA, type Settings, SettingsError } from "../config/index.ts";
import { allSettings, type Field } from "../config/schema.ts";
import type { KeyPair } from "../core/key-pair.ts";
import type { AdjustableLog } from "../telemetry/log.ts";

/** Signals that end a process by default but that this process ignores. */
const IGNORED = ["SIGUSR1", "SIGUSR2", "SIGPIPE"] as const;

/** The settings that a running server can change. */
const RELOADABLE: ReadonlySet<Field> = new Set(["logLevel", "metricsToken"]);
/** The settings that a running server with a certificate can change. */
const TLS: ReadonlySet<Field> = new Set(["tlsCert", "tlsKey"]);

/**
 * Handles SIGHUP, and ignores signals that would end the process for no reason. A SIGHUP that
 * arrives before `use` is called is handled by that call. If the terminal of the process was
 * closed, SIGHUP calls `onTerminalClosed` and then stops the process like SIGTERM.
 */
export function listenForReload(onTerminalClosed: () => void): { use(reload: () => unknown): void } {
  for (const signal of IGNORED) process.on(signal, () => {});
  const hasTerminal = process.stdin.isTTY === true;
  let reload: (() => unknown) | null = null;
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

/** The settings with which a server runs, and the certificate that was read for them. */
export interface InForce extends ReadSettings {
  readonly keyPair: KeyPair | null;
}

/**
 * Reads the settings and the certificate again, applies those that a running server can change, and
 * logs one line with the names of the changed settings. If a file cannot be read or a setting is
 * invalid, nothing changes. A `metrics-token` can be added or replaced but not removed, so that a
 * mistake in the file never opens `/metrics` to everybody. Changing between HTTP and HTTPS needs a
 * restart.
 */
export class Reloader {
  #last: Promise<void> = Promise.resolve();

  constructor(
    private current: InForce,
    private readonly read: () => ReadSettings,
    private readonly server: Pick<RunningServer, "setMetricsToken" | "setKeyPair">,
    private readonly log: AdjustableLog,
  ) {}

  /** The settings in force. */
  get inForce(): ReadSettings {
    return this.current;
  }

  /** Never rejects. Reloads that overlap run one after the other. */
  readonly reload = (): Promise<void> => {
    this.#last = this.#last.then(() => this.#reload());
    return this.#last;
  };

  async #reload(): Promise<void> {
    const { log } = this;
    try {
      const { settings: before, from, keyPair: keyPairBefore } = this.current;
      const { settings: next, from: nextFrom } = this.read();
      const keyPair = this.#keyPairOf(next);
      const changed = this.#changedIn(next, keyPair);
      const metricsToken = next.metricsToken ?? before.metricsToken;
      const isReloadable = (field: Field) =>
        (RELOADABLE.has(field) && (field !== "metricsToken" || next.metricsToken !== null)) ||
        (TLS.has(field) && keyPair !== null);
      const [taken, left] = [changed.filter(isReloadable), changed.filter((field) => !isReloadable(field))];
      if (keyPair !== null && taken.some((field) => TLS.has(field))) await this.#use(keyPair);
      this.server.setMetricsToken(metricsToken);
      log.setLevel(next.logLevel);
      const { tlsCert, tlsKey } = keyPair === null ? before : next;
      const settings = { ...before, logLevel: next.logLevel, metricsToken, tlsCert, tlsKey };
      this.current = { settings, from: { ...from, ...sourcesOf(taken, nextFrom) }, keyPair: keyPair ?? keyPairBefore };
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
  }

  /** Returns the new certificate, or null if the server has none or would have none. */
  #keyPairOf(next: Settings): KeyPair | null {
    return this.current.keyPair === null ? null : readKeyPair(next, { now: Date.now(), again: true });
  }

  async #use(keyPair: KeyPair): Promise<void> {
    try {
      await this.server.setKeyPair(keyPair);
    } catch (error) {
      throw new SettingsError(`The certificate in tls-cert cannot be used (${(error as Error).message}).`);
    }
  }

  /** Returns the settings that have changed, including those whose files have changed. */
  #changedIn(next: Settings, keyPair: KeyPair | null): Field[] {
    const { settings, keyPair: before } = this.current;
    return allSettings()
      .map(([field]) => field)
      .filter(
        (field) =>
          JSON.stringify(next[field]) !== JSON.stringify(settings[field]) ||
          (field === "tlsCert" && keyPair !== null && keyPair.cert !== before?.cert) ||
          (field === "tlsKey" && keyPair !== null && keyPair.key !== before?.key),
      );
  }
}

function sourcesOf(fields: readonly Field[], from: ReadSettings["from"]): ReadSettings["from"] {
  return Object.fromEntries(fields.map((field) => [field, from[field] ?? "default"]));
}

function nameOf(field: Field): string {
  return SCHEMA[field].name;
}
