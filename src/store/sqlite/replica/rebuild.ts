import type { promises } from "node:fs";
import { chunkName } from "../../../core/replica-name.ts";
import { hashOf, type SegmentRecord } from "../../../core/replica-record.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import {
  type Checksum,
  FRAME_HEADER_BYTES,
  isNextFrame,
  parseFrame,
  parseWalHeader,
  WAL_HEADER_BYTES,
} from "../../../core/wal.ts";
import { writeAll } from "../data-dir/write-all.ts";
import type { BaseManifest } from "./generation.ts";

type FileHandle = promises.FileHandle;

/** A replica cannot be used from this point on. */
export class ReplicaDamaged extends Error {
  override readonly name = "ReplicaDamaged";
}

/** Writes the database file from a base. Throws `ReplicaDamaged` if a part is damaged. */
export async function writeBase(vault: Vault, base: string, manifest: BaseManifest, file: FileHandle): Promise<void> {
  const { bytes, chunkBytes, chunks } = manifest;
  for (const [index, hash] of chunks.entries()) {
    const name = chunkName(base, index);
    const chunk = await vault.get(name);
    if (chunk === null) throw new ReplicaDamaged(`${name} is missing`);
    if (hashOf(chunk) !== hash) throw new ReplicaDamaged(`${name} is damaged`);
    await writeAll(file, chunk, index * chunkBytes);
  }
  await file.truncate(bytes);
}

interface PendingPage {
  readonly page: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes the pages of records to a database file. A transaction is written when its last frame is
 * known.
 */
export class Applier {
  epoch: number;
  /** Number of frames of this epoch that were read. */
  frames = 0;
  /** Time of the last commit that was written, in ms. Null if there was none. */
  at: number | null = null;
  /** Position of the last commit that was written. */
  committed: { epoch: number; frames: number };
  #header: ReturnType<typeof parseWalHeader> = null;
  #checksum: Checksum = [0, 0];
  #pending: PendingPage[] = [];

  constructor(
    private readonly file: FileHandle,
    epoch: number,
  ) {
    this.epoch = epoch;
    this.committed = { epoch, frames: 0 };
  }

  /**
   * Writes a record. A part that was already written is skipped. Throws `ReplicaDamaged` if the
   * record does not continue the records before it, or if SQLite did not write it.
   */
  async apply(record: SegmentRecord): Promise<void> {
    if (record.epoch < this.epoch || (record.epoch === this.epoch && record.to <= this.frames)) return;
    if (record.epoch > this.epoch) this.#nextEpoch(record);
    if (record.from > this.frames) {
      throw new ReplicaDamaged(`frames ${this.frames} to ${record.from} of epoch ${record.epoch} are missing`);
    }
    if (record.from === 0) this.#begin(record);
    const frameBytes = FRAME_HEADER_BYTES + record.pageBytes;
    for (let frame = this.frames; frame < record.to; frame++) {
      const at = (record.from === 0 ? WAL_HEADER_BYTES : 0) + (frame - record.from) * frameBytes;
      await this.#frame(record, at);
    }
  }

  #nextEpoch({ epoch, framesBefore }: SegmentRecord): void {
    if (epoch !== this.epoch + 1 || framesBefore !== this.frames) {
      throw new ReplicaDamaged(`records between epoch ${this.epoch} and epoch ${epoch} are missing`);
    }
    this.epoch = epoch;
    this.frames = 0;
    this.#pending = [];
  }

  #begin(record: SegmentRecord): void {
    const header = parseWalHeader(record.body);
    if (header === null || header.salt1 !== record.salt1 || header.salt2 !== record.salt2) {
      throw new ReplicaDamaged(`the log of epoch ${record.epoch} has a wrong header`);
    }
    // If the record repeats frames, their checksums are known.
    if (this.frames === 0) this.#checksum = header.checksum;
    this.#header = header;
  }

  async #frame(record: SegmentRecord, at: number): Promise<void> {
    const { body, pageBytes } = record;
    if (this.#header === null || !isNextFrame(body, at, this.#header, this.#checksum)) {
      throw new ReplicaDamaged(`frame ${this.frames} of epoch ${this.epoch} does not follow the one before`);
    }
    const { page, pagesAfterCommit, checksum } = parseFrame(body, at);
    this.#checksum = checksum;
    this.frames++;
    const start = at + FRAME_HEADER_BYTES;
    this.#pending.push({ page, bytes: body.subarray(start, start + pageBytes) });
    if (pagesAfterCommit === 0) return;
    const last = new Map(this.#pending.map(({ page, bytes }) => [page, bytes]));
    for (const [number, bytes] of last) await writeAll(this.file, bytes, (number - 1) * pageBytes);
    await this.file.truncate(pagesAfterCommit * pageBytes);
    this.#pending = [];
    this.at = record.at;
    this.committed = { epoch: this.epoch, frames: this.frames };
  }
}
