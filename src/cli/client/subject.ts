import { type Command, Option } from "commander";
import { InputInvalid } from "../exit-code.ts";
import { printable } from "./printable.ts";
import type { Names } from "./server-client.ts";

export interface SubjectOptions {
  readonly app?: string;
  readonly source?: string;
}

/** The application or the source that a command is about. */
export interface Subject {
  /** The path of its operations. */
  readonly path: string;
  /** For the message of a 404. */
  readonly names: Names;
  /** A phrase such as "the application acme". */
  readonly title: string;
}

/** Adds `--app` and `--source`, of which exactly one must be given. */
export function addSubjectOptions(command: Command): Command {
  return command
    .addOption(new Option("--app <application>", "id or uid of the application").conflicts("source"))
    .option("--source <source>", "id or uid of the source");
}

/** Returns the application or the source that the options name. Reports a usage error if they name none. */
export function subjectOf(command: Command, { app, source }: SubjectOptions): Subject {
  if (app !== undefined) return applicationNamed(app);
  if (source === undefined) command.error("error: Set either --app or --source.");
  return {
    path: `/ingest/api/v1/source/${inPath(source)}`,
    names: { Source: source },
    title: `the source ${printable(source)}`,
  };
}

/** Returns an id or uid as a part of a path. Throws `InputInvalid` if it would change the path. */
export function inPath(name: string): string {
  if (!/^\.{0,2}$/.test(name)) return encodeURIComponent(name);
  throw new InputInvalid(`"${name}" is not an id or uid.`);
}

export function applicationNamed(app: string): Subject {
  return {
    path: `/api/v1/app/${inPath(app)}`,
    names: { Application: app },
    title: `the application ${printable(app)}`,
  };
}
