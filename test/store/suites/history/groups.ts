import { describe, expect, test } from "bun:test";
import type { GroupKey, Lease, LeaseOptions } from "../../../../src/store/index.ts";
import { bytes, DAY_MS, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const LEASE_MS = 1000;

/** The group of an application and its messages, by their index. */
class Group {
  private constructor(
    readonly world: Furnished,
    readonly key: GroupKey,
  ) {}

  static in(world: Furnished, group = "workers"): Group {
    return new Group(world, { applicationSeq: world.application.seq, sink: "main", group });
  }

  options(change: Partial<LeaseOptions> = {}): LeaseOptions {
    const { now } = this.world;
    const limits = { limit: 10, bytesMax: 1_000_000, groupsMax: 3, leasesMax: 100 };
    return { ...limits, now, endsAt: now + LEASE_MS, begin: 0, ...change };
  }

  async lease(change: Partial<LeaseOptions> = {}): Promise<readonly Lease[]> {
    const leases = await this.world.store.history.groups.lease(this.key, this.options(change));
    if (leases === "full") throw new Error("There are too many groups.");
    return leases;
  }

  ack(leases: readonly Lease[]): Promise<readonly Lease[]> {
    return this.world.store.history.groups.ack(this.key, leases, this.world.now);
  }

  nack(leases: readonly Lease[]): Promise<void> {
    return this.world.store.history.groups.nack(this.key, leases, this.world.now);
  }
}

const seqs = (leases: readonly Lease[]) => leases.map(({ messageSeq }) => messageSeq);

export function groupsSuite(open: Open): void {
  describe("groups of pollers", () => {
    test("calls of a group lease different messages, oldest first, also after a restart", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      const messages = (await world.sendMany(5)).map(({ seq }) => seq);
      expect(seqs(await group.lease({ limit: 2 }))).toEqual(messages.slice(0, 2));
      await world.reopen();
      expect(seqs(await group.lease({ limit: 2 }))).toEqual(messages.slice(2, 4));
      expect(seqs(await group.lease({ limit: 2 }))).toEqual(messages.slice(4));
      expect(await group.lease()).toEqual([]);
      expect(seqs(await Group.in(world, "others").lease())).toEqual(messages);
    });

    test("a new group begins after the given number, and an existing one keeps its cursor", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      const messages = (await world.sendMany(4)).map(({ seq }) => seq);
      expect(seqs(await group.lease({ begin: messages[1]!, limit: 1 }))).toEqual([messages[2]!]);
      expect(seqs(await group.lease({ begin: 0 }))).toEqual([messages[3]!]);
    });

    test("messages whose lease has ended are leased again, before new ones, and the first lease is of no use", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      await world.sendMany(3);
      const first = await group.lease({ limit: 2 });
      world.now += LEASE_MS - 1;
      expect(await group.lease({ limit: 0 })).toEqual([]);
      world.now += 1;
      expect(await group.ack([first[0]!])).toEqual([first[0]!]);
      const second = await group.lease();
      expect(second.map(({ times }) => times)).toEqual([2, 2, 1]);
      expect(seqs(second).slice(0, 2)).toEqual(seqs(first));
      expect(await group.ack(first)).toEqual(first);
      expect(await group.ack(second)).toEqual([]);
      world.now += DAY_MS;
      expect(await group.lease()).toEqual([]);
    });

    test("acknowledged messages are not leased again, also after a restart, and may be acknowledged twice", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      await world.sendMany(2);
      const leases = await group.lease();
      expect(await group.ack(leases)).toEqual([]);
      await world.reopen();
      expect(await group.ack(leases)).toEqual([]);
      world.now += DAY_MS;
      expect(await group.lease()).toEqual([]);
    });

    test("if one of several leases has ended, none is acknowledged", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      await world.sendMany(2);
      const [old] = await group.lease({ limit: 1, endsAt: world.now + 1 });
      const [current] = await group.lease({ limit: 1 });
      world.now += 1;
      expect(await group.ack([current!, old!])).toEqual([old!]);
      world.now += LEASE_MS;
      expect(new Set(seqs(await group.lease()))).toEqual(new Set(seqs([old!, current!])));
    });

    test("a lease of a message that the group has not come to, or of an unknown group, has ended", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      const [first, second] = await world.sendMany(2);
      expect(await group.ack([{ messageSeq: first!.seq, times: 1 }])).toHaveLength(1);
      await group.lease({ limit: 1 });
      expect(await group.ack([{ messageSeq: second!.seq, times: 1 }])).toHaveLength(1);
    });

    test("messages that are given back are leased again at once", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      await world.sendMany(2);
      const leases = await group.lease();
      await group.nack([leases[1]!]);
      expect(await group.ack([leases[1]!])).toEqual([leases[1]!]);
      const again = await group.lease();
      expect(again).toEqual([{ messageSeq: leases[1]!.messageSeq, times: 2 }]);
      // The first lease no longer counts.
      await group.nack([leases[1]!]);
      expect(await group.lease()).toEqual([]);
      await Group.in(world, "unknown").nack(leases);
    });

    test("messages that are no longer stored are skipped", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      const old = await world.send({}, []);
      expect(seqs(await group.lease())).toEqual([old.seq]);
      world.now += DAY_MS;
      const young = await world.send({}, []);
      await world.store.housekeeping.prune(world.now, world.now, 100);
      expect(await world.store.history.messages.get(old.seq)).toBeNull();
      expect(seqs(await group.lease())).toEqual([young.seq]);
      world.now += LEASE_MS;
      expect(seqs(await group.lease())).toEqual([young.seq]);
    });

    test("payloads that do not fit are left for the next call, but one message is always leased", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      const payload = bytes(`"${"x".repeat(98)}"`);
      const messages = (await world.sendMany(4, { payload })).map(({ seq }) => seq);
      expect(seqs(await group.lease({ bytesMax: 250 }))).toEqual(messages.slice(0, 2));
      expect(seqs(await group.lease({ bytesMax: 1 }))).toEqual(messages.slice(2, 3));
      world.now += LEASE_MS;
      expect(await group.lease({ bytesMax: 250 })).toHaveLength(2);
    });

    test("a group has at most `leasesMax` leases, and those that have ended are still leased again", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      await world.sendMany(5);
      expect(await group.lease({ leasesMax: 2 })).toHaveLength(2);
      expect(await group.lease({ leasesMax: 2 })).toEqual([]);
      world.now += LEASE_MS;
      const again = await group.lease({ leasesMax: 2 });
      expect(again.map(({ times }) => times)).toEqual([2, 2]);
      await group.ack([again[0]!]);
      expect(await group.lease({ leasesMax: 2 })).toHaveLength(1);
    });

    test("the number of groups per application is limited, and existing groups still work at the limit", async () => {
      await using world = await Furnished.open(open);
      const groups = ["a", "b", "c", "d"].map((name) => Group.in(world, name));
      for (const group of groups.slice(0, 3)) await group.lease();
      expect(await world.store.history.groups.lease(groups[3]!.key, groups[3]!.options())).toBe("full");
      await world.send();
      expect(await groups[0]!.lease()).toHaveLength(1);
    });

    test("deleting an application deletes its groups, and a later call creates none", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      await world.sendMany(2);
      const leases = await group.lease();
      await world.store.configuration.applications.delete(world.application.seq, world.now);
      expect(await group.ack(leases)).toEqual(leases);
      expect(await group.lease()).toEqual([]);
    });

    test("concurrent calls of many workers lease each message to one of them", async () => {
      await using world = await Furnished.open(open);
      const group = Group.in(world);
      const messages = (await world.sendMany(100)).map(({ seq }) => seq);
      const leased = await Promise.all(Array.from({ length: 30 }, () => group.lease({ limit: 4 })));
      expect(leased.flatMap(seqs).toSorted((a, b) => a - b)).toEqual(messages);
    });
  });
}
