/**
 * Names of the objects in a replica. They are paths with `/`, so that a directory and a bucket have
 * the same ones. Sorted as text, they are in the order of their numbers.
 */

/** Names the data to which the replica belongs. */
export const IDENTITY = "boathook-replica.json";
/** Names the server that writes to a bucket. */
export const OWNER = "boathook-owner.json";
const GENERATION = /^generation-(\d{8})-[0-9a-f]{6}$/;
const SEGMENT = /\/segment-(\d{8})-(\d{10})-[0-9a-z]+$/;
const MANIFEST = /\/base-(\d{8})-\d{10}-[0-9a-f]{6}\.json$/;

export interface SegmentStart {
  readonly epoch: number;
  readonly from: number;
}

/** Returns the name of a generation. `tag` is 6 random hex digits. */
export function generationName(number: number, tag: string): string {
  return `generation-${digits(number, 8)}-${tag}`;
}

/** Returns the number of a generation, or null if the text is not the name of one. */
export function generationNumber(name: string): number | null {
  const [, number] = GENERATION.exec(name) ?? [];
  return number === undefined ? null : Number(number);
}

/** Returns the name of a segment. `tag` differs for each segment. */
export function segmentName(generation: string, { epoch, from }: SegmentStart, tag: string): string {
  return `${generation}/segment-${digits(epoch, 8)}-${digits(from, 10)}-${tag}`;
}

/** Returns where a segment begins, or null if the name is not that of a segment. */
export function segmentStart(name: string): SegmentStart | null {
  const [, epoch, from] = SEGMENT.exec(name) ?? [];
  return epoch === undefined ? null : { epoch: Number(epoch), from: Number(from) };
}

/** Returns the name of a base whose copy began at a position. */
export function baseName(generation: string, { epoch, from }: SegmentStart, tag: string): string {
  return `${generation}/base-${digits(epoch, 8)}-${digits(from, 10)}-${tag}`;
}

/** Returns the name of the object that is written when a base is complete. */
export function manifestName(base: string): string {
  return `${base}.json`;
}

/** Returns the epoch of a manifest, or null if the name is not that of a manifest. */
export function manifestEpoch(name: string): number | null {
  const [, epoch] = MANIFEST.exec(name) ?? [];
  return epoch === undefined ? null : Number(epoch);
}

/** Returns the name of a part of a base. */
export function chunkName(base: string, index: number): string {
  return `${base}/${digits(index, 6)}`;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}
