import type { Seq } from "./id.ts";
import type { PayloadVersion } from "./resources/payload-version.ts";

/**
 * The payload versions on which the endpoints of an application depend that moves to another installation.
 * The other one must have the same: its downgrades change what the endpoints get.
 */
export interface MovedVersions {
  /** The oldest version to which an endpoint is pinned. Null if one is older than all versions. */
  readonly oldestPinned: string | null;
  /** The oldest message that waits. Null if none does. */
  readonly oldestWaiting: Seq | null;
  readonly versions: readonly MovedVersion[];
}

export interface MovedVersion extends Pick<PayloadVersion, "version" | "eventTypes" | "downgrade"> {
  readonly created: PlaceAmongMessages;
  /** Null while the version exists. */
  readonly deleted: PlaceAmongMessages | null;
}

/** The place of a version's creation or deletion in the order of the messages that wait. */
export interface PlaceAmongMessages {
  /** The newest waiting message before it, or null. */
  readonly after: Seq | null;
  /** The oldest waiting message after it, or null. */
  readonly before: Seq | null;
}

/** Returns whether a version matters to endpoints, and to a message that is still to be sent. */
export function matters(
  { version, deletedSeq }: Pick<PayloadVersion, "version" | "deletedSeq">,
  { oldestPinned, oldestWaiting }: Pick<MovedVersions, "oldestPinned" | "oldestWaiting">,
): boolean {
  if (oldestPinned !== null && version < oldestPinned) return false;
  return deletedSeq === null || (oldestWaiting !== null && deletedSeq > oldestWaiting);
}

/**
 * Returns why an application cannot move to an installation with the versions `here`, in words for its
 * operators, or null if it can.
 */
export function versionObstacle(moved: MovedVersions, here: readonly PayloadVersion[]): string | null {
  const needed = here.filter((version) => matters(version, moved));
  const names = new Set([...moved.versions, ...needed].map(({ version }) => version));
  for (const name of [...names].sort()) {
    // A name may be used again after its version was deleted.
    const ours = needed.filter(({ version }) => version === name).sort((a, b) => a.seq - b.seq);
    const theirs = moved.versions.filter(({ version }) => version === name);
    const obstacle = difference(name, theirs, ours);
    if (obstacle !== null) return obstacle;
  }
  return null;
}

/** Both lists are in the order of creation. */
function difference(name: string, theirs: readonly MovedVersion[], ours: readonly PayloadVersion[]): string | null {
  if (ours.length === 0) {
    return `The payload version ${name} does not exist here, but endpoints of the application depend on it. Create it as it is at the origin.`;
  }
  if (theirs.length === 0) {
    return `The payload version ${name} exists here but not at the origin, and the endpoints of the application would depend on it. Create it there too.`;
  }
  if (theirs.length !== ours.length || theirs.some((one, index) => !isSame(one, ours[index]!))) {
    return `The payload version ${name} here differs from that at the origin in its event types, in its downgrade, or in whether it exists. Make them the same.`;
  }
  if (theirs.some((one, index) => !isBetweenSameMessages(one, ours[index]!))) {
    return `The payload version ${name} was created or deleted here at another time than at the origin, and messages wait that were accepted between the two. Wait until they have been delivered, or drop them.`;
  }
  return null;
}

function isSame(a: MovedVersion, b: PayloadVersion): boolean {
  const typesOf = ({ eventTypes }: Pick<MovedVersion, "eventTypes">) => eventTypes?.toSorted().join() ?? null;
  const isEqual = typesOf(a) === typesOf(b) && a.downgrade === b.downgrade;
  return isEqual && (a.deleted === null) === (b.deletedSeq === null);
}

/** Whether the messages that wait have the same form here as at the origin. Their numbers stay or become greater. */
function isBetweenSameMessages({ created, deleted }: MovedVersion, { seq, deletedSeq }: PayloadVersion): boolean {
  return isWithin(created, seq) && (deleted === null || isWithin(deleted, deletedSeq!));
}

function isWithin({ after, before }: PlaceAmongMessages, seq: Seq): boolean {
  return (after === null || after < seq) && (before === null || seq < before);
}
