import type { Database } from "bun:sqlite";
import { createHmac } from "node:crypto";
import type { IdCodec, Seq } from "../../src/core/id.ts";
import { burst } from "../../src/core/limit.ts";
import type { DeliveryPolicy } from "../../src/deliver/policy.ts";
import type { OutgoingRequest } from "../../src/ports.ts";
import type { Endpoint } from "../../src/store/index.ts";
import type { VirtualClock } from "./clock.ts";
import type { Network } from "./network.ts";
import type { Sent } from "./world.ts";

const PENDING = 0;
const DELIVERED = 1;
const DEAD = 2;
/** No attempt of a world takes longer. */
const ATTEMPT_MS_MAX = 30_000;

interface Watched {
  readonly endpoint: Endpoint;
  /** Current key last. What a crash kept from being stored may stand behind it. */
  readonly secrets: string[];
  /** When each became current; later than now for those that are not certainly stored. */
  readonly currentSince: number[];
  /** Its ordering has been changed, so what was under way then may break it for a while. */
  orderChanged: boolean;
  inFlight: number;
  /** The youngest first attempt of this life of the program. */
  lastFirst: Seq;
  readonly starts: number[];
}

/** Something that may start so many attempts a second; null when it may start any number, or nobody knows. */
interface Rated {
  readonly rate: number | null;
  /** Of the last second. */
  readonly starts: number[];
}

interface Row {
  readonly seq: Seq;
  readonly state: number;
  readonly position: Seq;
  readonly due_at: number;
  readonly attempts: number;
  readonly attempts_total: number;
  readonly trigger: number;
  readonly reason: string | null;
  readonly message_seq: Seq;
  readonly endpoint_seq: Seq;
}

interface TaskRow {
  readonly seq: Seq;
  readonly kind: string;
}

/** What must hold while the world runs and when it has come to rest. Reads the database itself, not through the store. */
export class Checks {
  readonly violations: string[] = [];
  readonly #endpoints = new Map<Seq, Watched>();
  readonly #applications = new Map<Seq, Rated>();
  #inFlight = 0;

  constructor(
    private readonly db: Database,
    private readonly clock: VirtualClock,
    private readonly policy: DeliveryPolicy,
  ) {}

  violation(text: string): void {
    this.violations.push(`${new Date(this.clock.now).toISOString()} ${text}`);
  }

