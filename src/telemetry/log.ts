import pino from "pino";
import { prettyFactory } from "pino-pretty";
import type { LogOutput } from "./log-output.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * A logger for operators. Each call takes fields and a sentence; the sentence does not repeat the
 * fields.
 */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger whose level can be changed while it is in use. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
  /** Writes a line at level `info`, whatever the level of the logger. */
  always(fields: object, message: string): void;
  /** Returns whether lines of this level are written. */
  isLevelEnabled(level: LogLevel): boolean;
  /** Discards all further lines, because nobody can read them. */
  silence(): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** `json` writes one object per line; `pretty` writes human-readable lines. */
  readonly format: "json" | "pretty";
  readonly colour?: boolean;
  /** Receives each line as JSON, also if the format is `pretty`. */
  readonly onLine?: (line: string) => void;
}

/**
 * Returns a logger that neither blocks nor throws, even if its output fails. It uses no worker
 * thread, because a compiled executable would need a separate entry point for one.
 */
export function createLog(options: LogOptions, output: Pick<LogOutput, "write">): AdjustableLog {
  const pretty =
    options.format === "json"
      ? null
      : prettyFactory({
          colorize: options.colour ?? false,
          ignore: "pid,hostname",
          translateTime: "SYS:HH:MM:ss.l",
          singleLine: true,
        });
  const stream = {
    write(line: string) {
      options.onLine?.(line);
      output.write(pretty === null ? line : pretty(line));
    },
  };
  const logger = pinoOn(stream, options.level);
  const always = pinoOn(stream, "info");
  return Object.assign(logger, {
    setLevel(level: LogLevel) {
      logger.level = level;
    },
    always: (fields: object, message: string) => always.info(fields, message),
    silence() {
      logger.level = "silent";
      always.level = "silent";
    },
  });
}

function pinoOn(stream: pino.DestinationStream, level: LogLevel): pino.Logger {
  return pino(
    {
      level,
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
