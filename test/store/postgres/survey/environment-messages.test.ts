import { afterAll, describe, expect, test } from "bun:test";
import { hasPostgres } from "../../../support/postgres.ts";
import { NEWEST_FIRST } from "../../pages.ts";
import { closeSharedServer, openShared } from "../open.ts";

afterAll(closeSharedServer);

/** More messages than one request compares. */
const OTHERS = 165_000;

describe.skipIf(!hasPostgres)("the messages of an environment on PostgreSQL", () => {
  test("a request finds the few messages of an environment, however many other environments have", async () => {
    await using shared = await openShared();
    const { world, sql } = shared;
    const { seq: environmentSeq } = await world.addEnvironment("small");
    const { seq: applicationSeq } = await world.addApplication({ environmentSeq });
    const own = world.newMessage({ applicationSeq }, []);
    await world.store.queue.accept([own]);
    await sql`INSERT INTO message (seq, application_seq, accepted_at, event_type, payload)
      SELECT ${own.seq} + number, ${world.application.seq}, ${world.now}, 'a', ''
      FROM generate_series(1, ${OTHERS}) AS number`;
    const list = (filter: object, limit = 10) =>
      world.store.survey.messages(environmentSeq, filter, { ...NEWEST_FIRST, limit });
    const found = await list({});
    expect(found.rows.map(({ seq }) => seq)).toEqual([own.seq]);
    expect(found).toMatchObject({ more: false });
    expect(await list({ eventTypes: ["unknown"] })).toMatchObject({ rows: [], more: false });
  }, 120_000);

  test("the messages of an environment with many applications are listed newest first", async () => {
    await using shared = await openShared();
    const { world } = shared;
    const messages = [];
    for (let i = 0; i < 105; i++) {
      const { seq: applicationSeq } = await world.addApplication();
      messages.push(world.newMessage({ applicationSeq }, []));
    }
    await world.store.queue.accept(messages);
    const { seq: environmentSeq } = await world.addEnvironment("other");
    const { seq: foreign } = await world.addApplication({ environmentSeq });
    await world.store.queue.accept([world.newMessage({ applicationSeq: foreign }, [])]);
    const { rows, more } = await world.store.survey.messages(world.environment.seq, {}, { ...NEWEST_FIRST, limit: 90 });
    expect(rows.map(({ seq }) => seq)).toEqual(
      messages
        .map(({ seq }) => seq)
        .toReversed()
        .slice(0, 90),
    );
    expect(more).toBe(true);
  }, 60_000);
});
