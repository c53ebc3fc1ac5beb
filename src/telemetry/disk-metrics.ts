import { readFile } from "node:fs/promises";
import type { Facts } from "../core/facts.ts";
import { Counter, type Registry } from "./prom-client.ts";

/** The counters that Linux keeps about this process. */
const IO_FILE = "/proc/self/io";

/**
 * Adds the work that messages cause on the disk. `syncsCommits` is whether each commit is synced.
 */
export function addDiskMetrics(registry: Registry, facts: Facts, syncsCommits: boolean): void {
  const registers = [registry];
  const syncs = new Counter({
    name: "boathook_fsyncs_total",
    help: "Syncs of the write-ahead log to the disk: one per commit, none with sync=normal. Those of checkpoints are not counted.",
    registers,
  });
  new Counter({
    name: "boathook_disk_written_bytes_total",
    help: "Bytes that the process has written to disks, with logs and backups. Known on Linux only.",
    registers,
    async collect() {
      const bytes = await writtenBytes();
      if (bytes === null) return;
      this.reset();
      this.inc(bytes);
    },
  });
  if (syncsCommits) facts.on(["commit.finished"], () => syncs.inc());
}

async function writtenBytes(): Promise<number | null> {
  try {
    const match = /^write_bytes: (\d+)$/m.exec(await readFile(IO_FILE, "utf8"));
    return match === null ? null : Number(match[1]);
  } catch {
    return null;
  }
}
