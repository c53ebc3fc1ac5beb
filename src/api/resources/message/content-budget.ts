import type { Message, PageOf, Store } from "../../../store/index.ts";

/** Payloads on a page together weigh about this much at most: 250 of the largest would weigh half a gigabyte. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Fills in the payloads of a page that was read without them, as many as fit, beginning where the reader comes from. When they do not
 * all fit the page is shorter, and says that there is more. At least one message always stands on it.
 */
export async function withPayloads(
  store: Store,
  page: PageOf<Message>,
  backwards: boolean,
  bytesMax = PAGE_BYTES_MAX,
): Promise<PageOf<Message>> {
  const inOrderOfTravel = backwards ? page.rows.toReversed() : page.rows;
  const filled: Message[] = [];
  let bytes = 0;
  for (const row of inOrderOfTravel) {
    const payload = (await store.queue.contents([row.seq]))[0]?.payload ?? null;
    bytes += payload?.length ?? 0;
    if (bytes > bytesMax && filled.length > 0) break;
    filled.push({ ...row, payload });
  }
  const isCut = filled.length < page.rows.length;
  const rows = backwards ? filled.reverse() : filled;
  return isCut ? { rows, more: true } : { ...page, rows };
}