  endpointMade(endpoint: Endpoint, secret: string): void {
    this.#endpoints.set(endpoint.seq, {
      endpoint,
      secrets: [secret],
      currentSince: [0],
      orderChanged: false,
      inFlight: 0,
      lastFirst: 0,
      starts: [],
    });
  }

  secretOffered(seq: Seq, secret: string): void {
    const { secrets, currentSince } = this.#endpoints.get(seq)!;
    secrets.push(secret);
    currentSince.push(Number.POSITIVE_INFINITY);
  }

  secretStored(seq: Seq, secret: string): void {
    const { secrets, currentSince } = this.#endpoints.get(seq)!;
    currentSince[secrets.indexOf(secret)] = this.clock.now;
  }

  orderChanged(seq: Seq): void {
    this.#endpoints.get(seq)!.orderChanged = true;
  }

  applicationThrottled(seq: Seq, rate: number | null): void {
    this.#applications.set(seq, { rate, starts: [] });
  }

  hostOf(seq: Seq): string {
    return new URL(this.#endpoints.get(seq)!.endpoint.url).hostname;
  }

  /** What was under way is forgotten, and a new life starts with full token buckets. */
  processStarted(): void {
    this.#inFlight = 0;
    for (const watched of this.#endpoints.values()) {
      watched.inFlight = 0;
      watched.lastFirst = 0;
      watched.starts.length = 0;
    }
    for (const { starts } of this.#applications.values()) starts.length = 0;
  }

  attemptStarted(deliverySeq: Seq, endpointSeq: Seq): void {
    const watched = this.#endpoints.get(endpointSeq)!;
    const row = this.db.query("SELECT * FROM delivery WHERE seq = ?").get(deliverySeq) as Row | null;
    if (row === null) {
      this.violation(`delivery ${deliverySeq} is attempted but is not stored`);
      return;
    }
    this.#inFlight++;
    watched.inFlight++;
    this.#checkLimits(watched);
    this.#checkRate("an endpoint", { rate: watched.endpoint.throttleRate, starts: watched.starts });
    this.#checkRate("an application", this.#applications.get(watched.endpoint.applicationSeq)!);
    if (row.state === PENDING && row.due_at > this.clock.now) {
      this.violation(`delivery ${deliverySeq} is attempted ${row.due_at - this.clock.now} ms before it is due`);
    }
    this.#checkOrder(watched, row);
  }

  attemptFinished(endpointSeq: Seq): void {
    this.#inFlight--;
    this.#endpoints.get(endpointSeq)!.inFlight--;
  }

  #checkLimits({ endpoint, inFlight, orderChanged }: Watched): void {
    if (this.#inFlight > this.policy.deliveryConcurrency) this.violation(`${this.#inFlight} attempts at once`);
    if (orderChanged) return;
    const limit = endpoint.ordering === "fifo" ? 1 : (endpoint.concurrency ?? this.policy.endpointConcurrency);
    if (inFlight > limit) this.violation(`${inFlight} attempts at once to an endpoint that takes ${limit}`);
  }

  #checkRate(what: string, { rate, starts }: Rated): void {
    if (rate === null) return;
    starts.push(this.clock.now);
    while (starts[0]! < this.clock.now - 1000) starts.shift();
    if (starts.length > rate + burst(rate)) {
      this.violation(`${starts.length} attempts within a second to ${what} that takes ${rate}/s`);
    }
  }

  #checkOrder(watched: Watched, row: Row): void {
    if (row.trigger === 0 && row.attempts_total === 0) {
      if (row.seq < watched.lastFirst)
        this.violation(`delivery ${row.seq} starts after the younger ${watched.lastFirst}`);
      watched.lastFirst = row.seq;
    }
    if (watched.endpoint.ordering !== "fifo" || watched.orderChanged || row.state !== PENDING) return;
    const ahead = this.db
      .query("SELECT seq FROM delivery WHERE endpoint_seq = ? AND state = 0 AND position < ? LIMIT 1")
      .get(row.endpoint_seq, row.position) as { seq: Seq } | null;
    if (ahead !== null) this.violation(`fifo delivery ${row.seq} overtakes ${ahead.seq}`);
  }

  /** Every request is signed by the endpoint's current key, or by the one that was current when its attempt began. */
  sent(request: OutgoingRequest, ids: IdCodec): void {
    const header = (name: string) => request.headers.find(([key]) => key === name)?.[1] ?? "";
    const id = header("webhook-id");
    if (ids.decode("msg_", id) === null) this.violation(`a request carries the unknown webhook-id ${id}`);
    const watched = [...this.#endpoints.values()].find(({ endpoint }) => endpoint.url === request.url.href);
    const content = Buffer.concat([Buffer.from(`${id}.${header("webhook-timestamp")}.`), request.body]);
    const signatures = header("webhook-signature").split(" ");
    const isSigned = watched?.secrets.slice(this.#oldestValid(watched)).some((secret) => {
      const key = Buffer.from(secret.slice("whsec_".length), "base64");
      return signatures.includes(`v1,${createHmac("sha256", key).update(content).digest("base64")}`);
    });
    if (!isSigned) this.violation(`a request to ${request.url.href} is not signed with its key`);
  }

  #oldestValid({ currentSince }: Watched): number {
    const begunAt = this.clock.now - ATTEMPT_MS_MAX;
    return currentSince.findLastIndex((since) => since <= begunAt);
  }

  nothingWaits(when: string): void {
    const rows = this.db.query("SELECT * FROM delivery WHERE state = 0").all() as Row[];
    for (const row of rows) this.violation(`delivery ${row.seq} still waits ${when}`);
    const tasks = this.db.query("SELECT seq, kind FROM task WHERE status = 'running'").all() as TaskRow[];
    for (const { kind, seq } of tasks) this.violation(`${kind} ${seq} still runs ${when}`);
  }

  atTheEnd(sent: readonly Sent[], network: Network, ids: IdCodec): void {
    const arrived = new Map<string, Uint8Array>();
    for (const { host, messageId, body } of network.arrivals) arrived.set(`${host} ${messageId}`, body);
    for (const message of sent) this.#checkMessage(message, network, arrived, ids);
  }

  #checkMessage(
    { seq, payload, answer }: Sent,
    network: Network,
    arrived: Map<string, Uint8Array>,
    ids: IdCodec,
  ): void {
    if (answer === "refused") {
      const stored = this.db.query("SELECT 1 FROM message WHERE payload = ?").get(payload);
      if (stored !== null) this.violation(`a message that was refused is stored: ${Buffer.from(payload)}`);
      return;
    }
    const stored = this.db.query("SELECT payload FROM message WHERE seq = ?").get(seq) as {
      payload: Uint8Array;
    } | null;
    if (stored === null) {
      this.violation(`message ${seq} was accepted and is lost`);
      return;
    }
    if (!Buffer.from(stored.payload).equals(payload)) this.violation(`message ${seq} is not stored as it came`);
    for (const row of this.db.query("SELECT * FROM delivery WHERE message_seq = ?").all(seq) as Row[]) {
      this.#checkDelivery(row, payload, network, arrived, ids.encode("msg_", seq));
    }
  }

  #checkDelivery(row: Row, payload: Uint8Array, network: Network, arrived: Map<string, Uint8Array>, id: string): void {
    const host = this.hostOf(row.endpoint_seq);
    const body = arrived.get(`${host} ${id}`);
    const endpoint = this.db.query("SELECT disabled, deleted_at FROM endpoint WHERE seq = ?").get(row.endpoint_seq) as {
      disabled: number;
      deleted_at: number | null;
    };
    const isOpen = endpoint.deleted_at === null && network.moodOf(host) !== "gone";
    if (row.state === DELIVERED) {
      if (body === undefined) this.violation(`delivery ${row.seq} is called delivered but never arrived`);
      else if (!Buffer.from(body).equals(payload)) this.violation(`delivery ${row.seq} arrived with other bytes`);
    } else if (row.state === DEAD) {
      this.#checkDeath(row, isOpen);
    } else if (row.state !== PENDING && endpoint.deleted_at === null) {
      this.violation(`delivery ${row.seq} is cancelled although its endpoint is there`);
    }
  }

  #checkDeath(row: Row, isOpen: boolean): void {
    if (isOpen) this.violation(`delivery ${row.seq} is dead (${row.reason}) after a redrive to a healthy endpoint`);
    if (row.reason === "gone" || row.reason === "disabled") return;
    const { endpoint } = this.#endpoints.get(row.endpoint_seq)!;
    const attempts = (endpoint.retryScheduleMs ?? this.policy.retryScheduleMs).length;
    if (row.attempts !== attempts) {
      this.violation(
        `delivery ${row.seq} is dead after ${row.attempts + 1} attempts, its schedule has ${attempts + 1}`,
      );
    }
  }
}
