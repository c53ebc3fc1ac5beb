import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Resources that a process has used since its start. Null on systems without /proc. */
export interface Usage {
  /** User and system time. */
  readonly cpuMs: number;
  /** CPU time of the main thread, which one core limits. */
  readonly mainThreadMs: number;
  readonly memoryBytes: number;
  readonly memoryPeakBytes: number;
  readonly diskWrittenBytes: number;
}

/** The unit of `/proc/PID/stat` is 1/100 s on every architecture, whatever tick the kernel uses. */
const MS_PER_TICK = 10;

export function usageOf(pid: number): Usage | null {
  if (process.platform !== "linux") return null;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  const written = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1];
  return {
    cpuMs: cpuMs(`/proc/${pid}/stat`),
    mainThreadMs: cpuMs(`/proc/${pid}/task/${pid}/stat`),
    memoryBytes: kibibytes("VmRSS") * 1024,
    memoryPeakBytes: kibibytes("VmHWM") * 1024,
    diskWrittenBytes: Number(written),
  };
}

function cpuMs(file: string): number {
  const stat = readFileSync(file, "utf8");
  // The name in parentheses may contain any character. `utime` and `stime` are the 12th and 13th
  // fields after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Returns the size of the database file in a data directory. */
export function databaseBytes(dataDir: string): number {
  const names = readdirSync(dataDir).filter((name) => name.endsWith(".db"));
  return names.reduce((sum, name) => sum + statSync(join(dataDir, name)).size, 0);
}
