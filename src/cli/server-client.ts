import { type Command, InvalidArgumentError, Option } from "commander";
import { SERVER_VARIABLE, TOKEN_VARIABLE } from "../config/index.ts";
import { socketPathOf } from "../core/unix-socket.ts";
import { CommandFailed } from "./exit-code.ts";

const DEFAULT_SERVER = "http://127.0.0.1:8071";
const TIMEOUT_MS = 30_000;
/** Maximum length of a server's error message in the command's own message, in characters. */
const DETAIL_CHARS_MAX = 500;

/** A running server, as the commands that call its API see it. */
export interface ServerClient {
  /**
   * Sends a POST with a JSON body and returns the parsed response. Throws `CommandFailed` if the
   * server cannot be reached or responds with an error.
   */
  post(path: string, body: object): Promise<unknown>;
}

/** Adds `--server` and a help text about the token. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--server <url>", "URL of the server, or unix:/path/to/socket")
        .env(SERVER_VARIABLE)
        .default(DEFAULT_SERVER)
        .argParser(serverUrl),
    )
    .addHelpText("after", `\nThe token is read from the environment variable ${TOKEN_VARIABLE}.`);
}

/** Returns the client for the options of a command. Reports a usage error if there is no token. */
export function serverClient(command: Command): ServerClient {
  const token = process.env[TOKEN_VARIABLE];
  if (token === undefined || token === "") {
    command.error(`error: Set the environment variable ${TOKEN_VARIABLE} to a token of the server.`);
  }
  const { server } = command.opts<{ server: string }>();
  return { post: (path, body) => post(server, path, token, body) };
}

async function post(server: string, path: string, token: string, body: object): Promise<unknown> {
  const { url, init } = requestTo(server, path);
  const name = init.unix === undefined ? new URL(server).origin : server;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      ...init,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    ({ status } = response);
    text = await response.text();
  } catch (error) {
    throw new CommandFailed(
      `The server at ${name} cannot be reached (${(error as Error).message}). Start it, or set --server or ${SERVER_VARIABLE}.`,
    );
  }
  if (status >= 200 && status < 300) return parsed(text, name);
  throw new CommandFailed(
    status === 401
      ? `The server does not accept the token in ${TOKEN_VARIABLE}. Create one with \`boathook token create\`.`
      : `The server responded with ${[status, detailOf(text)].filter((part) => part !== "").join(": ")}`,
  );
}

/** Returns the arguments with which `fetch` reaches a path of a server, given as for `--server`. */
export function requestTo(server: string, path: string): { url: string; init: { unix?: string } } {
  const unix = socketPathOf(server);
  if (unix !== null) return { url: `http://localhost${path}`, init: { unix } };
  return { url: `${server.replace(/\/+$/, "")}${path}`, init: {} };
}

function parsed(text: string, server: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailed(`The response from ${server} is not JSON. Check --server.`);
  }
}

/** Returns the message of an error response of the API, or the beginning of any other text. */
function detailOf(text: string): string {
  let detail: unknown;
  try {
    ({ detail } = JSON.parse(text) as { detail?: unknown });
  } catch {
    detail = text;
  }
  const shown = Array.isArray(detail) ? detail.map(findingText).join(" ") : String(detail ?? text);
  return shown.replace(/\s+/g, " ").slice(0, DETAIL_CHARS_MAX);
}

function findingText(finding: unknown): string {
  const { loc, msg } = (finding ?? {}) as { loc?: unknown; msg?: unknown };
  return Array.isArray(loc) ? `${loc.slice(1).join(".")}: ${msg}` : String(msg);
}

/** Checks the value of `--server`. */
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
