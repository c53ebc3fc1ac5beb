import { expect, test } from "bun:test";
import { Inbox } from "../../../src/api/resources/inbox/inbox.ts";

const clock = { now: () => 0, steady: () => 0, after: () => () => {}, soon: () => {} };

function keep(inbox: Inbox, token: string, body: Uint8Array): void {
  inbox.keep(token, new Request(`http://localhost/inbox/${token}`, { method: "POST" }), body, 200);
}

test("when there are more than a thousand inboxes, the least recently used one is dropped", () => {
  const inbox = new Inbox(clock);
  const body = new Uint8Array(1);
  for (let i = 0; i < 1000; i++) keep(inbox, `inbox-${i}`, body);
  keep(inbox, "inbox-0", body);
  keep(inbox, "inbox-1000", body);
  expect(inbox.requests("inbox-0")).toHaveLength(2);
  expect(inbox.requests("inbox-1")).toHaveLength(0);
  expect(inbox.requests("inbox-2")).toHaveLength(1);
  expect(inbox.requests("inbox-1000")).toHaveLength(1);
});

test("the total size of all inboxes is limited, and the newest requests are kept", () => {
  const inbox = new Inbox(clock);
  const body = new TextEncoder().encode("x".repeat(64 * 1024));
  for (let i = 0; i < 20; i++) for (let j = 0; j < 100; j++) keep(inbox, `inbox-${i}`, body);
  const kept = Array.from({ length: 20 }, (_, i) => inbox.requests(`inbox-${i}`).length);
  expect(kept.reduce((sum, count) => sum + count, 0) * body.length).toBeLessThanOrEqual(64 * 1024 * 1024);
  expect(kept.at(-1)).toBe(100);
  expect(kept[0]).toBe(0);
});
