import type { Clock } from "../../../ports.ts";
import type { Message, PageOf, Store } from "../../../store/index.ts";
import { withPayloads } from "./content-budget.ts";

/** Minimum size of a large page, in bytes. */
const LARGE_BYTES = 128 * 1024;

/**
 * Reads the payloads of pages, one page at a time, so that concurrent requests for large pages do
 * not keep the payloads of several pages in memory. After each MiB, other work in the event loop
 * can run.
 */
export class PageReader {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, "soon">,
  ) {}

  /** Adds the payloads to a page, like the function `withPayloads`. */
  withPayloads(page: PageOf<Message>, backwards: boolean): Promise<PageOf<Message>> {
    const pause = () => new Promise<void>((resolve) => this.clock.soon(resolve));
    const read = () => withPayloads(this.store, page, backwards, pause);
    const result = this.#last.then(read);
    // After a large page, the next read begins in a later turn of the event loop, when the response
    // for this page has been built.
    this.#last = result.then((found) => (isLarge(found) ? pause() : undefined), pause);
    return result;
  }
}

function isLarge({ rows }: PageOf<Message>): boolean {
  return rows.reduce((bytes, { payload }) => bytes + (payload?.length ?? 0), 0) >= LARGE_BYTES;
}
