import { generationNumber, manifestEpoch, manifestName, segmentStart } from "../../../core/replica-name.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import { basesOf, generationsOf, lastRecordOf, segmentsOf } from "./generation.ts";

/** Number of complete bases that are kept in a generation. */
const BASES_KEPT = 2;
/** Maximum number of earlier generations that are kept. */
const GENERATIONS_KEPT = 2;

/**
 * Removes what a restore no longer needs: all but the last two bases, the records before them,
 * incomplete bases, and earlier generations. An earlier generation may have data that
 * this one lacks, for example if an old backup was restored, so it is kept for some time.
 */
export async function prune(
  vault: Vault,
  generation: string,
  { now, keptMs }: { readonly now: number; readonly keptMs: number },
): Promise<void> {
  const bases = await basesOf(vault, generation);
  const kept = bases.slice(-BASES_KEPT);
  // A restore does not use a base without its manifest.
  await vault.remove(bases.slice(0, -BASES_KEPT).map(manifestName));
  const parts = (await vault.list(`${generation}/base-`)).filter((name) => manifestEpoch(name) === null);
  await vault.remove(parts.filter((name) => !kept.some((base) => name.startsWith(`${base}/`))));
  const oldest = manifestEpoch(manifestName(kept[0]!))!;
  const segments = await segmentsOf(vault, generation);
  await vault.remove(segments.filter((name) => segmentStart(name)!.epoch < oldest));
  if (kept.length === BASES_KEPT) await pruneGenerations(vault, generation, now - keptMs);
}

/** Removes the earlier generations that have no record since `before`. */
async function pruneGenerations(vault: Vault, generation: string, before: number): Promise<void> {
  const number = generationNumber(generation)!;
  const earlier = (await generationsOf(vault)).filter((name) => generationNumber(name)! < number);
  for (const [index, name] of earlier.entries()) {
    const isSurplus = index < earlier.length - GENERATIONS_KEPT;
    if (!isSurplus && ((await lastRecordOf(vault, name))?.end.at ?? 0) >= before) continue;
    const names = await vault.list(`${name}/`);
    const manifests = names.filter((one) => manifestEpoch(one) !== null);
    await vault.remove([...manifests, ...names.filter((one) => manifestEpoch(one) === null)]);
  }
}
