import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { median } from "./figures.ts";
import { TemporaryDirectory } from "./resources.ts";

/** The resource usage of a process on Linux; NaN on other systems. */
export interface Usage {
  /** User and system time since the start of the process. */
  readonly cpuMs: number;
  readonly memoryBytes: number;
  /** Peak resident memory. */
  readonly memoryPeakBytes: number;
}

/** The unit of `/proc/PID/stat` is 1/100 s on every architecture, whatever tick the kernel uses. */
const MS_PER_TICK = 10;

export function usageOf(pid: number): Usage {
  if (process.platform !== "linux") return { cpuMs: NaN, memoryBytes: NaN, memoryPeakBytes: NaN };
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may contain any character. `utime` and `stime` are the 12th and 13th
  // fields after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
    memoryBytes: kibibytes("VmRSS") * 1024,
    memoryPeakBytes: kibibytes("VmHWM") * 1024,
  };
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
