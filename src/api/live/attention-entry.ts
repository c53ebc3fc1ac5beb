import { type Static, Type } from "@sinclair/typebox";
import type { BackupState } from "../../backup/schedule.ts";
import { attentionKinds, severities } from "../../core/attention-rules.ts";
import type { IdCodec } from "../../core/id.ts";
import { formatInstant } from "../../core/instant.ts";
import { failureReasons } from "../../core/outcome.ts";
import { causes } from "../../core/received.ts";
import {
  type AttentionEndpoint,
  attentionPendingMax,
  type DeadReason,
  deadReasonCountMax,
  type RefusingSource,
  type ReplicaState,
} from "../../store/index.ts";
import * as field from "../http/fields.ts";
import { nullable, wordOut } from "../http/schema.ts";

/** The entries of the list of what needs attention, as the API shows them. */

const disabledCauses = ["gone", "failing", "manual"] as const;

const ONLY_ENDPOINTS = "Only for kinds that begin with `endpoint_`, and for `backlog_growing` if it is known.";

export const AttentionOut = field.object("AttentionOut", {
  kind: wordOut(attentionKinds),
  severity: wordOut(severities, {
    description: "`info`: no action is needed. Used for endpoints that the server did not disable.",
  }),
  since: nullable(Type.String({ format: "date-time", description: "Start of the state; null if it is not known." })),
  count: Type.Optional(
    Type.Integer({
      description: `\`dead_letters\`: number of dead letters with this reason; ${deadReasonCountMax} means "${deadReasonCountMax} or more". \`backlog_growing\`: number of pending deliveries. \`endpoint_paused\`: number of waiting deliveries; ${attentionPendingMax} means "${attentionPendingMax} or more".`,
    }),
  ),
  appId: Type.Optional(Type.String({ description: `The application of the endpoint. ${ONLY_ENDPOINTS}` })),
  appName: Type.Optional(Type.String()),
  endpointId: Type.Optional(
    Type.String({
      description: `The endpoint; \`backlog_growing\`: that of the oldest due delivery. ${ONLY_ENDPOINTS}`,
    }),
  ),
  url: Type.Optional(Type.String({ description: "URL of the endpoint, with its password masked." })),
  sourceId: Type.Optional(Type.String({ description: "Only for kinds that begin with `source_`." })),
  sourceName: Type.Optional(Type.String()),
  reason: Type.Optional(
    nullable(
      wordOut([...new Set([...failureReasons, ...disabledCauses, ...causes])], {
        description:
          "`endpoint_failing`: why the latest attempt failed. `endpoint_disabled`: the endpoint's `disabledCause`. `dead_letters`: why the deliveries are dead. `source_refusing`: why the latest request was refused. Null if it is not known.",
      }),
    ),
  ),
  detail: Type.String({ description: "One sentence for people." }),
});

export type Entry = Static<typeof AttentionOut>;

