import type { Command } from "commander";
import { CommandFailed } from "../exit-code.ts";
import { credentialsFile, removeCredentials, writeCredentials } from "./credentials.ts";
import { note } from "./output.ts";
import { readSecret } from "./read-secret.ts";
import { ServerClient, ServerRefused } from "./server-client.ts";
import { serverOf, serverOption } from "./server-options.ts";

/** Adds the commands that store the token of a server for the other commands, and remove it. */
export function addLoginCommands(program: Command): void {
  const login = program
    .command("login")
    .description("Store a token for the commands that call a server. Reads it from the terminal or from stdin.")
    .addOption(serverOption())
    .action(() => logIn(serverOf(login)));
  program
    .command("logout")
    .description("Remove the stored token. The token itself stays valid.")
    .action(() => note(removeCredentials() ? "Logged out." : "There was no stored token."));
}

async function logIn(server: string): Promise<void> {
  const token = await readSecret(`Token for ${server}: `);
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CommandFailed(
      token === "" ? "There is no token on stdin." : "A token has no spaces and only printable ASCII characters.",
    );
  }
  const owner = await ownerOf(server, token);
  writeCredentials({ server, token });
  note(`Logged in to ${server} ${owner}. The token is stored in ${credentialsFile()}.`);
}

interface Owner {
  readonly envId?: unknown;
  readonly appId?: unknown;
  readonly appUid?: unknown;
}

/** Returns the name of the token's environment, or null if the token may not read it. */
async function environmentName(client: ServerClient): Promise<unknown> {
  try {
    return ((await client.get("/api/v1/environment")) as { name?: unknown } | null)?.name;
  } catch (error) {
    if (!(error instanceof ServerRefused) || error.status !== 403) throw error;
    return null;
  }
}

/**
 * Returns what the token is for, as a phrase. Rejects with `CommandFailed` if the server does not accept
 * it.
 */
async function ownerOf(server: string, token: string): Promise<string> {
  const client = new ServerClient({ server, token, environment: null, isStoredToken: false });
  try {
    const found = (await client.get("/api/v1/auth/whoami")) as Owner | null;
    if (typeof found?.envId !== "string")
      throw new CommandFailed(`${server} is not a Boathook server. Check --server.`);
    return typeof found.appId === "string"
      ? `for the application ${found.appUid ?? found.appId}`
      : `for the environment ${(await environmentName(client)) ?? found.envId}`;
  } catch (error) {
    if (!(error instanceof ServerRefused) || error.status !== 401) throw error;
    throw new CommandFailed(
      `The server at ${server} does not accept this token, so nothing was stored. Create one with \`boathook token create\`.`,
    );
  }
}
