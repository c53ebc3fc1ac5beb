/** Reads messages from the bodies of requests. */
import type { Incoming } from "../../../accept/incoming.ts";
import type { MessageToSend, PayloadContent } from "../../../accept/payload-check.ts";
import { parseInstant } from "../../../core/instant.ts";
import { type ByteRange, topLevelFields } from "../../../core/json.ts";
import { invalid } from "../../../core/problem.ts";
import { traceContextOf } from "../../../core/trace.ts";
import type { IdempotencyEntry } from "../../../store/index.ts";
import { isPartlyRead } from "../../http/checked-body.ts";
import { withoutRepetitions } from "../../http/schema.ts";
import type { MessageBody } from "./fields.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Returns the message in a valid body. `range` is the message's position in `bytes`. */
export function messageOf(
  body: MessageBody,
  bytes: Uint8Array,
  range: ByteRange,
  idempotency: IdempotencyEntry | null,
  origin: Origin,
): MessageToSend {
  const raw = body.transformationsParams?.rawPayload ?? null;
  return { incoming: incomingOf(body, bytes, range, idempotency, origin), content: contentOf(body, raw, bytes) };
}

/** What traces need of the request that contains a message. */
export type Origin = Pick<Incoming, "trace" | "begunAt">;

const unknownOrigin: Origin = { trace: null, begunAt: undefined };

export function originOf({ headers }: Request, begunAt: number | undefined): Origin {
  const parent = headers.get("traceparent");
  if (parent === null && begunAt === undefined) return unknownOrigin;
  return { trace: traceContextOf(parent, headers.get("tracestate")), begunAt };
}

function contentOf(body: MessageBody, raw: string | null, bytes: Uint8Array): PayloadContent {
  if (raw !== null) return { text: raw, loc: RAW_PAYLOAD_LOC };
  return isPartlyRead(bytes) ? { unparsed: true } : { value: body.payload ?? body.data };
}

/** Returns the ranges of the payload in a message, including those of repeated keys. */
export function payloadRanges(bytes: Uint8Array, from = 0): ByteRange[] {
  const ranges: ByteRange[] = [];
  topLevelFields(bytes, PAYLOAD_FIELDS, from, (range) => ranges.push(range));
  return ranges;
}

const RAW_PAYLOAD_LOC = ["body", "transformationsParams", "rawPayload"];

export function incomingOf(
  body: MessageBody,
  bytes: Uint8Array,
  range: ByteRange,
  idempotency: IdempotencyEntry | null,
  { trace, begunAt }: Origin = unknownOrigin,
): Incoming {
  checkOnePayload(body);
  const raw = body.transformationsParams?.rawPayload ?? null;
  const headers = body.transformationsParams?.headers ?? null;
  const extra = headers === null ? noExtra : extraHeaders(headers);
  return {
    eventType: body.eventType,
    eventId: body.eventId ?? null,
    channels: body.channels == null ? null : withoutRepetitions(body.channels),
    tags: body.tags == null ? null : withoutRepetitions(body.tags),
    payload: raw === null ? payloadBytes(bytes, range) : Buffer.from(raw),
    // The content type of a raw payload is never null, which distinguishes the payload from a JSON
    // object.
    contentType: extra.contentType ?? (raw === null ? null : JSON_TYPE),
    headers: extra.headers,
    retentionMs: retentionMs(body),
    // The schema has already validated that this is a time.
    deliverAt: body.deliverAt == null ? null : parseInstant(body.deliverAt),
    warnings: null,
    received: null,
    idempotency,
    trace: trace ?? null,
    begunAt,
  };
}

function checkOnePayload({ payload, data }: MessageBody): void {
  if (payload === undefined || data === undefined) return;
  throw invalid(["body", "data"], "Must not be sent together with `payload`, of which it is the old name.");
}

const PAYLOAD_FIELDS = ["payload", "data"];

function payloadBytes(bytes: Uint8Array, range: ByteRange): Uint8Array {
  const fields = topLevelFields(bytes, PAYLOAD_FIELDS, range[0])?.fields;
  const at = fields?.get("payload") ?? fields?.get("data");
  if (at === undefined) throw invalid(["body", "payload"], "This field is required.", "value_error.jsondecode");
  return kept(bytes.subarray(at[0], at[1]));
}

/** Maximum number of other bytes of the body that a payload may keep in memory. */
const AROUND_BYTES_MAX = 4096;

/**
 * Copies the payload if it would otherwise keep much more of the body in memory until it is
 * delivered.
 */
export function kept(part: Uint8Array): Uint8Array {
  const aroundBytes = part.buffer.byteLength - part.byteLength;
  return aroundBytes > AROUND_BYTES_MAX && aroundBytes > part.byteLength ? new Uint8Array(part) : part;
}

function retentionMs({ payloadRetentionPeriod: days, payloadRetentionHours: hours }: MessageBody): number | null {
  if (days != null && hours != null) {
    throw invalid(["body", "payloadRetentionHours"], "Only one of the two retention fields may be set.");
  }
  if (hours != null) return hours * HOUR_MS;
  return days == null ? null : days * DAY_MS;
}

type Extra = Pick<Incoming, "headers" | "contentType">;

const JSON_TYPE = "application/json";
const noExtra: Extra = { contentType: null, headers: null };

function extraHeaders(headers: Readonly<Record<string, string>>): Extra {
  let contentType: string | null = null;
  const others: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === "content-type") contentType = value;
    else others.push([name, value]);
  }
  return { contentType, headers: others.length === 0 ? null : Object.fromEntries(others) };
}
