import { CommandFailed } from "../../exit-code.ts";
import { ServerRefused } from "../server-client.ts";
import type { Destination, Origin, PageOut, Part } from "./servers.ts";

/** Maximum number of messages that one request reads. */
const MISSING_AT_ONCE = 500;
/** Maximum number of times that a page is sent again because the destination lacks some of its messages. */
const RESENDS_MAX = 5;

/** Copies pages from the origin to the destination. */
export class Copy {
  /** The position in the keys from which the next pass continues. Null if no pass has ended. */
  #laterKeys: string | null = null;

  constructor(
    private readonly origin: Origin,
    private readonly destination: Destination,
    private readonly publicKey: string,
  ) {}

  /** Copies the settings. Without a hold, only if the destination has none. */
  async settings(hold: string | null): Promise<void> {
    await this.destination.store(await this.origin.page(this.publicKey, "settings"), hold);
  }

  /** Copies consumers, groups, leases and the messages for them. Without a hold, copies only the messages. */
  async polled(hold: string | null): Promise<void> {
    await this.#pages("polled", hold);
  }

  /**
   * Copies waiting deliveries and their messages. Without a hold, copies only the messages. Returns the
   * number of deliveries.
   */
  async waiting(hold: string | null): Promise<number> {
    return this.#pages("waiting", hold);
  }

  /** Copies the idempotency keys that were stored since the last call, with their messages. */
  async keys(hold: string | null): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.#pages("keys", hold, this.#laterKeys);
        return;
      } catch (error) {
        // Another call of the command has abandoned what had arrived, so all keys are copied again.
        const isBehind = error instanceof ServerRefused && error.code === "move_keys_behind";
        if (!isBehind || tries === RESENDS_MAX) throw error;
        this.#laterKeys = null;
      }
    }
  }

  async #pages(part: Part, hold: string | null, from: string | null = null): Promise<number> {
    let count = 0;
    for (let after = from; ; ) {
      // Only renews the hold: closing again would hide a change since the first page.
      if (hold !== null) await this.origin.hold(hold, false);
      const page = await this.#page(part, after, hold);
      count += page.count;
      if (page.next === null) {
        if (part === "keys") this.#laterKeys = page.later;
        return count;
      }
      after = page.next;
    }
  }

  /** Stores a page, and those of its messages that the destination lacks. Returns the page. */
  async #page(part: Part, after: string | null, hold: string | null): Promise<PageOut> {
    for (let tries = 0; ; tries++) {
      // Messages may have been deleted since the page was read.
      const page = await this.origin.page(this.publicKey, part, { after });
      const missing = await this.destination.store(page, hold);
      if (missing.length === 0) return page;
      if (tries === RESENDS_MAX) throw new CommandFailed(`${this.destination.url} does not keep the messages it gets.`);
      await this.#messages(missing);
      // Without a hold, the destination stores keys but neither deliveries nor leases, so only a page of
      // keys is sent again.
      if (hold === null && part !== "keys") return page;
    }
  }

  async #messages(missing: readonly string[]): Promise<void> {
    for (let rest = missing; rest.length > 0; ) {
      const page = await this.origin.page(this.publicKey, "messages", { ids: rest.slice(0, MISSING_AT_ONCE) });
      if (page.count <= 0) return;
      await this.destination.store(page);
      rest = rest.slice(page.count);
    }
  }
}
