import type { Command } from "commander";
import type { Change } from "../../apply/plan.ts";
import { CommandFailed, InputInvalid } from "../exit-code.ts";
import { printable } from "./printable.ts";
import { addServerOptions, serverClient } from "./server-options.ts";

/** Maximum size of a file, in bytes. */
const FILE_BYTES_MAX = 64 * 1_048_576;

export interface ApplyFlags {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly json?: boolean;
}

/** Adds the command that gives a server the configuration of a file. Its parts are loaded only when it runs. */
export function addApplyCommand(program: Command): void {
  const command = program
    .command("apply")
    .description(
      "Give the server the configuration in a YAML or JSON file, and print the differences. Fields that are not in the file are left alone.",
    )
    .argument("<file>", "file with the configuration, or - for stdin")
    .option("--dry-run", "only print the differences")
    .option("--prune", "delete what the lists of the file do not contain")
    .option("--json", "print the changes as one JSON object");
  addServerOptions(command).action(async (file: string, flags: ApplyFlags) => {
    const client = serverClient(command);
    const name = file === "-" ? "stdin" : file;
    const text = textOf(await bytesOf(file), name);
    const { readConfiguration } = await import("../../apply/wanted.ts");
    const { FileInvalid } = await import("../../apply/faults.ts");
    const configuration = await readConfiguration(text, name, process.env).catch((error: unknown) => {
      throw error instanceof FileInvalid ? new InputInvalid(error.message) : error;
    });
    await applyAndPrint(client, configuration, flags);
  });
}

/** Applies a configuration and prints the changes. `more` is added to the JSON object. */
export async function applyAndPrint(
  client: ReturnType<typeof serverClient>,
  configuration: Awaited<ReturnType<typeof import("../../apply/wanted.ts").readConfiguration>>,
  { dryRun: isDryRun = false, prune: prunes = false, json = false }: ApplyFlags,
  more: object = {},
): Promise<void> {
  const { apply, ApplyFailed } = await import("../../apply/apply.ts");
  const { FileInvalid } = await import("../../apply/faults.ts");
  const { changeLine, jsonOf, summaryLine, uncomparedText } = await import("../../apply/report.ts");
  const changed = (change: Change) => {
    if (!json) console.log(printable(changeLine(change)));
  };
  try {
    const { changes, summary, uncompared } = await apply(client, configuration, { isDryRun, prunes, changed });
    console.log(
      json ? JSON.stringify({ ...jsonOf(changes, summary, isDryRun), ...more }) : summaryLine(summary, isDryRun),
    );
    if (uncompared.length > 0) {
      console.error(
        `The server does not show these secrets, so only writing them shows whether they differ: ${uncomparedText(uncompared)}.`,
      );
    }
  } catch (error) {
    if (error instanceof FileInvalid) throw new InputInvalid(error.message);
    throw error instanceof ApplyFailed ? new CommandFailed(error.message) : error;
  }
}

/** Returns the content of a file, or of stdin for `-`. */
async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await (file === "-" ? Bun.stdin : Bun.file(file)).bytes();
  } catch (error) {
    throw new InputInvalid(`The file ${file} cannot be read (${(error as Error).message}).`);
  }
}

function textOf(bytes: Uint8Array, name: string): string {
  if (bytes.length > FILE_BYTES_MAX) throw new InputInvalid(`The content of ${name} is larger than 64 MiB.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputInvalid(`The content of ${name} is not valid UTF-8.`);
  }
}
