import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createLog, type LogOptions } from "../../src/telemetry/log.ts";
import { LogOutput } from "../../src/telemetry/log-output.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Returns the contents of a logger's file after its output has been flushed. */
async function written(options: LogOptions, use: (log: ReturnType<typeof createLog>) => void): Promise<string> {
  using dir = temporaryDirectory();
  const fd = openSync(dir.file("log"), "a");
  const output = new LogOutput(fd);
  use(createLog(options, output));
  await output.flush(10_000);
  const text = readFileSync(dir.file("log"), "utf8");
  closeSync(fd);
  return text;
}

test("the json format writes one object per line", async () => {
  const text = await written({ level: "info", format: "json" }, (log) => {
    log.info({ port: 1, text: "two\nlines" }, "Serving.");
    log.error({ error: new Error("broken") }, "Failed.");
  });
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first).toEqual({ level: "info", time: expect.any(String), port: 1, text: "two\nlines", msg: "Serving." });
  expect(Date.parse(first.time)).toBeGreaterThan(0);
  expect(second).toMatchObject({ level: "error", error: { message: "broken" }, msg: "Failed." });
});

test("entries below the log level are not written", async () => {
  const text = await written({ level: "warn", format: "json" }, (log) => {
    log.debug({}, "a");
    log.info({}, "b");
    log.warn({}, "c");
    log.error({}, "d");
  });
  expect(text.match(/"msg":"."/g)).toEqual(['"msg":"c"', '"msg":"d"']);
});

test("the pretty format writes plain lines, by default without colours", async () => {
  const text = await written({ level: "info", format: "pretty" }, (log) => log.info({ port: 1 }, "Serving."));
  expect(text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: Serving\. \{"port":1\}\n$/);
});
