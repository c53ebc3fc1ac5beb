import type { IdCodec } from "../core/id.ts";
import type { NoticeChannel } from "../core/notice.ts";
import {
  type Housekeeping,
  type Notices as NoticeStore,
  type SentNotice,
  type Store,
  StoreUnavailable,
} from "../store/index.ts";
import { type DueNotice, dueNotices, type Observed, SentNotices, sentNoticesOf } from "./rules.ts";
import { reportNotice, type SendingParts, sendNotice } from "./sending.ts";
import { countsOf, LISTED_MAX, type NoticeAbout, noticeText, totalOf } from "./text.ts";

/** Longest time between the first due notice and the digest that has it, in ms. */
const DIGEST_MS_MAX = 60_000;
const DIGEST_MS_MIN = 1000;
/** Longest pause after a message that the channel did not take, in ms. */
const RETRY_MS_MAX = 900_000;

/** Returns how long a digest waits for further notices after the latest one became due, in ms. */
export function digestMsFor(afterMs: number): number {
  return Math.min(DIGEST_MS_MAX, Math.max(DIGEST_MS_MIN, afterMs / 10));
}

export interface ChannelParts extends SendingParts {
  readonly ids: IdCodec;
  readonly publicUrl: () => string;
  readonly store: { readonly housekeeping: { readonly notices: NoticeStore } & Pick<Housekeeping, "leads"> } & Pick<
    Store,
    "configuration"
  >;
  readonly timing: NoticeTiming;
}

export interface NoticeTiming {
  readonly afterMs: number;
  readonly quietMs: number;
  /** The setting `backlog-threshold`, in ms. */
  readonly backlogThresholdMs: number;
}

/** The notices of one channel. Another channel that fails does not delay them. */
export class ChannelNotices {
  readonly #sent: SentNotices;
  /** The digest that is being collected, with times of the steady clock. Null while no notice is due. */
  #digest: { readonly since: number; grewAt: number; count: number } | null = null;
  #failures = 0;
  /** Earliest time of the next message, by the steady clock. */
  #notBefore = 0;
  #sending: Promise<void> | null = null;

  constructor(
    private readonly parts: ChannelParts,
    private readonly channel: NoticeChannel,
    sent: readonly SentNotice[],
    private readonly stopping: AbortSignal,
  ) {
    this.#sent = new SentNotices(sent.filter((notice) => notice.channel === channel.name));
  }

  /** Returns the notices about states whose end has not been reported. */
  open(): readonly SentNotice[] {
    return this.#sent.open();
  }

  forget(subjectSeq: number): void {
    this.#sent.forget(subjectSeq);
  }

  /** Starts sending the notices that are due, unless more may follow soon. Never throws. */
  look(observed: Observed): void {
    if (this.#sending !== null || this.stopping.aborted) return;
    const { clock, timing } = this.parts;
    const due = dueNotices(observed, this.#sent, clock.now(), timing.quietMs);
    if (due.length === 0) {
      this.#digest = null;
      return;
    }
    const now = clock.steady();
    if (!this.#isDigestComplete(due.length, now) || now < this.#notBefore) return;
    this.#sending = this.#send(due).finally(() => {
      this.#sending = null;
    });
  }

  /** Resolves when the message that is being sent has been sent or given up. */
  async finish(): Promise<void> {
    await this.#sending;
  }

  /** Returns whether the number of due notices has stopped growing. */
  #isDigestComplete(count: number, now: number): boolean {
    this.#digest ??= { since: now, grewAt: now, count };
    if (count > this.#digest.count) Object.assign(this.#digest, { grewAt: now, count });
    const { since, grewAt } = this.#digest;
    return now - grewAt >= digestMsFor(this.parts.timing.afterMs) || now - since >= DIGEST_MS_MAX;
  }

  async #send(due: readonly DueNotice[]): Promise<void> {
    const { clock, facts, ids, publicUrl } = this.parts;
    try {
      const about = await this.#describe(due);
      if (about.length === 0) return;
      const counts = countsOf(due);
      const message = noticeText(about, counts, { ids, publicUrl: publicUrl(), now: clock.now() });
      const result = await sendNotice(this.parts, this.channel, message, this.stopping);
      this.#digest = null;
      if (!result.sent && this.stopping.aborted) return;
      if (result.sent) await this.#remember(due);
      else this.#pause();
      reportNotice(this.parts, this.channel, result, { count: totalOf(counts), isTest: false });
    } catch (error) {
      this.#pause();
      if (!(error instanceof StoreUnavailable)) facts.state({ type: "defect.found", where: "notices", error });
    }
  }

  /** Returns the notices with what their texts need, at most `LISTED_MAX`. */
  async #describe(due: readonly DueNotice[]): Promise<NoticeAbout[]> {
    const { configuration, housekeeping } = this.parts.store;
    const listed = due.slice(0, LISTED_MAX);
    const ofEndpoints = listed.filter(({ isBacklog }) => !isBacklog).map(({ subjectSeq }) => subjectSeq);
    const endpoints = new Map((await housekeeping.notices.describe(ofEndpoints)).map((one) => [one.seq, one]));
    const about: NoticeAbout[] = [];
    for (const notice of listed) {
      const endpoint = endpoints.get(notice.subjectSeq);
      if (endpoint !== undefined) about.push({ ...notice, endpoint });
      if (!notice.isBacklog) continue;
      const name = (await configuration.environments.get(notice.subjectSeq))?.name;
      const thresholdMs = this.parts.timing.backlogThresholdMs;
      if (name !== undefined) about.push({ ...notice, environment: { name, thresholdMs } });
    }
    return about;
  }

  async #remember(due: readonly DueNotice[]): Promise<void> {
    const { clock, store, timing } = this.parts;
    this.#failures = 0;
    const sentAt = clock.now();
    const notices = due.flatMap((one) => sentNoticesOf(one, this.#sent, { channel: this.channel.name, sentAt }));
    for (const notice of notices) this.#sent.put(notice);
    this.#sent.forgetEnded(sentAt - timing.quietMs);
    try {
      await store.housekeeping.notices.record(notices, sentAt - timing.quietMs);
    } catch (error) {
      // `#sent` has the notices, so none is sent twice unless the server restarts.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  /** Waits longer after each failure in a row. */
  #pause(): void {
    const first = digestMsFor(this.parts.timing.afterMs);
    this.#notBefore = this.parts.clock.steady() + Math.min(RETRY_MS_MAX, first * 2 ** Math.min(this.#failures++, 20));
  }
}
