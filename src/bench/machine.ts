import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { median } from "./figures.ts";

const FSYNCS = 50;
const PAGE_BYTES = 4096;

/** Returns the median time that the disk of a directory takes to sync a page, in ms. */
export function fsyncMs(directory: string): number {
  const file = openSync(join(directory, "fsync"), "w");
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
export function describeMachine(directory: string): string {
  const model = cpus()[0]?.model.trim() || process.arch;
  const load = loadavg()[0]?.toFixed(2);
  return `${availableParallelism()} × ${model}, fsync ${fsyncMs(directory).toFixed(2)} ms, Bun ${Bun.version}, load average ${load}`;
}

/** Share of the cores that other programs may use during a measurement. */
const BUSY_SHARE = 0.5;

/** Returns whether other programs have used much of this machine over the last minute. */
export function isBusy(): boolean {
  return (loadavg()[0] ?? 0) > availableParallelism() * BUSY_SHARE;
}
