import pino from "pino";
import pretty from "pino-pretty";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where code says something to the people who run the server. Fields first, then a sentence without them. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** `json`: one object a line; `pretty`: for people. */
  readonly format: "json" | "pretty";
  /** The file descriptor to write to; stdout unless given. */
  readonly fd?: number;
  readonly colour?: boolean;
}

/**
 * A logger that writes each line before the call returns: nothing is lost when the process ends, and no worker thread
 * is needed, which a compiled executable could not start.
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

/** For tests and for callers that have nothing to say. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
