import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { EndpointState, EnvironmentEndpoint, EnvironmentEndpointFilter } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import { expectPages, NEWEST_FIRST, optional } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

const STATES: Readonly<Record<EndpointState, object>> = {
  healthy: {},
  failing: { failingSince: 5 },
  paused: { paused: true, failingSince: 5 },
  disabled: { disabled: true, paused: true, failingSince: 5, disabledAt: 6, disabledCause: "failing" },
};

export function environmentEndpointsSuite(open: Open): void {
  describe("endpoints of an environment", () => {
    test("endpoints of all applications and sources are listed with their application and without secrets", async () => {
      await using world = await Furnished.open(open);
      const customer = await world.addApplication({ uid: "acme", name: "Acme" });
      const own = await world.addEndpoint({
        applicationSeq: customer.seq,
        url: "https://user:secret@acme.example/",
        headers: { "x-key": "secret" },
      });
      const source = await world.addSource({ name: "Shop" });
      const received = await world.addEndpoint({ applicationSeq: source.applicationSeq });
      await world.reopen();
      const { rows } = await world.store.survey.endpoints(world.environment.seq, {}, NEWEST_FIRST);
      expect(rows.map(({ seq, application }) => ({ seq, application }))).toEqual([
        {
          seq: received.seq,
          application: { seq: source.applicationSeq, name: "Shop", uid: null, sourceSeq: source.seq },
        },
        { seq: own.seq, application: { seq: customer.seq, name: "Acme", uid: "acme", sourceSeq: null } },
        {
          seq: world.endpoint.seq,
          application: { seq: world.application.seq, name: "Application", uid: null, sourceSeq: null },
        },
      ]);
      expect(JSON.stringify(rows)).not.toContain("secret");
      expect(rows[1]).toMatchObject({ url: "https://user:***@acme.example/", updatedAt: own.updatedAt });
    });

    test("deleted endpoints, and those of deleted and hidden applications and other environments, are not listed", async () => {
      await using world = await Furnished.open(open);
      const { applications, endpoints } = world.store.configuration;
      const other = await world.addEnvironment("other");
      const foreign = await world.addApplication({ environmentSeq: other.seq });
      await world.addEndpoint({ applicationSeq: foreign.seq });
      const deleted = await world.addApplication();
      await world.addEndpoint({ applicationSeq: deleted.seq });
      await applications.delete(deleted.seq, world.now);
      const hidden = await applications.ensureOperational(world.newApplication());
      await world.addEndpoint({ applicationSeq: hidden.seq });
      await endpoints.delete((await world.addEndpoint()).seq, world.now);
      const list = (filter: EnvironmentEndpointFilter) =>
        world.store.survey.endpoints(world.environment.seq, filter, NEWEST_FIRST);
      expect((await list({})).rows.map(({ seq }) => seq)).toEqual([world.endpoint.seq]);
      for (const { seq } of [foreign, deleted, hidden]) {
        expect((await list({ applicationSeq: seq })).rows).toEqual([]);
      }
    });

    test.each(Object.entries(STATES))("an endpoint has the state %s", async (state, change) => {
      await using world = await Furnished.open(open);
      const endpoint = await world.addEndpoint(change);
      const { rows } = await world.store.survey.endpoints(world.environment.seq, {}, NEWEST_FIRST);
      expect(rows[0]).toMatchObject({ seq: endpoint.seq, state });
    });

    test("an endpoint has the reason of its latest failure until an attempt succeeds", async () => {
      await using world = await Furnished.open(open);
      const { seq: endpointSeq } = await world.addEndpoint();
      const find = async (filter: EnvironmentEndpointFilter) =>
        (await world.store.survey.endpoints(world.environment.seq, filter, NEWEST_FIRST)).rows.map(
          ({ seq, failureReason }) => ({ seq, failureReason }),
        );
      await world.sendDead({}, { endpointSeq });
      const failed = [{ seq: endpointSeq, failureReason: "status_5xx" as const }];
      expect(await find({ failureReasons: ["timeout", "status_5xx"] })).toEqual(failed);
      expect(await find({ failureReasons: ["timeout"] })).toEqual([]);
      await world.send({}, [endpointSeq]);
      const [delivery] = await world.waiting(endpointSeq);
      await world.settle(delivery!, { state: "delivered" });
      expect((await find({}))[0]).toEqual({ seq: endpointSeq, failureReason: null });
    });

    test("every page agrees with the filters, whatever they select", async () => {
      await using world = await Furnished.open(open);
      const second = await world.addApplication();
      for (const [i, change] of [...Object.values(STATES), ...Object.values(STATES)].entries()) {
        const applicationSeq = i % 3 === 0 ? second.seq : world.application.seq;
        await world.addEndpoint({ ...change, applicationSeq, url: `https://h${i % 2}.example/Path%_${i}` });
      }
      const environmentSeq = world.environment.seq;
      const all = await world.store.survey.endpoints(environmentSeq, {}, NEWEST_FIRST);
      expect(all.rows.length).toBe(9);
      const filters = optional<EnvironmentEndpointFilter>({
        applicationSeq: fc.constantFrom(world.application.seq, second.seq),
        states: fc.subarray(Object.keys(STATES) as EndpointState[], { minLength: 1 }),
        disabledCauses: fc.subarray(["gone", "failing"] as const, { minLength: 1 }),
        url: fc.constantFrom("H0.", "path%", "%", "_3", "nowhere"),
      });
      const passes = (row: EnvironmentEndpoint, filter: EnvironmentEndpointFilter) =>
        (filter.applicationSeq === undefined || row.applicationSeq === filter.applicationSeq) &&
        (filter.states === undefined || filter.states.includes(row.state)) &&
        (filter.disabledCauses === undefined ||
          (row.disabledCause !== null && filter.disabledCauses.includes(row.disabledCause))) &&
        (filter.url === undefined || row.url.toLowerCase().includes(filter.url.toLowerCase()));
      await expectPages(all.rows, filters, passes, (filter, page) =>
        world.store.survey.endpoints(environmentSeq, filter, page),
      );
    });
  });
}
