import pino from "pino";
import pretty from "pino-pretty";

export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * A logger for messages to operators. Fields come first, then a sentence that does not repeat them.
 */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** `json` writes one object per line; `pretty` is for people. */
  readonly format: "json" | "pretty";
  /** File descriptor to write to; defaults to stdout. */
  readonly fd?: number;
  readonly colour?: boolean;
}

/**
 * Returns a logger that writes each line before the call returns, so nothing is lost when the
 * process ends. It uses no worker thread, which a compiled executable could not start without an
 * entry point for it.
 */
export function createLog(options: LogOptions): Log {
  const destination = pino.destination({ fd: options.fd ?? 1, sync: true });
  const stream =
    options.format === "json"
      ? destination
      : pretty({
          colorize: options.colour ?? false,
          destination,
          ignore: "pid,hostname",
          translateTime: "SYS:HH:MM:ss.l",
          singleLine: true,
        });
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    stream,
  );
}

/** A logger that discards everything, for tests and for callers without output. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
