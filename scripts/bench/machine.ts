import { describeMachine as describeWith, fsyncMs as fsyncMsIn } from "../../src/bench/machine.ts";
import { usageOf as linuxUsageOf, type Usage } from "../../src/bench/usage.ts";
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

/** Returns the median time that the disk of the temporary directory takes to sync a page, in ms. */
export function fsyncMs(): number {
  using directory = new TemporaryDirectory();
  return fsyncMsIn(directory.path);
}

/** Returns one line that describes the machine and the disk of the temporary directory. */
export function describeMachine(): string {
  using directory = new TemporaryDirectory();
  return describeWith(directory.path);
}
