import { Command, InvalidArgumentError } from "commander";
import { parseDuration } from "../core/unit.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";
import { createToken, listTokens, revokeToken, type TokenRequest } from "./tokens.ts";

const NAME_CHARS_MAX = 256;
const EXPIRY_MS_MAX = 36_500 * 86_400_000;

/**
 * The commands that need no server: they work on the data directory, also while a server runs on
 * it.
 */
export function addTokenCommand(program: Command): void {
  const token = program.command("token").description("Make, list and revoke tokens on a data directory.");
  token.addCommand(createCommand());
  token.addCommand(listCommand());
  token.addCommand(revokeCommand());
  for (const command of token.commands) {
    command.copyInheritedSettings(token);
    addSettingOptions(command, ["dataDir", "encryptionKey"]);
  }
}

function createCommand(): Command {
  const command = new Command("create")
    .description("Make a token and print it; it cannot be shown again.")
    .option("--name <name>", "what it is for", name)
    .option("--environment <environment>", "name or org_ id; a name that does not exist yet is made", "default")
    .option("--app <application>", "id or uid: rights for this application only (default: the whole environment)")
    .option("--expires <duration>", "how long it is valid, such as 30d (default: for ever)", expiry);
  return command.action(async (request: TokenRequest) => {
    console.log(await createToken(settingsFor(command), request));
  });
}

function listCommand(): Command {
  const command = new Command("list").description("List all tokens (not the root token).");
  return command.action(async () => {
    console.log(await listTokens(settingsFor(command)));
  });
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description("Make a token invalid, at once and for ever.")
    .argument("<id>", "the id as `token list` shows it");
  return command.action(async (id: string) => {
    await revokeToken(settingsFor(command), id);
  });
}

function name(text: string): string {
  if (text.length > NAME_CHARS_MAX) throw new InvalidArgumentError(`It wants at most ${NAME_CHARS_MAX} characters.`);
  return text;
}

function expiry(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms < 1 || ms > EXPIRY_MS_MAX) {
    throw new InvalidArgumentError("It wants a duration such as 12h or 30d, at most 36500d.");
  }
  return ms;
}
