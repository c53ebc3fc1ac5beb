import { expect, test } from "bun:test";
import { PageReader } from "../../../src/api/resources/message/page-reader.ts";
import type { Message, Store } from "../../../src/store/index.ts";

test("reading the messages of attempts gives the event loop a turn after each MiB of payloads", async () => {
  const payload = new Uint8Array(1024 * 1024);
  const get = async (seq: number) => (seq === 3 ? null : ({ seq, payload } as unknown as Message));
  const store = { history: { messages: { get } } } as unknown as Store;
  let turns = 0;
  const soon = (task: () => void) => {
    turns++;
    setImmediate(task);
  };
  const pages = new PageReader(store, { soon, steady: () => 0 });
  const found = await pages.messages([1, 2, 3, 4, 5], ({ seq }) => seq);
  expect([...found]).toEqual([
    [1, 1],
    [2, 2],
    [3, null],
    [4, 4],
    [5, 5],
  ]);
  expect(turns).toBe(4);
});
