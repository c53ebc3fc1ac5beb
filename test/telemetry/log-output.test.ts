import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createLog } from "../../src/telemetry/log.ts";
import { LogOutput } from "../../src/telemetry/log-output.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const MIB = 1024 * 1024;

describe("the output of the log", () => {
  test("lines are written completely and in order", async () => {
    using dir = temporaryDirectory();
    const fd = openSync(dir.file("log"), "a");
    const output = new LogOutput(fd);
    const lines = Array.from({ length: 5_000 }, (_, i) => `line ${i} ${"ä".repeat(i % 90)}\n`);
    for (const line of lines) output.write(line);
    await output.flush(10_000);
    closeSync(fd);
    expect(readFileSync(dir.file("log"), "utf8")).toBe(lines.join(""));
    expect(output.dropped).toBe(0);
  });

  test("a line that is larger than one write is written completely", async () => {
    using dir = temporaryDirectory();
    const fd = openSync(dir.file("log"), "a");
    const output = new LogOutput(fd);
    output.write(`${"x".repeat(200_000)}\n`);
    await output.flush(10_000);
    closeSync(fd);
    expect(readFileSync(dir.file("log"), "utf8")).toHaveLength(200_001);
  });

  test.skipIf(process.platform !== "linux")(
    "a full disk neither throws nor blocks, and lines beyond 1 MiB are dropped and counted",
    async () => {
      const fd = openSync("/dev/full", "w");
      const output = new LogOutput(fd);
      const log = createLog({ level: "info", format: "json" }, output);
      const line = `${"x".repeat(1023)}\n`;
      for (let i = 0; i < 3 * 1024; i++) output.write(line);
      log.error({ error: new Error("one more") }, "Failed.");
      expect(output.dropped).toBe(2 * 1024 + 1);
      // Otherwise the output would write to the next file that gets this descriptor's number.
      output.close();
      await output.flush(200);
      closeSync(fd);
    },
  );

  test("dropped lines are reported once, when lines can be written again", async () => {
    using dir = temporaryDirectory();
    const fd = openSync(dir.file("log"), "a");
    const reports: number[] = [];
    const output = new LogOutput(fd, (dropped) => reports.push(dropped));
    output.write(`${"x".repeat(MIB - 10)}\n`);
    output.write("dropped 1 of 2\ndropped 2 of 2\n");
    await output.flush(10_000);
    output.write("later\n");
    await output.flush(10_000);
    closeSync(fd);
    expect([output.dropped, reports]).toEqual([2, [2]]);
    expect(readFileSync(dir.file("log"), "utf8")).toEndWith("x\nlater\n");
  });
});
