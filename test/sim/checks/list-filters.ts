import type { Seq } from "../../../src/core/id.ts";
import { timeOfSeq } from "../../../src/core/id.ts";
import type {
  AttemptFilter,
  DeadLetterFilter,
  EndpointMessageFilter,
  MessageFilter,
} from "../../../src/store/index.ts";

/** Filters of lists as plain functions of rows. */

export interface Labelled {
  readonly seq: Seq;
  readonly event_type: string;
  readonly channels: string | null;
  readonly tags: string | null;
}

export interface AttemptRow extends Labelled {
  readonly started_at: number;
  readonly reason: string | null;
  readonly response_status: number;
}

export interface DeliveryRow extends Labelled {
  readonly state: number;
  readonly attempts_total: number;
  readonly arrivedBefore: number;
}

export interface DeadRow extends Labelled {
  readonly endpoint_seq: Seq;
  readonly application_seq: Seq;
  readonly reason: string;
  readonly ended_at: number;
}

/** `at` is the time to which `before` and `after` refer. */
export function fits(
  row: Labelled,
  { eventTypes, channel, tag, before, after }: MessageFilter,
  at: number = timeOfSeq(row.seq),
): boolean {
  if (eventTypes !== undefined && !eventTypes.includes(row.event_type)) return false;
  if (channel !== undefined && !listed(row.channels).includes(channel)) return false;
  if (tag !== undefined && !listed(row.tags).includes(tag)) return false;
  return isWithin(at, { before, after });
}

function listed(json: string | null): readonly string[] {
  return json === null ? [] : JSON.parse(json);
}

function isWithin(at: number, { before, after }: { before: number | undefined; after: number | undefined }): boolean {
  return (before === undefined || at < before) && (after === undefined || at > after);
}

export function fitsAttempt(
  { reason, response_status }: AttemptRow,
  { outcome, responseClass }: AttemptFilter,
): boolean {
  if (outcome !== undefined && outcome !== (reason === null ? "delivered" : "failed")) return false;
  const own = response_status === 0 ? "none" : `${Math.floor(response_status / 100)}xx`;
  return responseClass === undefined || own === responseClass;
}

export function fitsDelivery(
  { state, attempts_total, arrivedBefore }: DeliveryRow,
  { status }: EndpointMessageFilter,
): boolean {
  if (status === undefined) return true;
  switch (status) {
    case "delivered":
      return state === 1 || arrivedBefore === 1;
    case "waiting":
      return state === 0 && attempts_total === 0;
    case "failed":
      return state >= 2 && arrivedBefore === 0;
    case "retrying":
      return state === 0 && attempts_total > 0;
    case "cancelled":
      return state === 3;
  }
}

export function fitsDead(
  row: DeadRow,
  { applicationSeq, endpointSeq, eventTypes, reason, before, after }: DeadLetterFilter,
): boolean {
  if (applicationSeq !== undefined && row.application_seq !== applicationSeq) return false;
  if (endpointSeq !== undefined && row.endpoint_seq !== endpointSeq) return false;
  if (eventTypes !== undefined && !eventTypes.includes(row.event_type)) return false;
  if (reason !== undefined && row.reason !== reason) return false;
  return isWithin(row.ended_at, { before, after });
}
