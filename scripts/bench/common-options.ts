import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { availableLoad, type LoadKind } from "./load.ts";
import { availableReceiver, type ReceiverKind } from "./receiver.ts";

/** The command line is invalid. The message is one sentence. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The options that every comparison of servers has. */
export interface CommonOptions {
  readonly help: boolean;
  readonly rounds: number;
  readonly connections: number;
  readonly payloadBytes: number;
  /** Null for the executable of this tree, which is built if it is stale. */
  readonly binary: string | null;
  readonly receiver: ReceiverKind;
  readonly load: LoadKind;
  readonly json: string | null;
}

/** Returns the definition of an option with a value. */
export const text = (byDefault: string) => ({ type: "string", default: byDefault }) as const;
export const flag = { type: "boolean", default: false } as const;
export const optional = { type: "string" } as const;

/** The definitions of the common options. Each command adds its own. */
export const COMMON = {
  ...{ help: flag, rounds: text("3"), connections: text("64"), binary: optional },
  ...{ receiver: optional, load: optional, json: optional },
} as const;

/** Parses a command line without its checks of values. Throws `UsageError`. */
export function parse<Definitions extends ParseArgsOptionsConfig>(args: readonly string[], options: Definitions) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** What `parse` returns for the common options and `payload`. */
interface CommonValues {
  readonly help: boolean;
  readonly rounds: string;
  readonly connections: string;
  readonly payload: string;
  readonly binary?: string;
  readonly receiver?: string;
  readonly load?: string;
  readonly json?: string;
}

/** Returns the common options. Throws `UsageError`. */
export function commonOptions(values: CommonValues, connectionsMin = 1): CommonOptions {
  return {
    help: values.help,
    rounds: wholeNumber("rounds", values.rounds, 1, 20),
    connections: wholeNumber("connections", values.connections, connectionsMin, 512),
    payloadBytes: wholeNumber("payload", values.payload, 1, 1_000_000),
    binary: values.binary ?? null,
    receiver: oneOf("receiver", values.receiver ?? availableReceiver(), ["nginx", "bun"]),
    load: oneOf("load", values.load ?? availableLoad(), ["wrk", "bun"]),
    json: values.json ?? null,
  };
}

export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, but is ${text}.`);
}

/** Parses a duration. wrk knows only whole seconds. */
export function secondsOf(name: string, text: string, max: number, load: LoadKind): number {
  if (load === "wrk") return wholeNumber(name, text, 1, max);
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= 0.1 && value <= max) return value;
  throw new UsageError(`--${name} must be a number from 0.1 to ${max}, but is ${text}.`);
}

export function oneOf<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} must be ${choices.join(" or ")}, but is ${text}.`);
}
