import type { Facts } from "../../../src/core/facts.ts";
import type { FailureReason } from "../../../src/core/outcome.ts";
import type { NewMessage, Settlement } from "../../../src/store/index.ts";
import { HEADERS, payloadOf, receivedBy } from "./content.ts";
import { CHANNELS, type Customer, EVENT_TYPE_NAMES, type SeedEndpoint, TAGS } from "./customers.ts";
import type { SeedOptions, SeedParts } from "./parts.ts";

/** Number of successive periods in each of which messages are accepted and attempts are made. */
const TICKS = 3000;
/** This share of the ticks is in the last days, so that short buckets of the time series exist. */
const RECENT = 0.3;
const RECENT_MS = 2 * 86_400_000;
const ATTEMPTS_MAX = 8;
/** Largest payload is this many times a usual one. */
const LARGE = 200;
const REASONS: readonly FailureReason[] = [
  "status_5xx",
  "status_5xx",
  "status_4xx",
  "timeout",
  "connection",
  "dns",
  "tls",
];
const STATUS: Partial<Record<FailureReason, number>> = { status_5xx: 503, status_4xx: 404, gone: 410 };

/** A delivery that is waiting for its next attempt. */
interface Job {
  readonly message: NewMessage;
  readonly delivery: NewMessage["deliveries"][number];
  readonly endpoint: SeedEndpoint;
  readonly customer: Customer;
  readonly reason: FailureReason;
  /** Number of attempts until the end. */
  readonly attempts: number;
  readonly ends: "delivered" | "dead";
  readonly made: number;
}

/** Writes the messages and attempts of the whole period, in the order of time. */
export class Traffic {
  readonly #wheel: Customer[] = [];
  readonly #ended = new Set<number>();
  #messages = 0;
  #attempts = 0;
  #dead = 0;

  constructor(
    private readonly parts: SeedParts,
    private readonly facts: Facts,
    private readonly options: SeedOptions,
    private readonly customers: readonly Customer[],
  ) {
    // Each customer has a number of entries in proportion to its weight.
    for (const customer of customers) {
      for (let i = 0; i < Math.max(1, Math.round(customer.weight * 2000)); i++) this.#wheel.push(customer);
    }
  }

