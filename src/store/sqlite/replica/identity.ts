import type { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { IDENTITY } from "../../../core/replica-name.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import { StartError } from "../../../core/start-error.ts";
import { idSeed } from "../housekeeping/meta.ts";

const FORMAT = 1;

interface Identity {
  readonly format: number;
  readonly data: string;
}

/** Returns a text that is the same for all copies of the same data. */
export function dataIdOf(db: Database): string {
  return createHash("sha256")
    .update(`replica ${idSeed(db).join(" ")}`)
    .digest("hex")
    .slice(0, 32);
}

/**
 * Claims an empty vault for the data. Throws `StartError` if the vault has the replica of other
 * data. Returns whether the vault was empty.
 */
export async function claimVault(vault: Vault, data: string): Promise<boolean> {
  const found = await identityOf(vault);
  if (found === null) {
    const foreign = (await vault.list("generation-")).length > 0;
    if (foreign) throw new StartError(`The replica ${vault.location} is incomplete: ${IDENTITY} is missing.`);
    await vault.put(IDENTITY, new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, data })}\n`));
    return true;
  }
  if (found.data !== data) {
    throw new StartError(
      `The replica ${vault.location} belongs to other data. Restore that data with \`boathook restore --replica\`, or set another replica.`,
    );
  }
  return false;
}

/** Returns the identity of a replica, or null if the vault has none. Throws `StartError` if it cannot be read. */
export async function identityOf(vault: Vault): Promise<Identity | null> {
  const bytes = await vault.get(IDENTITY);
  if (bytes === null) return null;
  let found: Partial<Identity> | null = null;
  try {
    found = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Identity> | null;
  } catch {
    // Reported below.
  }
  if (typeof found?.format !== "number" || typeof found.data !== "string") {
    throw new StartError(`The replica ${vault.location} is damaged: ${IDENTITY} cannot be read.`);
  }
  if (found.format > FORMAT) {
    throw new StartError(`The replica ${vault.location} was written by a newer version of Boathook. Use that version.`);
  }
  return { format: found.format, data: found.data };
}
