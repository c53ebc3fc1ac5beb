import type {
  ApiToken,
  AuditEntry,
  CreatedApiToken,
  Environment,
  OperationalEndpoint,
  System,
} from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { getJson, getPage, sendJson } from "./json.ts";

/** Requests for the pages of the installation. */

const LIMIT = "50";
const encode = encodeURIComponent;

/** Returns the environment that the session uses. */
export const getEnvironment = (signal?: AbortSignal) => getJson<Environment>("/environment", signal);

async function tokensPath(): Promise<string> {
  return `/management/authentication/${encode((await getEnvironment()).id)}/api-token`;
}

export async function getTokens(iterator: string | null, includeEnded: boolean, signal: AbortSignal) {
  const filters = { limit: LIMIT, iterator, include_ended: includeEnded ? "true" : null };
  return getPage<ApiToken>(await tokensPath(), filters, signal);
}

export const createToken = async (token: object) => sendJson<CreatedApiToken>("POST", await tokensPath(), token);

export const revokeToken = async (id: string) =>
  sendJson<null>("POST", `${await tokensPath()}/${encode(id)}/expire`, { expiry: 0 });

export const getAuditLog = (filters: Readonly<Record<string, string | null | undefined>>, signal: AbortSignal) =>
  getPage<AuditEntry>("/audit-log", { limit: LIMIT, ...filters }, signal);

export const getEnvironments = (iterator: string | null, signal: AbortSignal) =>
  getPage<Environment>("/management/environment", { limit: LIMIT, iterator }, signal);

export const pauseEnvironment = () => sendJson<Environment>("POST", "/environment/pause");

export const resumeEnvironment = () => sendJson<Environment>("POST", "/environment/resume");

/** Returns the configuration of the environment as JSON text. */
export const exportEnvironment = async () => (await call("POST", "/environment/export")).text();

const OPERATIONAL = "/operational-webhook/endpoint";

export const getOperationalEndpoints = (iterator: string | null, signal: AbortSignal) =>
  getPage<OperationalEndpoint>(OPERATIONAL, { limit: LIMIT, iterator }, signal);

export const getOperationalEndpoint = (id: string, signal: AbortSignal) =>
  getJson<OperationalEndpoint>(`${OPERATIONAL}/${encode(id)}`, signal);

export const createOperationalEndpoint = (endpoint: object) =>
  sendJson<OperationalEndpoint>("POST", OPERATIONAL, endpoint);

export const deleteOperationalEndpoint = (id: string) => call("DELETE", `${OPERATIONAL}/${encode(id)}`);

export const getOperationalSecret = (id: string) =>
  getJson<{ readonly key: string }>(`${OPERATIONAL}/${encode(id)}/secret`);

export const getSystem = (signal: AbortSignal) => getJson<System>("/system", signal);

/** Returns the diagnostic bundle as JSON text. */
export const getDiagnostics = async () => (await call("GET", "/system/diagnostics")).text();
