import { cancelMessage } from "../../../src/commands/cancel.ts";
import { changeEndpoint } from "../../../src/commands/endpoints.ts";
import { expungeMessages } from "../../../src/commands/expunge.ts";
import { acknowledgeLeases, leaseMessages, returnLeases } from "../../../src/commands/poller-groups.ts";
import { confirmMessages } from "../../../src/commands/pollers.ts";
import { resend } from "../../../src/commands/resend.ts";
import { Problem } from "../../../src/core/problem.ts";
import type { Kernel } from "../../../src/kernel.ts";
import type { Dice } from "../dice.ts";
import type { MoveChecks } from "./checks.ts";
import type { Client, Reached } from "./client.ts";

const LEASE_MS = [500, 20_000];
const PAGE = 7;

export interface Around {
  readonly client: Client;
  readonly dice: Dice;
  readonly checks: MoveChecks;
  readonly now: () => number;
  /** Ids of the endpoints. */
  readonly endpoints: readonly string[];
  /** How often the application has moved. */
  readonly moves: () => number;
}

/** Reads all messages with the iterator of the page before. */
export class Consumer {
  #iterator: string | null = null;

  constructor(private readonly around: Around) {}

  async act(): Promise<boolean> {
    const { client, checks, dice, moves } = this.around;
    const iterator = dice.chance(0.8) ? this.#iterator : null;
    const page = await client.request(async ({ kernel, application }) => {
      const key = { applicationSeq: application.seq, sink: "sink", consumer: "consumer" };
      const { store, ids } = kernel;
      const confirmed = iterator === null ? null : (store.moves!.ids.placeOf(iterator) ?? ids.decode("msg_", iterator));
      if (confirmed === null && iterator !== null) return "unknown";
      if (confirmed !== null) await confirmMessages(kernel, key, confirmed);
      const from = confirmed ?? (await store.history.pollers.cursor(key)) ?? 0;
      const list = { limit: PAGE, from, backwards: false, order: "ascending" } as const;
      const { rows } = await store.history.messages.list(application.seq, {}, list, false);
      return {
        ids: rows.map(({ seq }) => ids.encode("msg_", seq)),
        iterator: ids.encode("msg_", rows.at(-1)?.seq ?? from),
        isConfirmed: confirmed !== null,
      };
    });
    if (page === null) return false;
    if (page === "unknown") {
      if (moves() < 2 && this.#wasStored) checks.violation("the iterator of the consumer is unknown");
      this.#iterator = null;
      return false;
    }
    this.#wasStored = page.isConfirmed;
    this.#iterator = page.iterator;
    checks.consumed.push(...page.ids);
    return page.ids.length === 0;
  }

  /** Whether the server has stored the place of the consumer. */
  #wasStored = false;
}

/** A worker of a group. */
export class Worker {
  #held: { readonly id: string; readonly times: number }[] = [];

  constructor(private readonly around: Around) {}

  /** Returns whether there is nothing to do. */
  async act(): Promise<boolean> {
    const { client, checks, dice } = this.around;
    if (this.#held.length === 0) {
      const leased = await client.request(async ({ kernel, application }) => {
        const key = { applicationSeq: application.seq, sink: "sink", group: "workers" };
        const leases = await leaseMessages(kernel, key, { limit: PAGE, leaseMs: dice.pick(LEASE_MS), after: 0 });
        return leases.map(({ messageSeq, times }) => ({ id: kernel.ids.encode("msg_", messageSeq), times }));
      });
      for (const { id } of leased ?? []) checks.leased(id);
      this.#held = [...(leased ?? [])];
      return leased?.length === 0;
    }
    const held = this.#held;
    const isReturned = dice.chance(0.2);
    const done = await client.request(async (reached) => {
      const leases = held.map(({ id, times }) => ({ messageSeq: reached.kernel.ids.decode("msg_", id)!, times }));
      // What was acknowledged before the move has not moved.
      if (leases.some(({ messageSeq }) => messageSeq === null)) return "unknown";
      return (await this.#end(reached, leases, isReturned)) ? "done" : "late";
    }, true);
    if (done === null) {
      if (!isReturned) for (const { id } of held) checks.perhapsAcknowledged.add(id);
      return false;
    }
    const isKnown = done !== "unknown" || held.every(({ id }) => checks.perhapsAcknowledged.has(id));
    if (!isKnown) checks.violation("the message of a lease is unknown");
    this.#held = [];
    if (done === "done" && !isReturned) for (const { id } of held) checks.acknowledged.add(id);
    return false;
  }

  async #end(
    { kernel, application }: Reached,
    leases: readonly { readonly messageSeq: number; readonly times: number }[],
    isReturned: boolean,
  ): Promise<boolean> {
    const key = { applicationSeq: application.seq, sink: "sink", group: "workers" };
    if (isReturned) {
      await returnLeases(kernel, key, leases);
      return true;
    }
    try {
      await acknowledgeLeases(kernel, key, leases, ({ messageSeq }) => String(messageSeq));
      return true;
    } catch (error) {
      if (error instanceof Problem && error.code === "lease_expired") return false;
      throw error;
    }
  }
}

/** Changes endpoints; cancels, resends and expunges messages. */
export class Operator {
  /** The values that the description of the first endpoint may have. */
  readonly descriptions = new Set<string>([""]);
  #number = 0;

