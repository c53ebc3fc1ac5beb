import { setDefaultTimeout } from "bun:test";
import { type Incoming, plainIncoming } from "../../src/accept/incoming.ts";
import { changeApplication } from "../../src/commands/applications.ts";
import { redrive } from "../../src/commands/dead-letters.ts";
import { changeEndpoint, createEndpoint, deleteEndpoint } from "../../src/commands/endpoints.ts";
import { expungeMessages } from "../../src/commands/expunge.ts";
import { resend } from "../../src/commands/resend.ts";
import type { Brokers } from "../../src/consume/consumers.ts";
import type { Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import type { Seq, SeqSource } from "../../src/core/id.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { generateSecret } from "../../src/core/signature.ts";
import type { Engine } from "../../src/deliver/engine.ts";
import { assemble, type Kernel, type KernelSettings } from "../../src/kernel.ts";
import type { Answer, Cancel, Clock, OutgoingRequest, Shortage, ShortResource } from "../../src/ports.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Delivery, Endpoint, NewMessage, Store } from "../../src/store/index.ts";
import { VirtualClock } from "../sim/clock.ts";
import { Dice } from "../sim/dice.ts";
import { ROOT } from "./actor.ts";
import { PostgresWorldStore } from "./world-store/in-postgres.ts";
import { SqliteWorldStore } from "./world-store/in-sqlite.ts";
import { macrotask, type WorldStore } from "./world-store/world-store.ts";

const START_AT = Date.UTC(2026, 0, 1);
/**
 * Maximum number of steps. It is more than any test needs; a world that takes more never becomes
 * idle.
 */
const STEPS_MAX = 200_000;

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How an endpoint reacts to a request. `hang` never responds; `afterMs` is 1 by default. */
export type Reaction =
  | "hang"
  | number
  | { readonly status: number; readonly afterMs?: number; readonly retryAfter?: string }
  | { readonly failure: "connection" | "tls" | "blocked"; readonly afterMs?: number }
  | { readonly shortage: ShortResource; readonly afterMs?: number };

/** Returns the reaction to an attempt with this message number and attempt number. */
export type Behaviour = (message: number, attempt: number) => Reaction;

/** A request that was sent. */
export interface Start {
  /** Time in ms since the world began. */
  readonly at: number;
  readonly host: string;
  /** Number of the message among those of the endpoint, from 1. In a batch, that of the first one. */
  readonly message: number;
  /** Numbers of the messages of a batch. Null if the message was sent alone. */
  readonly batch: readonly number[] | null;
  readonly webhookId: string;
}

export interface WorldOptions {
  readonly policy?: Partial<KernelSettings>;
  /** The random number, either constant or computed by a function. */
  readonly chance?: number | (() => number);
  /** Resolves host names. `hang` never resolves. */
  readonly resolve?: (host: string) => readonly string[] | Shortage | "hang";
  /** Runs transformations. */
  readonly sandbox?: Sandbox;
  /** The message brokers of sources. */
  readonly brokers?: Brokers;
  /** The data. Default: in PostgreSQL with `TEST_POSTGRES`, otherwise in SQLite. */
  readonly data?: WorldStore;
  /** Wraps the store that the engine uses. */
  readonly wrapStore?: (store: Store, clock: Clock) => Store;
}

/** A payload of this world. */
interface Sent {
  readonly message: number;
}

interface Process {
  readonly number: number;
  readonly kernel: Kernel;
}

export const policy: KernelSettings = {
  retryScheduleMs: [5 * SECOND, 5 * MINUTE],
  retryJitter: 0,
  deliveryTimeoutMs: 15 * SECOND,
  deliveryConcurrency: 64,
  endpointConcurrency: 16,
  endpointDisableAfterMs: 5 * DAY,
  allowSubnets: [],
  maxResponseStoredBytes: 1024,
  maxBodyBytes: 2 * 1024 * 1024,
  signatureHeaders: "webhook",
  userAgent: "Boathook/test",
  inbox: () => null,
  shutdownTimeoutMs: 20 * SECOND,
  tasksMax: 8,
  tasksPerAppMax: 2,
  endpointsPerAppMax: 10_000,
  publicUrl: () => "https://boathook.example",
  backlogThresholdMs: 0,
  retentionMs: 90 * DAY,
};

/** URL of a database. With it, worlds have their data in databases of the same PostgreSQL server. */
const { TEST_POSTGRES: postgres } = process.env;
// On PostgreSQL, every call of the store takes real time.
setDefaultTimeout(postgres === undefined ? 60_000 : 600_000);

async function newData(): Promise<WorldStore> {
  return postgres === undefined ? new SqliteWorldStore() : PostgresWorldStore.create(postgres);
}

/**
 * The delivery engine on a virtual clock, with simulated endpoints and a store that survives
 * restarts. There is one application, and each endpoint gets only the messages that are sent to it.
 */
export class EngineWorld implements Disposable {
  readonly starts: Start[] = [];
  readonly facts: Fact[] = [];
  /** Headers of the latest request. */
  headers: OutgoingRequest["headers"] = [];
  readonly #clock = new VirtualClock(START_AT);
  readonly #data: WorldStore;
  readonly #hosts = new Map<Seq, string>();
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #sent = new Map<string, number>();
  readonly #options: WorldOptions;
  readonly #policy: KernelSettings;
  #process!: Process;
  /** The store of the process, without `wrapStore`. */
  #bare!: { readonly store: Store; readonly clock: Clock };
  #lives = 0;
  #environmentSeq: Seq = 0;
  #applicationSeq: Seq = 0;

  private constructor(options: WorldOptions, data: WorldStore) {
    this.#options = options;
    this.#data = data;
    this.#policy = { ...policy, ...options.policy };
  }

  static async open(options: WorldOptions = {}): Promise<EngineWorld> {
    const data = options.data ?? (await newData());
    const world = new EngineWorld(options, data);
    world.#process = await world.#boot();
    await world.do(() => world.#furnish());
    await world.do(() => world.engine.start());
    return world;
  }

  [Symbol.dispose](): void {
    this.#data[Symbol.dispose]();
  }

  /** While true, every write fails. */
  get isDiskFull(): boolean {
    return this.#data.isDiskFull;
  }

  set isDiskFull(isFull: boolean) {
    this.#data.isDiskFull = isFull;
  }

  get store(): Store {
    return this.kernel.store;
  }

  get kernel(): Kernel {
    return this.#process.kernel;
  }

  get engine(): Engine {
    return this.kernel.engine;
  }

  get seqs(): SeqSource {
    return this.kernel.seqs;
  }

  get environmentSeq(): Seq {
    return this.#environmentSeq;
  }

  get applicationSeq(): Seq {
    return this.#applicationSeq;
  }

  /** Time in ms since the world began. */
  get time(): number {
    return this.#clock.now - START_AT;
  }

  /** Time in ms since the Unix epoch, independent of the wall clock of the process. */
  get now(): number {
    return this.#clock.now;
  }

  /** Sets the clock of the process forward or back. Timers are not affected. */
  stepClock(ms: number): void {
    this.#clock.step(ms);
  }

  async #boot(): Promise<Process> {
    const number = this.#lives++;
    const clock = this.#clock.ofProcess(number);
    const facts = new Facts();
    const bare = await this.#data.open(clock, (fact) => facts.state(fact));
    const store = this.#options.wrapStore?.(bare, clock) ?? bare;
    this.#bare = { store: bare, clock };
    return { number, kernel: this.#assemble(store, facts, clock) };
  }

  #assemble(store: Store, facts: Facts, clock: Clock): Kernel {
    const dice = new Dice(1);
    const ports = {
      clock,
      random: { next: () => this.#roll(), bytes: (count: number) => dice.bytes(count) },
      transport: { send: (request: OutgoingRequest, signal: AbortSignal) => this.#send(request, signal) },
      resolver: { resolve: (host: string, signal: AbortSignal) => this.#resolve(host, signal) },
    };
    const { sandbox, brokers } = this.#options;
    if (sandbox !== undefined) Object.assign(ports, { sandbox });
    if (brokers !== undefined) Object.assign(ports, { brokers });
    const kernel = assemble({ store, facts, ports, settings: this.#policy });
    facts.subscribe((fact) => this.facts.push(fact));
    return kernel;
  }

  /**
   * Starts a second engine on the same store, like another process. The signals of each engine
   * reach both.
   */
  async join(wrapStore: (store: Store, clock: Clock) => Store): Promise<Kernel> {
    const { store, clock } = this.#bare;
    // Only one engine may subscribe to the feed.
    const feed = { ...store.feed, subscribe: () => {}, poll: () => {} };
    const other = this.#assemble({ ...wrapStore(store, clock), feed }, new Facts(), clock);
    const kernels = [this.kernel, other];
    const sends = kernels.map(({ signals }) => signals.send.bind(signals));
    for (const { signals } of kernels) {
      signals.send = (signal) => {
        for (const send of sends) send(signal);
      };
    }
    await this.do(() => other.engine.start());
    return other;
  }

  #roll(): number {
    const { chance = 0 } = this.#options;
    return typeof chance === "function" ? chance() : chance;
  }

  /** Kills the process and starts another one on the same data. */
  async restart(): Promise<void> {
    this.#clock.kill(this.#process.number);
    await this.#data.crash();
    this.#clock.skip(1);
    this.#process = await this.#boot();
    await this.do(() => this.engine.start());
  }

  async #furnish(): Promise<void> {
    const { store, seqs } = this.kernel;
    const createdAt = this.now;
    const environment = await store.configuration.environments.ensure({ seq: seqs.next(), name: "default", createdAt });
    this.#environmentSeq = environment.seq;
    this.#applicationSeq = seqs.next();
    const given = { seq: this.#applicationSeq, environmentSeq: environment.seq, name: "Application" };
    await store.configuration.applications.create(plainApplication({ ...given, now: createdAt }));
  }

  // --- endpoints and messages ---

  /**
   * Creates an endpoint at `https://{host}/`. `behaviour` is one reaction for all requests, or a
   * function that returns the reaction to each.
   */
  async endpoint(host: string, behaviour: Reaction | Behaviour, change: Partial<Endpoint> = {}): Promise<Endpoint> {
    const settings = { url: `https://${host}/`, eventTypes: [`to.${host}`], ...change };
    const secret = generateSecret(new Uint8Array(24));
    this.behave(host, behaviour);
    const endpoint = await this.do(() =>
      createEndpoint(this.kernel, { applicationSeq: this.#applicationSeq, settings, secret }),
    );
    this.#hosts.set(endpoint.seq, host);
    return endpoint;
  }

  behave(host: string, behaviour: Reaction | Behaviour): void {
    this.#behaviours.set(host, typeof behaviour === "function" ? behaviour : () => behaviour);
  }

  /** Changes an endpoint. */
  async update(endpoint: Pick<Endpoint, "seq">, change: Partial<Endpoint>): Promise<void> {
    await this.do(() => changeEndpoint(this.kernel, endpoint.seq, () => change));
  }

  /** Changes the rate of the application. */
  async throttleApplication(throttleRate: number | null): Promise<void> {
    await this.do(() => changeApplication(this.kernel, this.#applicationSeq, () => ({ throttleRate })));
  }

  async delete(endpoint: Endpoint): Promise<void> {
    await this.do(() => deleteEndpoint(this.kernel, endpoint));
  }

  state(fact: Fact): void {
    this.kernel.facts.state(fact);
  }

  /** Accepts messages for one endpoint, in one commit. Returns their numbers. */
  async send(
    endpoint: Endpoint,
    count = 1,
    change: Partial<Incoming> = {},
    { accepter, directory }: Kernel = this.kernel,
  ): Promise<readonly Seq[]> {
    const host = new URL(endpoint.url).hostname;
    const incoming = Array.from({ length: count }, () => {
      const number = (this.#sent.get(host) ?? 0) + 1;
      this.#sent.set(host, number);
      const payload = new Uint8Array(Buffer.from(JSON.stringify({ message: number })));
      return { ...plainIncoming(`to.${host}`, payload), ...change };
    });
    const results = await this.do(async () => {
      const entry = await directory.application(this.#environmentSeq, { seq: this.#applicationSeq });
      return accepter.acceptAll(entry!, incoming);
    });
    return results.map((result) => {
      if (!result.accepted) throw new Error("A message was not accepted.");
      return result.seq;
    });
  }

  /** Returns a message for an endpoint, to be stored without the engine's knowledge. */
  newMessage(endpoint: Endpoint, number: number): NewMessage {
    const seq = this.seqs.take(2);
    return {
      seq,
      applicationSeq: this.#applicationSeq,
      eventType: "any",
      eventId: null,
      channels: null,
      tags: null,
      payload: new Uint8Array(Buffer.from(JSON.stringify({ message: number }))),
      contentType: null,
      headers: null,
      acceptedAt: this.now,
      payloadExpiresAt: null,
      deliverAt: null,
      warnings: null,
      received: null,
      deliveries: [{ seq: seq + 1, endpointSeq: endpoint.seq }],
      idempotency: null,
    };
  }

  /** Resends a message. */
  async resend(messageSeq: Seq, endpoint: Endpoint): Promise<void> {
    await this.do(async () => {
      const message = (await this.store.history.messages.get(messageSeq))!;
      return resend(this.kernel, {
        application: this,
        message: { seq: message.seq, hasPayload: message.payload !== null },
        endpoint,
      });
    });
  }

  /** Deletes the payload of a message. */
  async expunge(messageSeq: Seq): Promise<void> {
    const application = { seq: this.#applicationSeq, environmentSeq: this.environmentSeq };
    await this.do(() => expungeMessages(this.kernel, application, [{ seq: messageSeq }]));
  }

  /** Starts a redrive of all dead letters. */
  async redrive(rate = 50): Promise<Seq> {
    const { seq } = await this.do(() => redrive(this.kernel, { environmentSeq: this.environmentSeq }, rate, ROOT));
    return seq;
  }

  // --- time ---

  /** Calls `ask` and advances the time until the returned promise settles. */
  async do<T>(ask: () => Promise<T>): Promise<T> {
    let done = false;
    const promise = ask().finally(() => {
      done = true;
    });
    promise.catch(() => {});
    await this.#untilNext();
    while (!done && (await this.#step()));
    return promise;
  }

  /** Advances the time. */
  async pass(ms: number): Promise<void> {
    const until = this.#clock.now + ms;
    await this.#untilNext();
    while (this.#clock.peek() <= until && (await this.#step()));
    this.#clock.skip(until - this.#clock.now);
  }

  /** Advances the time until no timer is left. */
  async rest(): Promise<void> {
    await this.#untilNext();
    for (let steps = 0; await this.#step(); steps++) {
      if (steps > STEPS_MAX) throw new Error("The world does not come to rest.");
    }
  }

  async #step(): Promise<boolean> {
    const event = this.#clock.next();
    if (event === null) return false;
    event.task();
    await this.#untilNext();
    return true;
  }

  /** Waits until the next event may happen. The time stands still while calls of the store are under way. */
  async #untilNext(): Promise<void> {
    await macrotask();
    if (this.#clock.peek() > this.#clock.now) await this.#data.settled();
  }

  // --- the network ---

  #resolve(host: string, signal: AbortSignal): Promise<readonly string[] | Shortage> {
    const found = this.#options.resolve?.(host) ?? ["93.184.216.34"];
    if (found !== "hang") return Promise.resolve(found);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve([]), { once: true }));
  }

  #send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    const host = request.url.hostname;
    const sent = JSON.parse(Buffer.from(request.body).toString()) as Sent | readonly { readonly payload: Sent }[];
    const batch = "message" in sent ? null : sent.map(({ payload }) => payload.message);
    const message = "message" in sent ? sent.message : batch![0]!;
    this.headers = request.headers;
    const webhookId = request.headers.find(([name]) => name === "webhook-id")![1];
    this.starts.push({ at: this.time, host, message, batch, webhookId });
    const attempt = this.starts.filter((start) => start.webhookId === webhookId && start.host === host).length;
    const reaction = this.#behaviours.get(host)!(message, attempt);
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      signal.addEventListener(
        "abort",
        () => {
          cancel();
          resolve({ kind: "failure", reason: "timeout", detail: "cut off" });
        },
        { once: true },
      );
      if (reaction === "hang") return;
      const afterMs = typeof reaction === "number" ? 1 : (reaction.afterMs ?? 1);
      cancel = this.#clock.at(afterMs, () => resolve(answerOf(reaction)));
    });
  }

  // --- what happened ---

  /** Returns the messages that were sent to a host, in order, once for each attempt. */
  order(host: string): number[] {
    return this.starts.filter((start) => start.host === host).map(({ message }) => message);
  }

  /** Returns the batches that were sent to a host, in order, once for each attempt. */
  batches(host: string): ReadonlyArray<readonly number[]> {
    return this.starts.filter((start) => start.host === host).map(({ message, batch }) => batch ?? [message]);
  }

  /** Returns the times of the requests to a host. */
  times(host: string): number[] {
    return this.starts.filter((start) => start.host === host).map(({ at }) => at);
  }

  factsOf<T extends Fact["type"]>(type: T): Extract<Fact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
  }

  /** Returns the delivery of a message that has one endpoint. */
  async delivery(messageSeq: Seq): Promise<Delivery> {
    return (await this.store.history.messages.deliveries(messageSeq))[0]!;
  }

  async states(messageSeqs: readonly Seq[]): Promise<string[]> {
    const deliveries = await Promise.all(messageSeqs.map((seq) => this.delivery(seq)));
    return deliveries.map(({ state, reason }) => (reason === null ? state : `${state}: ${reason}`));
  }

  /** Returns the largest number of concurrent attempts, to one host or to all hosts. */
  mostAtOnce(host?: string): number {
    let [now, most] = [0, 0];
    const ours = new Set<Seq>();
    for (const fact of this.facts) {
      if (fact.type === "attempt.started" && (host === undefined || this.#hosts.get(fact.endpointSeq) === host)) {
        ours.add(fact.deliverySeq);
        most = Math.max(most, ++now);
      } else if (fact.type === "attempt.finished" && ours.delete(fact.deliverySeq)) now--;
    }
    return most;
  }
}

function answerOf(reaction: Exclude<Reaction, "hang">): Answer | Shortage {
  if (typeof reaction === "number")
    return { kind: "response", status: reaction, retryAfter: null, body: EMPTY, note: null };
  if ("shortage" in reaction) return { kind: "shortage", resource: reaction.shortage, detail: "none left" };
  if ("failure" in reaction) return { kind: "failure", reason: reaction.failure, detail: reaction.failure };
  return {
    kind: "response",
    status: reaction.status,
    retryAfter: reaction.retryAfter ?? null,
    body: EMPTY,
    note: null,
  };
}

const EMPTY = new Uint8Array(0);
