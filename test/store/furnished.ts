import { ClockSeqSource, type Seq, type SeqSource } from "../../src/core/id.ts";
import type { FailureReason } from "../../src/core/outcome.ts";
import type { Received } from "../../src/core/received.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { plainEndpoint } from "../../src/core/resources/endpoint.ts";
import { plainSource } from "../../src/core/resources/source.ts";
import { tokenHash } from "../../src/core/token.ts";
import type {
  Application,
  Delivery,
  DoorToken,
  Endpoint,
  Environment,
  EventType,
  LaneCursor,
  NewMessage,
  PayloadVersion,
  PendingDelivery,
  Settled,
  Settlement,
  Source,
  Store,
} from "../../src/store/index.ts";
import type { Open, StoreUnderTest } from "./store-under-test.ts";

export const DAY_MS = 86_400_000;
export const LANE_START: LaneCursor = { position: 0, seq: 0 };
export const EVERYTHING = Number.MAX_SAFE_INTEGER;

export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "utf8"));
}

export function doorToken(text: string): DoorToken {
  return { text, sha256: new Uint8Array(tokenHash(text)) };
}

export function receivedBy(sourceSeq: Seq, change: Partial<Received> = {}): Received {
  return {
    source: "shop",
    sourceSeq,
    method: "PUT",
    path: "/orders?a=%20",
    state: "failed",
    cause: "signature_mismatch",
    redacted: ["authorization"],
    reply: { status: 202, headers: { "content-type": "text/plain" }, body: "ok" },
    ...change,
  };
}

/**
 * A store with an environment, an application and an endpoint, and helpers that add more. The clock
 * only advances when a test sets `now`.
 */
export class Furnished implements AsyncDisposable {
  now = Date.UTC(2026, 0, 1);
  readonly #ownSeqs = new ClockSeqSource(() => this.now);
  #usesStoreNumbers = false;
  readonly #under: StoreUnderTest;
  environment!: Environment;
  application!: Application;
  endpoint!: Endpoint;

  private constructor(under: StoreUnderTest) {
    this.#under = under;
  }

  static async open(open: Open): Promise<Furnished> {
    const furnished = new Furnished(await open());
    furnished.environment = await furnished.addEnvironment("default");
    furnished.application = await furnished.addApplication();
    furnished.endpoint = await furnished.addEndpoint();
    return furnished;
  }

  get store(): Store {
    return this.#under.store;
  }

  /** Generates the numbers of objects, from `now` unless the store does. */
  get seqs(): SeqSource {
    return this.#usesStoreNumbers ? this.store.numbers : this.#ownSeqs;
  }

  /** Lets the store generate the numbers of all later objects, as in a server. */
  useStoreNumbers(): void {
    this.#usesStoreNumbers = true;
  }

  get isRemote(): boolean {
    return this.#under.isRemote === true;
  }

  get facts() {
    return this.#under.facts;
  }

  openBeside(): Promise<Store> {
    return this.#under.openBeside();
  }

  reopen(): Promise<void> {
    return this.#under.reopen();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#under.remove();
  }

  addEnvironment(name: string): Promise<Environment> {
    return this.store.configuration.environments.ensure({ seq: this.seqs.next(), name, createdAt: this.now });
  }

  newApplication(change: Partial<Application> = {}): Application {
    const given = { seq: this.seqs.next(), environmentSeq: this.environment.seq, name: "Application" };
    return { ...plainApplication({ ...given, now: this.now }), ...change };
  }

  async addApplication(change: Partial<Application> = {}): Promise<Application> {
    const application = this.newApplication(change);
    if (!(await this.store.configuration.applications.create(application)))
      throw new Error("The uid of the application is already in use.");
    return application;
  }

  newEndpoint(change: Partial<Endpoint> = {}): Endpoint {
    const [seq, applicationSeq] = [this.seqs.next(), this.application.seq];
    return { ...plainEndpoint({ seq, applicationSeq, url: "https://hook.example/", now: this.now }), ...change };
  }

  async addEndpoint(change: Partial<Endpoint> = {}, secret = "whsec_c2VjcmV0"): Promise<Endpoint> {
    const endpoint = this.newEndpoint(change);
    const result = await this.store.configuration.endpoints.create(endpoint, secret);
    if (result !== true) throw new Error(`The endpoint was not created: ${result}`);
    return endpoint;
  }

  /** Creates a payload version in the environment. */
  addPayloadVersion(version: string, fields: Partial<PayloadVersion> = {}, max = 10) {
    const created = {
      ...{ environmentSeq: this.environment.seq, version, description: "", eventTypes: null },
      ...{ downgrade: null, deprecatedAt: null, sunsetAt: null, deletedSeq: null, createdAt: 1, updatedAt: 1 },
      ...fields,
    };
    return this.store.configuration.payloadVersions.create(created, () => this.seqs.next(), max);
  }

  newSource(change: Partial<Source> = {}): Source {
    const [seq, applicationSeq] = [this.seqs.next(), this.seqs.next()];
    const given = { seq, applicationSeq, environmentSeq: this.environment.seq };
    const type = { type: "github", provider: "github" };
    return { ...plainSource({ ...given, ...type, name: "Source", now: this.now }), ...change };
  }

  /** The application behind a source. */
  applicationOf({ seq, applicationSeq, environmentSeq, name }: Source): Application {
    return this.newApplication({ seq: applicationSeq, environmentSeq, name, sourceSeq: seq });
  }

