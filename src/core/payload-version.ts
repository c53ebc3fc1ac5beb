import type { Seq } from "./id.ts";
import type { PayloadVersion } from "./resources/payload-version.ts";

/** The version of a delivery, as its headers state it. */
export interface DeliveredVersion extends Pick<PayloadVersion, "version" | "deprecatedAt" | "sunsetAt"> {}

/** How a message gets the form that an endpoint expects. */
export interface VersionPlan {
  /** The version in which the payload is sent. Null if it is older than all versions. */
  readonly delivered: DeliveredVersion | null;
  /** The versions whose downgrades run, in this order. */
  readonly downgrades: readonly PayloadVersion[];
}

/** Returns the headers of a version: RFC 9745 for the deprecation, and RFC 8594 for the sunset. */
export function versionHeaders({
  version,
  deprecatedAt,
  sunsetAt,
}: DeliveredVersion): ReadonlyArray<readonly [name: string, value: string]> {
  return [
    ["webhook-api-version", version],
    ...(deprecatedAt === null ? [] : [["deprecation", `@${Math.floor(deprecatedAt / 1000)}`] as const]),
    ...(sunsetAt === null ? [] : [["sunset", new Date(sunsetAt).toUTCString()] as const]),
  ];
}

/** Returns the newest version that existed when a message was accepted, or null. */
export function versionAt(versions: readonly PayloadVersion[], messageSeq: Seq): PayloadVersion | null {
  let newest: PayloadVersion | null = null;
  for (const one of versions) {
    if (existedAt(one, messageSeq) && (newest === null || one.version > newest.version)) newest = one;
  }
  return newest;
}

/** Returns the newest version that exists now, or null. */
export function newestVersion(versions: readonly PayloadVersion[]): PayloadVersion | null {
  return versionAt(versions, Number.MAX_SAFE_INTEGER);
}

/**
 * Returns how a message is changed for an endpoint that is pinned to a version, or to none. A message
 * has the form of the version that was the newest when it was accepted. The downgrades of all versions
 * up to that one that are newer than the endpoint's run, newest first. Deleted versions count for the
 * messages that were accepted while they existed, unless a new version has their name.
 */
export function planVersions(
  versions: readonly PayloadVersion[],
  pinned: string | null,
  { seq, eventType }: { readonly seq: Seq; readonly eventType: string },
): VersionPlan {
  const newest = versionAt(versions, seq);
  if (newest === null) return { delivered: null, downgrades: [] };
  const downgrades = versions.filter(
    (one) =>
      one.downgrade !== null &&
      (pinned === null || one.version > pinned) &&
      one.version <= newest.version &&
      (one.deletedSeq === null || (existedAt(one, seq) && !isReplaced(versions, one))) &&
      (one.eventTypes === null || one.eventTypes.includes(eventType)),
  );
  downgrades.sort((a, b) => (a.version < b.version ? 1 : -1));
  return { delivered: olderOf(versions, pinned, newest), downgrades };
}

function olderOf(
  versions: readonly PayloadVersion[],
  pinned: string | null,
  newest: PayloadVersion,
): DeliveredVersion | null {
  if (pinned === null) return null;
  if (newest.version <= pinned) return newest;
  const own = versions.find(({ version, deletedSeq }) => version === pinned && deletedSeq === null);
  return own ?? { version: pinned, deprecatedAt: null, sunsetAt: null };
}

function isReplaced(versions: readonly PayloadVersion[], { version }: PayloadVersion): boolean {
  return versions.some((other) => other.version === version && other.deletedSeq === null);
}

function existedAt({ seq, deletedSeq }: PayloadVersion, messageSeq: Seq): boolean {
  return seq < messageSeq && (deletedSeq === null || messageSeq < deletedSeq);
}
