import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { Message, PageOf, Store } from "../../../store/index.ts";
import { callerOf } from "../../http/byte-budget.ts";
import { ReadQueue } from "../../http/read-queue.ts";
import type { Identity } from "../../identity/identity.ts";
import { withPayloads } from "./content-budget.ts";

/** Size of the payloads after which other work in the event loop can run. */
const PAUSE_EVERY_BYTES = 1024 * 1024;
/** Size of the texts after which other work in the event loop can run, in UTF-16 code units. */
const PAUSE_EVERY_CHARS = 1024 * 1024;

/**
 * Reads pages of messages, two pages at a time, so that concurrent requests for large pages do not
 * keep the payloads of many pages in memory. After each MiB, other work in the event loop can run.
 */
export class PageReader {
  readonly #queue: ReadQueue;
  readonly #pause: () => Promise<void>;

  constructor(
    private readonly store: Store,
    clock: Pick<Clock, "soon" | "steady">,
  ) {
    this.#pause = () => new Promise<void>((resolve) => clock.soon(resolve));
    this.#queue = new ReadQueue(clock);
  }

  /**
   * Runs everything that reads a page and builds its text, when the caller's turn has come. Throws
   * 503 if too many pages of this caller wait already, unless this one `mustRun`.
   */
  inTurn<T>(identity: Identity, read: () => Promise<T>, mustRun = false): Promise<T> {
    return this.#queue.run(callerOf(identity), read, mustRun);
  }

  /** Adds the payloads to a page, like the function `withPayloads`. Must run within `inTurn`. */
  withPayloads(page: PageOf<Message>, backwards: boolean, bytesMax?: number): Promise<PageOf<Message>> {
    return withPayloads(this.store, page, backwards, this.#pause, bytesMax);
  }

  /**
   * Reads messages one by one and keeps what `convert` returns, so that their payloads are not in
   * memory together. Messages that do not exist are null. Must run within `inTurn`.
   */
  async messages<Out>(seqs: Iterable<Seq>, convert: (message: Message) => Out): Promise<Map<Seq, Out | null>> {
    const converted = new Map<Seq, Out | null>();
    let bytes = 0;
    for (const seq of seqs) {
      const message = await this.store.history.messages.get(seq);
      converted.set(seq, message === null ? null : convert(message));
      bytes += message?.payload?.length ?? 0;
      if (bytes < PAUSE_EVERY_BYTES) continue;
      bytes = 0;
      await this.#pause();
    }
    return converted;
  }

  /** Returns the JSON text of each row. */
  async texts<Row>(rows: readonly Row[], textOf: (row: Row) => string): Promise<string[]> {
    const texts: string[] = [];
    let chars = 0;
    for (const row of rows) {
      const text = textOf(row);
      texts.push(text);
      chars += text.length;
      if (chars < PAUSE_EVERY_CHARS) continue;
      chars = 0;
      await this.#pause();
    }
    return texts;
  }
}
