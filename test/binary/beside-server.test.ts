import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { install } from "../support/installation.ts";

test("a command in another process leaves the write-ahead log to the server", async () => {
  await using boathook = await install();
  await makeApplication(boathook.send);
  const log = `${boathook.dataDir}/boathook.db-wal`;
  for (const args of [
    ["token", "create"],
    ["token", "list"],
    ["key", "rotate"],
    ["backup", `${boathook.dataDir}.bak`],
  ]) {
    const before = statSync(log).size;
    expect(await run(executable(), [...args, `--data-dir=${boathook.dataDir}`])).toMatchObject({ code: 0 });
    expect({ args, isKept: statSync(log).size >= before }).toEqual({ args, isKept: true });
  }
}, 60_000);
