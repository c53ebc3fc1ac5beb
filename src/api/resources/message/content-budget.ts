import type { Message, PageOf, Store } from "../../../store/index.ts";

/**
 * Approximate maximum size of all payloads on a page, in bytes. 250 payloads of the maximum size
 * would be half a gigabyte.
 */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Number of bytes after which other work in the event loop can run. */
const PAUSE_EVERY_BYTES = 1024 * 1024;

/**
 * Adds the payloads to a page that was read without them. If they exceed the limit, drops the
 * messages at the end of the page, or at its start when paging backwards, and sets `more`. The page
 * keeps at least one message.
 */
export async function withPayloads(
  store: Store,
  page: PageOf<Message>,
  backwards: boolean,
  pause: () => Promise<void>,
  bytesMax = PAGE_BYTES_MAX,
): Promise<PageOf<Message>> {
  const inPagingOrder = backwards ? page.rows.toReversed() : page.rows;
  const filled: Message[] = [];
  let bytes = 0;
  let pausesAt = PAUSE_EVERY_BYTES;
  for (const row of inPagingOrder) {
    const payload = (await store.queue.contents([row.seq]))[0]?.payload ?? null;
    bytes += payload?.length ?? 0;
    if (bytes > bytesMax && filled.length > 0) break;
    filled.push({ ...row, payload });
    if (bytes < pausesAt) continue;
    pausesAt = bytes + PAUSE_EVERY_BYTES;
    await pause();
  }
  const isCut = filled.length < page.rows.length;
  const rows = backwards ? filled.reverse() : filled;
  return isCut ? { rows, more: true } : { ...page, rows };
}
