import { describe, expect, test } from "bun:test";
import { plainIncoming } from "../../src/accept/incoming.ts";
import { changeApplication, deleteApplication, putApplication } from "../../src/commands/applications.ts";
import { createEndpoint } from "../../src/commands/endpoints.ts";
import { createEnvironment, deleteEnvironment } from "../../src/commands/environments.ts";
import { sendBatch, sendMessage } from "../../src/commands/send.ts";
import { captureSecret, hideCapturedSecret } from "../../src/commands/source-secrets.ts";
import { ingestUrlOf, rotateSourceToken } from "../../src/commands/source-tokens.ts";
import { shownSource } from "../../src/commands/source-type.ts";
import { changeSource, createSource, deleteSource, type NewSource, putSource } from "../../src/commands/sources.ts";
import { Invalid, type Problem } from "../../src/core/problem.ts";
import type { Source } from "../../src/store/index.ts";
import { EngineWorld, HOUR } from "../support/engine-world.ts";

const GITHUB: NewSource = { name: "GitHub", type: "github", config: { secret: "github secret" } };

/** The commands in a world with a virtual clock. */
async function opened() {
  const world = await EngineWorld.open();
  const { environmentSeq } = world;
  const run = <T>(work: () => Promise<T>): Promise<T> => world.do(work);
  const parts = () => world.kernel;
  return {
    world,
    environmentSeq,
    parts,
    run,
    create: (wanted: Partial<NewSource> = {}) =>
      run(() => createSource(parts(), environmentSeq, { ...GITHUB, ...wanted })),
    put: (uid: string, wanted: NewSource, canCreate = true) =>
      run(() => putSource(parts(), environmentSeq, { uid }, { wanted, canCreate })),
    change: (source: Source, patch: Parameters<typeof changeSource>[2]) =>
      run(() => changeSource(parts(), source.seq, patch)),
    get: (source: Source) => world.store.configuration.sources.get(source.seq),
    [Symbol.dispose]: () => world[Symbol.dispose](),
  };
}

