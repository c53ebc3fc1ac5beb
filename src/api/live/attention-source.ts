/** What needs an operator's attention in an environment. */
import { type Static, Type } from "@sinclair/typebox";
import type { BackupState } from "../../backup/schedule.ts";
import { attentionKinds, bySeverity, diskSeverity, severities } from "../../core/attention-rules.ts";
import { deliveryHeldMeta } from "../../core/delivery.ts";
import type { Seq } from "../../core/id.ts";
import { formatInstant } from "../../core/instant.ts";
import { failureReasons } from "../../core/outcome.ts";
import {
  type Attention,
  type AttentionEndpoint,
  type DeadReason,
  deadReasonCountMax,
  type ReplicaState,
} from "../../store/index.ts";
import type { ApiDeps } from "../http/deps.ts";
import * as field from "../http/fields.ts";
import { nullable, wordOut } from "../http/schema.ts";

/** Maximum number of entries in a list. */
export const ENTRIES_MAX = 50;
/**
 * Lifetime of what was read about endpoints and dead letters, as a multiple of the time that the
 * reading took. Reading then takes at most about 5 % of the time.
 */
const REUSE_FACTOR = 20;
const causes = ["gone", "failing", "manual"] as const;

export const AttentionOut = field.object("AttentionOut", {
  kind: wordOut(attentionKinds),
  severity: wordOut(severities, {
    description: "`info`: no action is needed. Used for endpoints that the server did not disable.",
  }),
  since: nullable(Type.String({ format: "date-time", description: "Start of the state; null if it is not known." })),
  count: Type.Optional(
    Type.Integer({
      description: `\`dead_letters\`: number of dead letters with this reason; ${deadReasonCountMax} means "${deadReasonCountMax} or more". \`backlog_growing\`: number of pending deliveries.`,
    }),
  ),
  appId: Type.Optional(Type.String({ description: "Only for `endpoint_disabled` and `endpoint_failing`." })),
  appName: Type.Optional(Type.String()),
  endpointId: Type.Optional(Type.String({ description: "Only for `endpoint_disabled` and `endpoint_failing`." })),
  url: Type.Optional(Type.String({ description: "URL of the endpoint, with its password masked." })),
  reason: Type.Optional(
    nullable(
      wordOut([...new Set([...failureReasons, ...causes])], {
        description:
          "`endpoint_failing`: why the latest attempt failed. `endpoint_disabled`: the endpoint's `disabledCause`. `dead_letters`: why the deliveries are dead. Null if it is not known.",
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

export interface AttentionList {
  readonly entries: readonly Entry[];
  /** Number of entries without the limit. */
  readonly total: number;
}

type Parts = Pick<ApiDeps, "store" | "ids" | "clock" | "deliverer" | "backlogWatch" | "clockTrust" | "backups">;

interface Kept {
  readonly reading: Promise<Attention>;
  /** Time, by the steady clock, until which the reading is reused; infinite while it is under way. */
  until: number;
  /** Called when the reading may no longer be reused, if it has been reused since the last change. */
  onOutdated: (() => void) | null;
}

export class AttentionSource {
  readonly #kept = new Map<Seq, Kept>();

  constructor(private readonly parts: Parts) {}

  /**
   * Returns the list of an environment. Its endpoints and dead letters may be slightly out of date if
   * reading them takes long. In this case `onOutdated` is called when they can be read again.
   */
  async of(environmentSeq: Seq, pending: number, onOutdated?: () => void): Promise<AttentionList> {
    const { ids } = this.parts;
    const { counts, endpoints, dead } = await this.#read(environmentSeq, onOutdated);
    const entries = bySeverity([
      ...(await this.#ofInstallation()),
      ...(await this.#ofEnvironment(environmentSeq, pending)),
      ...endpoints.map((endpoint) => ofEndpoint(endpoint, ids)),
      ...dead.map(ofDeadReason),
    ]);
    const total = entries.length + counts.failing + counts.disabled - endpoints.length;
    return { entries: entries.slice(0, ENTRIES_MAX), total };
  }

  #read(environmentSeq: Seq, onOutdated: (() => void) | undefined): Promise<Attention> {
    const { clock, store } = this.parts;
    const before = this.#kept.get(environmentSeq);
    const startedAt = clock.steady();
    if (before !== undefined && startedAt < before.until) {
      if (onOutdated !== undefined) this.#notify(before, onOutdated);
      return before.reading;
    }
    const reading = store.survey.attention(environmentSeq, ENTRIES_MAX);
    const kept: Kept = { reading, until: Number.POSITIVE_INFINITY, onOutdated: null };
    this.#kept.set(environmentSeq, kept);
    reading.then(
      () => {
        const now = clock.steady();
        kept.until = now + (now - startedAt) * REUSE_FACTOR;
        if (kept.onOutdated !== null) this.#awaitEnd(kept);
      },
      () => this.#kept.delete(environmentSeq),
    );
    return reading;
  }

  /** Calls back once when the reading ends to be reused. */
  #notify(kept: Kept, onOutdated: () => void): void {
    if (kept.onOutdated !== null) return;
    kept.onOutdated = onOutdated;
    if (kept.until !== Number.POSITIVE_INFINITY) this.#awaitEnd(kept);
  }

  #awaitEnd(kept: Kept): void {
    const { clock } = this.parts;
    clock.after(Math.max(0, kept.until - clock.steady()), () => kept.onOutdated?.());
  }

  async #ofInstallation(): Promise<Entry[]> {
    const { deliverer, clockTrust } = this.parts;
    const { housekeeping } = this.parts.store;
    const entries: Entry[] = [];
    if ((await housekeeping.health()).damaged) {
      const detail = "A read found damaged data. Restore a backup, or check the disk.";
      entries.push({ kind: "store_damaged", severity: "critical", since: null, detail });
    }
    const { diskFreeBytes } = await housekeeping.size();
    const severity = diskSeverity(diskFreeBytes);
    if (severity !== null) {
      const detail = `The disk of the data directory has ${Math.floor(diskFreeBytes! / 1_048_576)} MiB of free space. Free space, or enlarge the disk.`;
      entries.push({ kind: "disk_low", severity, since: null, detail });
    }
    const doubtedSince = clockTrust.doubtedSince;
    if (doubtedSince !== null) {
      const detail =
        "The clock has jumped ahead. Until the clock is trusted, nothing is deleted or disabled because of age. Check the system time.";
      entries.push({ kind: "clock_jumped", severity: "warning", since: formatInstant(doubtedSince), detail });
    }
    const backups = this.parts.backups?.();
    if (backups !== undefined && (backups.failure !== null || backups.isOverdue)) {
      entries.push(ofBackups(backups));
    }
    const replica = this.parts.store.replica?.state();
    if (replica !== undefined && replica.status !== "ok") entries.push(ofReplica(replica));
    if (deliverer.isHeld) {
      const heldAt = await housekeeping.meta.get(deliveryHeldMeta);
      const since = heldAt === null ? null : formatInstant(Number(heldAt));
      const detail = "All deliveries are held. Messages are accepted and stored, but nothing is sent.";
      entries.push({ kind: "delivery_held", severity: "warning", since, detail });
    }
    return entries;
  }

  async #ofEnvironment(environmentSeq: Seq, pending: number): Promise<Entry[]> {
    const { store, backlogWatch } = this.parts;
    const entries: Entry[] = [];
    const pausedAt = (await store.configuration.environments.get(environmentSeq))?.pausedAt ?? null;
    if (pausedAt !== null) {
      const detail = "The deliveries of this environment are paused. Messages are accepted and stored.";
      entries.push({ kind: "environment_paused", severity: "warning", since: formatInstant(pausedAt), detail });
    }
    const growingSince = backlogWatch.growingSince(environmentSeq);
    if (growingSince !== null) {
      const since = formatInstant(growingSince);
      const detail =
        "Deliveries are waiting for longer than `backlog-threshold` after they became due. Check slow endpoints and limits of concurrency.";
      entries.push({ kind: "backlog_growing", severity: "critical", since, count: pending, detail });
    }
    return entries;
  }
}

const disabledTexts = {
  gone: "The endpoint was disabled because it responded with 410.",
  failing: "The endpoint was disabled because every attempt failed for too long.",
  manual: "The endpoint was disabled by a request.",
} as const;

function ofEndpoint(endpoint: AttentionEndpoint, ids: Parts["ids"]): Entry {
  const { seq, url, application, isDisabled, since, cause, reason } = endpoint;
  const where = {
    since: since === null ? null : formatInstant(since),
    ...{ appId: ids.encode("app_", application.seq), appName: application.name },
    ...{ endpointId: ids.encode("ep_", seq), url },
  };
  if (!isDisabled) {
    const detail = reason === null ? "The latest attempt failed." : `The latest attempt failed: ${reason}.`;
    return { kind: "endpoint_failing", severity: "warning", ...where, reason, detail };
  }
  const severity = cause === "gone" || cause === "failing" ? "critical" : "info";
  const detail = cause === null ? "The endpoint is disabled." : disabledTexts[cause];
  return { kind: "endpoint_disabled", severity, ...where, reason: cause, detail };
}

function ofDeadReason({ reason, count, firstDeadAt }: DeadReason): Entry {
  const number = count === deadReasonCountMax ? `${count} or more deliveries` : `${count} deliveries`;
  const detail = `${count === 1 ? "1 delivery" : number} failed for good: ${reason}.`;
  return { kind: "dead_letters", severity: "warning", since: formatInstant(firstDeadAt), count, reason, detail };
}

function ofBackups({ newestAt, failure }: BackupState): Entry {
  const since = newestAt === null ? null : formatInstant(newestAt);
  const detail =
    failure === null
      ? "The newest scheduled backup is older than twice `backup-every`. See the log."
      : `The latest scheduled backup failed, and the newest one is older. ${failure.reason}`;
  return { kind: "backup_failed", severity: "warning", since, detail };
}

function ofReplica({ status, since, reason, isRefusing, isSync, lagBytes, copiedAt }: ReplicaState): Entry {
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