  constructor(private readonly around: Around) {}

  async act(): Promise<void> {
    const { dice } = this.around;
    const roll = dice.next();
    if (roll < 0.35) return this.#change();
    if (roll < 0.5) await this.#pause(dice.chance(0.4));
    else if (roll < 0.6) await this.#expunge();
    else await this.#cancelOrResend(roll < 0.8);
  }

  /** Ends what would keep messages waiting. Returns whether that was done. */
  async rest(): Promise<boolean> {
    return this.#pause(false);
  }

  async description(kernel: Kernel): Promise<string> {
    return (await kernel.store.configuration.endpoints.get(this.#endpoint(kernel, 0)))!.description;
  }

  async #change(): Promise<void> {
    const description = `change ${++this.#number}`;
    const result = await this.around.client.request(async ({ kernel }) => {
      await changeEndpoint(kernel, this.#endpoint(kernel, 0), (before) => {
        if (!this.descriptions.has(before.description)) {
          this.around.checks.violation(`a change is lost: ${before.description}`);
        }
        return { description };
      });
      return "changed";
    }, true);
    // If the response is lost, either value may be stored.
    if (result !== null) this.descriptions.clear();
    this.descriptions.add(description);
  }

  async #pause(isPaused: boolean): Promise<boolean> {
    const changed = await this.around.client.request(
      async ({ kernel }) => changeEndpoint(kernel, this.#endpoint(kernel, 1), () => ({ paused: isPaused })),
      true,
    );
    return changed !== null;
  }

  async #expunge(): Promise<void> {
    const { client, checks, dice } = this.around;
    const ids = [...checks.messages.keys()].slice(-10);
    if (ids.length === 0) return;
    const id = dice.pick(ids);
    checks.messages.get(id)!.isCancelling = true;
    const isErased = await client.request(async ({ kernel, application }) => {
      const seq = kernel.ids.decode("msg_", id);
      return seq !== null && (await expungeMessages(kernel, application, [{ seq }]))[0];
    }, true);
    if (isErased) checks.erased.add(id);
  }

  async #cancelOrResend(isCancel: boolean): Promise<void> {
    const { client, checks, dice, now } = this.around;
    const ids = [...checks.messages.keys()].slice(-10);
    if (ids.length === 0) return;
    const id = dice.pick(ids);
    const message = checks.messages.get(id)!;
    const { isCancelling } = message;
    try {
      const result = await client.request(async ({ kernel, application }) => {
        const seq = kernel.ids.decode("msg_", id);
        const known = seq === null ? null : await kernel.store.history.messages.known(application.seq, { seq });
        // It has been delivered, and its history was not copied.
        if (known === null) return "unknown";
        if (isCancel) {
          message.isCancelling = true;
          await cancelMessage(kernel, application, known);
          return "cancelled";
        }
        message.mayRepeat = true;
        const endpoint = await kernel.store.configuration.endpoints.get(this.#endpoint(kernel, 0));
        await resend(kernel, { application, message: known, endpoint: endpoint! });
        return "resent";
      }, true);
      if (result === "cancelled") message.cancelledAt = now();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "already_sent") message.isCancelling = isCancelling;
    }
  }

  #endpoint({ ids }: Kernel, number: number): number {
    return ids.decode("ep_", this.around.endpoints[number]!)!;
  }
}
