import { shownAuth } from "../../core/endpoint-auth.ts";
import type { Endpoint } from "../../core/resources/endpoint.ts";
import { endpointFields } from "../../core/resources/endpoint.ts";
import { type EndpointFunction, shownFunction } from "../../core/resources/endpoint-function.ts";
import { maskPassword, passwordOf, withPassword } from "../../core/url-password.ts";
import type { ActiveEndpoint, KnownEndpoint } from "../index.ts";
import { mappingOf, type Row } from "./mapping.ts";
import { parsedOrNull } from "./rows.ts";
import type { SecretBox } from "./secret-box.ts";

const mapping = mappingOf("endpoint", endpointFields, {
  retryScheduleMs: { column: "retry_schedule" },
  ordering: {
    column: "fifo",
    encode: (ordering) => (ordering === "fifo" ? 1 : 0),
    decode: (fifo) => (fifo === 1 ? "fifo" : "parallel"),
  },
});

/** The columns of an endpoint `e` that `listedEndpoint` needs. */
export const SELECTED_ENDPOINT = mapping.columns
  .split(", ")
  .map((column) => `e.${column}`)
  .join(", ");

/**
 * Holds if the endpoint `e` is failing: its latest attempt failed, and it is neither disabled nor
 * paused. All counts and lists of failing endpoints use this condition.
 */
export const IS_FAILING = "e.failing_since IS NOT NULL AND e.disabled = 0 AND e.paused = 0";

/**
 * The reason why the latest attempt of the endpoint `e` failed. Null if the attempt succeeded or is
 * no longer stored.
 */
export const FAILURE_REASON = `CASE WHEN e.failing_since IS NOT NULL THEN (SELECT t.reason FROM attempt t
  WHERE t.endpoint_seq = e.seq AND t.reason IS NOT NULL ORDER BY t.seq DESC LIMIT 1) END`;

/** Converts a row to an endpoint without the parts that are encrypted. Passwords and secrets are masked. */
export function listedEndpoint(row: Row): Omit<Endpoint, "headers" | "transformation"> {
  const { headers: _, transformation: __, ...listed } = mapping.toRecord(row);
  return listed;
}

const NO_HEADERS: Endpoint["headers"] = {};

/** The parts of an endpoint that are encrypted at rest, in the column `sealed`. */
interface Sealed {
  readonly headers: Endpoint["headers"];
  /** The percent-encoded password of the URL. */
  readonly password: string | null;
  /** Absent in rows of earlier versions. */
  readonly transformation?: Endpoint["transformation"];
  /** With its secrets. Absent if there is none. */
  readonly auth?: NonNullable<Endpoint["auth"]>;
  /** The secrets of its function. Absent if there is none. */
  readonly secrets?: EndpointFunction["secrets"];
}

export type EndpointRow = Row & { readonly deletedAt: number | null; readonly sealed: Uint8Array | null };

export const ENDPOINT_COLUMNS = `${mapping.columns}, deleted_at AS "deletedAt", sealed`;

export const ENDPOINT_SQL = {
  insert: mapping.insert("sealed"),
  assignments: `${mapping.assignments}, sealed = $sealed`,
} as const;

type SealedParts = Pick<Endpoint, "headers" | "url"> & Partial<Pick<Endpoint, "transformation" | "auth" | "function">>;

/**
 * Returns the encrypted part of an endpoint, or null if the endpoint has no headers, no password,
 * no transformation, no authentication and no function.
 */
export function sealedOf(
  box: SecretBox,
  { headers, url, transformation = null, auth = null, function: code = null }: SealedParts,
): Uint8Array | null {
  const password = passwordOf(url);
  const hasMore = transformation !== null || auth !== null || code !== null;
  if (password === null && !hasMore && Object.keys(headers).length === 0) return null;
  const sealed: Sealed = {
    headers,
    password,
    ...(transformation !== null && { transformation }),
    ...(auth !== null && { auth }),
    ...(code !== null && { secrets: code.secrets }),
  };
  return box.seal(JSON.stringify(sealed));
}

/**
 * Converts between endpoints and rows. Only the column `sealed` contains the headers, the password
 * of the URL, the transformation, and the secrets of `auth` and `function`. The columns `url`, `auth`
 * and `function` contain the forms that are shown. The columns `headers` and `transformation` are empty.
 */
export function endpointCodec(box: SecretBox) {
  const toRecord = (row: EndpointRow): Endpoint => {
    const record = mapping.toRecord(row);
    if (row.sealed === null) return record;
    const {
      headers,
      password,
      transformation = null,
      auth = null,
      secrets = {},
    } = JSON.parse(box.open(row.sealed)) as Sealed;
    const url = password === null ? record.url : withPassword(record.url, password);
    const code = record.function === null ? null : { ...record.function, secrets };
    return { ...record, headers, url, transformation, auth, function: code };
  };
  return {
    toRecord,
    toRecordOrNull: (row: EndpointRow | null) => (row === null ? null : toRecord(row)),
    toBindings: (endpoint: Endpoint) => ({
      ...mapping.toBindings({
        ...endpoint,
        ...{ url: maskPassword(endpoint.url), headers: NO_HEADERS, transformation: null },
        auth: endpoint.auth === null ? null : shownAuth(endpoint.auth),
        function: endpoint.function === null ? null : shownFunction(endpoint.function),
      }),
      sealed: sealedOf(box, endpoint),
    }),
  };
}

/** What messages are matched against. */
export interface ActiveRow {
  seq: number;
  eventTypes: string | null;
  channels: string | null;
  filter: string | null;
}

export function toActive({ seq, eventTypes, channels, filter }: ActiveRow): ActiveEndpoint {
  return { seq, eventTypes: parsedOrNull<string[]>(eventTypes), channels: parsedOrNull<string[]>(channels), filter };
}

/** What a known endpoint gets from its application. */
export interface OwnerRow extends Pick<KnownEndpoint, "environmentSeq" | "applicationThrottleRate"> {
  readonly isOperational: number;
}
