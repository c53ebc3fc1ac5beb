import { describe, expect, test } from "bun:test";
import { seqAt } from "../../../../src/core/id.ts";
import type { GroupKey, Lease } from "../../../../src/store/index.ts";
import { DAY_MS, EVERYTHING, type Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { HOLD, TwoStores } from "../../two-stores.ts";

function groupOf(applicationSeq: number): GroupKey {
  return { applicationSeq, sink: "a", group: "workers" };
}

function move({ store, application, now }: Furnished, consumer: string, cursor: number): Promise<boolean> {
  const key = { applicationSeq: application.seq, sink: "a", consumer };
  return store.history.pollers.move(key, cursor, { onlyForward: true, consumersMax: 10, now });
}

/** Leases messages for a minute. `begin` is the cursor of a new group. */
async function lease(
  { store, application, now: clock }: Furnished,
  limit: number,
  begin = 0,
  applicationSeq = application.seq,
  now = clock,
): Promise<readonly Lease[]> {
  const leases = await store.history.groups.lease(groupOf(applicationSeq), {
    ...{ limit, begin, now, endsAt: now + 60_000, bytesMax: EVERYTHING, groupsMax: 10, leasesMax: 1000 },
  });
  if (leases === "full") throw new Error("There are too many groups.");
  return leases;
}

export function polledMovesSuite(open: Open): void {
  describe("moves of consumers and groups", () => {
    test("consumers and groups get after the move what they have not got before it, also under other numbers", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      // Their numbers are those of the messages that arrive.
      await to.sendMany(20);
      const sent = await from.sendMany(20);
      await move(from, "consumer", sent[6]!.seq);
      const [first, second] = [await lease(from, 3, 0), await lease(from, 2)];
      await from.store.history.groups.ack(groupOf(from.application.seq), [first[1]!], from.now);
      const { seq } = await stores.settings();
      await stores.waiting(seq);
      const ids = await stores.polled(seq);
      await to.store.moves!.destination.arrive(seq, HOLD, to.now);
      const idsOf = (seqs: readonly number[]) => seqs.map((each) => to.store.moves!.ids.idOf("msg_", each)!);
      const idsAtOrigin = (messages: readonly { readonly seq: number }[]) => messages.map((each) => ids(each.seq));

      const cursor = await to.store.history.pollers.cursor({ applicationSeq: seq, sink: "a", consumer: "consumer" });
      const list = { limit: 100, from: cursor, backwards: false, order: "ascending" } as const;
      const { rows } = await to.store.history.messages.list(seq, {}, list, false);
      expect(idsOf(rows.map((row) => row.seq))).toEqual(idsAtOrigin(sent.slice(7)));
      // Two leases of the group are open: one is acknowledged, and the others end.
      const known = to.store.moves!.ids.seqOf(ids(first[0]!.messageSeq))!;
      const { groups } = to.store.history;
      expect(await groups.ack(groupOf(seq), [{ messageSeq: known, times: 1 }], to.now)).toEqual([]);
      const leased = await lease(to, 100, 0, seq, to.now + DAY_MS);
      expect(idsOf(leased.map(({ messageSeq }) => messageSeq))).toEqual(
        idsAtOrigin([sent[2]!, sent[3]!, sent[4]!, ...sent.slice(5)]),
      );
      expect(leased.slice(0, 4).map(({ times }) => times)).toEqual([2, 2, 2, 1]);
      expect(second).toHaveLength(2);
    });

    test("consumers that have got everything get later messages, although the clock of the other store is behind", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      from.now += 30_000;
      const [newest] = await from.sendMany(1);
      const future = seqAt(from.now + DAY_MS);
      await move(from, "all", newest!.seq);
      await move(from, "later", newest!.seq + 5000);
      await move(from, "future", future);
      const { seq } = await stores.settings();
      await stores.waiting(seq);
      const ids = await stores.polled(seq);
      const cursorOf = (consumer: string) =>
        to.store.history.pollers.cursor({ applicationSeq: seq, sink: "a", consumer });
      const here = to.store.moves!.ids.seqOf(ids(newest!.seq))!;
      expect(await cursorOf("all")).toBe(here);
      expect(await cursorOf("future")).toBe(future);
    });

    test("a part that is read again under the same hold replaces what is no longer there", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      await from.sendMany(2);
      await lease(from, 2, 0);
      const { seq } = await stores.settings();
      await stores.waiting(seq);
      await stores.polled(seq);
      const [pending] = await from.waiting();
      await from.settle(pending!, { state: "delivered" });
      const leases = [pending!.messageSeq].map((messageSeq) => ({ messageSeq, times: 1 }));
      expect(await from.store.history.groups.ack(groupOf(stores.seq), leases, from.now)).toEqual([]);
      await stores.waiting(seq);
      await stores.polled(seq);
      expect(await destination.arrive(seq, HOLD, to.now)).toMatchObject({ pending: 1 });
      expect(await lease(to, 10, 0, seq, to.now + DAY_MS)).toHaveLength(1);
    });

    test("an application does not depart if a cursor or a lease has changed", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      await from.sendMany(3);
      const changes = [
        () => move(from, "consumer", 1),
        () => move(from, "consumer", 2),
        () => lease(from, 2, 0),
        () => lease(from, 1, 0),
        () => from.store.history.groups.nack(groupOf(stores.seq), [{ messageSeq: 0, times: 1 }], from.now),
      ];
      const seen = [await origin.fingerprint(stores.seq)];
      for (const change of changes) {
        await change();
        seen.push(await origin.fingerprint(stores.seq));
      }
      expect(new Set(seen).size).toBe(changes.length);
      expect(seen.at(-1)).toBe(seen.at(-2)!);
    });
  });
}
