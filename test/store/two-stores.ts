import { expect } from "bun:test";
import { DROP } from "../../src/deliver/tasks/drop.ts";
import type {
  KeysCursor,
  MoveOrigin,
  Moves,
  PolledCursor,
  SettingsPage,
  Task,
  WaitingCursor,
  WaitingPage,
} from "../../src/store/index.ts";
import { Furnished } from "./furnished.ts";
import type { Open } from "./store-under-test.ts";

export const HOLD = "hold-1";

/** Two stores between which the application of the first one moves. */
export class TwoStores implements AsyncDisposable {
  private constructor(
    readonly from: Furnished,
    readonly to: Furnished,
  ) {}

  static async open(open: Open): Promise<TwoStores> {
    return new TwoStores(await Furnished.open(open), await Furnished.open(open));
  }

  get origin(): Moves["origin"] {
    return this.from.store.moves!.origin;
  }

  get destination(): Moves["destination"] {
    return this.to.store.moves!.destination;
  }

  get seq(): number {
    return this.from.application.seq;
  }

  /** Copies the settings. Returns the page, and the application's number at the destination. */
  async settings(
    hold: string | null = null,
    page: SettingsPage | null = null,
  ): Promise<{ page: SettingsPage; seq: number }> {
    page ??= await this.origin.settings(this.seq, this.from.seqs.next());
    const arrival = await this.destination.storeSettings(this.to.environment.seq, page, hold);
    if (typeof arrival === "string") throw new Error(`The settings cannot be stored: ${arrival}`);
    if ("obstacle" in arrival) throw new Error(arrival.obstacle);
    return { page, seq: arrival.applicationSeq };
  }

  /** Copies messages as if something that crosses later referred to them. */
  async copyMessages(seq: number, messageSeqs: readonly number[]): Promise<void> {
    for (let rest = messageSeqs; rest.length > 0; ) {
      const page = await this.origin.messages(this.seq, rest);
      await this.destination.storeMessages(seq, page);
      rest = rest.slice(page.messages.length);
    }
  }

  /** Copies all that waits, under a hold. */
  async waiting(seq: number, hold = HOLD): Promise<WaitingPage> {
    const { page, next } = await this.origin.waiting(this.seq, null, 0);
    expect(next).toBeNull();
    const messageSeqs = page.deliveries.map((row) => row.message_seq as number);
    const sent = page.sends.filter(({ isErased }) => isErased !== null).map((each) => each.messageSeq);
    await this.copyMessages(seq, [...messageSeqs, ...sent]);
    expect(await this.destination.storeWaiting(seq, page, hold, 0)).toEqual({ missing: [] });
    return page;
  }

  /**
   * Copies the keys that were stored since an earlier call, or all keys. Returns the place for the next call, and
   * the number of keys that were copied.
   */
  async keys(seq: number, later: string | null = null): Promise<{ later: string; count: number }> {
    let count = 0;
    for (let after: KeysCursor | string | null = later; ; ) {
      const read: Awaited<ReturnType<MoveOrigin["keys"]>> = await this.origin.keys(this.seq, after, this.from.now);
      const { page, next } = read;
      const stored = await this.destination.storeKeys(seq, page, this.to.now);
      if (stored === "behind" || stored === null) throw new Error("The page does not continue the stored ones.");
      if (stored.missing.length > 0) {
        await this.copyMessages(
          seq,
          page.keys.map(({ messageSeq }) => messageSeq),
        );
        expect(await this.destination.storeKeys(seq, page, this.to.now)).toEqual({ missing: [] });
      }
      count += page.keys.length + page.responses.length;
      if (next === null) return { later: page.pass.to, count };
      after = next;
    }
  }

  /** Copies consumers and groups, under a hold. Returns a function that returns the id of a message at the origin. */
  async polled(seq: number, hold = HOLD): Promise<(messageSeq: number) => string> {
    const ids: Record<string, string> = {};
    for (let after: PolledCursor | null = null; ; ) {
      const read: Awaited<ReturnType<MoveOrigin["polled"]>> = await this.origin.polled(this.seq, after);
      Object.assign(ids, read.page.ids);
      const stored = await this.destination.storePolled(seq, read.page, hold);
      if (stored === null || stored === "earlier-hold") throw new Error("The page cannot be stored.");
      if (stored.missing.length > 0) {
        await this.destination.storeMessages(seq, await this.origin.messages(this.seq, read.page.messages));
        expect(await this.destination.storePolled(seq, read.page, hold)).toEqual({ missing: [] });
      }
      if (read.next === null) return (messageSeq) => ids[`msg_${messageSeq}`]!;
      after = read.next;
    }
  }

  /** Copies all that waits, under a hold, in as many pages as it takes. Returns the pages. */
  async waitingPages(seq: number, hold = HOLD): Promise<readonly WaitingPage[]> {
    const pages: WaitingPage[] = [];
    for (let after: WaitingCursor | null = null; ; ) {
      const read: Awaited<ReturnType<MoveOrigin["waiting"]>> = await this.origin.waiting(this.seq, after, 0);
      await this.copyMessages(
        seq,
        read.page.deliveries.map((row) => row.message_seq as number),
      );
      expect(await this.destination.storeWaiting(seq, read.page, hold, 0)).toEqual({ missing: [] });
      pages.push(read.page);
      if (read.next === null) return pages;
      after = read.next;
    }
  }

  /** Copies the history after the application has arrived. */
  async history(seq: number): Promise<void> {
    for (let after = 0; ; ) {
      const page = await this.origin.history(this.seq, after);
      if (page.messages.length === 0) return;
      await this.destination.storeHistory(seq, page);
      after = page.last;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.from[Symbol.asyncDispose]();
    await this.to[Symbol.asyncDispose]();
  }
}

/** Returns a task that drops the dead letters of an application, which is yet to be stored. */
export function dropTask({ seqs, environment, application, now }: Furnished): Task {
  const filter = { environmentSeq: environment.seq, applicationSeq: application.seq };
  const data = { filter, dropped: 0, after: 0 };
  return {
    ...{ seq: seqs.next(), environmentSeq: environment.seq, kind: DROP, status: "running" },
    ...{ data, updatedAt: now },
  };
}
