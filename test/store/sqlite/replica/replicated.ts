import { rmSync } from "node:fs";
import type { Fact } from "../../../../src/core/fact.ts";
import type { Vault } from "../../../../src/core/replica-vault.ts";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Clock } from "../../../../src/ports.ts";
import type { Store } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import type { ReplicaOptions } from "../../../../src/store/sqlite/replica/replica.ts";
import { restoreReplica } from "../../../../src/store/sqlite/replica/restore-replica.ts";

export const KEY = "ab".repeat(32);

function noBucket(): never {
  throw new Error("There is no bucket.");
}

function bucketOf(location: string | Vault) {
  return typeof location === "string"
    ? { location, openBucket: noBucket }
    : { location: location.location, openBucket: () => location };
}

interface ReplicatedOptions extends Partial<ReplicaOptions> {
  readonly onFact?: (fact: Fact) => void;
  readonly clock?: Clock;
}

/** Opens the store of a server that keeps a replica in a directory or in a vault. */
export function openReplicated(
  dataDir: string,
  location: string | Vault | null,
  { onFact = () => {}, clock = systemClock, ...options }: ReplicatedOptions = {},
): Promise<Store> {
  return openStore({
    dataDir,
    sync: "full",
    encryptionKey: KEY,
    clock,
    onFact,
    exclusive: true,
    replica:
      location === null ? null : { ...bucketOf(location), isSync: false, timeoutMs: 5000, version: "test", ...options },
  });
}

/** Restores a replica to a directory that must not exist. */
export function restored(
  location: string | Vault,
  dataDir: string,
  limits: { readonly until?: number | null; readonly untilDamage?: boolean } = {},
) {
  const { until = null, untilDamage = false } = limits;
  const key = { configuredKey: KEY, givenKeys: [] };
  return restoreReplica({ ...bucketOf(location), dataDir, ...key, deliver: true, now: 1, until, untilDamage });
}

/** Restores a replica, and returns the values of the named rows in it. */
export async function valuesIn(
  location: string | Vault,
  dataDir: string,
  names: readonly string[],
): Promise<(string | null)[]> {
  await restored(location, dataDir);
  const store = await openReplicated(dataDir, null);
  try {
    return await Promise.all(names.map((name) => store.housekeeping.meta.get(name)));
  } finally {
    await store.close();
    rmSync(dataDir, { recursive: true });
  }
}
