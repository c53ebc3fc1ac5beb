/** What needs an operator's attention in an environment. */
import { bySeverity, diskSeverity, isRefusalRecent, UNVERIFIED_MS } from "../../core/attention-rules.ts";
import { deliveryHeldMeta } from "../../core/delivery.ts";
import type { Seq } from "../../core/id.ts";
import { formatInstant } from "../../core/instant.ts";
import { maskPassword } from "../../core/url-password.ts";
import type { Attention } from "../../store/index.ts";
import type { ApiDeps } from "../http/deps.ts";
import {
  type BacklogEndpoint,
  type Entry,
  ofBacklog,
  ofBackups,
  ofDeadReason,
  ofEndpoint,
  ofReplica,
  ofSource,
} from "./attention-entry.ts";
import { ofCertificate, ofServerCertificate, ofSourceCertificates } from "./certificate-entry.ts";

/** Maximum number of entries in a list. */
export const ENTRIES_MAX = 50;
/**
 * Lifetime of what was read about endpoints and dead letters, as a multiple of the time that the
 * reading took. Reading then takes at most about 5 % of the time.
 */
const REUSE_FACTOR = 20;
export interface AttentionList {
  readonly entries: readonly Entry[];
  /** Number of entries without the limit. */
  readonly total: number;
}

type Parts = Pick<ApiDeps, "store" | "ids" | "clock" | "deliverer" | "backlogWatch" | "clockTrust" | "backups"> &
  Pick<ApiDeps, "certificates" | "serverCertificateEndsAt">;

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
    const { counts, pausedWaiting, endpoints, sources, dead } = await this.#read(environmentSeq, onOutdated);
    const now = this.parts.clock.now();
    const entries = bySeverity([
      ...(await this.#ofInstallation()),
      ...(await this.#ofEnvironment(environmentSeq, pending)),
      ...endpoints.map((endpoint) => ofEndpoint(endpoint, ids)),
      ...(await this.#ofCertificates(environmentSeq, now)),
      ...sources.filter(({ latestAt }) => isRefusalRecent(latestAt, now)).map((source) => ofSource(source, ids)),
      ...dead.map(ofDeadReason),
    ]);
    const total = entries.length + counts.failing + counts.disabled + pausedWaiting - endpoints.length;
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
    const reading = store.survey.attention(environmentSeq, ENTRIES_MAX, clock.now() - UNVERIFIED_MS);
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
    const diskFreeBytes = await housekeeping.diskFreeBytes();
    const severity = diskSeverity(diskFreeBytes);
    if (severity !== null) {
      const detail = `The disk of the data directory has ${Math.floor(diskFreeBytes! / 1_048_576)} MiB left. When it is full, messages are refused with 503. Remove other files, enlarge the disk, or shorten \`retention\`.`;
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
    const certificate = ofServerCertificate(this.parts.serverCertificateEndsAt?.() ?? null, this.parts.clock.now());
    if (certificate !== null) entries.push(certificate);
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

  async #ofCertificates(environmentSeq: Seq, now: number): Promise<Entry[]> {
    const { ids, certificates } = this.parts;
    const { expiring = [], sources = [] } = (await certificates?.current()) ?? {};
    const isHere = (one: { readonly environmentSeq: Seq }) => one.environmentSeq === environmentSeq;
    return [
      ...expiring.filter(isHere).flatMap((certificate) => ofCertificate(certificate, now, ids) ?? []),
      ...sources.filter(isHere).flatMap((source) => ofSourceCertificates(source, now, ids) ?? []),
    ];
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
      entries.push(ofBacklog(growingSince, pending, await this.#oldestIn(environmentSeq), this.parts.ids));
    }
    return entries;
  }

  /** Returns the endpoint of the oldest due delivery, or null if it is not known or has been deleted. */
  async #oldestIn(environmentSeq: Seq): Promise<BacklogEndpoint | null> {
    const oldest = this.parts.backlogWatch.oldestDueIn(environmentSeq);
    if (oldest === null) return null;
    const { applications, endpoints } = this.parts.store.configuration;
    const endpoint = await endpoints.get(oldest.endpoint.seq);
    if (endpoint === null || endpoint.deleted) return null;
    const application = await applications.known(endpoint.applicationSeq);
    return application === null ? null : { seq: endpoint.seq, url: maskPassword(endpoint.url), application };
  }
}
