import { expect, test } from "bun:test";
import { join } from "node:path";

const MODULE = join(import.meta.dir, "../../src/edge/process-priority.ts");
/** The numbers of fields of `/proc/<pid>/stat`, proc(5), counted from the one after the name. */
const FIELDS = { nice: 16, policy: 38 } as const;
const SCHED_IDLE = "5";

/** Calls a function in another process. Returns a field of each of its threads. */
async function fieldOfThreads(name: string, field: keyof typeof FIELDS): Promise<string[]> {
  const code = `
    const { ${name} } = await import(${JSON.stringify(MODULE)});
    const { readdirSync, readFileSync } = await import("node:fs");
    ${name}();
    // Starts more threads.
    await Bun.file("/proc/self/stat").text();
    for (const id of readdirSync("/proc/self/task")) {
      const stat = readFileSync("/proc/self/task/" + id + "/stat", "utf8");
      console.log(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[${FIELDS[field]}]);
    }`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = (await new Response(child.stdout).text()).trim().split("\n");
  expect(await child.exited).toBe(0);
  return lines;
}

test.skipIf(process.platform !== "linux")("a lowered priority applies to all threads of the process", async () => {
  expect(new Set(await fieldOfThreads("lowerPriority", "nice"))).toEqual(new Set(["19"]));
});

test.skipIf(process.platform !== "linux")("all threads of a process that runs only when idle do so", async () => {
  expect(new Set(await fieldOfThreads("runOnlyWhenIdle", "policy"))).toEqual(new Set([SCHED_IDLE]));
});