  createSource(source: Source, token: DoorToken | null = doorToken(`first-${source.seq}`)): Promise<boolean> {
    return this.store.configuration.sources.create(source, this.applicationOf(source), token);
  }

  async addSource(change: Partial<Source> = {}, token?: DoorToken | null): Promise<Source> {
    const source = this.newSource(change);
    if (!(await this.createSource(source, token))) throw new Error("The uid of the source is already in use.");
    return source;
  }

  newEventType(change: Partial<EventType> = {}): EventType {
    return {
      seq: this.seqs.next(),
      environmentSeq: this.environment.seq,
      name: "order.paid",
      description: "",
      archived: false,
      deprecated: false,
      schemas: null,
      featureFlags: [],
      groupName: null,
      validation: "warn",
      compatibility: "off",
      createdAt: this.now,
      updatedAt: this.now,
      ...change,
    };
  }

  newMessage(change: Partial<NewMessage> = {}, endpointSeqs: readonly Seq[] = []): NewMessage {
    const seq = this.seqs.take(1 + endpointSeqs.length);
    return {
      seq,
      applicationSeq: this.application.seq,
      eventType: "order.paid",
      eventId: null,
      channels: null,
      tags: null,
      payload: bytes('{"amount":1.0}'),
      contentType: null,
      headers: null,
      acceptedAt: this.now,
      payloadExpiresAt: null,
      deliverAt: null,
      warnings: null,
      received: null,
      deliveries: endpointSeqs.map((endpointSeq, i) => ({ seq: seq + 1 + i, endpointSeq })),
      idempotency: null,
      ...change,
    };
  }

  /** Accepts a message for the given endpoints, by default only for the endpoint of this store. */
  async send(change: Partial<NewMessage> = {}, endpointSeqs = [this.endpoint.seq]): Promise<NewMessage> {
    const message = this.newMessage(change, endpointSeqs);
    const [result] = await this.store.queue.accept([message]);
    if (!result!.accepted) throw new Error(`The message was not accepted (${result!.because}).`);
    return message;
  }

  async sendMany(count: number, change: Partial<NewMessage> = {}): Promise<NewMessage[]> {
    const messages = Array.from({ length: count }, () => this.newMessage(change, [this.endpoint.seq]));
    await this.store.queue.accept(messages);
    return messages;
  }

  /** Returns all pending deliveries of a lane, in lane order. */
  waiting(endpointSeq = this.endpoint.seq): Promise<readonly PendingDelivery[]> {
    return this.store.queue.due(endpointSeq, LANE_START, EVERYTHING, 10_000);
  }

  async delivery(messageSeq: Seq, endpointSeq = this.endpoint.seq): Promise<Delivery> {
    const deliveries = await this.store.history.messages.deliveries(messageSeq);
    return deliveries.find((delivery) => delivery.endpointSeq === endpointSeq)!;
  }

  settlement(
    delivery: Pick<PendingDelivery, "seq" | "messageSeq" | "endpointSeq" | "round">,
    next: Settlement["next"],
    change: Partial<Omit<Settlement, "attempt">> & { readonly attempt?: Partial<Settlement["attempt"]> } = {},
  ): Settlement {
    const reason: FailureReason | null =
      next.state === "delivered" ? null : next.state === "dead" ? next.reason : "status_5xx";
    return {
      round: delivery.round,
      next,
      settledAt: this.now,
      disableEndpoint: false,
      disableAfterMs: 0,
      ...change,
      attempt: {
        seq: this.seqs.next(),
        deliverySeq: delivery.seq,
        messageSeq: delivery.messageSeq,
        endpointSeq: delivery.endpointSeq,
        url: "https://hook.example/",
        reason,
        responseStatus: reason === null ? 200 : 500,
        response: bytes("answer"),
        note: null,
        durationMs: 12,
        trigger: "schedule",
        startedAt: this.now,
        nextAttemptAt: next.state === "pending" ? next.dueAt : null,
        batchSeq: null,
        ...change.attempt,
      },
    };
  }

  /** Settles a delivery and returns what changed. */
  async settle(...args: Parameters<Furnished["settlement"]>): Promise<Settled["change"]> {
    const [settled] = await this.store.queue.settle([this.settlement(...args)]);
    return settled!.change;
  }

  /** Turns all pending deliveries of a lane into dead letters. */
  async kill(reason: FailureReason = "status_5xx", endpointSeq = this.endpoint.seq): Promise<void> {
    const waiting = await this.waiting(endpointSeq);
    await this.store.queue.settle(waiting.map((delivery) => this.settlement(delivery, { state: "dead", reason })));
  }

  /**
   * Disables the endpoint, turns its pending deliveries into dead letters, and enables it again.
   */
  async buryDead(): Promise<void> {
    const { endpoints } = this.store.configuration;
    await endpoints.update(this.endpoint.seq, () => ({ disabled: true }));
    await this.store.queue.bury(this.endpoint.seq, "dead", this.now, 10_000);
    await endpoints.update(this.endpoint.seq, () => ({ disabled: false }));
  }

  /** Accepts a message for one endpoint and turns its delivery into a dead letter. */
  async sendDead(
    change: Partial<NewMessage> = {},
    { endpointSeq = this.endpoint.seq, reason = "status_5xx" as FailureReason } = {},
  ): Promise<NewMessage> {
    const message = await this.send(change, [endpointSeq]);
    await this.kill(reason, endpointSeq);
    return message;
  }
}
