import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { usageOf as linuxUsageOf, type Usage } from "../../src/bench/usage.ts";
import { median } from "./figures.ts";
import { TemporaryDirectory } from "./resources.ts";

const UNKNOWN: Usage = {
  cpuMs: NaN,
  mainThreadMs: NaN,
  memoryBytes: NaN,
  memoryPeakBytes: NaN,
  diskWrittenBytes: NaN,
};

/** Returns what a process has used on Linux; NaN on other systems. */
export function usageOf(pid: number): Usage {
  return linuxUsageOf(pid) ?? UNKNOWN;
}

const FSYNCS = 50;
const PAGE_BYTES = 4096;

/** Returns the median time that the disk of the temporary directory takes to sync a page, in ms. */
export function fsyncMs(): number {
  using directory = new TemporaryDirectory();
  const file = openSync(directory.file("fsync"), "w");
  const page = Buffer.alloc(PAGE_BYTES, 1);
  const durations: number[] = [];
  for (let i = 0; i < FSYNCS; i++) {
    writeSync(file, page);
    const startedAt = performance.now();
    fsyncSync(file);
    durations.push(performance.now() - startedAt);
  }
  closeSync(file);
  return median(durations);
}

/** Returns one line that describes the machine, with its load average over the last minute. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() || process.arch;
  const load = loadavg()[0]?.toFixed(2);
  return `${availableParallelism()} × ${model}, fsync ${fsyncMs().toFixed(2)} ms, Bun ${Bun.version}, load average ${load}`;
}
