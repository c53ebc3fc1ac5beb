import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { Accepter } from "../../src/accept/accept.ts";
import { type Fact, Facts } from "../../src/core/fact.ts";
import { IdCodec, type Seq, SeqSource, seqAt } from "../../src/core/id.ts";
import { generateSecret } from "../../src/core/signature.ts";
import { Engine } from "../../src/deliver/engine.ts";
import type { DeliveryPolicy } from "../../src/deliver/policy.ts";
import { REPLAYS, type ReplayData } from "../../src/deliver/replay.ts";
import type { ApplicationEntry } from "../../src/store/directory.ts";
import { Directory } from "../../src/store/directory.ts";
import { type Endpoint, type Store, StoreUnavailable } from "../../src/store/index.ts";
import { type MemoryStore, openMemoryStore } from "../../src/store/sqlite/index.ts";
import { type Canary, plant } from "./canary.ts";
import { Checks } from "./checks.ts";
import { VirtualClock } from "./clock.ts";
import { Dice } from "./dice.ts";
import { Network } from "./network.ts";

const START_AT = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const EVENT_TYPES = ["order.paid", "order.sent", "user.created"];
const CHANNELS = ["eu", "us"];
/** Far more than any run needs: a world that does not come to rest is broken. */
const STEPS_MAX = 400_000;

/** One life of the program, from its start to its crash. */
interface Process {
  readonly number: number;
  readonly memory: MemoryStore;
  readonly store: Store;
  readonly directory: Directory;
  readonly seqs: SeqSource;
  readonly accepter: Accepter;
  readonly engine: Engine;
  readonly facts: Facts;
}

export interface Report {
  readonly seed: number;
  /** Of everything that happened, in order: equal for equal seeds. */
  readonly digest: string;
  readonly messages: number;
  readonly attempts: number;
  readonly crashes: number;
  /** Empty when everything held. */
  readonly violations: readonly string[];
}

/** What the caller was told of one message. */
export interface Sent {
  readonly seq: Seq;
  readonly payload: Uint8Array;
  readonly answer: "accepted" | "refused";
}

class Crash extends Error {}

/**
 * The whole program on a virtual clock, a faulty network and a database that survives its crashes. First a phase of
 * faults; then everything works, and at the end every accepted message is delivered or dead, exactly where it should be.
 */
export class World {
  readonly clock = new VirtualClock(START_AT);
  readonly dice: Dice;
  readonly network: Network;
  readonly db = new Database(":memory:", { strict: true });
  readonly checks: Checks;
  readonly sent: Sent[] = [];
  readonly #policy: DeliveryPolicy;
  readonly #trace = createHash("sha256");
  readonly #endpoints: Seq[] = [];
  readonly #applications: Seq[] = [];
  #environment: Seq = 0;
  #process: Process;
  #crashes = 0;
  #attempts = 0;
  #diskFull = false;
  #faulty = false;
  #steps = 0;
  #crashAfterCommit = false;

