import type { ApiToken, CreatedApiToken } from "../../../src/api/types.ts";
import { getEnvironment } from "./installation.ts";
import { type Filters, getPage, sendJson } from "./json.ts";

/** The requests of the page of tokens. */

const LIMIT = "50";
const encode = encodeURIComponent;

/** Returns the path of the tokens of the environment in use. */
export async function tokensPath(): Promise<string> {
  return `/management/authentication/${encode((await getEnvironment()).id)}/api-token`;
}

/** Returns a page of tokens. */
export async function getTokens(filters: Filters, signal: AbortSignal) {
  return getPage<ApiToken>(await tokensPath(), { limit: LIMIT, ...filters }, signal);
}

export const createToken = async (token: object) => sendJson<CreatedApiToken>("POST", await tokensPath(), token);

export const revokeToken = async (id: string) =>
  sendJson<null>("POST", `${await tokensPath()}/${encode(id)}/expire`, { expiry: 0 });
