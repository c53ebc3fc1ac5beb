import { Command, InvalidArgumentError } from "commander";
import { parseDuration } from "../core/unit.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";
import { createToken, listTokens, replaceRootToken, revokeToken, type TokenRequest } from "./token-actions.ts";

const NAME_CHARS_MAX = 256;
const NO_OLD_ROOT_TOKEN =
  "The data directory had no generated root token. If the server is configured with root-token, only that token is valid: the new one works only after you have removed the setting and restarted the server.";
const EXPIRY_MS_MAX = 36_500 * 86_400_000;

/** Adds the commands that manage tokens, whether or not the server is running. */
export function addTokenCommand(program: Command): void {
  const token = program
    .command("token")
    .description("Create, list and revoke tokens of a server, also while it is running.");
  token.addCommand(createCommand());
  token.addCommand(listCommand());
  token.addCommand(revokeCommand());
  token.addCommand(rootCommand());
  for (const command of token.commands) {
    command.copyInheritedSettings(token);
    addSettingOptions(command, {
      ...{ dataDir: "data directory of the server", encryptionKey: null },
      store: "sqlite, or the PostgreSQL database of the server",
    });
  }
}

function createCommand(): Command {
  const command = new Command("create")
    .description("Create a token and print it. It cannot be shown again.")
    .option("--name <name>", "what the token is for", name)
    .option("--environment <environment>", "name or org_ id; a new name creates an environment", "default")
    .option("--app <application>", "limit the token to this application (id or uid; default: the whole environment)")
    .option("--read-only", "the token may read everything except secrets, and changes nothing")
    .option("--expires <duration>", "time until the token expires, such as 30d (default: never)", expiry);
  return command.action(async (request: TokenRequest) => {
    console.log(await createToken(settingsFor(command), request));
  });
}

function listCommand(): Command {
  const command = new Command("list")
    .description("List all tokens except the root token.")
    .option("--json", "print each token as one line of JSON");
  return command.action(async ({ json = false }: { json?: boolean }) => {
    const text = await listTokens(settingsFor(command), json);
    if (text !== "") console.log(text);
  });
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description("Revoke a token immediately and for good.")
    .argument("<id>", "id of the token, as shown by `token list`");
  return command.action(async (id: string) => {
    await revokeToken(settingsFor(command), id);
  });
}

function rootCommand(): Command {
  const command = new Command("root")
    .description("Replace the generated root token and print the new one. The old one stops working at once.")
    .option("--rotate", "replace the root token; it cannot be shown without replacing it");
  return command.action(async ({ rotate }: { rotate?: true }) => {
    if (rotate !== true) {
      command.error(
        "error: The root token cannot be shown, because only its hash is stored. Replace it with `boathook token root --rotate --data-dir DIR`.",
      );
    }
    const { text, hadToken } = await replaceRootToken(settingsFor(command));
    console.log(text);
    // The environment variables and the configuration file of the server are unknown here.
    if (!hadToken) console.error(NO_OLD_ROOT_TOKEN);
  });
}

function name(text: string): string {
  if (text.length > NAME_CHARS_MAX)
    throw new InvalidArgumentError(`Must be at most ${NAME_CHARS_MAX} characters long.`);
  return text;
}

function expiry(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms < 1 || ms > EXPIRY_MS_MAX) {
    throw new InvalidArgumentError("Must be a duration such as 12h or 30d, at most 36500d.");
  }
  return ms;
}
