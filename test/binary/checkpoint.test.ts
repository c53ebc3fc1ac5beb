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
  for (let i = 0; i < 80; i++) await sendMessage(send, app, { eventType: "large", payload });
  const { json } = await send("GET", "/system");
  // Without the thread, commits would copy the log when it has 128 MiB.
  expect(json.store.walBytes).toBeGreaterThan(16 * MIB);
  expect(json.store.walBytes).toBeLessThan(64 * MIB);
});
