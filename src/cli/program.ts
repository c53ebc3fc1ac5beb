import { Command, CommanderError } from "commander";
import { SettingsError } from "../config/index.ts";
import { StartError } from "../core/start-error.ts";
import { CommandFailed, EXIT } from "./exit-code.ts";
import { addServeCommand } from "./serve.ts";
import { addTokenCommand } from "./token.ts";
import { usageSentence } from "./usage.ts";
import { version } from "./version.ts";

/**
 * Runs the command that the arguments name (without the program itself) and answers with the exit
 * code.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(args, { from: "user" });
    return EXIT.done;
  } catch (error) {
    return report(error);
  }
}

function buildProgram(): Command {
  const program = new Command("boathook")
    .description("Webhooks, both directions, durable, in one executable.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    // What commander would write about wrong usage is said in one sentence by `report`.
    .configureOutput({ outputError() {} });
  addServeCommand(program);
  addTokenCommand(program);
  return program;
}

/**
 * Says in one sentence on stderr what went wrong, and answers with the exit code that belongs to
 * it.
 */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === EXIT.done) return EXIT.done;
    // Where a command is missing the help has been printed; nothing is to be added.
    if (error.code !== "commander.help") console.error(usageSentence(error.message));
    return EXIT.usage;
  }
  if (error instanceof SettingsError) {
    console.error(error.message);
    return EXIT.usage;
  }
  if (error instanceof CommandFailed || error instanceof StartError) {
    console.error(error.message);
    return EXIT.failed;
  }
  console.error(error);
  return EXIT.failed;
}
