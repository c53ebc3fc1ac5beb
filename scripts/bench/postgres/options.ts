import { COMMON, type CommonOptions, commonOptions, flag, parse, text, wholeNumber } from "../common-options.ts";

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

export interface PostgresBenchOptions extends CommonOptions {
  readonly instances: readonly number[];
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly endpoints: number;
  readonly write: boolean;
}

const OPTIONS = {
  ...COMMON,
  ...{ instances: text("1,2,4"), seconds: text("6"), warmup: text("3") },
  ...{ endpoints: text("20"), payload: text("500"), write: flag },
} as const;

const INSTANCES_MAX = 8;

/** Parses the command line. Throws `UsageError`. */
export function readOptions(args: readonly string[]): PostgresBenchOptions {
  const values = parse(args, OPTIONS);
  return {
    ...commonOptions(values, INSTANCES_MAX),
    instances: [...new Set(values.instances.split(","))].map((text) =>
      wholeNumber("instances", text, 1, INSTANCES_MAX),
    ),
    seconds: wholeNumber("seconds", values.seconds, 1, 60),
    warmupSeconds: wholeNumber("warmup", values.warmup, 1, 60),
    endpoints: wholeNumber("endpoints", values.endpoints, 1, 100),
    write: values.write,
  };
}
