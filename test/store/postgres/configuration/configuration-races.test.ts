import { afterAll, describe, expect, test } from "bun:test";
import type { Session } from "../../../../src/store/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { ALL } from "../../pages.ts";
import { newToken } from "../../suites/configuration/tokens.ts";
import { atOnce } from "../at-once.ts";
import { closeSharedServer, openShared } from "../open.ts";

afterAll(closeSharedServer);

const hash = (fill: number) => new Uint8Array(32).fill(fill);

/** Makes everybody wait who creates something in an environment, or an endpoint in an application. */
const ENVIRONMENTS = "SELECT 1 FROM environment FOR UPDATE";
const APPLICATIONS = "SELECT 1 FROM application FOR UPDATE";

/** Checks the results of two writes, of which either may have been the first. */
function expectOneEach(results: readonly unknown[], first: unknown, second: unknown): void {
  expect([
    [first, second],
    [second, first],
  ]).toContainEqual([...results]);
}

describe.skipIf(!hasPostgres)("the configuration of two instances that share a PostgreSQL database", () => {
  test("a name that both instances use at the same time is taken by one of them", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const stores = [world.store, other] as const;
    const [one, two] = [world.newApplication({ uid: "app" }), world.newApplication({ uid: "app" })];
    expectOneEach(
      await atOnce(sql, ENVIRONMENTS, () => [
        stores[0].configuration.applications.create(one),
        stores[1].configuration.applications.create(two),
      ]),
      true,
      false,
    );
    const [type, sameType] = [world.newEventType(), world.newEventType()];
    expectOneEach(
      await atOnce(sql, ENVIRONMENTS, () => [
        stores[0].configuration.eventTypes.create(type),
        stores[1].configuration.eventTypes.create(sameType),
      ]),
      true,
      false,
    );
    const [source, sameSource] = [world.newSource({ uid: "source" }), world.newSource({ uid: "source" })];
    const createSource = (index: 0 | 1, created: typeof source) =>
      stores[index].configuration.sources.create(created, world.applicationOf(created), null);
    expectOneEach(
      await atOnce(sql, ENVIRONMENTS, () => [createSource(0, source), createSource(1, sameSource)]),
      true,
      false,
    );
    const [endpoint, sameEndpoint] = [world.newEndpoint({ uid: "ep" }), world.newEndpoint({ uid: "ep" })];
    expectOneEach(
      await atOnce(sql, APPLICATIONS, () => [
        stores[0].configuration.endpoints.create(endpoint, "whsec_c2VjcmV0"),
        stores[1].configuration.endpoints.create(sameEndpoint, "whsec_c2VjcmV0"),
      ]),
      true,
      false,
    );
  });

  test("a token whose hash both instances store at the same time is stored once", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const [one, two] = [newToken(world), newToken(world)];
    const results = await atOnce(sql, ENVIRONMENTS, () => [
      world.store.configuration.tokens.create(one, hash(1)).then(
        () => true,
        () => false,
      ),
      other.configuration.tokens.create(two, hash(1)).then(
        () => true,
        () => false,
      ),
    ]);
    expectOneEach(results, true, false);
    expect(await world.store.configuration.tokens.list()).toHaveLength(1);
  });

  test("what is created in an environment while another instance deletes it is deleted too", async () => {
    await using shared = await openShared();
    const { world, sql } = shared;
    const { environments, applications, eventTypes, sources, tokens, payloadVersions } = world.store.configuration;
    const environment = await world.addEnvironment("other");
    const environmentSeq = environment.seq;
    const application = world.newApplication({ environmentSeq });
    const source = world.newSource({ environmentSeq });
    const put = { ...world.newEventType({ environmentSeq, name: "put" }) };
    // One process groups its writes, so each of them waits alone.
    for (const create of [
      () => applications.create(application),
      () => eventTypes.create(world.newEventType({ environmentSeq })),
      () => eventTypes.put(put, () => ({})),
      () => sources.create(source, world.applicationOf(source), { text: "token", sha256: hash(2) }),
      () => tokens.create(newToken(world, { environmentSeq }), hash(1)),
      () => world.addPayloadVersion("2026-01-01", { environmentSeq }),
    ]) {
      await sql`INSERT INTO environment (seq, name, created_at) VALUES (${environmentSeq}, 'other', 1) ON CONFLICT DO NOTHING`;
      await atOnce(sql, `DELETE FROM environment WHERE seq = ${environmentSeq}`, () => [create()]);
    }
    expect(await environments.get(environmentSeq)).toBeNull();
    expect(await applications.get(application.seq)).toBeNull();
    expect(await applications.get(source.applicationSeq)).toBeNull();
    expect(await sources.get(source.seq)).toBeNull();
    expect(await sources.withToken(hash(2), 0)).toBeNull();
    expect(await tokens.list()).toEqual([]);
    expect(await payloadVersions.all(environmentSeq)).toEqual([]);
    const types = { limit: 10, from: null, backwards: false, includeArchived: true };
    expect((await eventTypes.list(environmentSeq, types)).rows).toEqual([]);
  });

  test("an endpoint that is created while another instance deletes its application is deleted too", async () => {
    await using shared = await openShared();
    const { world, sql } = shared;
    const { endpoints } = world.store.configuration;
    const [first, second] = [world.newEndpoint(), world.newEndpoint()];
    await atOnce(sql, `UPDATE application SET deleted_at = 1 WHERE seq = ${world.application.seq}`, () => [
      endpoints.create(first, "whsec_c2VjcmV0"),
    ]);
    expect(await endpoints.create(second, "whsec_c2VjcmV0", 10)).toBe(true);
    for (const { seq } of [first, second]) expect((await endpoints.get(seq))?.deleted).toBe(true);
    expect((await endpoints.active(world.application.seq)).map(({ seq }) => seq)).toEqual([world.endpoint.seq]);
  });

  test("a message that an instance accepts for an application that another one has deleted can be ended", async () => {
    await using shared = await openShared();
    const { world, other } = shared;
    expect(await other.configuration.applications.delete(world.application.seq, world.now)).toEqual([
      world.endpoint.seq,
    ]);
    await world.send();
    const lanes = await other.queue.pendingLanes({ validUntil: world.now, owns: () => true }, 0, 10);
    expect(lanes.map(({ endpointSeq }) => endpointSeq)).toEqual([world.endpoint.seq]);
    expect((await other.configuration.endpoints.get(world.endpoint.seq))?.deleted).toBe(true);
    expect(await other.queue.bury(world.endpoint.seq, "cancelled", world.now, 10)).toBe(1);
    expect(await world.waiting()).toEqual([]);
  });

  test("both instances together create no more endpoints than an application may have", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const [one, two] = [world.newEndpoint(), world.newEndpoint()];
    expectOneEach(
      await atOnce(sql, APPLICATIONS, () => [
        world.store.configuration.endpoints.create(one, "whsec_c2VjcmV0", 2),
        other.configuration.endpoints.create(two, "whsec_c2VjcmV0", 2),
      ]),
      true,
      "full",
    );
  });

  test("both instances together create no more payload versions than an environment may have", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const fields = { environmentSeq: world.environment.seq, description: "", eventTypes: null, downgrade: null };
    const rest = { deprecatedAt: null, sunsetAt: null, deletedSeq: null, createdAt: 1, updatedAt: 1 };
    const results = await atOnce(sql, ENVIRONMENTS, () => [
      world.addPayloadVersion("2026-01-01", {}, 1),
      other.configuration.payloadVersions.create(
        { ...fields, ...rest, version: "2026-02-01" },
        () => world.seqs.next(),
        1,
      ),
    ]);
    expect(results.filter((result) => result === "full")).toHaveLength(1);
    expect(await other.configuration.payloadVersions.all(world.environment.seq)).toHaveLength(1);
  });

  test("a payload version is not deleted while another instance pins an endpoint to it", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    await world.addPayloadVersion("2026-01-01");
    const endpoint = world.newEndpoint({ apiVersion: "2026-01-01" });
    const [created, deleted] = await atOnce(sql, "SELECT 1 FROM payload_version FOR UPDATE", () => [
      world.store.configuration.endpoints.create(endpoint, "whsec_c2VjcmV0"),
      other.configuration.payloadVersions.delete(world.environment.seq, "2026-01-01", () => world.seqs.next()),
    ]);
    expect([
      [true, "in use"],
      ["no version", "deleted"],
    ]).toContainEqual([created, deleted]);
  });

  test("the token of a source is not replaced more often than allowed by two instances together", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const { seq } = await world.addSource();
    const at = { now: world.now, oldExpiresAt: world.now + 1, limit: { rotationsMax: 1, since: 0 } };
    expectOneEach(
      await atOnce(sql, "SELECT 1 FROM source FOR UPDATE", () => [
        world.store.configuration.sources.rotateToken(seq, { text: "one", sha256: hash(1) }, at),
        other.configuration.sources.rotateToken(seq, { text: "two", sha256: hash(2) }, at),
      ]),
      "rotated",
      "limited",
    );
    expect(await other.configuration.sources.tokens(seq, world.now)).toHaveLength(2);
  });

  test("the requests of a source that two instances count add up", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const { seq } = await world.addSource();
    const added = new Map([[seq, { stored: 3, duplicate: 2, refused: 1, limited: 0, handshake: 5 }]]);
    await atOnce(sql, "SELECT 1 FROM source FOR UPDATE", () => [
      world.store.configuration.sources.count(added),
      other.configuration.sources.count(added),
    ]);
    const counts = { stored: 6, duplicate: 4, refused: 2, limited: 0, handshake: 10 };
    expect(await world.store.configuration.sources.counts(seq)).toEqual(counts);
  });

  test("a person who logs in at two instances at the same time has no more sessions than allowed", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const newSession = (): Session => ({
      ...{ seq: world.seqs.next(), environmentSeq: null, ownerSha256: hash(9), tokenSeq: null, unsignedJwt: null },
      ...{ user: null, name: "root", userAgent: "", address: "", createdAt: world.now },
      ...{ lastUsedAt: world.now, expiresAt: world.now + 1000 },
    });
    const { sessions } = world.store.configuration;
    await sessions.create(newSession(), hash(1), 1);
    await atOnce(sql, "SELECT 1 FROM session FOR UPDATE", () => [
      sessions.create(newSession(), hash(2), 1),
      other.configuration.sessions.create(newSession(), hash(3), 1),
    ]);
    const filter = { environmentSeq: world.environment.seq, includesRoot: true, now: world.now };
    expect((await other.configuration.sessions.list(filter, ALL)).rows).toHaveLength(1);
  });
});
