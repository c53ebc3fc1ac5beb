import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessages } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { firstTime, heldBack, ok, startReceiver } from "../support/receiver.ts";

/** A long backlog takes disk space, but it needs no memory and does not delay a start. */

const BACKLOG = 100_000;
const MEMORY_MIB_MAX = 250;
/**
 * The target is one second. The other two are a margin for machines that run other tests at the
 * same time.
 */
const START_MS_MAX = 3000;
const canMeasure = existsSync("/proc/self/status");

/** Returns the peak memory of the process, in MiB. */
function memoryPeakMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024);
}

test.skipIf(!canMeasure)(
  "a server with 100,000 pending deliveries uses at most 250 MiB and starts within seconds",
  async () => {
    await using receiver = startReceiver(heldBack().answering);
    await using boathook = await install();
    const { send } = boathook;
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url, { timeoutMs: 600_000 });
    const payload = { text: "a payload of a usual size ".repeat(10) };
    await sendMessages(send, app, BACKLOG, { payload });
    const accepting = memoryPeakMib(boathook.process.pid);
    const hanging = receiver.received.length;
    expect(hanging).toBeLessThanOrEqual(16);

    await boathook.kill();
    receiver.answering = ok;
    const startedAt = performance.now();
    await boathook.start();
    const startMs = Math.round(performance.now() - startedAt);
    await receiver.arrived(10_000, firstTime());
    const delivering = memoryPeakMib(boathook.process.pid);
    console.log(
      `${BACKLOG} pending: at most ${accepting} MiB while accepting, ${delivering} MiB from the start on; the start took ${startMs} ms`,
    );
    expect(startMs).toBeLessThan(START_MS_MAX);
    expect(accepting).toBeLessThanOrEqual(MEMORY_MIB_MAX);
    expect(delivering).toBeLessThanOrEqual(MEMORY_MIB_MAX);
  },
  120_000,
);
