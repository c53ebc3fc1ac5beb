import { promises } from "node:fs";
import { writeAll } from "../data-dir/write-all.ts";

export type FileHandle = promises.FileHandle;

const MIB = 1024 * 1024;

/** How fast a file is copied. */
export interface Pace {
  /** Size of the parts in which the file is copied. Never larger than that of `FULL_SPEED`. */
  readonly partBytes: number;
  /** Number of bytes after which the copy is synced. */
  readonly syncBytes: number;
  /** Waits after a part of the file was copied. Throws if the copy must stop. */
  after(partBytes: number, leftBytes: number): Promise<void>;
}

/** A single sync of a large file at the end would delay the commits of a running server. */
export const FULL_SPEED: Pace = { partBytes: 4 * MIB, syncBytes: 64 * MIB, after: async () => {} };

/** Copies the first `bytes` of an open file to a file with mode 0600, and syncs it. */
export async function copyFile(from: FileHandle, to: string, bytes: number, pace = FULL_SPEED): Promise<void> {
  const target = await promises.open(to, "w", 0o600);
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(FULL_SPEED.partBytes, bytes)));
    let unsynced = 0;
    for (let at = 0; at < bytes; ) {
      const wanted = Math.min(pace.partBytes, bytes - at);
      const { bytesRead } = await from.read(buffer, 0, wanted, at);
      if (bytesRead === 0) break;
      await writeAll(target, buffer.subarray(0, bytesRead), at);
      at += bytesRead;
      unsynced += bytesRead;
      if (unsynced >= pace.syncBytes) {
        unsynced = 0;
        await target.datasync();
      }
      await pace.after(bytesRead, bytes - at);
    }
    await target.sync();
  } finally {
    await target.close();
  }
}
