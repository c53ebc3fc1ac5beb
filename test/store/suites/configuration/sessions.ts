import { describe, expect, test } from "bun:test";
import { sessionIdleMs } from "../../../../src/core/session.ts";
import type { PageRequest, Session } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { newToken } from "./tokens.ts";

const DAY_MS = 86_400_000;
const MANY = 20;
const NEWEST: PageRequest = { limit: 10, from: null, backwards: false, order: "descending" };
const hash = (fill: number) => new Uint8Array(32).fill(fill);

/** Returns a session of a root token. */
function newSession(world: Furnished, change: Partial<Session> = {}): Session {
  return {
    seq: world.seqs.next(),
    environmentSeq: null,
    ownerSha256: hash(100),
    tokenSeq: null,
    unsignedJwt: null,
    user: null,
    name: "root",
    userAgent: "Browser",
    address: "192.0.2.1",
    createdAt: world.now,
    lastUsedAt: world.now,
    expiresAt: world.now + 30 * DAY_MS,
    ...change,
  };
}

const user = { issuer: "https://id.example", id: "42", name: "Ada", email: "ada@example.com", groups: ["ops"] };

export function sessionsSuite(open: Open): void {
  describe("sessions", () => {
    test("sessions are found by the hash of their secret after a restart", async () => {
      await using world = await Furnished.open(open);
      const { sessions } = world.store.configuration;
      const session = newSession(world, { user, unsignedJwt: "a.b" });
      await sessions.create(session, hash(1), MANY);
      await world.reopen();
      const reopened = world.store.configuration.sessions;
      expect(await reopened.withHash(hash(1), world.now)).toEqual(session);
      expect(await reopened.get(session.seq)).toEqual(session);
      expect(await reopened.withHash(hash(2), world.now)).toBeNull();
      expect(await reopened.get(world.seqs.next())).toBeNull();
    });

    test("a session is not found after its expiry or after its idle time", async () => {
      await using world = await Furnished.open(open);
      const { sessions } = world.store.configuration;
      const { now } = world;
      const session = newSession(world, { expiresAt: now + 10 * DAY_MS });
      await sessions.create(session, hash(1), MANY);
      expect(await sessions.withHash(hash(1), now + sessionIdleMs - 1)).not.toBeNull();
      expect(await sessions.withHash(hash(1), now + sessionIdleMs)).toBeNull();
      await sessions.use(session.seq, now + 6 * DAY_MS);
      await sessions.use(session.seq, now);
      expect(await sessions.withHash(hash(1), now + sessionIdleMs)).toMatchObject({ lastUsedAt: now + 6 * DAY_MS });
      expect(await sessions.withHash(hash(1), now + 10 * DAY_MS - 1)).not.toBeNull();
      expect(await sessions.withHash(hash(1), now + 10 * DAY_MS)).toBeNull();
    });

    test("a session is not found after its stored token expired or was revoked", async () => {
      await using world = await Furnished.open(open);
      const { sessions, tokens } = world.store.configuration;
      const { now } = world;
      const short = newToken(world, { expiresAt: now + 5 });
      const revoked = newToken(world);
      for (const [i, token] of [short, revoked].entries()) {
        await tokens.create(token, hash(50 + i));
        await sessions.create(newSession(world, { tokenSeq: token.seq, ownerSha256: hash(50 + i) }), hash(i), MANY);
      }
      expect(await sessions.withHash(hash(0), now + 4)).not.toBeNull();
      expect(await sessions.withHash(hash(0), now + 5)).toBeNull();
      expect(await sessions.withHash(hash(1), now)).not.toBeNull();
      await tokens.revoke(revoked.seq, now);
      expect(await sessions.withHash(hash(1), now)).toBeNull();
    });

    test("a session above the limit of its owner replaces the one that was used least recently", async () => {
      await using world = await Furnished.open(open);
      const { sessions } = world.store.configuration;
      const { now } = world;
      const ofOther = newSession(world, { ownerSha256: hash(101) });
      const [a, b, c] = [newSession(world), newSession(world), newSession(world)];
      await sessions.create(ofOther, hash(9), 2);
      await sessions.create(a, hash(1), 2);
      await sessions.create(b, hash(2), 2);
      await sessions.use(a.seq, now + 1);
      await sessions.create(c, hash(3), 2);
      const { rows } = await sessions.list({ environmentSeq: 0, includesRoot: true, now }, NEWEST);
      expect(rows.map(({ seq }) => seq)).toEqual([c.seq, a.seq, ofOther.seq]);
    });

    test("a list contains the live sessions of one environment, and those of root on request", async () => {
      await using world = await Furnished.open(open);
      const { sessions } = world.store.configuration;
      const { now } = world;
      const environmentSeq = world.environment.seq;
      const own = [newSession(world, { environmentSeq }), newSession(world, { environmentSeq })];
      const root = newSession(world);
      const others = [newSession(world, { environmentSeq, expiresAt: now }), newSession(world, { environmentSeq: 1 })];
      for (const [i, one] of [...own, root, ...others].entries()) await sessions.create(one, hash(i), MANY);
      const [first, second] = own;
      expect(await sessions.list({ environmentSeq, includesRoot: false, now }, NEWEST)).toEqual({
        rows: [second!, first!],
        more: false,
      });
      const page = await sessions.list({ environmentSeq, includesRoot: true, now }, { ...NEWEST, limit: 2 });
      expect(page).toEqual({ rows: [root, second!], more: true });
      const next = { ...NEWEST, limit: 2, from: second!.seq };
      expect((await sessions.list({ environmentSeq, includesRoot: true, now }, next)).rows).toEqual([first!]);
    });

    test("a session can be ended once", async () => {
      await using world = await Furnished.open(open);
      const { sessions } = world.store.configuration;
      const session = newSession(world);
      await sessions.create(session, hash(1), MANY);
      expect(await sessions.end(session.seq)).toBe(true);
      expect(await sessions.end(session.seq)).toBe(false);
      expect(await sessions.withHash(hash(1), world.now)).toBeNull();
    });

    test("the sessions of earlier root tokens are ended, but not those of users, JWTs and tokens", async () => {
      await using world = await Furnished.open(open);
      const { sessions } = world.store.configuration;
      const { now } = world;
      const all = [
        newSession(world, { ownerSha256: hash(102) }),
        newSession(world),
        newSession(world, { user }),
        newSession(world, { environmentSeq: 1, unsignedJwt: "a.b" }),
      ];
      for (const [i, one] of all.entries()) await sessions.create(one, hash(i), MANY);
      expect(await sessions.endOfRoot(hash(100))).toBe(1);
      const found = await Promise.all(all.map((_, i) => sessions.withHash(hash(i), now)));
      expect(found.map((one) => one !== null)).toEqual([false, true, true, true]);
      expect(await sessions.endOfRoot(null)).toBe(1);
      expect(await sessions.withHash(hash(1), now)).toBeNull();
    });

    test("housekeeping deletes the sessions that have ended, a limited number at a time", async () => {
      await using world = await Furnished.open(open);
      const { sessions } = world.store.configuration;
      const { now } = world;
      const ended = [1, 2, 3].map(() => newSession(world, { expiresAt: now }));
      const live = newSession(world);
      for (const [i, one] of [...ended, live].entries()) await sessions.create(one, hash(i), MANY);
      const left = async () =>
        (await Promise.all([...ended, live].map(({ seq }) => sessions.get(seq)))).filter(Boolean);
      await world.store.housekeeping.prune(now, now, 2);
      expect(await left()).toHaveLength(2);
      await world.store.housekeeping.prune(now, now, 2);
      expect(await left()).toEqual([live]);
    });
  });
}
