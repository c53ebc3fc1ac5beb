import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { install } from "../support/installation.ts";

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
