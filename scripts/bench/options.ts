import {
  COMMON,
  type CommonOptions,
  commonOptions,
  flag,
  oneOf,
  optional,
  parse,
  secondsOf,
  text,
  UsageError,
  wholeNumber,
} from "./common-options.ts";
import { PATH_NAMES, type PathName } from "./path.ts";

export const HELP = `Compares the product with a minimal durable sender on this machine.

  bun run bench [options]              compares yardstick and product: webhooks/s, CPU, latency;
                                       the product on each of its paths
  bun run bench --backlog [options]    measures memory, start and speed with many pending deliveries
  bun run bench receive [options]      compares receiving at a source (with a signature that is verified
                                       and duplicates that are recognised) with the message route
  bun run bench features [options]     compares the product without and with a filter, a transformation,
                                       a schema and batches: accepted and delivered per second, CPU
  bun run bench pages [options]        measures the admin page on a large store; see "pages --help"
  bun run bench backup [options]       measures what backups and a replica cost under load; see "backup --help"
  bun run bench postgres [options]     measures instances on one PostgreSQL server; see "postgres --help"
  bun run bench readme [FILE]          writes the figures of "boathook bench --json FILE" into the README;
                                       with --measure, measures all scenarios before (half an hour)

  --seconds N       load time of each run (6)          --connections N   of the load generator (64)
  --warmup N        seconds before the load (2)        --rounds N        runs of each target; shows medians (3)
  --payload N       bytes per payload (256)            --only T          yardstick, product or both (both)
  --endpoints N     each message goes to all N (1)     --spread          each message goes to one of them in rotation
  --binary PATH     build to use (dist/boathook)       --against PATH    second build to compare with
  --receiver R      nginx or bun (nginx if installed)  --load L          wrk or bun (wrk if installed)
  --pending N       deliveries of the backlog (100000) --json FILE       also writes all figures to FILE
  --paths P,P…      paths of the product (all): address/root, address/token, named/root, named/token

A path is HOST/TOKEN. HOST is the host in the endpoint URL: the address 127.0.0.1, or the name
localhost, which uses the resolver. TOKEN is the token of the sender: the root token, or one
created by "boathook token create". The yardstick has no path.

Every round runs the yardstick once and, on each path, the product and then the build of --against.
A ratio is the median of the ratios within each round, followed by the lowest and highest ratio.

Data is written to the temporary directory (TMPDIR) and removed at the end.`;

export interface Options extends CommonOptions {
  readonly backlog: boolean;
  /** Compares the door with the message route. */
  readonly receive: boolean;
  /** Compares the product with its features on the way of a message. */
  readonly features: boolean;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly endpoints: number;
  readonly spread: boolean;
  readonly pending: number;
  /** The product's paths to measure, without duplicates. */
  readonly paths: readonly PathName[];
  readonly only: "yardstick" | "product" | "both";
  readonly against: string | null;
}

const OPTIONS = {
  ...COMMON,
  ...{ backlog: flag, spread: flag, paths: optional, against: optional },
  ...{ seconds: text("6"), warmup: text("2"), payload: text("256"), endpoints: text("1") },
  ...{ pending: text("100000"), only: text("both") },
} as const;

/** Parses the command line. Throws `UsageError`. */
export function readOptions(args: readonly string[]): Options {
  const [receive, features] = [args[0] === "receive", args[0] === "features"];
  const values = parse(receive || features ? args.slice(1) : args, OPTIONS);
  if ((receive || features) && (values.backlog || values.paths !== undefined || values.against !== undefined)) {
    throw new UsageError(`--backlog, --paths and --against cannot be used with ${args[0]}.`);
  }
  if (features && (values.spread || values.endpoints !== "1")) {
    throw new UsageError("--endpoints and --spread cannot be used with features.");
  }
  const common = commonOptions(values);
  return {
    ...common,
    backlog: values.backlog,
    receive,
    features,
    seconds: secondsOf("seconds", values.seconds, 60, common.load),
    warmupSeconds: wholeNumber("warmup", values.warmup, 0, 60),
    endpoints: wholeNumber("endpoints", values.endpoints, 1, 100),
    spread: values.spread,
    pending: wholeNumber("pending", values.pending, 1, 2_000_000),
    paths: receive || features ? ["address/root"] : pathsOf(values.paths, values.backlog),
    only: receive || features ? "product" : oneOf("only", values.only, ["yardstick", "product", "both"]),
    against: values.against ?? null,
  };
}

function pathsOf(text: string | undefined, backlog: boolean): readonly PathName[] {
  if (text === undefined) return PATH_NAMES;
  if (backlog) throw new UsageError("--paths cannot be used with --backlog, which always uses address/root.");
  return [...new Set(text.split(",").map((name) => oneOf("paths", name, PATH_NAMES)))];
}
