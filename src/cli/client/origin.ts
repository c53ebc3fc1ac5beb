import type { Origin } from "../../apply/import/imported.ts";
import { CommandFailed } from "../exit-code.ts";
import { lineOf, reasonOf } from "./printable.ts";
import { textOfResponse } from "./response-text.ts";
import { requestTo } from "./server-client.ts";

const TIMEOUT_MS = 30_000;
/** Maximum number of requests for one path, and of seconds between two, if the other server responds with 429. */
const TRIES_MAX = 10;
const WAIT_SECONDS_MAX = 60;
/** Maximum length of the other server's error message in the command's own message, in characters. */
const DETAIL_CHARS_MAX = 300;

/** The other server refused a request. */
class OriginRefused extends CommandFailed {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/**
 * Returns access to the server from which a configuration is copied. `variable` is the environment
 * variable of the token, for messages.
 */
export function originAt(server: string, token: string, variable: string): Origin {
  return {
    async get(path) {
      for (let tries = 1; ; tries++) {
        const { response, text } = await fetched(server, path, token);
        if (response.ok) return parsed(server, text);
        if (response.status !== 429 || tries === TRIES_MAX) throw refusal(server, response.status, text, variable);
        const seconds = Number(response.headers.get("retry-after") ?? 1);
        await Bun.sleep(1000 * Math.min(seconds > 0 ? seconds : 1, WAIT_SECONDS_MAX));
      }
    },
  };
}

async function fetched(server: string, path: string, token: string) {
  try {
    const { url, init } = requestTo(server, path);
    const response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${token}`, accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { response, text: await textOfResponse(response) };
  } catch (error) {
    throw new CommandFailed(`The server at ${server} cannot be reached (${reasonOf(error as Error)}). Check the URL.`);
  }
}

function parsed(server: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailed(`The response from ${server} is not JSON. Check the URL.`);
  }
}

function refusal(server: string, status: number, text: string, variable: string): OriginRefused {
  const detail = lineOf(text, DETAIL_CHARS_MAX);
  return new OriginRefused(
    status === 401 || status === 403
      ? `The server at ${server} does not accept the token in ${variable} (${status}).`
      : `The server at ${server} responded with ${status}: ${detail}`,
    status,
  );
}
