import { parseArgs } from "node:util";
import { availableLoad, type LoadKind } from "../load.ts";
import { oneOf, UsageError, wholeNumber } from "../options.ts";
import { availableReceiver, type ReceiverKind } from "../receiver.ts";

export const HELP = `Measures one server with SQLite, and instances that share a PostgreSQL server on this machine.

  bun run bench postgres [options]

  --instances N,N…  numbers of instances (1,2,4)      --rounds N        runs of each, shows medians (3)
  --seconds N       load time of each run (6)         --warmup N        seconds before the load (3)
  --connections N   of all load generators (64)       --endpoints N     each message goes to one of them (20)
  --payload N       bytes per payload (500)           --binary PATH     build to use (dist/boathook)
  --receiver R      nginx or bun                      --load L          wrk or bun
  --json FILE       also writes all figures to FILE   --write           writes the table into the guide

Each run starts PostgreSQL and the instances with new data. Commits are durable. Every instance gets its share
of the load, and the run ends when all messages have arrived. CPU time is that of all processes of one kind.
PostgreSQL, instances, load and receiver share the cores of this machine.`;

export interface PostgresBenchOptions {
  readonly help: boolean;
  readonly instances: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly connections: number;
  readonly endpoints: number;
  readonly payloadBytes: number;
  /** Null for the executable of this tree, which is built if it is stale. */
  readonly binary: string | null;
  readonly receiver: ReceiverKind;
  readonly load: LoadKind;
  readonly json: string | null;
  readonly write: boolean;
}

const INSTANCES_MAX = 8;

/** Parses the command line. Throws `UsageError`. */
export function readOptions(args: readonly string[]): PostgresBenchOptions {
  const values = parse(args);
  return {
    help: values.help,
    instances: [...new Set(values.instances.split(","))].map((text) =>
      wholeNumber("instances", text, 1, INSTANCES_MAX),
    ),
    rounds: wholeNumber("rounds", values.rounds, 1, 20),
    seconds: wholeNumber("seconds", values.seconds, 1, 60),
    warmupSeconds: wholeNumber("warmup", values.warmup, 1, 60),
    connections: wholeNumber("connections", values.connections, INSTANCES_MAX, 512),
    endpoints: wholeNumber("endpoints", values.endpoints, 1, 100),
    payloadBytes: wholeNumber("payload", values.payload, 1, 1_000_000),
    binary: values.binary ?? null,
    receiver: oneOf("receiver", values.receiver ?? availableReceiver(), ["nginx", "bun"]),
    load: oneOf("load", values.load ?? availableLoad(), ["wrk", "bun"]),
    json: values.json ?? null,
    write: values.write,
  };
}

function parse(args: readonly string[]) {
  const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
  const flag = { type: "boolean", default: false } as const;
  const optional = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ help: flag, write: flag, json: optional, binary: optional, receiver: optional, load: optional },
        ...{ instances: text("1,2,4"), rounds: text("3"), seconds: text("6"), warmup: text("3") },
        ...{ connections: text("64"), endpoints: text("20"), payload: text("500") },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
