import { type Command, InvalidArgumentError, Option } from "commander";
import { ENVIRONMENT_VARIABLE, SERVER_VARIABLE, TOKEN_VARIABLE } from "../../config/index.ts";
import { socketPathOf } from "../../core/unix-socket.ts";
import { type Credentials, readCredentials } from "./credentials.ts";
import { ServerClient } from "./server-client.ts";

const DEFAULT_SERVER = "http://127.0.0.1:8071";

interface ServerOptions {
  readonly server?: string;
  readonly environment?: string;
}

/** Adds `--server` and `--environment`, and a help text about the token. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(serverOption())
    .addOption(
      new Option("--environment <environment>", "name or org_ id; only with a token for all environments").env(
        ENVIRONMENT_VARIABLE,
      ),
    )
    .addHelpText(
      "after",
      `\nThe token is read from the environment variable ${TOKEN_VARIABLE}, or is the one that boathook login stored.`,
    );
}

export function serverOption(): Option {
  return new Option(
    "--server <url>",
    `URL of the server, or unix:/path/to/socket (default: the server of boathook login, or ${DEFAULT_SERVER})`,
  )
    .env(SERVER_VARIABLE)
    .argParser(bareServerUrl);
}

/** Returns the client for the options of a command. Reports a usage error if there is no token. */
export function serverClient(command: Command): ServerClient {
  const { server: given, environment = null } = command.opts<ServerOptions>();
  const tokenOfVariable = process.env[TOKEN_VARIABLE] ?? "";
  const stored = given !== undefined && tokenOfVariable !== "" ? null : readCredentials();
  const server = serverName(given ?? stored?.server ?? DEFAULT_SERVER);
  const token = tokenOfVariable === "" ? tokenFor(server, stored) : tokenOfVariable;
  if (token === null) {
    command.error(
      `error: There is no token for the server at ${server}. Log in with \`boathook login --server ${server}\`, or set ${TOKEN_VARIABLE}.`,
    );
  }
  return new ServerClient({ server, token, environment, isStoredToken: tokenOfVariable === "" });
}

/** Returns the stored token if it was stored for this server, because it must not be sent to another one. */
function tokenFor(server: string, stored: Credentials | null): string | null {
  return stored?.server === server ? stored.token : null;
}

/** Returns the server that a command calls if it needs no token. */
export function serverOf(command: Command): string {
  return serverName(command.opts<ServerOptions>().server ?? readCredentials()?.server ?? DEFAULT_SERVER);
}

/** Returns the normal form of a server's address: a URL without a trailing slash, or `unix:/path`. */
export function serverName(server: string): string {
  return socketPathOf(server) === null ? new URL(server).href.replace(/\/+$/, "") : server;
}

/** Checks the address of a server in an option or argument. */
export function serverUrl(text: string): string {
  if (socketPathOf(text) !== null) return text;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError(
      "Must be a URL such as http://127.0.0.1:8071, or a Unix socket such as unix:/run/boathook.sock.",
    );
  }
  return text;
}

/**
 * Checks the address of a server to which a command sends a token. Such requests cannot have a user, and
 * the address appears in messages.
 */
export function bareServerUrl(text: string): string {
  const url = socketPathOf(serverUrl(text)) === null ? new URL(text) : null;
  if (url !== null && url.username + url.password + url.search + url.hash !== "") {
    throw new InvalidArgumentError("Must be a URL without a user, a query and a fragment.");
  }
  return text;
}
