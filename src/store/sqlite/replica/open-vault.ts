import type { Vault } from "../../../core/replica-vault.ts";
import { DirectoryVault } from "./directory-vault.ts";

/** Opens a bucket: `s3://bucket/prefix`. */
export type OpenBucket = (location: string) => Vault;

/** Returns the vault at a location: a directory or a bucket. */
export function openVault(location: string, openBucket: OpenBucket): Vault {
  return location.startsWith("s3://") ? openBucket(location) : new DirectoryVault(location);
}
