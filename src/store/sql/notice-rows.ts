import type { FailureReason } from "../../core/outcome.ts";
import type { DisabledCause } from "../index.ts";
import type { NoticedEndpoint, SentNotice } from "../notices.ts";

/** The columns of a notice. */
export const SENT_COLUMNS = 'channel, subject_seq AS "subjectSeq", kind, since, sent_at AS "sentAt", open AS "isOpen"';

export interface SentRow extends Omit<SentNotice, "isOpen"> {
  readonly isOpen: number;
}

export interface DescribedRow {
  readonly seq: number;
  readonly url: string;
  readonly applicationSeq: number;
  readonly name: string;
  readonly uid: string | null;
  readonly environmentName: string;
  readonly operational: number;
  readonly cause: DisabledCause | null;
  readonly reason: FailureReason | null;
}

/** The columns of the endpoint `e` with its application `a` and environment `v`. */
export const DESCRIBED_COLUMNS = `e.seq, e.url, a.seq AS "applicationSeq", a.name, a.uid, v.name AS "environmentName",
  a.operational, e.disabled_cause AS cause,
  (SELECT t.reason FROM attempt t WHERE t.endpoint_seq = e.seq AND t.reason IS NOT NULL
   ORDER BY t.seq DESC LIMIT 1) AS reason`;

export function toNoticed(row: DescribedRow): NoticedEndpoint {
  const { seq, url, applicationSeq, name, uid, environmentName, operational, cause, reason } = row;
  const application = { seq: applicationSeq, name, uid };
  return { seq, url, application, environmentName, isOperational: operational === 1, cause, reason };
}

export function toSent(row: SentRow): SentNotice {
  return { ...row, isOpen: row.isOpen === 1 };
}

/**
 * Returns the health of the endpoint `e` with its application `a`, as in `EndpointHealth`. `isLatest`
 * selects the latest attempt `t` of the endpoint.
 */
export function endpointHealth(isLatest: string): string {
  return `CASE
  WHEN e.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL THEN 'gone'
  WHEN e.disabled = 1 OR e.failing_since IS NOT NULL OR e.challenge IS NOT NULL THEN 'troubled'
  WHEN (SELECT t.reason IS NULL FROM attempt t WHERE ${isLatest}) THEN 'healthy'
  ELSE 'unknown' END`;
}
