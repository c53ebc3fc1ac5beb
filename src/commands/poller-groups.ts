/** Groups of workers that share the messages of an application. */
import type { Seq } from "../core/id.ts";
import { conflict, Problem } from "../core/problem.ts";
import type { GroupKey, Lease } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "seqs">;

/** Maximum number of groups of one application. */
const GROUPS_MAX = 1000;
/** Maximum number of messages that a group has leased and not acknowledged. */
const LEASES_MAX = 10_000;
/** Maximum size of the payloads that are leased in one call, unless there is only one. */
const BYTES_MAX = 4 * 1024 * 1024;

interface LeaseRequest {
  readonly limit: number;
  readonly leaseMs: number;
  /** The message after which a new group begins. Null: it begins with what is accepted from now on. */
  readonly after: Seq | null;
}

/**
 * Leases the next messages of a group. Creates the group if it is new. Throws 400 if the application
 * already has the maximum number of groups.
 */
export async function leaseMessages(
  { store, clock, seqs }: Parts,
  key: GroupKey,
  { limit, leaseMs, after }: LeaseRequest,
): Promise<readonly Lease[]> {
  const now = clock.now();
  const leases = await store.history.groups.lease(key, {
    ...{ limit, now, endsAt: now + leaseMs, begin: after ?? seqs.last },
    ...{ bytesMax: BYTES_MAX, groupsMax: GROUPS_MAX, leasesMax: LEASES_MAX },
  });
  if (leases !== "full") return leases;
  const detail = `The application already has ${GROUPS_MAX} groups, which is the maximum.`;
  throw new Problem(400, "limit_reached", detail);
}

/**
 * Acknowledges leased messages. `idOf` returns the id of a lease. Throws 409 and changes nothing if a
 * lease has ended.
 */
export async function acknowledgeLeases(
  { store, clock }: Parts,
  key: GroupKey,
  leases: readonly Lease[],
  idOf: (lease: Lease) => string,
): Promise<void> {
  const ended = await store.history.groups.ack(key, leases, clock.now());
  if (ended.length === 0) return;
  const names = ended.slice(0, 10).map(idOf).join(", ");
  const more = ended.length > 10 ? ` and ${ended.length - 10} more` : "";
  throw conflict(`No lease was acknowledged, because these have ended: ${names}${more}.`, "lease_expired");
}

/** Gives leased messages back, so that they are leased again at once. Ignores leases that have ended. */
export function returnLeases({ store, clock }: Parts, key: GroupKey, leases: readonly Lease[]): Promise<void> {
  return store.history.groups.nack(key, leases, clock.now());
}
