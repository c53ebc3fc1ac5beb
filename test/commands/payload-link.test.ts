import { expect, test } from "bun:test";
import { readPayloadLink, usePayloadLink } from "../../src/commands/payload-link.ts";
import { seqAt } from "../../src/core/id.ts";

const MADE_AT = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const LINK = { linkSeq: seqAt(MADE_AT), messageSeq: 1, endpointSeq: 2 };

/** A store with a message `{}` and its link, at a time. */
function partsAt(now: number, { isPruned = false } = {}) {
  const used = new Set<number>();
  const message = { seq: 1, eventType: "a", payload: Buffer.from("{}"), contentType: null, received: null };
  const endpoint = { deleted: false, apiVersion: null, applicationSeq: 9 };
  return {
    clock: { now: () => now },
    directory: { endpoint: () => ({ endpoint, payloadVersions: [] }) },
    store: {
      history: {
        messages: { get: async () => (isPruned ? null : message) },
        payloadLinks: {
          isUsed: async (seq: number) => used.has(seq),
          use: async (seq: number) => used.size < used.add(seq).size,
        },
      },
    },
  } as never;
}

const read = (parts: never) => readPayloadLink(parts, LINK, 100);

test("a link returns the payload until 24 hours after it was made, and a read does not use it up", async () => {
  const parts = partsAt(MADE_AT + DAY_MS - 1);
  const linked = { payload: Buffer.from("{}"), contentType: "application/json", applicationSeq: 9 };
  expect(await read(parts)).toMatchObject(linked);
  expect(await read(parts)).toMatchObject(linked);
});

test("a link that has been used is 410 for reads and for a second use", async () => {
  const parts = partsAt(MADE_AT);
  await usePayloadLink(parts, LINK);
  const used = { status: 410, code: "gone", detail: expect.stringContaining("has been used") };
  await expect(read(parts)).rejects.toMatchObject(used);
  await expect(usePayloadLink(parts, LINK)).rejects.toMatchObject(used);
});

test("a link that has expired is 410", async () => {
  const expired = { status: 410, code: "gone", detail: expect.stringContaining("expired") };
  await expect(read(partsAt(MADE_AT + DAY_MS))).rejects.toMatchObject(expired);
});

test("a link to a message that is past its retention is 410", async () => {
  const pruned = { status: 410, code: "gone", detail: expect.stringContaining("no longer stored") };
  await expect(read(partsAt(MADE_AT, { isPruned: true }))).rejects.toMatchObject(pruned);
});
