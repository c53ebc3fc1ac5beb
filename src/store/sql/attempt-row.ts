import type { AttemptHeaders } from "../../core/attempt-headers.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { Attempt } from "../index.ts";
import { TRIGGER_NAMES } from "./delivery-row.ts";
import type { SecretBox } from "./secret-box.ts";

export interface AttemptRow extends Omit<Attempt, "reason" | "trigger"> {
  reason: string | null;
  trigger: number;
}

/** The response of the attempt `t`, which another attempt of its batch may store. */
const RESPONSE = `CASE WHEN t.response_in IS NULL THEN t.response
    ELSE (SELECT o.response FROM attempt o WHERE o.seq = t.response_in) END AS response`;

/** Returns the columns of the attempt `t`. */
export function attemptColumns(withContent: boolean): string {
  return `t.seq, t.delivery_seq AS "deliverySeq", t.message_seq AS "messageSeq", t.endpoint_seq AS "endpointSeq", t.url,
    t.reason, t.response_status AS "responseStatus", ${withContent ? RESPONSE : "NULL AS response"}, t.note,
    t.duration_ms AS "durationMs", t.trigger, t.started_at AS "startedAt", t.next_attempt_at AS "nextAttemptAt",
    t.batch_seq AS "batchSeq"`;
}

export function toAttempt(row: AttemptRow): Attempt {
  return { ...row, reason: row.reason as FailureReason | null, trigger: TRIGGER_NAMES[row.trigger]! };
}

/**
 * Returns the encrypted part of an attempt, or null if there is none. Only failed and transformed
 * attempts have one, so that the others cost nothing more.
 */
export function sealedExchange(box: SecretBox, { headers, transformation, apiVersion }: Attempt): Uint8Array | null {
  if (headers === undefined && transformation === undefined && apiVersion === undefined) return null;
  return box.seal(JSON.stringify({ ...headers, transformation, apiVersion }));
}

/** Converts the text that is stored encrypted with an attempt. */
export function exchangeOf(text: string): Pick<Attempt, "headers" | "transformation" | "apiVersion"> {
  const { transformation, apiVersion, ...headers } = JSON.parse(text) as Partial<AttemptHeaders> &
    Pick<Attempt, "transformation" | "apiVersion">;
  return {
    ...(headers.request !== undefined && { headers: headers as AttemptHeaders }),
    ...(transformation !== undefined && { transformation }),
    ...(apiVersion !== undefined && { apiVersion }),
  };
}