/** Returns the findings of a refused command as `loc: msg`. */
async function findings(command: Promise<unknown>): Promise<string[]> {
  const error = await command.then(
    () => null,
    (thrown) => thrown,
  );
  if (!(error instanceof Invalid)) throw new Error(`Expected findings, but got ${error}.`);
  return error.findings.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`);
}

describe("creating a source", () => {
  test("a new source has the defaults of its provider, a URL, and an application with its name", async () => {
    using setup = await opened();
    const source = await setup.create({ uid: "repo" });
    expect(source).toMatchObject({
      ...{ uid: "repo", name: "GitHub", type: "github", provider: "github", config: { secret: "github secret" } },
      ...{ verification: "enforce", answer: null, eventType: null, ingestRate: null, metadata: {}, captured: null },
      deduplicate: { by: "delivery-id", windowSeconds: 86_400 },
    });
    expect(await setup.get(source)).toEqual(source);
    const { kernel, store } = setup.world;
    const url = await ingestUrlOf(kernel, source);
    expect(url).toMatch(/^https:\/\/boathook\.example\/in\/[A-Za-z0-9_-]{32}$/);
    const entry = await kernel.sources.find(url!.split("/").at(-1)!);
    expect(entry!.source).toEqual(source);
    expect(await store.configuration.applications.get(source.applicationSeq)).toMatchObject({
      name: "GitHub",
      uid: null,
      sourceSeq: source.seq,
    });
  });

  test("sources without an identity of their requests recognise no duplicates by default", async () => {
    using setup = await opened();
    for (const type of ["generic-webhook", "generic-hmac"]) {
      const config = type === "generic-hmac" ? { secret: "s", header: "X-Signature" } : {};
      expect((await setup.create({ type, config })).deduplicate).toBeNull();
      const own = await setup.create({ type, config, deduplicate: { by: "$.id" } });
      expect(own.deduplicate).toEqual({ by: "$.id", windowSeconds: 86_400 });
    }
    expect((await setup.create({ deduplicate: null })).deduplicate).toBeNull();
  });

  test("a source of type `cron` has no URL, and its token cannot be rotated", async () => {
    using setup = await opened();
    const source = await setup.create({ type: "cron", config: { schedule: "0 9 * * 1-5", payload: "{}" } });
    expect(source).toMatchObject({ provider: "cron", deduplicate: null, lastRunAt: null });
    expect(await ingestUrlOf(setup.parts(), source)).toBeNull();
    const rotated = setup.run(() => rotateSourceToken(setup.parts(), source, 0));
    expect(rotated).rejects.toMatchObject({ status: 422, code: "no_token" });
    await rotated.catch(() => {});
  });

  test("of two concurrent calls with one uid, one creates the source and the other is refused", async () => {
    using setup = await opened();
    const results = await setup.run(() =>
      Promise.allSettled(
        [1, 2].map(() => createSource(setup.parts(), setup.environmentSeq, { ...GITHUB, uid: "one" })),
      ),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = results.find((result) => result.status === "rejected");
    expect(refused!.reason).toMatchObject({ status: 409 });
  });

  test.each<[string, Partial<NewSource>, string[]]>([
    ["an unknown type", { type: "githb" }, ["body.type"]],
    ["a type that is the name of a property of objects", { type: "__proto__" }, ["body.type"]],
    ["a missing secret", { config: {} }, []],
    ["an empty secret", { type: "stripe", config: { secret: "" } }, ["body.config.secret"]],
    ["no secret but another field", { type: "stripe", config: { toleranceSeconds: 5 } }, ["body.config.secret"]],
    ["a status of the response that is no success", { answer: { status: 500 } }, ["body.answer.status"]],
    ["a status of the wrong type", { answer: { status: "200" } }, ["body.answer.status"]],
    ["a header of the connection", { answer: { headers: { Connection: "x" } } }, ["body.answer.headers.Connection"]],
    ["a header with two lines", { answer: { headers: { "X-A": "a\r\nB: c" } } }, ["body.answer.headers.X-A"]],
    ["a cookie", { answer: { headers: { "Set-Cookie": "a=b" } } }, ["body.answer.headers.Set-Cookie"]],
    [
      "a header that clears what browsers store",
      { answer: { headers: { "Clear-Site-Data": '"*"' } } },
      ["body.answer.headers.Clear-Site-Data"],
    ],
    [
      "a header that leads browsers elsewhere",
      { answer: { headers: { refresh: "0;url=https://example.com" } } },
      ["body.answer.headers.refresh"],
    ],
    ["headers of the wrong type", { answer: { headers: ["a"] } }, ["body.answer.headers"]],
    ["a value that is no text", { answer: { headers: { a: 1 } } }, ["body.answer.headers.a"]],
    ["the same header twice", { answer: { headers: { a: "1", A: "2" } } }, ["body.answer.headers.A"]],
    ["a body of the wrong type", { answer: { body: {} } }, ["body.answer.body"]],
    ["a body that is too long", { answer: { body: "é".repeat(8193) } }, ["body.answer.body"]],
    ["a body of a 204", { answer: { status: 204, body: "x" } }, ["body.answer.body"]],
    ["an event type that is no expression", { eventType: "$.a[" }, ["body.eventType"]],
    ["a key of duplicates that is no expression", { deduplicate: { by: "id" } }, ["body.deduplicate.by"]],
    ["a key of the wrong type", { deduplicate: { by: 1 } }, ["body.deduplicate.by"]],
    ["a window of no time", { deduplicate: { windowSeconds: 0 } }, ["body.deduplicate.windowSeconds"]],
    ["a window that is no integer", { deduplicate: { windowSeconds: 1.5 } }, ["body.deduplicate.windowSeconds"]],
    ["a schedule that is missing", { type: "cron", config: { payload: "{}" } }, ["body.config.schedule"]],
    ["a payload that is missing", { type: "cron", config: { schedule: "* * * * *" } }, ["body.config.payload"]],
    [
      "a time that never comes",
      { type: "cron", config: { schedule: "0 0 30 2 *", payload: "{}" } },
      ["body.config.schedule"],
    ],
    [
      "an unknown time zone",
      { type: "cron", config: { schedule: "* * * * *", payload: "", timezone: "Mars" } },
      ["body.config.timezone"],
    ],
    [
      "several errors",
      { type: "stripe", config: {}, eventType: "$.", answer: { status: 1, body: 2 } },
      ["body.config.secret", "body.eventType", "body.answer.status", "body.answer.body"],
    ],
  ])("a source with %s is refused with the field, and nothing is stored", async (_, wanted, locs) => {
    using setup = await opened();
    const create = setup.create(wanted);
    if (locs.length === 0) {
      await create;
      return;
    }
    const found = await findings(create);
    expect(found.map((finding) => finding.split(":")[0]).sort()).toEqual([...locs].sort() as string[]);
    const page = { limit: 10, from: null, backwards: false, order: "ascending" } as const;
    expect((await setup.world.store.configuration.sources.list(setup.environmentSeq, page)).rows).toEqual([]);
  });

  test("the error for an unknown type names the nearest one", async () => {
    using setup = await opened();
    expect((await findings(setup.create({ type: "githb" })))[0]).toContain("github");
  });

  test("an alias behaves like its provider, and the source keeps the name that was sent", async () => {
    using setup = await opened();
    const source = await setup.create({
      type: "open-ai",
      config: { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
    });
    expect(source).toMatchObject({ type: "open-ai", provider: "openai" });
    expect(await setup.change(source, { type: "openai", name: "New" })).toMatchObject({ type: "open-ai", name: "New" });
  });

  test("an answer gets defaults for its absent fields", async () => {
    using setup = await opened();
    const source = await setup.create({ answer: { status: 204, headers: null, unknown: 1 } });
    expect(source.answer).toEqual({ status: 204, headers: {}, body: "" });
    expect((await setup.create({ answer: { headers: { "X-A": "b" } } })).answer).toEqual({
      status: 200,
      headers: { "X-A": "b" },
      body: "",
    });
  });
});

describe("a source in responses", () => {
  test("secrets read `[set]`, and a source without its optional secret is not verified", async () => {
    using setup = await opened();
    const source = await setup.create({ config: { secret: "a", secrets: ["b", "c"], toleranceSeconds: 5, other: 1 } });
    expect(shownSource(source)).toEqual({ ...source, config: { secret: "[set]", secrets: ["[set]", "[set]"] } });
    const open = await setup.create({ config: {} });
    expect(shownSource(open)).toMatchObject({ verification: "off", config: {} });
    expect(shownSource(await setup.change(open, { config: { secret: "a" } })).verification).toBe("enforce");
  });
});

describe("changing a source", () => {
  test("a change that changes nothing keeps the time of the latest change", async () => {
    using setup = await opened();
    const source = await setup.create({ config: { secret: "one" } });
    await setup.world.pass(HOUR);
    expect(await setup.change(source, { config: { secret: "one" }, name: source.name })).toEqual(source);
    expect((await setup.change(source, { config: { secret: "two" } })).updatedAt).toBeGreaterThan(source.updatedAt);
  });

  test("a patch changes the fields that are present and merges the configuration by field", async () => {
    using setup = await opened();
    const source = await setup.create({ config: { secret: "one", toleranceSeconds: 5 }, eventType: "$.a" });
    const renamed = await setup.change(source, { name: "New" });
    expect(renamed).toEqual({ ...source, name: "New", updatedAt: expect.any(Number) });
    const merged = await setup.change(source, {
      config: { secrets: ["two"], toleranceSeconds: null, secret: "[set]" },
    });
    expect(merged.config).toEqual({ secret: "one", secrets: ["two"] });
    expect((await setup.change(source, { eventType: null, metadata: null })).eventType).toBeNull();
    expect(await setup.get(source)).toMatchObject({ name: "New", config: { secret: "one", secrets: ["two"] } });
  });

  test("a patch that leaves the source without a secret is refused and changes nothing", async () => {
    using setup = await opened();
    const source = await setup.create({ type: "stripe", config: { secret: "whsec_1" } });
    expect((await findings(setup.change(source, { config: { secret: null }, name: "New" })))[0]).toStartWith(
      "body.config.secret",
    );
    expect(await setup.get(source)).toEqual(source);
    const off = await setup.change(source, { config: { secret: null }, verification: "off" });
    expect(off).toMatchObject({ verification: "off", config: {} });
    expect(await findings(setup.change(source, { verification: "enforce" }))).toHaveLength(1);
  });

  test("a put replaces every field, and `[set]` keeps a stored secret", async () => {
    using setup = await opened();
    const { value: source, created } = await setup.put("repo", { ...GITHUB, uid: "repo", ingestRate: 5 });
    expect([created, source.ingestRate, source.uid]).toEqual([true, 5, "repo"]);
    const replaced = await setup.put("repo", { name: "New", type: "github", uid: "repo", config: { secret: "[set]" } });
    expect(replaced.created).toBe(false);
    expect(replaced.value).toEqual({ ...source, name: "New", ingestRate: null, updatedAt: expect.any(Number) });
    const off = await setup.put("repo", { ...GITHUB, uid: "repo", deduplicate: null, metadata: { a: "b" } });
    expect(off.value).toMatchObject({ deduplicate: null, metadata: { a: "b" } });
    const again = await setup.put("repo", { ...GITHUB, uid: "repo" });
    expect(again.value.deduplicate).toEqual({ by: "delivery-id", windowSeconds: 86_400 });
  });

  test("a put that may not create a source is refused with 404 if there is none", async () => {
    using setup = await opened();
    expect(setup.put("none", GITHUB, false)).rejects.toMatchObject({ status: 404 });
  });

  test("the type of a source cannot be changed", async () => {
    using setup = await opened();
    const source = await setup.create({ uid: "repo" });
    expect((await findings(setup.change(source, { type: "stripe" })))[0]).toStartWith("body.type");
    expect((await findings(setup.put("repo", { ...GITHUB, type: "gitlab" })))[0]).toStartWith("body.type");
    expect(await setup.get(source)).toEqual(source);
  });

  test("a uid that is in use is refused with 409", async () => {
    using setup = await opened();
    await setup.create({ uid: "taken" });
    const source = await setup.create();
    expect(setup.change(source, { uid: "taken" })).rejects.toMatchObject({ status: 409 });
  });

  test("the next request at the door sees a change", async () => {
    using setup = await opened();
    const source = await setup.create();
    const { kernel } = setup.world;
    const token = (await ingestUrlOf(kernel, source))!.split("/").at(-1)!;
    await kernel.sources.find(token);
    await setup.change(source, { ingestRate: 9 });
    expect((await kernel.sources.find(token))!.source.ingestRate).toBe(9);
  });
});

describe("rotating the token of a source", () => {
  test("three rotations in 48 hours are allowed, and one without a grace period always is", async () => {
    using setup = await opened();
    const source = await setup.create();
    const { kernel } = setup.world;
    const rotate = (seconds: number) => setup.run(() => rotateSourceToken(kernel, source, seconds));
    const tokenOf = (url: string | null) => url!.split("/").at(-1)!;
    const first = tokenOf(await ingestUrlOf(kernel, source));
    const urls = [await rotate(172_800), await rotate(172_800), await rotate(172_800)];
    expect(await ingestUrlOf(kernel, source)).toBe(urls[2]!);
    await expect(rotate(172_800)).rejects.toMatchObject({ status: 400, code: "limit_reached" });
    for (const token of [first, ...urls.map(tokenOf)]) expect(await kernel.sources.find(token)).not.toBeNull();
    const ends = (await kernel.store.configuration.sources.tokens(source.seq, setup.world.now)).map((t) => t.expiresAt);
    expect(ends).toEqual([null, ...Array(3).fill(setup.world.now + 48 * HOUR)]);
    const last = tokenOf(await rotate(0));
    for (const token of [first, ...urls.map(tokenOf)]) expect(await kernel.sources.find(token)).toBeNull();
    expect(await kernel.sources.find(last)).not.toBeNull();
    await expect(rotate(10)).rejects.toMatchObject({ code: "limit_reached" });
    await setup.world.pass(48 * HOUR);
    await rotate(10);
  });
});

describe("captured secrets", () => {
  test("the first secret that a handshake brings is kept, and another one is refused until it is removed", async () => {
    using setup = await opened();
    const source = await setup.create({ type: "notion", config: {} });
    const capture = (secret: string) =>
      setup.run(() => captureSecret(setup.parts(), source.seq, { secret, isShown: true }));
    const both = await setup.run(() =>
      Promise.all(["one", "two"].map((secret) => captureSecret(setup.parts(), source.seq, { secret, isShown: true }))),
    );
    expect(both).toEqual([true, false]);
    expect(await setup.get(source)).toMatchObject({ config: { secret: "one" }, captured: "one" });
    expect(await capture("one")).toBe(true);
    await setup.run(() => hideCapturedSecret(setup.parts(), source.seq));
    expect(await setup.get(source)).toMatchObject({ config: { secret: "one" }, captured: null });
    expect(await capture("three")).toBe(false);
    await setup.change(source, { config: { secret: null } });
    expect(await capture("three")).toBe(true);
    const named = await setup.change(source, { name: "New" });
    expect(named.captured).toBe("three");
    expect((await setup.change(source, { config: { secret: "four" } })).captured).toBeNull();
  });
});

describe("the application behind a source", () => {
  const hidden = { status: 404 } satisfies Partial<Problem>;

  test("only the source's commands change the application or send to it", async () => {
    using setup = await opened();
    const source = await setup.create();
    const { kernel, store } = setup.world;
    const application = (await store.configuration.applications.get(source.applicationSeq))!;
    const key = { seq: application.seq };
    const settings = { name: "New", uid: null, throttleRate: null, metadata: {} };
    const to = { environmentSeq: setup.environmentSeq, application: key };
    const incoming = plainIncoming("a", Buffer.from("{}"));
    const message = { incoming, content: { value: {} } };
    const commands: (() => Promise<unknown>)[] = [
      () => changeApplication(kernel, application.seq, () => ({ name: "New" })),
      () => putApplication(kernel, setup.environmentSeq, key, { settings, change: () => settings }),
      () => deleteApplication(kernel, application),
      () => sendMessage(kernel, to, message, null),
      () => sendBatch(kernel, to, [message]),
    ];
    for (const command of commands) await expect(setup.run(command)).rejects.toMatchObject(hidden);
    expect(await store.configuration.applications.get(application.seq)).toEqual(application);
  });

  test("when a source is deleted, the deliveries that wait for its endpoints are cancelled", async () => {
    using setup = await opened();
    const source = await setup.create({ uid: "repo" });
    const { kernel, store } = setup.world;
    const settings = { url: "https://consumer.example/", paused: true };
    const endpoint = await setup.run(() =>
      createEndpoint(kernel, { applicationSeq: source.applicationSeq, settings, secret: null }),
    );
    const entry = (await kernel.directory.application(setup.environmentSeq, { seq: source.applicationSeq }))!;
    const accepted = await setup.run(() => kernel.accepter.accept(entry, plainIncoming("a", Buffer.from("{}"))));
    if (!accepted.accepted) throw new Error("The message was not accepted.");
    const token = (await ingestUrlOf(kernel, source))!.split("/").at(-1)!;
    await kernel.sources.find(token);
    await setup.run(() => deleteSource(kernel, source));
    expect(await kernel.sources.find(token)).toBeNull();
    await setup.world.rest();
    const [delivery] = await store.history.messages.deliveries(accepted.seq);
    expect(delivery).toMatchObject({ endpointSeq: endpoint.seq, state: "cancelled" });
    await setup.create({ uid: "repo" });
  });

  test("if the process dies right after the deletion of a source, the next start cancels the deliveries", async () => {
    using setup = await opened();
    const source = await setup.create();
    const { world } = setup;
    const change = { applicationSeq: source.applicationSeq, eventTypes: null, paused: true };
    await world.endpoint("consumer.example", 200, change);
    const { directory, accepter } = world.kernel;
    const entry = (await directory.application(setup.environmentSeq, { seq: source.applicationSeq }))!;
    const accepted = await world.do(() => accepter.accept(entry, plainIncoming("a", Buffer.from("{}"))));
    if (!accepted.accepted) throw new Error("The message was not accepted.");
    await world.do(() => world.store.configuration.sources.delete(source.seq, world.now));
    await world.restart();
    await world.rest();
    expect(await world.states([accepted.seq])).toEqual(["cancelled"]);
  });

  test("when an environment is deleted, its sources are deleted with it", async () => {
    using setup = await opened();
    const { kernel, store } = setup.world;
    const other = await setup.run(() => createEnvironment(kernel, { name: "other", type: "production" }));
    const source = await setup.run(() => createSource(kernel, other.seq, GITHUB));
    const token = (await ingestUrlOf(kernel, source))!.split("/").at(-1)!;
    await kernel.sources.find(token);
    await setup.run(() => deleteEnvironment(kernel, other));
    expect(await kernel.sources.find(token)).toBeNull();
    expect(await store.configuration.sources.get(source.seq)).toBeNull();
    expect(await store.configuration.applications.get(source.applicationSeq)).toBeNull();
  });
});
