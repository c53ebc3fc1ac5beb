import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { install } from "../support/installation.ts";
import { soon } from "../support/soon.ts";

const VARIABLE = "BUN_JSC_forceRAMSize";

/** Returns the value of the variable with which the program in a process was started. */
function valueIn(pid: number): string | undefined {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return variables.find((one) => one.startsWith(`${VARIABLE}=`))?.slice(VARIABLE.length + 1);
}

const onLinux = test.if(process.platform === "linux");

onLinux(
  "the runtime of a server takes the machine to have 512 MiB of memory, so that little garbage collects",
  async () => {
    await using boathook = await install(["--endpoint-concurrency=3"]);
    const { pid } = boathook.process;
    expect(valueIn(pid)).toBe(String(512 * 1024 * 1024));
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")).toContain("--endpoint-concurrency=3");
  },
);

onLinux("a server keeps the memory that its environment gives to the runtime", async () => {
  await using boathook = await install([], { env: { [VARIABLE]: "1000000000" } });
  expect(valueIn(boathook.process.pid)).toBe("1000000000");
});

onLinux("an idle server takes at most 100 MB of memory", async () => {
  await using boathook = await install();
  const { pid } = boathook.process;
  const memoryBytes = () =>
    1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  await soon(memoryBytes, (bytes) => bytes <= 100_000_000);
});
