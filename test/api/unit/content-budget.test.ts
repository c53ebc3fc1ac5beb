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

const pause = async () => {};

async function seqsWithin(bytesMax: number, backwards: boolean) {
  const page = await withPayloads(store, { rows, more: false }, backwards, pause, bytesMax);
  return [page.rows.map(({ seq }) => seq), page.more];
}

describe("pages of messages with payloads", () => {
  test("a page of messages is complete if the payloads fit the budget", async () => {
    expect(await seqsWithin(4 * PAYLOAD_BYTES, false)).toEqual([[5, 4, 3, 2, 1], false]);
  });

  test("a page of messages that exceeds the budget is cut, and says that there are more messages", async () => {
    expect(await seqsWithin(2 * PAYLOAD_BYTES, false)).toEqual([[5, 4, 3], true]);
  });

  test("a page that is cut while paging backwards keeps the messages at its end", async () => {
    expect(await seqsWithin(2 * PAYLOAD_BYTES, true)).toEqual([[3, 2, 1], true]);
  });

  test("a page contains at least one message, even if that message exceeds the budget", async () => {
    expect(await seqsWithin(1, false)).toEqual([[5], true]);
  });

  test("a complete page keeps the position at which the search resumes, but a page that is cut loses it", async () => {
    const cut = { rows, more: true, resume: 17 };
    expect((await withPayloads(store, cut, false, pause)).resume).toBe(17);
    expect((await withPayloads(store, cut, false, pause, 2 * PAYLOAD_BYTES)).resume).toBeUndefined();
  });

  test("a deleted payload is null on a page of messages", async () => {
    const { rows: filled } = await withPayloads(store, { rows, more: false }, false, pause);
    expect(filled.map(({ payload }) => payload?.length ?? null)).toEqual([10, 10, null, 10, 10]);
  });
});
