import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Delivery, EndpointMessageFilter, NewMessage } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import { ALL, expectPages, NEWEST_FIRST, optional } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";
import { anyMessageFilter, passesMessageFilter, sendAllKinds } from "./messages.ts";

interface Row {
  readonly seq: number;
  readonly message: NewMessage;
  readonly delivery: Delivery;
  readonly hasSucceeded: boolean;
}

const STATUSES = ["delivered", "waiting", "retrying", "failed", "cancelled"] as const;

function passes({ message, delivery, hasSucceeded }: Row, filter: EndpointMessageFilter): boolean {
  const { state, attemptsTotal } = delivery;
  const isEnded = state === "dead" || state === "cancelled";
  const is: Readonly<Record<(typeof STATUSES)[number], boolean>> = {
    delivered: hasSucceeded,
    waiting: state === "pending" && attemptsTotal === 0,
    failed: isEnded && !hasSucceeded,
    retrying: state === "pending" && attemptsTotal > 0,
    cancelled: state === "cancelled",
  };
  return (
    passesMessageFilter(message, filter) &&
    message.acceptedAt < (filter.before ?? Number.POSITIVE_INFINITY) &&
    message.acceptedAt > (filter.after ?? 0) &&
    (filter.status === undefined || is[filter.status])
  );
}

function anyFilter(instants: readonly number[]): fc.Arbitrary<EndpointMessageFilter> {
  const own = optional<Required<Pick<EndpointMessageFilter, "status">>>({ status: fc.constantFrom(...STATUSES) });
  return fc.tuple(own, anyMessageFilter(instants)).map(([a, b]) => ({ ...a, ...b }));
}

/** Brings the endpoint's deliveries into all possible states, in turn. */
async function settleInEveryWay(world: Furnished, messages: readonly NewMessage[]): Promise<Set<number>> {
  const succeeded = new Set<number>();
  for (const [i, delivery] of (await world.waiting()).entries()) {
    const message = messages.find(({ seq }) => seq === delivery.messageSeq)!;
    const outcome = i % 6;
    if (outcome === 0 || outcome === 4) {
      await world.settle(delivery, { state: "delivered" });
      succeeded.add(message.seq);
    } else if (outcome === 1) {
      await world.settle(delivery, { state: "dead", reason: "timeout" });
    } else if (outcome === 2) {
      const position = world.seqs.next();
      await world.settle(delivery, { state: "pending", attempts: 1, dueAt: world.now, position });
    } else if (outcome === 3) {
      await world.store.queue.expunge.message(message.seq);
    }
    if (outcome === 4) await resendAndFail(world, message);
  }
  return succeeded;
}

async function resendAndFail(world: Furnished, message: NewMessage): Promise<void> {
  const position = world.seqs.next();
  await world.store.queue.resend(message.seq, world.endpoint.seq, { seq: position, position, now: world.now });
  const again = (await world.waiting()).find(({ messageSeq }) => messageSeq === message.seq)!;
  await world.settle(again, { state: "dead", reason: "timeout" });
}

export function endpointMessagesSuite(open: Open): void {
  describe("messages of an endpoint", () => {
    test("messages of an endpoint are paged in both directions and both orders, with any filter", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      await world.send({}, [other.seq]);
      const messages = await sendAllKinds(world, 24);
      const succeeded = await settleInEveryWay(world, messages);
      const rows: Row[] = [];
      for (const message of messages) {
        const delivery = await world.delivery(message.seq);
        rows.push({ seq: message.seq, message, delivery, hasSucceeded: succeeded.has(message.seq) });
      }
      const instants = rows.flatMap(({ message }) => [message.acceptedAt, message.acceptedAt + 1]);
      await expectPages(rows, anyFilter(instants), passes, (filter, page) =>
        world.store.history.messages.ofEndpoint(world.application.seq, world.endpoint.seq, filter, page),
      );
    });

    test("messages of an endpoint are listed with their delivery's state and without their payload", async () => {
      await using world = await Furnished.open(open);
      const message = await world.sendDead({ channels: ["eu"] });
      const { rows } = await world.store.history.messages.ofEndpoint(
        world.application.seq,
        world.endpoint.seq,
        {},
        ALL,
      );
      expect(rows).toMatchObject([
        {
          seq: message.seq,
          message: { seq: message.seq, eventType: message.eventType, channels: ["eu"], payload: null },
          delivery: { endpointSeq: world.endpoint.seq, state: "dead", reason: "status_5xx", attemptsTotal: 1 },
        },
      ]);
    });

    test("messages of an endpoint include those that were resent to it later, even after a restart", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(3);
      const late = await world.addEndpoint();
      const position = () => world.seqs.next();
      await world.store.queue.resend(messages[1]!.seq, late.seq, {
        seq: position(),
        position: position(),
        now: world.now,
      });
      await world.reopen();
      await world.store.queue.resend(messages[0]!.seq, late.seq, {
        seq: position(),
        position: position(),
        now: world.now,
      });
      const fourth = await world.send({}, [late.seq]);
      const { rows } = await world.store.history.messages.ofEndpoint(world.application.seq, late.seq, {}, NEWEST_FIRST);
      expect(rows.map(({ seq }) => seq)).toEqual([fourth.seq, messages[1]!.seq, messages[0]!.seq]);
    });
  });
}
