import type { Command } from "commander";
import { CommandFailed } from "../exit-code.ts";
import { addServerOptions, serverClient } from "./server-options.ts";

/** Adds the command that sends a source an example request, signed as its provider signs. */
export function addTriggerCommand(program: Command): void {
  const trigger = program
    .command("trigger")
    .description("Send a source an example event, signed as its provider signs, and print the id of the message.")
    .requiredOption("--source <source>", "id or uid of the source")
    .argument("[event]", "event type of the example (default: the provider's most common one)");
  addServerOptions(trigger).action(async (eventType: string | undefined, { source }: { source: string }) => {
    const path = `/ingest/api/v1/source/${encodeURIComponent(source)}/send-example`;
    const message = (await serverClient(trigger).post(path, { eventType }, { Source: source })) as {
      readonly id?: unknown;
    } | null;
    if (typeof message?.id !== "string") throw new CommandFailed("The response contains no message. Check --server.");
    console.log(message.id);
  });
}
