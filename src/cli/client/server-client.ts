import { SERVER_VARIABLE, TOKEN_VARIABLE } from "../../config/index.ts";
import { parseExact } from "../../core/exact-json.ts";
import { socketPathOf } from "../../core/unix-socket.ts";
import { CommandFailed } from "../exit-code.ts";
import { lineOf, printable, reasonOf } from "./printable.ts";
import { proxyFor } from "./proxy.ts";
import { textOfResponse } from "./response-text.ts";

const TIMEOUT_MS = 30_000;
/** Maximum length of a server's error message in the command's own message, in characters. */
const DETAIL_CHARS_MAX = 500;

/** The address of a server, and the credentials for it. */
export interface Access {
  /** A URL without a trailing slash, or `unix:/path`. */
  readonly server: string;
  readonly token: string;
  /** Null means the environment of the token, or the default one for a token without an environment. */
  readonly environment: string | null;
  /** Set for the second server of a command: the names of its options. */
  readonly second?: { readonly option: string; readonly tokenVariable: string };
  /** Whether the token comes from `boathook login`. */
  readonly isStoredToken: boolean;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Names of the things in a request's path, by their kinds in the API's messages, such as `Application`. */
export type Names = Readonly<Record<string, string>>;

/** The server responded with an error. The message is one sentence for the user. */
export class ServerRefused extends CommandFailed {
  constructor(
    message: string,
    readonly status: number,
    /** The code in the response's body, or null if there is none. */
    readonly code: string | null,
    /** The wait that the header `Retry-After` asks for, or null. */
    readonly retryAfterMs: number | null,
  ) {
    super(message);
  }
}

/**
 * Calls the API of a running server. The methods resolve with the parsed body of the response, whose
 * numbers keep their text (`parseExact`), or with null if the body is empty. They reject with
 * `CommandFailed` if the server cannot be reached, and with `ServerRefused` if it responds with an
 * error. Paths start with `/api/` or `/ingest/`. The message about a 404 contains the one of `names`
 * that does not exist.
 */
export class ServerClient {
  constructor(readonly access: Access) {}

  get server(): string {
    return this.access.server;
  }

  get(path: string, names?: Names): Promise<unknown> {
    return this.#send("GET", path, undefined, names);
  }

  /** `body` may also be a JSON text, which is sent as it is. */
  post(path: string, body: object | string, names?: Names): Promise<unknown> {
    return this.#send("POST", path, body, names);
  }

  patch(path: string, body: object, names?: Names): Promise<unknown> {
    return this.#send("PATCH", path, body, names);
  }

  delete(path: string, names?: Names): Promise<unknown> {
    return this.#send("DELETE", path, undefined, names);
  }

  /** The headers that every request must have. */
  get headers(): Record<string, string> {
    const { token, environment } = this.access;
    return {
      authorization: `Bearer ${token}`,
      ...(environment !== null && { "boathook-environment": environment }),
    };
  }

  async #send(method: Method, path: string, body: object | string | undefined, names: Names = {}): Promise<unknown> {
    const { response, text } = await this.#exchange(method, path, body);
    if (response.ok) return text === "" ? null : this.#parsed(text);
    throw this.#refusal(response, text, names);
  }

  async #exchange(
    method: Method,
    path: string,
    body: object | string | undefined,
  ): Promise<{ response: Response; text: string }> {
    const { url, init } = requestTo(this.server, path);
    try {
      const response = await fetch(url, {
        method,
        headers: { ...this.headers, ...(body !== undefined && { "content-type": "application/json" }) },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
        ...init,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { response, text: await textOfResponse(response) };
    } catch (error) {
      throw unreachable(this.server, error as Error, this.access.second?.option);
    }
  }

  #parsed(text: string): unknown {
    try {
      return parseExact(text);
    } catch {
      const option = this.access.second?.option ?? "--server";
      throw new CommandFailed(`The response from ${this.server} is not JSON. Check ${option}.`);
    }
  }

  #refusal({ status, headers }: Response, text: string, names: Names): ServerRefused {
    const { code, detail } = problemOf(text);
    const place = this.access.second === undefined ? "" : ` at ${this.server}`;
    const message = status === 401 ? this.#tokenRefusal() : this.#absence(status, detail, names);
    return new ServerRefused(
      message ?? `The server${place} responded with ${[status, detail].filter((part) => part !== "").join(": ")}`,
      status,
      code,
      retryAfterOf(headers),
    );
  }

  #tokenRefusal(): string {
    const { server, isStoredToken, second } = this.access;
    if (second !== undefined) {
      return `The server at ${server} does not accept the token in ${second.tokenVariable}. Set it to a token of this server.`;
    }
    return isStoredToken
      ? `The server at ${server} no longer accepts the token of this login. Log in again with \`boathook login --server ${server}\`.`
      : `The server at ${server} does not accept the token in ${TOKEN_VARIABLE}. Create one with \`boathook token create\`, or log in with \`boathook login\`.`;
  }

  /** Returns the message about a thing that the server says it does not have, or null. */
  #absence(status: number, detail: string, names: Names): string | null {
    const kind = status === 404 ? /^([A-Z][a-z ]*) not found$/.exec(detail)?.[1] : undefined;
    if (kind === undefined) return null;
    const { environment } = this.access;
    const name = kind === "Environment" ? environment : names[kind];
    if (name == null) return null;
    const place = environment === null || kind === "Environment" ? "" : ` in the environment ${environment}`;
    return `${kind} ${printable(name)} does not exist on the server at ${this.server}${place}.`;
  }
}

/** Returns the error about a server that cannot be reached. `option` is the one that names the server. */
export function unreachable(server: string, error: Error, option = `--server or ${SERVER_VARIABLE}`): CommandFailed {
  const proxy = socketPathOf(server) === null ? proxyFor(server) : null;
  const through = proxy === null ? "" : ` through the proxy ${proxy.place}`;
  return new CommandFailed(
    `The server at ${server} cannot be reached${through} (${reasonOf(error)}). Start it, or set ${option}.`,
  );
}

/** Returns the arguments with which `fetch` reaches a path of a server, given as for `--server`. */
export function requestTo(server: string, path: string): { url: string; init: BunFetchRequestInit } {
  const unix = socketPathOf(server);
  if (unix !== null) return { url: `http://localhost${path}`, init: { unix, proxy: false } };
  return { url: `${server.replace(/\/+$/, "")}${path}`, init: { proxy: proxyFor(server)?.url ?? false } };
}

/** Returns the seconds of `Retry-After` in ms. A date is ignored, as if there were no wait. */
function retryAfterOf(headers: Headers): number | null {
  const value = headers.get("retry-after") ?? "";
  return /^\d{1,9}$/.test(value) ? Number(value) * 1000 : null;
}

/** Returns the code and the message of an error response of the API, or the beginning of any other text. */
function problemOf(text: string): { readonly code: string | null; readonly detail: string } {
  let body: { readonly code?: unknown; readonly detail?: unknown };
  try {
    body = Object(JSON.parse(text));
  } catch {
    body = { detail: text };
  }
  const { code, detail } = body;
  const shown = Array.isArray(detail) ? detail.map(findingText).join(" ") : String(detail ?? text);
  return {
    code: typeof code === "string" ? code : null,
    detail: lineOf(shown, DETAIL_CHARS_MAX),
  };
}

function findingText(finding: unknown): string {
  const { loc, msg } = (finding ?? {}) as { loc?: unknown; msg?: unknown };
  return Array.isArray(loc) ? `${loc.slice(1).join(".")}: ${msg}` : String(msg);
}
