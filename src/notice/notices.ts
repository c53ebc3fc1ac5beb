import type { NoticeChannel } from "../core/notice.ts";
import { OneLife } from "../core/service.ts";
import type { SendingParts } from "./sending.ts";
import { type TestedChannel, TestNotices } from "./test-notice.ts";

export interface NoticesParts extends SendingParts {
  readonly channels: readonly NoticeChannel[];
  /** Returns the server's public URL, without a trailing slash. */
  readonly publicUrl: () => string;
}

/** Sends notices to people. */
export class Notices extends OneLife {
  readonly #stopping = new AbortController();
  readonly #tests: TestNotices;

  constructor(private readonly parts: NoticesParts) {
    super();
    this.#tests = new TestNotices(parts, this.#stopping.signal);
  }

  protected begin(): void {}

  protected end(): void {
    this.#stopping.abort();
  }

  /** Sends a test notice to each channel. Null if no channel is configured. */
  get test(): (() => Promise<readonly TestedChannel[]>) | null {
    return this.parts.channels.length === 0 ? null : () => this.#tests.send();
  }
}
