import type { Command } from "commander";
import { withExpectedForm } from "./expected-form.ts";
import { printable } from "./printable.ts";
import { addServerOptions, serverClient } from "./server-options.ts";

interface Flags {
  readonly withSecrets?: boolean;
  readonly json?: boolean;
}

/** Adds the command that prints the configuration of a server as a file for `apply`. */
export function addExportCommand(program: Command): void {
  const command = program
    .command("export")
    .description("Print the configuration of the server as a YAML file for `boathook apply`.")
    .option("--with-secrets", "include the signing secrets of endpoints")
    .option("--json", "print JSON");
  addServerOptions(command).action(async ({ withSecrets = false, json = false }: Flags) => {
    const client = serverClient(command);
    const { exported, withEscapes, yamlOf } = await import("../../apply/export.ts");
    const { file, hidden } = await withExpectedForm(client.server, () => exported(client, withSecrets));
    process.stdout.write(json ? `${JSON.stringify(withEscapes(file), null, 2)}\n` : yamlOf(file));
    if (hidden.length > 0) {
      console.error(
        `The server does not show these secrets; another server needs them in the file: ${printable(hidden.join(", "))}.`,
      );
    }
  });
}
