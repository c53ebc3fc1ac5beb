import { describe, expect, test } from "bun:test";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { IdCodec } from "../../src/core/id.ts";
import type { NoticeChannel, NoticeMessage, NoticeResult } from "../../src/core/notice.ts";
import { Notices } from "../../src/notice/notices.ts";
import type { EndpointHealth, Notices as NoticeStore, SentNotice, Troubled } from "../../src/store/index.ts";
import { StoreUnavailable } from "../../src/store/index.ts";

const MINUTE = 60_000;
const LOOK_MS = 15_000;

/** A channel that keeps what it takes. */
class Keeping implements NoticeChannel {
  readonly taken: NoticeMessage[] = [];
  result: NoticeResult = { sent: true, refused: [] };
  tries = 0;
  constructor(readonly name: NoticeChannel["name"]) {}

  async send(message: NoticeMessage): Promise<NoticeResult> {
    this.tries++;
    if (this.result.sent) this.taken.push(message);
    return this.result;
  }

  get titles(): string[] {
    return this.taken.map(({ title }) => title);
  }
}

/** The service on endpoints that fail as the test says, with a clock that the test moves. */
class World {
  now = Date.UTC(2026, 0, 1);
  readonly facts: Fact[] = [];
  readonly failing = new Map<number, number>();
  readonly unverified = new Map<number, number>();
  readonly health = new Map<number, EndpointHealth>();
  sent: SentNotice[] = [];
  isUnavailable = false;
  leads = true;
  readonly mail = new Keeping("mail");
  readonly slack = new Keeping("slack");
  notices!: Notices;

  static async start(): Promise<World> {
    const world = new World();
    await world.restart();
    return world;
  }

  async restart(): Promise<void> {
    const facts = new Facts();
    facts.subscribe((fact) => this.facts.push(fact));
    this.notices = new Notices({
      clock: { now: () => this.now, steady: () => this.now, soon: (task) => task(), after: () => () => {} },
      ...{ facts, ids: new IdCodec([1, 2, 3, 4]), publicUrl: () => "http://localhost" },
      channels: [this.mail, this.slack],
      backlogWatch: { growingSince: () => null },
      timing: { afterMs: 10 * MINUTE, quietMs: 60 * MINUTE, backlogThresholdMs: 1 },
      store: {
        configuration: { environments: { list: async () => [], get: async () => null } } as never,
        housekeeping: { notices: this.#store(), leads: async () => this.leads },
      },
    });
    await this.notices.start();
  }

  #store(): NoticeStore {
    const since = (states: ReadonlyMap<number, number>, before: number): readonly Troubled[] =>
      [...states].flatMap(([seq, at]) => (at <= before ? [{ seq, since: at }] : []));
    return {
      failing: async (before) => {
        if (this.isUnavailable) throw new StoreUnavailable("unavailable");
        return since(this.failing, before);
      },
      disabled: async () => [],
      unverified: async (before) => since(this.unverified, before),
      healthOf: async (seqs) => new Map(seqs.map((seq) => [seq, this.health.get(seq) ?? "troubled"] as const)),
      describe: async (seqs) =>
        seqs.map((seq) => ({
          ...{ seq, url: `https://example.com/${seq}`, application: { seq: 1, name: "Acme", uid: null } },
          ...{ environmentName: "default", isOperational: false, cause: null, reason: "timeout" as const },
        })),
      sent: async () => this.sent,
      record: async (notices) => void this.sent.push(...notices),
      forget: async (seqs) => {
        this.sent = this.sent.filter(({ subjectSeq }) => !seqs.includes(subjectSeq));
      },
    };
  }

  /** Lets time pass, with a look at each interval. */
  async pass(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + LOOK_MS);
      await this.notices.look();
      // Sending takes some turns of microtasks.
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    }
  }
}