  constructor(
    readonly seed: number,
    private readonly canary: Canary | null = null,
  ) {
    this.dice = new Dice(seed);
    this.network = new Network(this.clock, this.dice);
    this.#policy = this.#rollPolicy();
    this.checks = new Checks(this.db, this.clock, this.#policy);
    this.#process = this.#boot();
    this.network.onSend = (request) => this.checks.sent(request, this.#ids);
  }

  get #ids(): IdCodec {
    return new IdCodec(this.#process.store.idSeed);
  }

  async run(): Promise<Report> {
    await this.#do(() => this.#furnish());
    this.#faulty = true;
    await this.#faultyPhase();
    await this.#calmPhase();
    await this.#redriveEverything();
    this.checks.atTheEnd(this.sent, this.network, this.#ids);
    this.db.close();
    return {
      seed: this.seed,
      digest: this.#trace.digest("hex"),
      messages: this.sent.length,
      attempts: this.#attempts,
      crashes: this.#crashes,
      violations: this.checks.violations,
    };
  }

  #rollPolicy(): DeliveryPolicy {
    const { dice } = this;
    return {
      retryScheduleMs: dice.pick([
        [],
        [5000],
        [5000, 300_000],
        [100, 1000, 10_000, HOUR_MS],
        [5000, 5000, 5000, 5000, 5000],
      ]),
      retryJitter: dice.pick([0, 0.2, 1]),
      deliveryTimeoutMs: dice.pick([1000, 5000, 15_000]),
      deliveryConcurrency: dice.pick([1, 4, 16, 64]),
      endpointConcurrency: dice.pick([1, 4, 16]),
      endpointDisableAfterMs: dice.pick([0, 6 * HOUR_MS, 120 * HOUR_MS]),
      allowSubnets: [],
      maxResponseStoredBytes: 1024,
      signatureHeaders: "webhook",
      userAgent: "Boathook/sim",
      inbox: null,
    };
  }

  // --- the program's lives -------------------------------------------------------------------------------------------

  #boot(): Process {
    const number = this.#crashes;
    const clock = this.clock.ofProcess(number);
    const facts = new Facts();
    const memory = openMemoryStore(
      this.db,
      clock,
      (fact) => facts.state(fact),
      () => {
        if (this.#diskFull) throw new StoreUnavailable("The disk is full.");
      },
    );
    const store = plant(this.canary, memory.store, this.dice);
    const directory = new Directory(store, clock);
    facts.subscribe(directory.listen);
    const seqs = new SeqSource(clock.now, store.lastSeq);
    const ids = new IdCodec(store.idSeed);
    const ports = { clock, random: this.dice, transport: this.network, resolver: this.network };
    const engine = new Engine(ports, { store, directory, ids, seqs, facts, policy: this.#policy });
    facts.subscribe((fact) => this.#happened(fact));
    this.checks.processStarted();
    const accepter = new Accepter(store, seqs, clock, facts, engine);
    return { number, memory, store, directory, seqs, accepter, engine, facts };
  }

  async #crash(): Promise<void> {
    this.#crashAfterCommit = false;
    this.#note(`crash ${this.#crashes}`);
    this.#process.memory.crash();
    this.clock.kill(this.#process.number);
    this.#crashes++;
    if (this.db.inTransaction) this.db.run("ROLLBACK");
    this.clock.skip(this.dice.between(5, 500));
    this.#process = this.#boot();
    await this.#do(() => this.#process.engine.start());
  }

  #happened(fact: Fact): void {
    if (fact.type === "commit.finished") {
      // Between the commit and everything that is told of it.
      if (this.#faulty && this.dice.chance(0.002)) {
        this.#crashAfterCommit = true;
        throw new Crash();
      }
      return;
    }
    if (fact.type === "attempt.started") this.checks.attemptStarted(fact.deliverySeq, fact.endpointSeq);
    if (fact.type === "attempt.finished") {
      this.#attempts++;
      this.checks.attemptFinished(fact.endpointSeq);
    }
    if (fact.type === "defect.found") this.checks.violation(`a defect in ${fact.where}: ${fact.error}`);
    this.#note(JSON.stringify(fact));
  }

  #note(what: string): void {
    this.#trace.update(`${this.clock.now} ${what}\n`);
  }

  // --- steps ---------------------------------------------------------------------------------------------------------

  /** One event, and everything that follows from it without waiting. */
  async #step(): Promise<boolean> {
    const event = this.clock.next();
    if (event === null) return false;
    if (++this.#steps > STEPS_MAX) {
      this.checks.violation("the world does not come to rest");
      return false;
    }
    try {
      event.task();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    if (this.#crashAfterCommit) return this.#crash().then(() => true);
    await macrotask();
    return true;
  }

  /** Steps until what was asked for is done. Null when a crash came in between. */
  async #do<T>(ask: () => Promise<T>): Promise<T | null> {
    const process = this.#process;
    let done = false;
    let value: T | null = null;
    let failure: unknown = null;
    ask()
      .then((result) => {
        value = result;
      })
      .catch((error) => {
        failure = error;
      })
      .finally(() => {
        done = true;
      });
    await macrotask();
    while (!done && this.#process === process && (await this.#step()));
    if (failure !== null && !(failure instanceof StoreUnavailable)) throw failure;
    return value;
  }

  async #passTime(ms: number): Promise<void> {
    const until = this.clock.now + ms;
    let woke = false;
    this.clock.at(ms, () => {
      woke = true;
    });
    while (!woke && this.clock.peek() <= until && (await this.#step()));
  }

  async #untilQuiet(): Promise<void> {
    while (await this.#step());
  }

  // --- what happens --------------------------------------------------------------------------------------------------

  async #furnish(): Promise<void> {
    const { dice } = this;
    const { store, seqs } = this.#process;
    const now = this.clock.now;
    this.#environment = (await store.environments.ensure({ seq: seqs.next(), name: "default", createdAt: now })).seq;
    for (let a = 0; a < dice.between(1, 3); a++) {
      const seq = seqs.next();
      const throttleRate = this.#rollApplicationRate();
      this.checks.applicationThrottled(seq, throttleRate);
      await store.applications.create({
        seq,
        environmentSeq: this.#environment,
        uid: `app-${a}`,
        name: `Application ${a}`,
        throttleRate,
        metadata: {},
        createdAt: now,
        updatedAt: now,
      });
      this.#applications.push(seq);
      for (let e = 0; e < dice.between(1, 4); e++) await this.#addEndpoint(seq, `e${e}.a${a}.example`);
    }
    await this.#process.engine.start();
  }

  async #addEndpoint(applicationSeq: Seq, host: string): Promise<void> {
    const { dice } = this;
    const { store, seqs } = this.#process;
    const endpoint: Endpoint = {
      seq: seqs.next(),
      applicationSeq,
      uid: null,
      url: `https://${host}/hook`,
      description: "",
      disabled: false,
      eventTypes: dice.chance(0.3) ? [dice.pick(EVENT_TYPES)] : null,
      channels: dice.chance(0.2) ? [dice.pick(CHANNELS)] : null,
      metadata: {},
      headers: {},
      version: 1,
      throttleRate: dice.chance(0.25) ? dice.pick([1, 5, 50]) : null,
      concurrency: dice.chance(0.3) ? dice.pick([1, 2, 8]) : null,
      ordering: dice.chance(0.35) ? "fifo" : "parallel",
      timeoutMs: dice.chance(0.2) ? dice.pick([500, 30_000]) : null,
      retryScheduleMs: dice.chance(0.2) ? dice.pick([[], [0, 0, 1000], [60_000, HOUR_MS]]) : null,
      paused: false,
      failingSince: null,
      createdAt: this.clock.now,
      updatedAt: this.clock.now,
    };
    const secret = generateSecret(dice.bytes(24));
    this.checks.endpointMade(endpoint, secret);
    await store.endpoints.create(endpoint, secret);
    this.#endpoints.push(endpoint.seq);
  }

  async #faultyPhase(): Promise<void> {
    const { dice } = this;
    const operations = dice.between(60, 250);
    for (let i = 0; i < operations; i++) {
      await this.#passTime(this.#rollPause());
      if (dice.chance(0.03)) await this.#crash();
      const roll = dice.next();
      if (roll < 0.72) this.#send(dice.chance(0.2) ? dice.between(2, 40) : 1);
      else if (roll < 0.86) this.network.changeMood(this.#rollHost());
      else if (roll < 0.88) this.#fillDisk();
      else if (roll < 0.93) await this.#do(() => this.#reconfigure());
      else if (roll < 0.94) await this.#do(() => this.#throttleApplication());
      else if (roll < 0.96) await this.#do(() => this.#resend());
      else if (roll < 0.98) await this.#do(() => this.#redrive());
      else await this.#do(() => this.#replay());
    }
  }

  #fillDisk(): void {
    this.#diskFull = true;
    this.clock.at(this.dice.between(1, 20_000), () => {
      this.#diskFull = false;
    });
  }

  #rollPause(): number {
    const roll = this.dice.next();
    if (roll < 0.5) return this.dice.below(5);
    if (roll < 0.8) return this.dice.below(2000);
    if (roll < 0.95) return this.dice.below(60_000);
    return this.dice.below(30 * HOUR_MS);
  }

  #rollHost(): string {
    const seq = this.dice.pick(this.#endpoints);
    return this.checks.hostOf(seq);
  }

  /** Callers do not wait for each other. */
  #send(count: number): void {
    const process = this.#process;
    for (let i = 0; i < count; i++) {
      const applicationSeq = this.dice.pick(this.#applications);
      const entry = process.directory.application(this.#environment, { seq: applicationSeq });
      if (entry instanceof Promise) void entry.then((known) => known && this.#sendOne(process, known));
      else if (entry !== null) this.#sendOne(process, entry);
    }
  }

  #sendOne(process: Process, entry: ApplicationEntry): void {
    if (this.#process !== process) return;
    const { dice } = this;
    const payload = Buffer.from(JSON.stringify({ n: this.sent.length, roll: dice.next() }));
    const eventId = dice.chance(0.1) ? `event-${dice.below(30)}` : null;
    const seqBefore = process.seqs.last;
    process.accepter
      .accept(entry, {
        eventType: dice.pick(EVENT_TYPES),
        eventId,
        channels: dice.chance(0.5) ? [dice.pick(CHANNELS)] : null,
        tags: null,
        payload,
        contentType: null,
        headers: null,
        retentionMs: null,
        deliverAt: null,
        warnings: null,
        idempotency: null,
      })
      .then((result) => {
        if (this.#process !== process || !result.accepted) return;
        this.sent.push({ seq: result.seq, payload, answer: "accepted" });
      })
      .catch((error) => {
        if (!(error instanceof StoreUnavailable)) throw error;
        if (this.#process === process) this.sent.push({ seq: seqBefore, payload, answer: "refused" });
      });
  }

  #rollApplicationRate(): number | null {
    return this.dice.chance(0.3) ? this.dice.pick([2, 20, 100]) : null;
  }

  async #throttleApplication(): Promise<void> {
    const { store, facts } = this.#process;
    const seq = this.dice.pick(this.#applications);
    const application = (await store.applications.get(seq))!;
    const throttleRate = this.#rollApplicationRate();
    // A crash or a full disk may leave either rate behind.
    this.checks.applicationThrottled(seq, null);
    await store.applications.update({ ...application, throttleRate });
    facts.state({ type: "application.changed", applicationSeq: seq, environmentSeq: this.#environment });
    facts.state({ type: "application.throttled", applicationSeq: seq });
    this.checks.applicationThrottled(seq, throttleRate);
  }

  async #reconfigure(): Promise<void> {
    const { dice } = this;
    const { store, facts } = this.#process;
    const seq = dice.pick(this.#endpoints);
    const endpoint = await store.endpoints.get(seq);
    if (endpoint === null || endpoint.deleted) return;
    const roll = dice.next();
    if (roll < 0.08) {
      await store.endpoints.delete(seq, this.clock.now);
      facts.state({ type: "endpoint.deleted", endpointSeq: seq, applicationSeq: endpoint.applicationSeq });
      return;
    }
    if (roll < 0.12) this.network.changeMood(this.checks.hostOf(seq), "gone");
    if (roll < 0.35) {
      const secret = generateSecret(dice.bytes(24));
      this.checks.secretOffered(seq, secret);
      const oldExpiresAt = this.clock.now + 1000 + dice.below(86_400_000);
      if (await store.endpoints.rotateSecret(seq, secret, this.clock.now, oldExpiresAt)) {
        this.checks.secretStored(seq, secret);
      }
    } else {
      await this.#update(endpoint, this.#rollChange(endpoint));
      return;
    }
    facts.state({ type: "endpoint.updated", endpointSeq: seq, applicationSeq: endpoint.applicationSeq });
  }

  #rollChange(endpoint: Endpoint): Partial<Endpoint> {
    const { dice } = this;
    return dice.pick<Partial<Endpoint>>([
      { paused: !endpoint.paused },
      { disabled: !endpoint.disabled, failingSince: null },
      { ordering: endpoint.ordering === "fifo" ? "parallel" : "fifo" },
      { eventTypes: dice.chance(0.5) ? [dice.pick(EVENT_TYPES)] : null },
    ]);
  }

  async #update(endpoint: Endpoint, change: Partial<Endpoint>): Promise<void> {
    const { store, facts } = this.#process;
    if (change.ordering !== undefined) this.checks.orderChanged(endpoint.seq);
    await store.endpoints.update({ ...endpoint, ...change, updatedAt: this.clock.now });
    facts.state({ type: "endpoint.updated", endpointSeq: endpoint.seq, applicationSeq: endpoint.applicationSeq });
  }

  async #resend(): Promise<void> {
    const { store, seqs, engine, facts } = this.#process;
    const message = this.dice.pick(this.sent.filter(({ answer }) => answer === "accepted"));
    if (message === undefined) return;
    const stored = await store.messages.get(message.seq);
    if (stored === null) return;
    const endpoints = await store.endpoints.active(stored.applicationSeq);
    if (endpoints.length === 0) return;
    const endpointSeq = this.dice.pick(endpoints).seq;
    const position = seqs.next();
    const { was, deliverySeq } = await store.resend(message.seq, endpointSeq, {
      seq: seqs.next(),
      position,
      now: this.clock.now,
    });
    facts.state({ type: "delivery.resent", environmentSeq: this.#environment, endpointSeq, deliverySeq, was });
    engine.wake(endpointSeq, position);
  }

  async #redrive(): Promise<void> {
    const { store, seqs, engine } = this.#process;
    const task = {
      seq: seqs.next(),
      environmentSeq: this.#environment,
      kind: "dead-letter.redrive",
      status: "running" as const,
      data: {
        filter: { environmentSeq: this.#environment },
        rate: this.dice.pick([1, 50, 1000]),
        redriven: 0,
        after: 0,
      },
      updatedAt: this.clock.now,
    };
    await store.tasks.create(task);
    engine.startTask(task);
  }

  /** What failed, what is missing or what was sent, to one endpoint. */
  async #replay(): Promise<void> {
    const { dice } = this;
    const { store, seqs, engine } = this.#process;
    const endpoint = await store.endpoints.get(dice.pick(this.#endpoints));
    if (endpoint === null) return;
    const seq = seqs.next();
    const from = seqAt(this.clock.now - dice.below(48 * HOUR_MS));
    const data: ReplayData = {
      applicationSeq: endpoint.applicationSeq,
      endpointSeq: endpoint.seq,
      from,
      to: seq,
      messagesSent: 0,
    };
    const kind = dice.pick(Object.keys(REPLAYS));
    const { environmentSeq } = endpoint;
    const task = {
      seq,
      environmentSeq,
      kind,
      status: "running",
      data: { ...data },
      updatedAt: this.clock.now,
    } as const;
    await store.tasks.create(task);
    engine.startTask(task);
  }

  // --- the end -------------------------------------------------------------------------------------------------------

  async #calmPhase(): Promise<void> {
    this.#faulty = false;
    this.#diskFull = false;
    this.network.calm();
    await this.#do(() => this.#reopenEndpoints());
    await this.#untilQuiet();
    this.checks.nothingWaits("after the calm phase");
  }

  async #reopenEndpoints(): Promise<void> {
    for (const seq of this.#endpoints) {
      const endpoint = await this.#process.store.endpoints.get(seq);
      if (endpoint === null || endpoint.deleted) continue;
      if (endpoint.paused || endpoint.disabled) {
        await this.#update(endpoint, { paused: false, disabled: false, failingSince: null });
      }
    }
  }

  /** Dead letters are not lost: sent again, they arrive wherever there is still somebody to take them. */
  async #redriveEverything(): Promise<void> {
    await this.#do(() => this.#reopenEndpoints());
    await this.#do(() => this.#redrive());
    await this.#untilQuiet();
    this.checks.nothingWaits("after the last redrive");
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
