import { baseName, chunkName, manifestName } from "../../../core/replica-name.ts";
import { hashOf } from "../../../core/replica-record.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import type { Clock } from "../../../ports.ts";
import type { BaseManifest } from "./generation.ts";
import type { GenerationEnd } from "./generation-end.ts";
import type { WalSource } from "./wal-source.ts";

/** Pauses between two tries of a chunk, in ms. */
const RETRY_MS = [200, 1000, 5000];

export interface BaseCopyParts {
  readonly source: WalSource;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly version: string;
  readonly chunkBytes: number;
  /** Returns the end of what is in the vault. */
  end(): GenerationEnd;
  isStopped(): boolean;
  /** Waits after a chunk whose copy has taken this time, in ms. */
  rest(workedMs: number): Promise<void>;
}

/**
 * Copies the database file to the vault while the server writes to it, and returns the
 * manifest of the new base, or null if the server stops.
 *
 * No transaction is open during the copy, so the log does not grow. The price is that pages which a
 * checkpoint writes during the copy may be old, new or torn in it. All of these pages are in records
 * of the epoch in which the copy began or of later ones, up to the position at which it ended,
 * because only frames that are in the vault are checkpointed. So the records repair the copy.
 */
export async function copyBase(parts: BaseCopyParts, generation: string, tag: string): Promise<BaseManifest | null> {
  const { source, vault, clock, version, chunkBytes } = parts;
  const begin = parts.end();
  const epoch = Math.max(1, begin.epoch);
  const base = baseName(generation, { epoch, from: begin.frames }, tag);
  const bytes = source.databaseBytes;
  const chunks = await copyChunks(parts, base, bytes);
  if (chunks === null) return null;
  const end = parts.end();
  const manifest: BaseManifest = {
    ...{ epoch, until: { epoch: Math.max(1, end.epoch), frames: end.frames } },
    // The clock may have been set back.
    ...{ at: Math.max(clock.now(), end.at), version, chunkBytes, bytes, chunks },
  };
  if (parts.isStopped()) return null;
  await vault.put(manifestName(base), new TextEncoder().encode(`${JSON.stringify(manifest)}\n`));
  return manifest;
}

/**
 * Copies the first `bytes` of the database file. Returns the checksums of the chunks, or null if the
 * server stops. If it fails, removes the chunks, because the next copy needs the space on a full disk.
 */
async function copyChunks(parts: BaseCopyParts, base: string, bytes: number): Promise<readonly string[] | null> {
  const { source, vault, clock, chunkBytes } = parts;
  const chunks: string[] = [];
  try {
    for (let at = 0; at < bytes; at += chunkBytes) {
      if (parts.isStopped()) return null;
      const startedAt = clock.steady();
      const chunk = await source.databasePart(at, Math.min(chunkBytes, bytes - at));
      await putWithRetries(parts, chunkName(base, chunks.length), chunk);
      chunks.push(hashOf(chunk));
      await parts.rest(clock.steady() - startedAt);
    }
  } catch (error) {
    await vault.remove(chunks.map((_, index) => chunkName(base, index))).catch(() => {});
    throw error;
  }
  return chunks;
}

async function putWithRetries(
  { vault, clock, isStopped }: BaseCopyParts,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  for (const delayMs of RETRY_MS) {
    try {
      return await vault.put(name, bytes);
    } catch {
      if (isStopped()) return;
      await new Promise<void>((resolve) => void clock.after(delayMs, resolve));
    }
  }
  return vault.put(name, bytes);
}
