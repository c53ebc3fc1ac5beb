import {
  COMMON,
  type CommonOptions,
  commonOptions,
  oneOf,
  optional,
  parse,
  secondsOf,
  text,
  wholeNumber,
} from "../common-options.ts";

export const HELP = `Measures what backups and a replica cost while the server is under load.

  bun run bench backup [options]

  --rounds N        rounds of each comparison (3)     --seconds N       load time of each phase (20)
  --warmup N        seconds before each phase (2)     --database N      size of the data in MB (600)
  --connections N   of the load generator (64)        --payload N       bytes per payload (256)
  --only T          backup, replica or both (both)    --data-dir D      copy this data instead of making some
  --binary PATH     build to use (dist/boathook)      --json FILE       also writes all figures to FILE
  --receiver R      nginx or bun                      --load L          wrk or bun

Each round has phases without and with a copy. Their order is reversed from round to round (A B, then
B A), and each phase restarts the server on a copy of the same data. The phases:

  no backup, backups       backups of the data follow one another without a pause
  no replica, replica      a replica in a directory, replica-sync "async"; its first copy of the data is
                           complete before the load begins
  first copy               the same, but the first copy of the data is made during the load

"of that without" is the median of the ratios of webhooks/s within each round, followed by the lowest
and the highest one. CPU/webhook is that of the server.

Data is written to the temporary directory (TMPDIR) and removed at the end.`;

export interface BackupBenchOptions extends CommonOptions {
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly databaseMb: number;
  readonly only: "backup" | "replica" | "both";
  /** Null to make data of `databaseMb`. */
  readonly dataDir: string | null;
}

const OPTIONS = {
  ...COMMON,
  ...{ seconds: text("20"), warmup: text("2"), payload: text("256") },
  ...{ database: text("600"), only: text("both"), "data-dir": optional },
} as const;

/** Parses the command line. Throws `UsageError`. */
export function readOptions(args: readonly string[]): BackupBenchOptions {
  const values = parse(args, OPTIONS);
  const common = commonOptions(values);
  return {
    ...common,
    seconds: secondsOf("seconds", values.seconds, 600, common.load),
    warmupSeconds: secondsOf("warmup", values.warmup, 60, common.load),
    databaseMb: wholeNumber("database", values.database, 1, 10_000),
    only: oneOf("only", values.only, ["backup", "replica", "both"]),
    dataDir: values["data-dir"] ?? null,
  };
}
