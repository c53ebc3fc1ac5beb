import type {
  ListOf,
  PayloadVersion,
  PayloadVersionChange,
  PayloadVersionCreation,
  PayloadVersionUsage,
} from "../../../src/api/types.ts";
import { call } from "../api.ts";
import { getJson, getPage, sendJson } from "./json.ts";

/** Requests for the pages of payload versions. */

const PATH = "/payload-version";
/** An environment has fewer versions than this. */
const LIMIT = "250";

export const getPayloadVersions = async (signal: AbortSignal): Promise<readonly PayloadVersion[]> => {
  const { data }: ListOf<PayloadVersion> = await getPage(PATH, { limit: LIMIT }, signal);
  return data;
};

export const getPayloadVersion = (version: string, signal: AbortSignal) =>
  getJson<PayloadVersion>(pathOf(version), signal);

export const createPayloadVersion = (version: PayloadVersionCreation) =>
  sendJson<PayloadVersion>("POST", PATH, version);

export const changePayloadVersion = (version: string, change: PayloadVersionChange) =>
  sendJson<PayloadVersion>("PATCH", pathOf(version), change);

export const deletePayloadVersion = (version: string) => call("DELETE", pathOf(version));

/** Returns the number of endpoints that are pinned to a version. */
export const getUsage = async (version: string, signal: AbortSignal) =>
  (await getJson<PayloadVersionUsage>(`${pathOf(version)}/usage`, signal)).count;

const pathOf = (version: string) => `${PATH}/${encodeURIComponent(version)}`;
