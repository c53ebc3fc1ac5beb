import { describe, expect, test } from "bun:test";
import { withPayloads } from "../../../src/api/resources/message/content-budget.ts";
import type { Message, Store } from "../../../src/store/index.ts";

const PAYLOAD_BYTES = 10;
const store = {
  queue: {
    contents: async (seqs: readonly number[]) =>
      seqs.map((seq) => ({ seq, payload: seq === 3 ? null : new Uint8Array(PAYLOAD_BYTES) })),
  },
} as unknown as Store;
const rows = [5, 4, 3, 2, 1].map((seq) => ({ seq, payload: null }) as unknown as Message);

async function seqsWithin(bytesMax: number, backwards: boolean) {
  const page = await withPayloads(store, { rows, more: false }, backwards, bytesMax);
  return [page.rows.map(({ seq }) => seq), page.more];
}

describe("a page of messages with their payloads", () => {
  test("is whole when they fit", async () => {
    expect(await seqsWithin(4 * PAYLOAD_BYTES, false)).toEqual([[5, 4, 3, 2, 1], false]);
  });

  test("is shorter when they do not, and says that there is more", async () => {
    expect(await seqsWithin(2 * PAYLOAD_BYTES, false)).toEqual([[5, 4, 3], true]);
  });

  test("keeps what is nearest to a reader who travels backwards", async () => {
    expect(await seqsWithin(2 * PAYLOAD_BYTES, true)).toEqual([[3, 2, 1], true]);
  });

  test("has at least one message on it", async () => {
    expect(await seqsWithin(1, false)).toEqual([[5], true]);
  });

  test("goes on where the search was cut short, or behind its last message when it was cut itself", async () => {
    const cut = { rows, more: true, resume: 17 };
    expect((await withPayloads(store, cut, false)).resume).toBe(17);
    expect((await withPayloads(store, cut, false, 2 * PAYLOAD_BYTES)).resume).toBeUndefined();
  });

  test("leaves a payload that is gone as it is", async () => {
    const { rows: filled } = await withPayloads(store, { rows, more: false }, false);
    expect(filled.map(({ payload }) => payload?.length ?? null)).toEqual([10, 10, null, 10, 10]);
  });
});
