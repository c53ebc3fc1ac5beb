import { Command, CommanderError } from "commander";
import { SettingsError } from "../config/index.ts";
import { StartError } from "../core/start-error.ts";
import { addBackupCommand } from "./backup.ts";
import { addBenchCommand } from "./bench.ts";
import { addApplyCommand } from "./client/apply.ts";
import { addExportCommand } from "./client/export.ts";
import { addImportCommand } from "./client/import.ts";
import { addListenCommand } from "./client/listen.ts";
import { addLoginCommands } from "./client/login.ts";
import { addMoveAppCommand } from "./client/move-app.ts";
import { addRelayCommand } from "./client/relay.ts";
import { addReplayCommand } from "./client/replay.ts";
import { addTailCommand } from "./client/tail.ts";
import { addTriggerCommand } from "./client/trigger.ts";
import { addCompletionCommand } from "./completion.ts";
import { addDoctorCommand } from "./doctor/doctor.ts";
import { CommandFailed, EXIT, FailureReported, InputInvalid } from "./exit-code.ts";
import { addHealthCommand } from "./health.ts";
import { addKeyCommand } from "./key.ts";
import { addDashboardCommand } from "./monitoring/dashboard.ts";
import { addRulesCommand } from "./monitoring/rules.ts";
import { addRestoreCommand } from "./restore.ts";
import { droppedWarning, dropRuntimeVariables } from "./runtime-variables.ts";
import { addServeCommand } from "./serve.ts";
import { addServiceCommand } from "./service.ts";
import { addShardsCommand } from "./shards.ts";
import { addTokenCommand } from "./token.ts";
import { usageSentence } from "./usage.ts";
import { versionText } from "./version.ts";

/** Runs the command in `args`, which do not include the program itself. Returns the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let help = "boathook help";
  try {
    const dropped = dropRuntimeVariables(process.env);
    const program = buildProgram(dropped);
    help = helpFor(args, program);
    await program.parseAsync(unknownCommandIn(args, program) ?? args, { from: "user" });
    return EXIT.done;
  } catch (error) {
    return report(error, help);
  }
}

/** Returns the command that prints the help for the command in `args`. */
function helpFor(args: readonly string[], program: Command): string {
  let command = program;
  let path = program.name();
  for (const name of args) {
    const found = command.commands.find((one) => one.name() === name);
    if (found === undefined) break;
    command = found;
    path += ` ${name}`;
  }
  return command === program ? `${path} help` : `${path} --help`;
}

/**
 * Returns only the name of the command if the program does not have it, otherwise null. Commander
 * would print the general help for `unknown --help` and `help unknown`, as if the command existed.
 */
function unknownCommandIn(args: readonly string[], program: Command): [string] | null {
  const [first, second] = args;
  const name = first === "help" ? second : first;
  if (name === undefined || name.startsWith("-") || name === "help") return null;
  return program.commands.some((command) => command.name() === name) ? null : [name];
}

/** `dropped` are the ignored environment variables, which the command reports. */
function buildProgram(dropped: readonly string[]): Command {
  const program = new Command("boathook")
    .description("Send and receive webhooks from one executable.")
    .version(versionText, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    // Options after the name of a command are those of the command.
    .enablePositionalOptions()
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    // Commander's output is suppressed, because `report` prints usage errors as one sentence.
    .configureOutput({ outputError() {} });
  addServeCommand(program, dropped);
  addTokenCommand(program);
  addKeyCommand(program);
  addBackupCommand(program);
  addRestoreCommand(program);
  addDoctorCommand(program);
  addLoginCommands(program);
  addListenCommand(program);
  addTriggerCommand(program);
  addReplayCommand(program);
  addTailCommand(program);
  addApplyCommand(program);
  addExportCommand(program);
  addImportCommand(program);
  addMoveAppCommand(program);
  addRelayCommand(program);
  addRulesCommand(program);
  addDashboardCommand(program);
  addServiceCommand(program);
  addShardsCommand(program);
  addHealthCommand(program);
  addBenchCommand(program);
  addCompletionCommand(program);
  program.hook("preAction", (_, command) => {
    // `serve` writes its warnings to its log instead.
    if (command.name() !== "serve") for (const variable of dropped) console.error(droppedWarning(variable));
  });
  return program;
}

/** Prints an error as one sentence to stderr and returns the exit code. `help` is for wrong usage. */
function report(error: unknown, help: string): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === EXIT.done) return EXIT.done;
    // If no command was given, commander has already printed the help.
    if (error.code !== "commander.help") console.error(usageSentence(error.message, help));
    return EXIT.usage;
  }
  if (error instanceof SettingsError || error instanceof InputInvalid) {
    console.error(error.message);
    return EXIT.usage;
  }
  if (error instanceof CommandFailed || error instanceof StartError) {
    console.error(error.message);
    return EXIT.failed;
  }
  if (!(error instanceof FailureReported)) console.error(error);
  return EXIT.failed;
}
