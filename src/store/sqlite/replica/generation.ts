import { generationNumber, manifestEpoch, manifestName, segmentStart } from "../../../core/replica-name.ts";
import { readSegment, type SegmentRecord } from "../../../core/replica-record.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import { FRAME_HEADER_BYTES } from "../../../core/wal.ts";
import type { GenerationEnd } from "./generation-end.ts";

/** Describes a base: a copy of the database file that was made while the server wrote the file. */
export interface BaseManifest {
  /** The base needs all records of this epoch and of later ones. */
  readonly epoch: number;
  /** The records up to this position repair pages that changed during the copy. */
  readonly until: { readonly epoch: number; readonly frames: number };
  /** Time in ms at which the base was complete. */
  readonly at: number;
  readonly version: string;
  readonly chunkBytes: number;
  readonly bytes: number;
  /** Checksums of the chunks, as hex digits. */
  readonly chunks: readonly string[];
}

/** Returns the names of the generations, oldest first. */
export async function generationsOf(vault: Vault): Promise<readonly string[]> {
  const names = await vault.list("generation-");
  const found = new Set(names.map((name) => name.slice(0, name.indexOf("/"))));
  return [...found].filter((name) => generationNumber(name) !== null).sort();
}

/** Returns the names of the segments of a generation from an epoch on, in order. */
export async function segmentsOf(vault: Vault, generation: string, fromEpoch = 0): Promise<readonly string[]> {
  const names = await vault.list(`${generation}/segment-`);
  return names.filter((name) => (segmentStart(name)?.epoch ?? -1) >= fromEpoch);
}

/** Returns the names of the complete bases of a generation, oldest first. */
export async function basesOf(vault: Vault, generation: string): Promise<readonly string[]> {
  const names = await vault.list(`${generation}/base-`);
  const complete = names.filter((name) => manifestEpoch(name) !== null);
  return complete.map((name) => name.slice(0, -".json".length));
}

/** Returns the manifest of a base, or null if it is missing or damaged. */
export async function manifestOf(vault: Vault, base: string): Promise<BaseManifest | null> {
  const bytes = await vault.get(manifestName(base));
  try {
    return bytes === null ? null : (JSON.parse(new TextDecoder().decode(bytes)) as BaseManifest);
  } catch {
    return null;
  }
}

export interface LastRecord {
  readonly end: GenerationEnd;
  /** The header of the last frame. */
  readonly lastFrame: Uint8Array;
}

/**
 * Returns the end of a generation's last record that can be read, or null if there is none. Records
 * before it are not checked.
 */
export async function lastRecordOf(vault: Vault, generation: string): Promise<LastRecord | null> {
  const names = [...(await segmentsOf(vault, generation))].reverse();
  for (const name of names) {
    const record = readSegment((await vault.get(name)) ?? new Uint8Array()).records.at(-1);
    if (record !== undefined) return { end: endOf(generation, record), lastFrame: lastFrameOf(record) };
  }
  return null;
}

function endOf(generation: string, { epoch, to: frames, salt1, salt2, at }: SegmentRecord): GenerationEnd {
  return { generation, epoch, frames, salt1, salt2, at };
}

function lastFrameOf({ body, pageBytes }: SegmentRecord): Uint8Array {
  const at = body.length - pageBytes - FRAME_HEADER_BYTES;
  return body.slice(at, at + FRAME_HEADER_BYTES);
}