export const attentionExample: Entry = {
  ...{ kind: "endpoint_failing", severity: "warning", since: "2026-01-01T00:00:00.000Z" },
  ...{ appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", appName: "Customer 17" },
  ...{ endpointId: "ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", url: "https://example.com/webhook", reason: "status_5xx" },
  detail: "The latest attempt failed: status_5xx.",
};

const disabledTexts = {
  gone: "The endpoint was disabled because it responded with 410.",
  failing: "The endpoint was disabled because every attempt failed for too long.",
  manual: "The endpoint was disabled by a request.",
} as const;

export function ofEndpoint(endpoint: AttentionEndpoint, ids: IdCodec): Entry {
  const { seq, url, application, state, since, cause, reason, unverifiedSince } = endpoint;
  const where = {
    since: since === null ? null : formatInstant(since),
    ...{ appId: ids.encode("app_", application.seq), appName: application.name },
    ...{ endpointId: ids.encode("ep_", seq), url },
  };
  if (unverifiedSince !== undefined) {
    const detail = "The endpoint is not verified: its receiver has not answered the challenge. Nothing is sent to it.";
    return { kind: "endpoint_unverified", severity: "info", ...where, since: formatInstant(unverifiedSince), detail };
  }
  if (state === "paused") {
    return { kind: "endpoint_paused", severity: "info", ...where, ...ofWaiting(endpoint.pending ?? 0) };
  }
  if (state === "failing") {
    const detail = reason === null ? "The latest attempt failed." : `The latest attempt failed: ${reason}.`;
    return { kind: "endpoint_failing", severity: "warning", ...where, reason, detail };
  }
  const severity = cause === "gone" || cause === "failing" ? "critical" : "info";
  const detail = cause === null ? "The endpoint is disabled." : disabledTexts[cause];
  return { kind: "endpoint_disabled", severity, ...where, reason: cause, detail };
}

function ofWaiting(count: number): { readonly count: number; readonly detail: string } {
  const number = count === attentionPendingMax ? `${count} or more deliveries wait` : `${count} deliveries wait`;
  return { count, detail: `The endpoint is paused. ${count === 1 ? "1 delivery waits" : number} until it is resumed.` };
}

/** The endpoint of an environment's oldest due delivery. */
export interface BacklogEndpoint extends Pick<AttentionEndpoint, "seq" | "url"> {
  readonly application: Pick<AttentionEndpoint["application"], "seq" | "name">;
}

/** `oldest` is null if it is not known which endpoint the oldest due delivery is for. */
export function ofBacklog(growingSince: number, pending: number, oldest: BacklogEndpoint | null, ids: IdCodec): Entry {
  const entry = {
    kind: "backlog_growing",
    severity: "critical",
    since: formatInstant(growingSince),
    count: pending,
  } as const;
  const late = "Deliveries are waiting for longer than `backlog-threshold` after they became due.";
  if (oldest === null) return { ...entry, detail: `${late} Check slow endpoints and limits of concurrency.` };
  const { seq, url, application } = oldest;
  return {
    ...entry,
    ...{ appId: ids.encode("app_", application.seq), appName: application.name },
    ...{ endpointId: ids.encode("ep_", seq), url },
    detail: `${late} The oldest one is for ${url} (${application.name}). Check how long its responses take, and its limits of concurrency and rate.`,
  };
}

export function ofSource({ seq, name, cause, since }: RefusingSource, ids: IdCodec): Entry {
  return {
    ...{ kind: "source_refusing", severity: "warning", since: formatInstant(since) },
    ...{ sourceId: ids.encode("src_", seq), sourceName: name, reason: cause },
    detail: `Every request since the last stored one failed its check: ${cause}.`,
  };
}

export function ofDeadReason({ reason, count, firstDeadAt }: DeadReason): Entry {
  const number = count === deadReasonCountMax ? `${count} or more deliveries` : `${count} deliveries`;
  const detail = `${count === 1 ? "1 delivery" : number} failed for good: ${reason}.`;
  return { kind: "dead_letters", severity: "warning", since: formatInstant(firstDeadAt), count, reason, detail };
}

export function ofBackups({ newestAt, failure }: BackupState): Entry {
  const since = newestAt === null ? null : formatInstant(newestAt);
  const detail =
    failure === null
      ? "The newest scheduled backup is older than twice `backup-every`. See the log."
      : `The latest scheduled backup failed, and the newest one is older. ${failure.reason}`;
  return { kind: "backup_failed", severity: "warning", since, detail };
}

export function ofReplica({ status, since, reason, isRefusing, isSync, lagBytes, copiedAt }: ReplicaState): Entry {
  const mebibytes = Math.ceil(lagBytes / 1_048_576);
  const cause =
    status === "failed"
      ? `The replica cannot be written: ${reason?.replace(/\.$/, "")}.`
      : copiedAt === null
        ? "The replica has no complete copy of the data yet."
        : `The replica lacks the latest commits, ${mebibytes} MiB.`;
  const effect = isRefusing
    ? " Messages are refused until it has caught up."
    : isSync
      ? " Requests that change data get a 503 response after `replica-timeout`."
      : " If the disk is lost now, these changes are lost.";
  return {
    kind: status === "failed" ? "replica_failed" : "replica_behind",
    severity: status === "failed" || isRefusing ? "critical" : "warning",
    since: since === null ? null : formatInstant(since),
    detail: `${cause}${effect}`,
  };
}
