import type { Clock } from "../../../ports.ts";
import type { Message, PageOf, Store } from "../../../store/index.ts";
import { withPayloads } from "./content-budget.ts";

/** Number of bytes from which a page counts as large. */
const LARGE_BYTES = 128 * 1024;

/**
 * Reads the payloads of pages, one page at a time, so that many requests for large pages together
 * hold the payloads of one page. The event loop gets a turn after each MiB.
 */
export class PageReader {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, "soon">,
  ) {}

  /** Adds the payloads to a page, as `withPayloads` does. */
  withPayloads(page: PageOf<Message>, backwards: boolean): Promise<PageOf<Message>> {
    const pause = () => new Promise<void>((resolve) => this.clock.soon(resolve));
    const read = () => withPayloads(this.store, page, backwards, pause);
    const result = this.#last.then(read);
    // After a large page, the next one begins in a later turn, when this response has been built.
    this.#last = result.then((found) => (isLarge(found) ? pause() : undefined), pause);
    return result;
  }
}

function isLarge({ rows }: PageOf<Message>): boolean {
  return rows.reduce((bytes, { payload }) => bytes + (payload?.length ?? 0), 0) >= LARGE_BYTES;
}
