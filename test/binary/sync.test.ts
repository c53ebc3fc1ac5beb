import { expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { sendMessage } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { canTrace, type SystemCall, traceProcess } from "../support/strace.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Traces system calls to test that a message is on disk before its response is sent. */

const READS = ["read", "recvfrom", "recvmsg", "readv"];
const WRITES = ["write", "writev", "sendto", "sendmsg"];
const TO_DISK = ["pwrite64", "pwritev", "fsync", "fdatasync"];
const MARK = "traced-message";

const traceable = await canTrace();
if (!traceable) console.log("strace is missing or may not be used here: the tests of what is synced when are skipped.");

/** Returns the system calls between reading the message and writing the response. */
async function callsOfOneMessage(...args: string[]): Promise<SystemCall[]> {
  using dir = temporaryDirectory();
  await using boathook = await install(args);
  const app = await makeApplication(boathook.send);
  const trace = await traceProcess(boathook.process.pid, [...READS, ...WRITES, ...TO_DISK], dir.file("trace"));
  await sendMessage(boathook.send, app, { eventType: MARK });
  const calls = await trace.end();
  const read = calls.findIndex(({ name, text }) => READS.includes(name) && text.includes(MARK));
  const answered = calls.findIndex(({ name, text }) => WRITES.includes(name) && text.includes("HTTP/1.1 202"));
  expect(read).toBeGreaterThanOrEqual(0);
  expect(answered).toBeGreaterThan(read);
  return calls.slice(read + 1, answered);
}

const isLogWritten = ({ name, text }: SystemCall) => name.startsWith("pwrite") && text.includes(".db-wal>");
const isLogSynced = ({ name, text }: SystemCall) => /^f(data)?sync$/.test(name) && /\.db-wal>\) += 0$/.test(text);

test.skipIf(!traceable)("a message gets its 2xx only after the log that contains it has been synced", async () => {
  const calls = await callsOfOneMessage();
  expect(calls.some(isLogWritten)).toBe(true);
  expect(calls.findLastIndex(isLogSynced)).toBeGreaterThan(calls.findLastIndex(isLogWritten));
});

test.skipIf(!traceable)(
  "with sync=normal, a message gets its 2xx after the log has been written but not synced",
  async () => {
    const calls = await callsOfOneMessage("--sync=normal");
    expect(calls.some(isLogWritten)).toBe(true);
    expect(calls.some(isLogSynced)).toBe(false);
  },
);
