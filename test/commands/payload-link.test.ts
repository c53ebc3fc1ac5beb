import { expect, test } from "bun:test";
import { readPayloadLink } from "../../src/commands/payload-link.ts";
import { seqAt } from "../../src/core/id.ts";

const MADE_AT = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const LINK = { linkSeq: seqAt(MADE_AT), messageSeq: 1, endpointSeq: 2 };

/** Reads a link of a message `{}` at a time, and records which links were used up. */
async function read(now: number, { uses = true, isPruned = false } = {}) {
  const used: number[] = [];
  const message = { seq: 1, eventType: "a", payload: Buffer.from("{}"), contentType: null, received: null };
  const parts = {
    clock: { now: () => now },
    directory: { endpoint: () => ({ endpoint: { deleted: false, apiVersion: null }, payloadVersions: [] }) },
    store: {
      history: {
        messages: { get: async () => (isPruned ? null : message) },
        payloadLinks: { isUsed: async () => false, use: async (seq: number) => used.push(seq) > 0 },
      },
    },
  };
  const result = await readPayloadLink(parts as never, LINK, { uses, maxBodyBytes: 100 }).catch(
    (error: unknown) => error,
  );
  return { result, used };
}

test("a link returns the payload until 24 hours after it was made", async () => {
  const { result, used } = await read(MADE_AT + DAY_MS - 1);
  expect(result).toMatchObject({ payload: Buffer.from("{}"), contentType: "application/json" });
  expect(used).toEqual([LINK.linkSeq]);
});

test("a link that has expired is 410", async () => {
  const { result, used } = await read(MADE_AT + DAY_MS);
  expect(result).toMatchObject({ status: 410, code: "gone", detail: expect.stringContaining("expired") });
  expect(used).toEqual([]);
});

test("a link is not used up by a read that does not use it", async () => {
  const { used } = await read(MADE_AT, { uses: false });
  expect(used).toEqual([]);
});

test("a link to a message that is past its retention is 410", async () => {
  const { result, used } = await read(MADE_AT, { isPruned: true });
  expect(result).toMatchObject({ status: 410, code: "gone", detail: expect.stringContaining("no longer stored") });
  expect(used).toEqual([]);
});
