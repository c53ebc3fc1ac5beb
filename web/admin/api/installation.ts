import type { AuditEntry, Environment, NoticeTest, System } from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { getJson, getPage, sendJson } from "./json.ts";

/** Requests for the pages of the installation. */

const LIMIT = "50";

/** Returns the environment that the session uses. */
export const getEnvironment = (signal?: AbortSignal) => getJson<Environment>("/environment", signal);

export const getAuditLog = (filters: Readonly<Record<string, string | null | undefined>>, signal: AbortSignal) =>
  getPage<AuditEntry>("/audit-log", { limit: LIMIT, ...filters }, signal);

export const getEnvironments = (iterator: string | null, signal: AbortSignal) =>
  getPage<Environment>("/management/environment", { limit: LIMIT, iterator }, signal);

export const pauseEnvironment = () => sendJson<Environment>("POST", "/environment/pause");

export const resumeEnvironment = () => sendJson<Environment>("POST", "/environment/resume");

/** Returns the configuration of the environment as JSON text. */
export const exportEnvironment = async () => (await call("POST", "/environment/export")).text();

export const getSystem = (signal: AbortSignal) => getJson<System>("/system", signal);

export const testNotices = () => sendJson<NoticeTest>("POST", "/notice/test");

/** Returns the diagnostic bundle as JSON text. */
export const getDiagnostics = async () => (await call("GET", "/system/diagnostics")).text();
