import { describe, expect, test } from "bun:test";
import type { PageRequest, Token, TokenState } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const OLDEST: PageRequest = { limit: 10, from: null, backwards: false, order: "ascending" };

const hash = (fill: number) => new Uint8Array(32).fill(fill);

export function newToken(world: Furnished, change: Partial<Token> = {}): Token {
  return {
    seq: world.seqs.next(),
    name: "Token",
    environmentSeq: world.environment.seq,
    applicationSeq: null,
    capabilities: null,
    scopes: null,
    readOnly: false,
    featureFlags: [],
    sessionId: null,
    hint: "",
    createdAt: world.now,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...change,
  };
}

export function tokensSuite(open: Open): void {
  describe("tokens", () => {
    test("tokens are found by their hash after a restart", async () => {
      await using world = await Furnished.open(open);
      const token = newToken(world, { applicationSeq: world.application.seq, expiresAt: world.now + 1 });
      await world.store.configuration.tokens.create(token, hash(1));
      await world.reopen();
      expect(await world.store.configuration.tokens.withHash(hash(1))).toEqual(token);
      expect(await world.store.configuration.tokens.withHash(hash(2))).toBeNull();
    });

    test("expired and revoked tokens are still found, so that the caller can check them", async () => {
      await using world = await Furnished.open(open);
      const token = newToken(world, { expiresAt: world.now - 1 });
      await world.store.configuration.tokens.create(token, hash(1));
      await world.store.configuration.tokens.revoke(token.seq, world.now);
      expect(await world.store.configuration.tokens.withHash(hash(1))).toEqual({ ...token, revokedAt: world.now });
    });

    test("tokens can be revoked only once", async () => {
      await using world = await Furnished.open(open);
      const token = newToken(world);
      await world.store.configuration.tokens.create(token, hash(1));
      expect(await world.store.configuration.tokens.revoke(token.seq, world.now)).toBe(true);
      expect(await world.store.configuration.tokens.revoke(token.seq, world.now + 5)).toBe(false);
      expect(await world.store.configuration.tokens.revoke(world.seqs.next(), world.now)).toBe(false);
      expect(await world.store.configuration.tokens.list()).toEqual([{ ...token, revokedAt: world.now }]);
    });

    test("tokens are listed in order of creation", async () => {
      await using world = await Furnished.open(open);
      const tokens = [newToken(world), newToken(world), newToken(world)];
      for (const [i, token] of tokens.entries()) await world.store.configuration.tokens.create(token, hash(i));
      expect(await world.store.configuration.tokens.list()).toEqual(tokens);
    });

    test("tokens keep their permissions and are found only in their environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const rights = { capabilities: ["ViewBase"], featureFlags: ["beta"], sessionId: "s", hint: "abcd" } as const;
      const token = newToken(world, { applicationSeq: world.application.seq, ...rights });
      await world.store.configuration.tokens.create(token, hash(1));
      await world.store.configuration.tokens.change(token.seq, { name: "Renamed" });
      await world.reopen();
      const { tokens } = world.store.configuration;
      expect(await tokens.get(world.environment.seq, token.seq)).toEqual({ ...token, name: "Renamed" });
      expect(await tokens.get(other.seq, token.seq)).toBeNull();
    });

    test("an update of a token changes only the given fields, and concurrent updates are all kept", async () => {
      await using world = await Furnished.open(open);
      const token = newToken(world, { scopes: ["application:Read", "message:*"] });
      const other = newToken(world);
      await world.store.configuration.tokens.create(token, hash(1));
      await world.store.configuration.tokens.create(other, hash(2));
      const seen = () => world.store.configuration.tokens.withHash(hash(1));
      await world.reopen();
      expect(await seen()).toEqual(token);
      await Promise.all([
        world.store.configuration.tokens.change(token.seq, { name: "New" }),
        world.store.configuration.tokens.change(token.seq, { scopes: ["message:Read"] }),
      ]);
      expect(await seen()).toEqual({ ...token, name: "New", scopes: ["message:Read"] });
      await world.store.configuration.tokens.change(token.seq, {});
      expect(await seen()).toEqual({ ...token, name: "New", scopes: ["message:Read"] });
      await world.store.configuration.tokens.change(token.seq, { name: "", scopes: null });
      await world.reopen();
      expect(await seen()).toEqual({ ...token, name: "", scopes: null });
      expect(await world.store.configuration.tokens.withHash(hash(2))).toEqual(other);
    });

    test("tokens are listed by application, in pages, with or without expired and revoked ones", async () => {
      await using world = await Furnished.open(open);
      const application = { applicationSeq: world.application.seq };
      const [whole, own] = [newToken(world), newToken(world, application)];
      const ended = newToken(world, { ...application, expiresAt: world.now });
      const revoked = newToken(world, { ...application, revokedAt: world.now });
      const last = newToken(world, { ...application, expiresAt: world.now + 1 });
      const both = newToken(world, { ...application, revokedAt: world.now, expiresAt: world.now });
      const all = [whole, own, ended, revoked, last, both];
      for (const [i, token] of all.entries()) await world.store.configuration.tokens.create(token, hash(i));
      const seqs = async (applicationSeq: number | null, state: TokenState | null, page: Partial<PageRequest> = {}) => {
        const filter = { environmentSeq: world.environment.seq, applicationSeq, state, at: world.now, text: null };
        const { rows } = await world.store.configuration.tokens.page(filter, { ...OLDEST, ...page });
        return rows.map(({ seq }) => seq);
      };
      const { applicationSeq } = application;
      expect(await seqs(null, null)).toEqual([whole.seq]);
      expect(await seqs(applicationSeq, null)).toEqual([own, ended, revoked, last, both].map(({ seq }) => seq));
      expect(await seqs(applicationSeq, "active")).toEqual([own.seq, last.seq]);
      expect(await seqs(applicationSeq, "expired")).toEqual([ended.seq]);
      expect(await seqs(applicationSeq, "revoked")).toEqual([revoked.seq, both.seq]);
      expect(await seqs(applicationSeq, null, { limit: 2, from: own.seq })).toEqual([ended.seq, revoked.seq]);
      expect(await seqs(world.seqs.next(), null)).toEqual([]);
    });

    test("a search finds tokens by a part of the name, in pages, although other tokens lie between them", async () => {
      await using world = await Furnished.open(open);
      const [first, second, third] = ["Überweisung", "die überweisung 2", "ÜBERWEISUNG 3"] as const;
      const made = [first, "other", second, "", third].map((name) => newToken(world, { name }));
      for (const [i, token] of made.entries()) await world.store.configuration.tokens.create(token, hash(i));
      const filter = { environmentSeq: world.environment.seq, applicationSeq: null, state: null, at: world.now };
      const found = async (text: string, page: Partial<PageRequest> = {}) => {
        const wanted = { ...filter, text };
        const { rows, more } = await world.store.configuration.tokens.page(wanted, { ...OLDEST, ...page });
        return [rows.map(({ name }) => name), more];
      };
      expect(await found("überw")).toEqual([[first, second, third], false]);
      expect(await found("überw", { limit: 2 })).toEqual([[first, second], true]);
      expect(await found("überw", { from: made[2]!.seq })).toEqual([[third], false]);
      expect(await found("überw", { order: "descending", limit: 1 })).toEqual([[third], true]);
      expect(await found("%")).toEqual([[], false]);
    });

    test("the latest use of a token is kept, and an earlier one changes nothing", async () => {
      await using world = await Furnished.open(open);
      const token = newToken(world);
      await world.store.configuration.tokens.create(token, hash(1));
      await world.store.configuration.tokens.use(token.seq, world.now + 5);
      await world.store.configuration.tokens.use(token.seq, world.now + 2);
      await world.reopen();
      expect(await world.store.configuration.tokens.withHash(hash(1))).toEqual({ ...token, lastUsedAt: world.now + 5 });
    });

    test("`end` makes a token expire at the given time unless it already expires earlier", async () => {
      await using world = await Furnished.open(open);
      const [never, soon, late] = [null, world.now + 1, world.now + 100].map((expiresAt) =>
        newToken(world, { expiresAt }),
      );
      for (const [i, token] of [never!, soon!, late!].entries()) {
        await world.store.configuration.tokens.create(token, hash(i));
        await world.store.configuration.tokens.end(token.seq, world.now + 50);
      }
      const ends = (await world.store.configuration.tokens.list()).map(({ expiresAt }) => expiresAt! - world.now);
      expect(ends).toEqual([50, 1, 50]);
    });

    test("all tokens of an application, or only those of given sessions, can be made to expire", async () => {
      await using world = await Furnished.open(open);
      const { seq: applicationSeq } = world.application;
      const all = [
        newToken(world, { applicationSeq, sessionId: "a" }),
        newToken(world, { applicationSeq, sessionId: "b" }),
        newToken(world, { applicationSeq }),
        newToken(world),
        newToken(world, { applicationSeq: (await world.addApplication()).seq, sessionId: "a" }),
      ];
      for (const [i, token] of all.entries()) await world.store.configuration.tokens.create(token, hash(i));
      const ended = async () =>
        (await world.store.configuration.tokens.list()).map(({ expiresAt }) => expiresAt !== null);
      const end = { applicationSeq, endsAt: world.now, issuedUntil: world.now };
      await world.store.configuration.tokens.endOfApplication({ ...end, sessionIds: ["a", "x"] });
      expect(await ended()).toEqual([true, false, false, false, false]);
      expect(await world.store.configuration.tokens.jwtEnd(applicationSeq, world.now)).toBeNull();
      await world.store.configuration.tokens.endOfApplication({ ...end, sessionIds: null });
      expect(await ended()).toEqual([true, true, true, false, false]);
    });

    test("making the tokens of an application expire does not extend the life of any token", async () => {
      await using world = await Furnished.open(open);
      const { seq: applicationSeq } = world.application;
      const lives = [10, 50, 90, null];
      for (const [i, ms] of lives.entries()) {
        const expiresAt = ms === null ? null : world.now + ms;
        await world.store.configuration.tokens.create(
          newToken(world, { applicationSeq, sessionId: "a", expiresAt }),
          hash(i),
        );
      }
      for (const sessionIds of [["a"], null]) {
        const end = { applicationSeq, endsAt: world.now + 50, issuedUntil: world.now, sessionIds };
        await world.store.configuration.tokens.endOfApplication(end);
        const ends = (await world.store.configuration.tokens.list()).map(({ expiresAt }) => expiresAt! - world.now);
        expect(ends.sort((a, b) => a - b)).toEqual([10, 50, 50, 50]);
      }
    });

    test("JWTs can be made to expire by their time of issue, and a later call does not extend their life", async () => {
      await using world = await Furnished.open(open);
      const { seq: applicationSeq } = world.application;
      const end = (issuedUntil: number, endsAt: number) =>
        world.store.configuration.tokens.endOfApplication({ applicationSeq, endsAt, issuedUntil, sessionIds: null });
      await end(100, 100);
      await end(200, 5000);
      await world.reopen();
      const endOf = (issuedAt: number) => world.store.configuration.tokens.jwtEnd(applicationSeq, issuedAt);
      expect([await endOf(100), await endOf(101), await endOf(200), await endOf(201)]).toEqual([100, 5000, 5000, null]);
      await end(300, 50);
      expect([await endOf(0), await endOf(300), await endOf(301)]).toEqual([50, 50, null]);
      expect(await world.store.configuration.tokens.jwtEnd((await world.addApplication()).seq, 0)).toBeNull();
    });

    test("tokens that expired long ago are deleted", async () => {
      await using world = await Furnished.open(open);
      const [gone, kept, forEver] = [world.now, world.now + 1, null].map((expiresAt) => newToken(world, { expiresAt }));
      for (const [i, token] of [gone!, kept!, forEver!].entries())
        await world.store.configuration.tokens.create(token, hash(i));
      await world.store.housekeeping.prune(world.now, world.now + 1000, 100);
      expect(await world.store.configuration.tokens.list()).toEqual([kept!, forEver!]);
    });

    test("two tokens never have the same hash", async () => {
      await using world = await Furnished.open(open);
      const token = newToken(world);
      await world.store.configuration.tokens.create(token, hash(1));
      await expect(world.store.configuration.tokens.create(newToken(world), hash(1))).rejects.toThrow();
      expect(await world.store.configuration.tokens.withHash(hash(1))).toEqual(token);
    });
  });
}