  async write(startAt: number, endAt: number, afterTick: () => Promise<void>): Promise<void> {
    const { clock, store } = this.parts;
    let jobs: Job[] = [];
    for (let tick = 0; tick < TICKS; tick++) {
      clock.at = timeOf(tick / TICKS, startAt, endAt);
      await this.#change(tick / TICKS);
      const count = Math.floor((this.options.messages * (tick + 1)) / TICKS) - this.#messages;
      const made = Array.from({ length: count }, () => this.#message(tick / TICKS));
      const settlements = jobs.map((job) => this.#attempt(job));
      const retried = jobs.map((job) => ({ ...job, made: job.made + 1 })).filter((job) => job.made < job.attempts);
      await Promise.all([store.queue.accept(made.map(({ message }) => message)), store.queue.settle(settlements)]);
      jobs = [...retried.filter(({ endpoint }) => !this.#ended.has(endpoint.seq)), ...made.flatMap((one) => one.jobs)];
      await afterTick();
    }
    // Retries that are left stay pending.
    const first = jobs.filter(({ made, endpoint }) => made === 0 && endpoint.fate === "healthy");
    clock.at = endAt;
    await store.queue.settle(first.map((job) => this.#attempt({ ...job, attempts: 1, ends: "delivered" })));
    await afterTick();
  }

  /** Pauses and disables the endpoints whose time has come. */
  async #change(share: number): Promise<void> {
    const { store, clock } = this.parts;
    for (const { endpoints, environmentSeq } of this.customers) {
      for (const { seq, fate, since } of endpoints) {
        if (since > share || this.#ended.has(seq) || fate === "healthy" || fate === "failing") continue;
        // Few endpoints stay paused for weeks.
        if (fate === "paused" && share < 0.9) continue;
        this.#ended.add(seq);
        const now = clock.now();
        const cause = fate === "gone" ? ("gone" as const) : seq % 2 === 0 ? ("manual" as const) : ("failing" as const);
        await store.configuration.endpoints.update(seq, () =>
          fate === "paused" ? { paused: true } : { disabled: true, disabledAt: now, disabledCause: cause },
        );
        if (fate !== "paused") await this.#bury(seq, environmentSeq);
      }
    }
  }

  async #bury(endpointSeq: number, environmentSeq: number): Promise<void> {
    const { store, clock } = this.parts;
    const count = await store.queue.bury(endpointSeq, "dead", clock.now(), Number.MAX_SAFE_INTEGER);
    this.facts.state({ type: "deliveries.buried", environmentSeq, state: "dead", count });
  }

  #message(share: number): { readonly message: NewMessage; readonly jobs: readonly Job[] } {
    const { store, random, clock } = this.parts;
    const n = this.#messages++;
    const customer = random.pick(this.#wheel);
    const eventType = customer.source === null ? random.pick(EVENT_TYPE_NAMES) : "generic-hmac.received";
    const channels = random.oneIn(4) ? [random.pick(CHANNELS)] : null;
    const endpoints = customer.endpoints.filter((one) => this.#receives(one, eventType, channels));
    const seq = store.numbers.take(1 + endpoints.length);
    const message: NewMessage = {
      seq,
      applicationSeq: customer.seq,
      eventType,
      eventId: n % 2 === 0 ? `evt-${n}` : null,
      channels,
      tags: random.oneIn(10) ? [random.pick(TAGS)] : null,
      payload: payloadOf(n, random.oneIn(500) ? LARGE : 1),
      contentType: null,
      headers: customer.source === null ? null : { "x-signature": "00", "user-agent": "Provider/1.0" },
      acceptedAt: clock.now(),
      payloadExpiresAt: null,
      deliverAt: null,
      warnings: null,
      received: receivedBy(customer, n),
      deliveries: endpoints.map((endpoint, i) => ({ seq: seq + 1 + i, endpointSeq: endpoint.seq })),
      idempotency: null,
    };
    const { environmentSeq, seq: applicationSeq } = customer;
    const about = { messageSeq: seq, applicationSeq, environmentSeq, eventType, deliveries: endpoints.length };
    this.facts.state({ type: "message.accepted", ...about });
    return { message, jobs: this.#jobs(message, customer, endpoints, share) };
  }

  #receives({ seq, fate, eventTypes, channels }: SeedEndpoint, eventType: string, sent: readonly string[] | null) {
    if (fate !== "paused" && this.#ended.has(seq)) return false;
    if (eventTypes !== null && !eventTypes.includes(eventType)) return false;
    return channels === null || (sent?.some((channel) => channels.includes(channel)) ?? false);
  }

  /** Plans the attempts of a message's deliveries, so that the totals are reached at the end. */
  #jobs(message: NewMessage, customer: Customer, endpoints: readonly SeedEndpoint[], share: number): readonly Job[] {
    const { messages, attempts, deadLetters } = this.options;
    const { random } = this.parts;
    const part = this.#messages / messages;
    const isIll = ({ fate, since }: SeedEndpoint) => fate !== "healthy" && fate !== "paused" && since < share + 0.1;
    const found = endpoints.flatMap((endpoint, i) => {
      if (this.#ended.has(endpoint.seq)) return [];
      const isFailing = endpoint.fate === "failing" && endpoint.since < share;
      const dies = isFailing || (this.#dead < deadLetters * part && (isIll(endpoint) || random.oneIn(3)));
      if (dies) this.#dead++;
      return [{ endpoint, delivery: message.deliveries[i]!, dies }];
    });
    return found.map(({ endpoint, delivery, dies }, i) => {
      const wanted = Math.round(attempts * part) - this.#attempts - (found.length - i - 1);
      const count = Math.max(1, Math.min(ATTEMPTS_MAX, dies || random.oneIn(5) ? wanted : 1));
      this.#attempts += count;
      const reason = endpoint.fate === "gone" && dies ? "timeout" : random.pick(REASONS);
      const ends = dies ? ("dead" as const) : ("delivered" as const);
      return { message, delivery, endpoint, customer, reason, attempts: count, ends, made: 0 };
    });
  }

  #attempt(job: Job): Settlement {
    const { store, clock, random } = this.parts;
    const { message, delivery, endpoint, customer } = job;
    const seq = store.numbers.next();
    const settledAt = clock.now();
    const isLast = job.made + 1 === job.attempts;
    const reason = isLast && job.ends === "delivered" ? null : job.reason;
    const responseStatus = reason === null ? 200 : (STATUS[reason] ?? 0);
    const durationMs = reason === "timeout" ? 15_000 : 5 + random.below(400);
    const dueAt = settledAt + 3_600_000;
    const next = isLast
      ? reason === null
        ? { state: "delivered" as const }
        : { state: "dead" as const, reason }
      : { state: "pending" as const, attempts: job.made + 1, dueAt, position: store.numbers.next() };
    this.facts.state({
      type: "attempt.finished",
      deliverySeq: delivery.seq,
      messageSeq: message.seq,
      endpointSeq: endpoint.seq,
      applicationSeq: customer.seq,
      environmentSeq: customer.environmentSeq,
      attemptSeq: seq,
      failedBefore: job.made,
      reason,
      responseStatus,
      durationMs,
      next: next.state,
      was: "pending",
      deadReason: next.state === "dead" ? reason : null,
      sinceAcceptedMs: settledAt - message.acceptedAt,
    });
    return {
      attempt: {
        seq,
        deliverySeq: delivery.seq,
        messageSeq: message.seq,
        endpointSeq: endpoint.seq,
        url: endpoint.url,
        reason,
        responseStatus,
        response: Buffer.from(reason === null ? '{"received":true}' : `The receiver failed with ${reason}.`),
        note: null,
        durationMs,
        trigger: "schedule",
        startedAt: settledAt - durationMs,
        nextAttemptAt: next.state === "pending" ? dueAt : null,
        batchSeq: null,
        ...(reason === null ? {} : { headers: HEADERS }),
      },
      message,
      round: 0,
      next,
      settledAt,
      disableEndpoint: false,
      disableAfterMs: 0,
    };
  }
}

function timeOf(share: number, startAt: number, endAt: number): number {
  const recentAt = endAt - RECENT_MS;
  const isRecent = share > 1 - RECENT;
  const within = isRecent ? (share - 1 + RECENT) / RECENT : share / (1 - RECENT);
  return Math.floor(isRecent ? recentAt + RECENT_MS * within : startAt + (recentAt - startAt) * within);
}
