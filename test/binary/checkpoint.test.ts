import { expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { sendMessage } from "../support/delivery.ts";
import { install } from "../support/installation.ts";

const MIB = 1024 * 1024;

test("the executable copies its write-ahead log on a thread when the log has 32 MiB", async () => {
  await using boathook = await install();
  const { send } = boathook;
  const app = await makeApplication(send);
  const payload = { text: "x".repeat(900_000) };
  for (let i = 0; i < 40; i++) await sendMessage(send, app, { eventType: "large", payload });
  const walBytes = async () => (await send("GET", "/system")).json.store.walBytes as number;
  // A commit after the copy begins the log anew, and its file no longer grows. Without the thread,
  // commits would copy the log when it has 128 MiB.
  for (let before = 0, bytes = await walBytes(); bytes > before; ) {
    before = bytes;
    await sendMessage(send, app, { eventType: "small", payload: {} });
    bytes = await walBytes();
    expect(bytes).toBeLessThan(64 * MIB);
  }
  expect(await walBytes()).toBeGreaterThan(16 * MIB);
});
