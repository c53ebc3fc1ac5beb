import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { makeApplication } from "../support/client.ts";
import { install } from "../support/installation.ts";

const MIB = 1024 * 1024;
const REQUESTS = 500;
/** The limits of all budgets together, and the memory of an idle server. */
const PEAK_MIB_MAX = 700;

describe.skipIf(process.platform !== "linux")("the memory for compressed bodies", () => {
  test("500 small requests at once that decompress to 2 MiB each do not use 2 MiB each", async () => {
    await using boathook = await install();
    const { send } = boathook;
    const app = await makeApplication(send);
    const text = JSON.stringify({ eventType: "a", payload: { text: "x".repeat(2 * MIB - 100) } });
    const body = new Uint8Array(gzipSync(text));
    const headers = { "content-encoding": "gzip" };
    const post = () => send("POST", `/app/${app}/msg?with_content=false`, body, { headers });
    const responses = await Promise.all(Array.from({ length: REQUESTS }, post));
    expect(responses.map(({ status }) => status).filter((status) => status !== 202)).toEqual([]);
    expect(peakMibOf(boathook.process.pid)).toBeLessThan(PEAK_MIB_MAX);
  }, 120_000);
});

/** Returns the maximum of the memory that a process has used so far. */
function peakMibOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}
