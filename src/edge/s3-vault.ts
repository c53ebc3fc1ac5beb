import type { Vault } from "../core/replica-vault.ts";
import { StartError } from "../core/start-error.ts";

/** Opens the replica at `s3://bucket/prefix`. */
export function openBucket(location: string): Vault {
  throw new StartError(`The replica ${location} is not supported yet. Set replica to a directory.`);
}
