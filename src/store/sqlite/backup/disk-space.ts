import { dirname } from "node:path";
import { StartError } from "../../../core/start-error.ts";
import { freeBytesOf } from "../data-dir/file-size.ts";
import type { Pace } from "./copy-file.ts";

const MIB = 1024 * 1024;
/**
 * Free space on the disk of the data directory, in bytes, below which the copy stops, because the
 * log grows during the copy. Less is enough if less was free at the beginning.
 */
const FREE_BYTES_MIN = 64 * MIB;

/** Stops a copy before the growing log fills the disk of the server. */
export class DiskGuard {
  private constructor(
    private readonly dataDir: string,
    private readonly leastBytes: number,
  ) {}

  static async of(dataDir: string): Promise<DiskGuard> {
    return new DiskGuard(dataDir, Math.min(FREE_BYTES_MIN, ((await freeBytesOf(dataDir)) ?? 0) / 2));
  }

  /** Returns a pace that also checks the free space after each part. */
  guarded(pace: Pace): Pace {
    return {
      get partBytes() {
        return pace.partBytes;
      },
      get syncBytes() {
        return pace.syncBytes;
      },
      after: async (partBytes, leftBytes) => {
        await this.#check();
        await pace.after(partBytes, leftBytes);
      },
    };
  }

  async #check(): Promise<void> {
    const free = await freeBytesOf(this.dataDir);
    if (free === null || free >= this.leastBytes) return;
    throw new StartError(
      `The backup was stopped, because the disk of the data directory ${this.dataDir} is almost full. Free some space, then try again.`,
    );
  }
}

/** Throws `StartError` unless the disk of a file has room for `bytes`. */
export async function requireSpace(
  file: string,
  bytes: number,
  what: string,
  remedy = "Free some space or choose another disk.",
): Promise<void> {
  const free = await freeBytesOf(dirname(file));
  if (free === null || free >= bytes) return;
  throw new StartError(
    `${what} needs ${mebibytes(bytes)}, but the disk of ${dirname(file)} has ${mebibytes(free)} free. ${remedy}`,
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)}MiB`;
}
