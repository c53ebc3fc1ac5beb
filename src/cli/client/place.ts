import { type Command, Option } from "commander";
import { printable } from "./printable.ts";
import type { Names } from "./server-client.ts";

export interface PlaceOptions {
  readonly app?: string;
  readonly source?: string;
}

/** An application or a source, as a command's options name it. */
export interface Place {
  /** The path of its operations. */
  readonly path: string;
  /** For the message of a 404. */
  readonly names: Names;
  /** A phrase such as "the application acme". */
  readonly title: string;
}

/** Adds `--app` and `--source`, of which exactly one must be given. */
export function addPlaceOptions(command: Command): Command {
  return command
    .addOption(new Option("--app <application>", "id or uid of the application").conflicts("source"))
    .option("--source <source>", "id or uid of the source");
}

/** Returns the place that the options name. Reports a usage error if there is none. */
export function placeOf(command: Command, { app, source }: PlaceOptions): Place {
  if (app !== undefined) return applicationPlace(app);
  if (source === undefined) command.error("error: Set either --app or --source.");
  return {
    path: `/ingest/api/v1/source/${encodeURIComponent(source)}`,
    names: { Source: source },
    title: `the source ${printable(source)}`,
  };
}

export function applicationPlace(app: string): Place {
  return {
    path: `/api/v1/app/${encodeURIComponent(app)}`,
    names: { Application: app },
    title: `the application ${printable(app)}`,
  };
}
