import type { Timeseries } from "../../../src/api/types.ts";
import { getJson, queryOf, sendJson } from "./json.ts";

/** Requests of the overview. */

/** Returns the counts of the environment in periods of `step`, from `sinceMs` until now. */
export const getTimeseries = (step: string, sinceMs: number, signal: AbortSignal) =>
  getJson<Timeseries>(`/stats/timeseries${queryOf({ step, since: new Date(sinceMs).toISOString() })}`, signal);

export const resumeDelivery = () => sendJson("POST", "/delivery/resume");
