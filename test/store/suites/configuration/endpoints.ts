import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ExactObject, parseExact } from "../../../../src/core/exact-json.ts";
import type { Endpoint } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import { ALL, expectPages } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

const everyField: Partial<Endpoint> = {
  uid: "endpoint-1",
  url: "https://user:word@hook.example:8443/p?q=1",
  description: "Für alle",
  disabled: true,
  eventTypes: ["order.paid"],
  channels: ["eu"],
  metadata: { team: "a" },
  headers: { "X-Custom": "1" },
  auth: { type: "bearer", token: "secret" } as const,
  tls: { ca: "a certificate" },
  version: 3,
  throttleRate: 9,
  concurrency: 2,
  ordering: "fifo",
  filter: parseExact('{"payload":{"id":9007199254740993,"rate":1.50}}') as ExactObject,
  apiVersion: "2026-11-01",
  payloadMode: "reference",
  timeoutMs: 2500,
  retryScheduleMs: [1000, 2000],
  paused: true,
  failingSince: 1_700_000_000_000,
};

export function endpointsSuite(open: Open): void {
  describe("endpoints", () => {
    test("after a restart, endpoints are found by number and by uid, unchanged", async () => {
      await using world = await Furnished.open(open);
      await world.addPayloadVersion("2026-11-01");
      const endpoint = await world.addEndpoint(everyField);
      await world.reopen();
      const { endpoints } = world.store.configuration;
      expect(await endpoints.find(world.application.seq, { seq: endpoint.seq })).toEqual(endpoint);
      expect(await endpoints.find(world.application.seq, { uid: "endpoint-1" })).toEqual(endpoint);
      expect(await endpoints.get(endpoint.seq)).toEqual({
        ...endpoint,
        environmentSeq: world.environment.seq,
        applicationThrottleRate: null,
        isOperational: false,
        deleted: false,
      });
    });

    test("an endpoint that is read includes the throttle rate of its application", async () => {
      await using world = await Furnished.open(open);
      await world.store.configuration.applications.update(world.application.seq, () => ({ throttleRate: 7 }));
      expect(await world.store.configuration.endpoints.get(world.endpoint.seq)).toMatchObject({
        applicationThrottleRate: 7,
      });
    });

    test("endpoints are found only in their own application", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      await world.addEndpoint({ uid: "endpoint-1" });
      expect(await world.store.configuration.endpoints.find(other.seq, { seq: world.endpoint.seq })).toBeNull();
      expect(await world.store.configuration.endpoints.find(other.seq, { uid: "endpoint-1" })).toBeNull();
      expect(await world.store.configuration.endpoints.get(world.seqs.next())).toBeNull();
    });

    test("the endpoints with a next challenge are listed by its time, without disabled and deleted ones", async () => {
      await using world = await Furnished.open(open);
      const { endpoints } = world.store.configuration;
      const add = (nextAt: number | null, more: object = {}) => {
        const challenge = { since: 1, tries: 0, nextAt, failure: null, staysPaused: false };
        return world.addEndpoint({ paused: true, challenge, ...more });
      };
      const later = await add(300);
      const sooner = await add(200);
      const deleted = await add(100);
      await add(null);
      await add(100, { disabled: true });
      await endpoints.delete(deleted.seq, world.now);
      const expected = [sooner, later].map(({ seq, applicationSeq, challenge }) => ({
        ...{ seq, applicationSeq },
        nextAt: challenge!.nextAt!,
      }));
      expect(await endpoints.challenged(10, [])).toEqual(expected);
      expect(await endpoints.challenged(1, [])).toEqual(expected.slice(0, 1));
      await endpoints.update(sooner.seq, () => ({ challenge: null, paused: false }));
      expect(await endpoints.challenged(10, [])).toEqual(expected.slice(1));
    });

    test("the endpoints with a next challenge are listed without those of excepted applications", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const challenge = { since: 1, tries: 0, nextAt: 100, failure: null, staysPaused: false };
      await world.addEndpoint({ paused: true, challenge });
      const next = { ...challenge, nextAt: 200 };
      const { seq } = await world.addEndpoint({ paused: true, challenge: next, applicationSeq: other.seq });
      const { endpoints } = world.store.configuration;
      const listed = await endpoints.challenged(1, [world.application.seq]);
      expect(listed).toEqual([{ seq, applicationSeq: other.seq, nextAt: 200 }]);
      expect(await endpoints.challenged(10, [world.application.seq, other.seq])).toEqual([]);
    });

    test("endpoint uids are unique within their application and can be reused after a deletion", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const first = await world.addEndpoint({ uid: "same" });
      const second = world.newEndpoint({ uid: "same" });
      expect(await world.store.configuration.endpoints.create(second, "whsec_b3RoZXI=")).toBe(false);
      expect(await world.store.configuration.endpoints.get(second.seq)).toBeNull();
      expect(await world.store.configuration.endpoints.secrets(second.seq, world.now)).toEqual([]);
      await world.addEndpoint({ uid: "same", applicationSeq: other.seq });
      await world.store.configuration.endpoints.delete(first.seq, world.now);
      expect(await world.store.configuration.endpoints.create(second, "whsec_b3RoZXI=")).toBe(true);
    });

    test("if an application has the maximum number of endpoints, another is stored only after one is deleted", async () => {
      await using world = await Furnished.open(open);
      const { endpoints } = world.store.configuration;
      const first = await world.addEndpoint({ disabled: true });
      const held = (await endpoints.ever(world.application.seq)).length;
      const next = world.newEndpoint({ uid: "next" });
      expect(await endpoints.create(next, "whsec_b3RoZXI=", held)).toBe("full");
      expect(await endpoints.get(next.seq)).toBeNull();
      await endpoints.delete(first.seq, world.now);
      expect(await endpoints.create(next, "whsec_b3RoZXI=", held)).toBe(true);
    });

    test("a new filter is checked together with the others of its application, and stored only if it may be", async () => {
      await using world = await Furnished.open(open);
      const { endpoints } = world.store.configuration;
      const checked: (readonly string[])[] = [];
      const check = (filters: readonly string[]) => {
        checked.push(filters.toSorted());
        if (filters.length > 2) throw new Error("too many");
      };
      const filterOf = (a: number) => ({ payload: { a } });
      const other = await world.addApplication();
      await world.addEndpoint({ filter: filterOf(1), applicationSeq: other.seq });
      const deleted = await world.addEndpoint({ filter: filterOf(2) });
      await endpoints.delete(deleted.seq, world.now);
      const first = world.newEndpoint({ filter: filterOf(3), disabled: true });
      const second = world.newEndpoint({});
      const third = world.newEndpoint({ filter: filterOf(5) });
      for (const one of [first, second]) expect(await endpoints.create(one, "whsec_b3RoZXI=", 99, check)).toBe(true);
      await endpoints.update(second.seq, () => ({ filter: filterOf(4) }), check);
      await endpoints.update(second.seq, () => ({ description: "new" }), check);
      await expect(endpoints.create(third, "whsec_b3RoZXI=", 99, check)).rejects.toThrow("too many");
      expect(await endpoints.get(third.seq)).toBeNull();
      await endpoints.create({ ...third, filter: null }, "whsec_b3RoZXI=", 99, check);
      await expect(endpoints.update(third.seq, () => ({ filter: filterOf(6) }), check)).rejects.toThrow("too many");
      expect((await endpoints.get(third.seq))!.filter).toBeNull();
      // A write that throws may be tried again by itself.
      const distinct = [...new Set(checked.map((filters) => filters.join()))];
      const [three, four, five, six] = [3, 4, 5, 6].map((a) => JSON.stringify(filterOf(a)));
      const pair = `${three},${four}`;
      expect(distinct).toEqual([three!, pair, `${pair},${five}`, `${pair},${six}`]);
    });

    test("an update changes all given fields of an endpoint except immutable ones", async () => {
      await using world = await Furnished.open(open);
      await world.addPayloadVersion("2026-11-01");
      const changed = { ...world.endpoint, ...everyField, updatedAt: world.now + 1 };
      const update = await world.store.configuration.endpoints.update(changed.seq, () => ({
        ...changed,
        seq: 1,
        createdAt: 1,
      }));
      expect(update).toEqual({ before: world.endpoint, after: changed });
      expect(await world.store.configuration.endpoints.find(world.application.seq, { seq: changed.seq })).toEqual(
        changed,
      );
    });

    test("an update that sets a uid already in use does not change the endpoint", async () => {
      await using world = await Furnished.open(open);
      await world.addEndpoint({ uid: "taken" });
      const { seq } = world.endpoint;
      const change = { uid: "taken", ordering: "fifo", description: "x" } as const;
      expect(await world.store.configuration.endpoints.update(seq, () => change)).toBe("taken");
      expect(await world.store.configuration.endpoints.find(world.application.seq, { seq })).toEqual(world.endpoint);
    });

    test("an update whose callback throws does not change the endpoint and rejects with that error", async () => {
      await using world = await Furnished.open(open);
      const { seq } = world.endpoint;
      const refusal = new Error("refused");
      const refused = world.store.configuration.endpoints.update(seq, () => {
        throw refusal;
      });
      const other = world.store.configuration.endpoints.update(seq, ({ metadata }) => ({
        metadata: { ...metadata, a: "1" },
      }));
      expect(await refused.catch((error) => error)).toBe(refusal);
      expect(await other).toMatchObject({ after: { metadata: { a: "1" } } });
    });

    test("concurrent changes to an endpoint are all kept, even if one of them is an automatic disabling", async () => {
      await using world = await Furnished.open(open);
      const { seq } = world.endpoint;
      await world.send();
      const [delivery] = await world.waiting();
      const dead = { state: "dead", reason: "gone" } as const;
      const changes = { disableEndpoint: true };
      const { endpoints } = world.store.configuration;
      const { settle } = world.store.queue;
      const updates = await Promise.all([
        endpoints.update(seq, () => ({ description: "x" })),
        settle([world.settlement(delivery!, dead, changes)]),
        endpoints.update(seq, ({ headers }) => ({ headers: { ...headers, A: "1" } })),
        endpoints.update(seq, ({ headers }) => ({ headers: { ...headers, B: "2" } })),
      ]);
      expect(updates.at(-1)).toMatchObject({ before: { disabled: true } });
      expect(await endpoints.get(seq)).toMatchObject({
        description: "x",
        disabled: true,
        failingSince: world.now,
        headers: { A: "1", B: "2" },
      });
    });

    test("`get` returns a deleted endpoint, but it is not found, listed or active and cannot be changed", async () => {
      await using world = await Furnished.open(open);
      await world.store.configuration.endpoints.delete(world.endpoint.seq, world.now);
      expect(await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ description: "x" }))).toBe(
        "gone",
      );
      await world.reopen();
      const { endpoints } = world.store.configuration;
      expect(await endpoints.get(world.endpoint.seq)).toMatchObject({ ...world.endpoint, deleted: true });
      expect(await endpoints.find(world.application.seq, { seq: world.endpoint.seq })).toBeNull();
      expect((await endpoints.list(world.application.seq, ALL)).rows).toEqual([]);
      expect(await endpoints.active(world.application.seq)).toEqual([]);
    });

    test("`ever` returns all endpoints that an application has had, in order of creation", async () => {
      await using world = await Furnished.open(open);
      const elsewhere = await world.addApplication();
      await world.addEndpoint({ applicationSeq: elsewhere.seq });
      const [deleted, disabled] = [await world.addEndpoint(), await world.addEndpoint({ disabled: true })];
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      const ever = await world.store.configuration.endpoints.ever(world.application.seq);
      expect(ever).toEqual([world.endpoint.seq, deleted.seq, disabled.seq]);
    });

    test("endpoints are active unless they are disabled", async () => {
      await using world = await Furnished.open(open);
      await world.addEndpoint({ disabled: true });
      const paused = await world.addEndpoint({ paused: true });
      expect(await world.store.configuration.endpoints.active(world.application.seq)).toEqual(
        [world.endpoint, paused].map(({ seq, eventTypes, channels }) => ({ seq, eventTypes, channels, filter: null })),
      );
    });

    test("active endpoints have their filters as JSON, with numbers as they were", async () => {
      await using world = await Furnished.open(open);
      const text = '{"payload":{"id":9007199254740993,"rate":1.50}}';
      const { seq } = await world.addEndpoint({ filter: parseExact(text) as ExactObject });
      const active = await world.store.configuration.endpoints.active(world.application.seq);
      expect(active.find((endpoint) => endpoint.seq === seq)?.filter).toBe(text);
    });

    test("endpoints are paged in both directions and both orders", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const rows = [world.endpoint];
      for (let i = 0; i < 9; i++) {
        rows.push(await world.addEndpoint());
        await world.addEndpoint({ applicationSeq: other.seq });
      }
      await expectPages(
        rows,
        fc.constant(null),
        () => true,
        (_, page) => world.store.configuration.endpoints.list(world.application.seq, page),
      );
    });
  });
}