describe("the service of notices", () => {
  test("1,000 endpoints that begin to fail within a minute cause one digest", async () => {
    const world = await World.start();
    for (let count = 0; count < 1000; count++) world.failing.set(count + 1, world.now + count * 60);
    await world.pass(30 * MINUTE);
    expect(world.mail.titles).toEqual(["Boathook: 1000 endpoints failing"]);
    expect(world.slack.titles).toEqual(world.mail.titles);
    expect(world.facts).toContainEqual({
      type: "notice.sent",
      channel: "mail",
      isTest: false,
      count: 1000,
      refused: [],
    });
  });

  test("an endpoint that is not verified for an hour causes one notice", async () => {
    const world = await World.start();
    world.unverified.set(1, world.now);
    await world.pass(59 * MINUTE);
    expect(world.mail.titles).toEqual([]);
    await world.pass(5 * 60 * MINUTE);
    expect(world.mail.titles).toEqual(["Boathook: endpoint not verified: https://example.com/1 (Acme)"]);
  });

  test("a process that does not lead sends nothing, and repeats nothing when it leads", async () => {
    const world = await World.start();
    world.failing.set(1, world.now);
    await world.pass(30 * MINUTE);
    expect(world.mail.titles).toHaveLength(1);
    world.leads = false;
    await world.restart();
    world.failing.set(2, world.now);
    await world.pass(30 * MINUTE);
    expect(world.mail.titles).toHaveLength(1);
    world.leads = true;
    await world.pass(30 * MINUTE);
    expect(world.mail.titles).toEqual([
      "Boathook: endpoint failing: https://example.com/1 (Acme)",
      "Boathook: endpoint failing: https://example.com/2 (Acme)",
    ]);
  });

  test("an endpoint that recovers before notify-after causes no notice", async () => {
    const world = await World.start();
    world.failing.set(1, world.now);
    await world.pass(9 * MINUTE);
    world.failing.delete(1);
    await world.pass(60 * MINUTE);
    expect(world.mail.taken).toEqual([]);
  });

  test("a channel that fails is tried again ever more rarely, and the other one is not affected", async () => {
    const world = await World.start();
    world.mail.result = { sent: false, reason: "The mail server is away." };
    world.failing.set(1, world.now);
    await world.pass(3 * 60 * MINUTE);
    expect(world.slack.titles).toEqual(["Boathook: endpoint failing: https://example.com/1 (Acme)"]);
    expect(world.mail.tries).toBeGreaterThan(5);
    expect(world.mail.tries).toBeLessThan(20);
    expect(world.facts).toContainEqual({
      ...{ type: "notice.failed", channel: "mail", isTest: false, reason: "The mail server is away." },
    });
    world.mail.result = { sent: true, refused: [] };
    await world.pass(30 * MINUTE);
    expect(world.mail.titles).toEqual(world.slack.titles);
  });

  test("a restart repeats no notice, and tells of a recovery during the downtime", async () => {
    const world = await World.start();
    world.failing.set(1, world.now);
    await world.pass(20 * MINUTE);
    await world.restart();
    await world.pass(20 * MINUTE);
    expect(world.mail.taken).toHaveLength(1);
    world.failing.delete(1);
    world.health.set(1, "healthy");
    await world.restart();
    await world.pass(20 * MINUTE);
    expect(world.mail.titles[1]).toBe("Boathook: endpoint recovered: https://example.com/1 (Acme)");
  });

  test("notices about a deleted endpoint are forgotten", async () => {
    const world = await World.start();
    world.failing.set(1, world.now);
    await world.pass(20 * MINUTE);
    expect(world.sent).toHaveLength(2);
    world.failing.delete(1);
    world.health.set(1, "gone");
    await world.pass(5 * MINUTE);
    expect(world.sent).toEqual([]);
    expect(world.mail.taken).toHaveLength(1);
  });

  test("while the store cannot be read, nothing is sent, and afterwards everything", async () => {
    const world = await World.start();
    world.isUnavailable = true;
    world.failing.set(1, world.now);
    await world.pass(20 * MINUTE);
    expect([world.mail.taken, world.facts]).toEqual([[], []]);
    world.isUnavailable = false;
    await world.pass(5 * MINUTE);
    expect(world.mail.taken).toHaveLength(1);
  });
});
