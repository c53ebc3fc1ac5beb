import type { Command } from "commander";
import { InputInvalid } from "../exit-code.ts";
import { type ApplyFlags, applyAndPrint } from "./apply-and-print.ts";
import { addServerOptions, serverClient } from "./server-options.ts";
import { bytesUpTo } from "./stdin.ts";

/** Maximum size of a configuration, in MiB. */
const FILE_MIB_MAX = 64;

/** Adds the command that gives a server the configuration in a file. It loads `apply/` only when it runs. */
export function addApplyCommand(program: Command): void {
  const command = program
    .command("apply")
    .description(
      "Give the server the configuration in a YAML or JSON file, and print the differences. Fields that are not in the file do not change.",
    )
    .argument("<file>", "file with the configuration, or - for stdin")
    .option("--dry-run", "only print the differences")
    .option("--prune", "delete things that the lists of the file do not contain")
    .option("--json", "print the changes as one JSON object");
  addServerOptions(command).action(async (file: string, flags: ApplyFlags) => {
    const client = serverClient(command);
    const name = file === "-" ? "stdin" : file;
    const text = textOf(await bytesOf(file, name), name);
    const { readConfiguration } = await import("../../apply/wanted.ts");
    const { FileInvalid } = await import("../../apply/faults.ts");
    const configuration = await readConfiguration(text, name, process.env).catch((error: unknown) => {
      throw error instanceof FileInvalid ? new InputInvalid(error.message) : error;
    });
    await applyAndPrint(client, configuration, flags);
  });
}

/** Returns the content of a file, or of stdin for `-`. */
async function bytesOf(file: string, name: string): Promise<Uint8Array> {
  const stream = (file === "-" ? Bun.stdin : Bun.file(file)).stream();
  const bytes = await bytesUpTo(stream, FILE_MIB_MAX * 1_048_576).catch((error: Error) => {
    throw new InputInvalid(`The file ${file} cannot be read (${error.message}).`);
  });
  if (bytes === null) throw new InputInvalid(`The content of ${name} is larger than ${FILE_MIB_MAX} MiB.`);
  return bytes;
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputInvalid(`The content of ${name} is not valid UTF-8.`);
  }
}
