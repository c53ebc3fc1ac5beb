import { Argument, type Command } from "commander";
import type { Imported, Origin } from "../../apply/import/imported.ts";
import { type ApplyFlags, applyAndPrint } from "./apply-and-print.ts";
import { withExpectedForm } from "./expected-form.ts";
import { originAt } from "./origin.ts";
import { printable } from "./printable.ts";
import { addServerOptions, bareServerUrl, serverClient } from "./server-options.ts";

interface ConvoyFlags extends ApplyFlags {
  readonly project: string;
}

/** Adds the commands that copy the configuration of another product. */
export function addImportCommand(program: Command): void {
  const command = program
    .command("import")
    .description("Copy the configuration of another product over its API, and report what cannot be copied.");
  const svix = subcommand(
    command,
    "svix",
    "Copy event types, applications, and endpoints with their headers, secrets and transformations from a server with the Svix API. Its token is read from SVIX_TOKEN.",
  ).action(async (url: string, flags: ApplyFlags) => {
    const origin = originOf(svix, url, "SVIX_TOKEN");
    const { svixConfiguration } = await import("../../apply/import/svix.ts");
    await importFrom(svix, url, () => svixConfiguration(origin), flags);
  });
  const convoy = subcommand(
    command,
    "convoy",
    "Copy event types, endpoints and subscriptions of a Convoy project, with one application per owner. Its API key is read from CONVOY_API_KEY.",
  )
    .requiredOption("--project <id>", "id of the project")
    .action(async (url: string, flags: ConvoyFlags) => {
      const origin = originOf(convoy, url, "CONVOY_API_KEY");
      const { convoyConfiguration } = await import("../../apply/import/convoy.ts");
      await importFrom(convoy, url, () => convoyConfiguration(origin, flags.project), flags);
    });
}

function subcommand(command: Command, name: string, description: string): Command {
  const sub = command
    .command(name)
    .description(description)
    .addArgument(new Argument("<url>", "URL of the other server").argParser(bareServerUrl))
    .option("--dry-run", "only print the differences")
    .option("--json", "print the changes and what cannot be copied as one JSON object");
  return addServerOptions(sub);
}

/** Returns access to the other server. Reports a usage error without a token. */
function originOf(command: Command, url: string, variable: string): Origin {
  const token = process.env[variable] ?? "";
  if (token === "") command.error(`error: Set the environment variable ${variable} to the token of the other server.`);
  return originAt(url.replace(/\/+$/, ""), token, variable);
}

/** Copies what `read` returns. `from` is the URL of the other server. */
async function importFrom(
  command: Command,
  from: string,
  read: () => Promise<Imported>,
  flags: ApplyFlags,
): Promise<void> {
  const client = serverClient(command);
  const { usable } = await import("../../apply/import/imported.ts");
  const imported = await withExpectedForm(from, read);
  const { configuration, missing } = await usable(imported);
  const lines = missing.map(printable);
  await applyAndPrint(client, configuration, flags, flags.json ? { cannotBeCopied: lines } : {});
  if (!flags.json && lines.length > 0) console.log(["cannot be copied:", ...lines].join("\n"));
}
