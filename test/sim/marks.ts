import { FLIGHTS, type Flight } from "./watch/in-flight.ts";

/** Effects of commands on work that may be in flight. */
export const EFFECTS = [
  ...(["resend", "replay", "redrive", "expunge", "purge"] as const),
  ...(["delete", "pause", "resume", "disable", "enable", "reorder", "rotate", "retune", "throttle"] as const),
] as const;
export type Effect = (typeof EFFECTS)[number];

const STAGES = [
  ...(["settlement: moved to delivered", "settlement: moved to pending", "settlement: moved to dead"] as const),
  ...(["settlement: revived to delivered", "settlement: moved to cancelled"] as const),
  ...(["settlement: stale, delivered", "settlement: stale, pending", "settlement: stale, dead"] as const),
  "settlement: stale, cancelled",
  ...(["settlement: disk full", "settlement: stored after a full disk"] as const),
  ...(["retry: endpoint changed during the attempt", "retry: ordering changed during the attempt"] as const),
  ...([
    "retry: fifo head while its lane was busy",
    "retry: while the lane was busy",
    "retry: 410 of a changed endpoint",
  ] as const),
  "attempt: prevented by a shortage",
  ...(["lane: read a claimed delivery again", "lane: passed over after the clock was set back"] as const),
  ...(["lane: read a full page", "lane: payload deleted before the attempt", "lane: accepted while busy"] as const),
  ...(["lane: cancelled by a deletion", "lane: buried by a disabling", "lane: enabled while being buried"] as const),
  ...(["batch: several messages", "batch: tried again", "batch: tried again after a restart"] as const),
  ...(["batch: a member has left", "filter: message wanted", "filter: message not wanted"] as const),
  ...(["version: created", "version: deleted", "version: endpoint pinned"] as const),
  ...(["version: downgrade threw", "version: throwing downgrade replaced"] as const),
  ...(["thin: received", "thin: payload read", "thin: downgrade threw", "thin: sandbox busy"] as const),
  ...(["thin: used link refused", "thin: used link refused after a restart"] as const),
  ...(["function: message sent", "function: message repeated"] as const),
  ...(["function: message repeated after a restart", "function: request made"] as const),
  ...(["version: downgraded", "version: several downgrades", "version: member of a batch downgraded"] as const),
  ...(["endpoint: disabled as failing", "endpoint: disabled as gone"] as const),
  ...(["signature: two keys", "signature: old key expired"] as const),
  ...(["crash: with an attempt under way", "crash: with a settlement that waits", "crash: with a busy lane"] as const),
  ...([
    "crash: with a parked lane",
    "crash: during a start",
    "crash: during a stop",
    "crash: with a full disk",
  ] as const),
  ...([
    "crash after commit: message",
    "crash after commit: settlement",
    "crash after commit: resend",
    "crash after commit: batch",
  ] as const),
  ...(["crash after commit: endpoint", "crash after commit: secret", "crash after commit: task"] as const),
  ...([
    "crash after commit: token",
    "crash after commit: idempotency key",
    "crash after commit: payload link",
  ] as const),
  ...([
    "stop: nothing under way",
    "stop: waited for attempts",
    "stop: cut attempts off",
    "stop: with a full disk",
  ] as const),
  ...(["task: resumed after a restart", "task: failed", "task: cancelled"] as const),
  ...(["cancel: a message", "cancel: messages of an endpoint"] as const),
  ...(["operational: stored", "operational: lost in a crash", "operational: stored after a full disk"] as const),
  ...(["stopped: deliveries held", "stopped: deliveries paused"] as const),
  ...(["resumed: deliveries held", "resumed: deliveries paused"] as const),
  ...(["restart: with deliveries held", "restart: with deliveries paused"] as const),
  ...(["backlog: growing", "backlog: recovered", "retention: message deleted", "retention: message kept"] as const),
  ...(["key: waited for the first call", "key: response repeated after a restart"] as const),
  ...(["key: first call failed, next one tried", "key: found used at the commit", "key: text repeated"] as const),
  ...(["token: accepted", "token: refused after its revocation", "token: refused after its expiry"] as const),
  ...([
    "token: refused without its application",
    "token: looked up during its revocation",
    "token: in memory, then revoked",
  ] as const),
  ...(["door: stored", "door: stored again after its window", "door: stored although it failed its check"] as const),
  ...(["door: duplicate", "door: duplicate of a request under way", "door: duplicate after a restart"] as const),
  ...(["door: refused for its signature", "door: refused for its time", "door: refused for its method"] as const),
  ...(["door: refused as too large", "door: limited", "door: key unavailable", "door: disk full"] as const),
  ...(["door: handshake", "door: secret captured", "door: second secret refused"] as const),
  ...([
    "door: earlier URL accepted",
    "door: URL refused after its end",
    "door: URL refused without its source",
  ] as const),
  ...(["door: source changed during a request", "door: source deleted during a request"] as const),
  ...([
    "crash: between a request's check and its commit",
    "crash: between a request's commit and its response",
  ] as const),
  ...(["queue: stored", "queue: duplicate", "queue: duplicate after a restart"] as const),
  ...(["queue: stored again without an id", "queue: stored again after its window"] as const),
  ...(["queue: refused as too large", "queue: refused for its schema"] as const),
  ...(["queue: connection failed", "queue: connection refused", "queue: visibility timeout passed"] as const),
  ...([
    "queue: connection closed with unsettled messages",
    "queue: source changed with unsettled messages",
    "queue: source deleted with unsettled messages",
    "queue: messages released at once",
    "queue: acknowledged and not confirmed",
  ] as const),
  ...([
    "crash: between the receipt of a queue's message and its commit",
    "crash: between a queue's commit and its acknowledgement",
  ] as const),
  ...(["socket: acknowledged", "socket: acknowledged late", "socket: refused", "socket: no consumer"] as const),
  ...(["socket: not acknowledged in time", "socket: disconnected with frames", "socket: retries made due"] as const),
  ...(["socket: closed by the server", "socket: terminated", "socket: connection refused"] as const),
  ...([
    "crash: with frames at consumers",
    "crash: between an acknowledgement of a consumer and its settlement",
  ] as const),
  ...(["group: leased", "group: leased again after its end", "group: leased again when given back"] as const),
  ...([
    "group: acknowledged",
    "group: acknowledgement refused",
    "crash: between a lease and its acknowledgement",
  ] as const),
  ...(["source: counts lost in a crash", "cron: run", "cron: only the latest of the missed runs"] as const),
] as const;
export type Stage = (typeof STAGES)[number];

export type Mark = Stage | `${Effect} meets ${Flight}`;

export const MARKS: readonly Mark[] = [
  ...STAGES,
  ...EFFECTS.flatMap((effect) => FLIGHTS.map((flight) => `${effect} meets ${flight}` as const)),
];

/** Marks that fewer than a fifth of all seeds reach, so that forty seeds may miss them. */
const RARE: ReadonlySet<Mark> = new Set<Mark>([
  "batch: a member has left",
  "batch: tried again after a restart",
  "crash after commit: batch",
  "crash after commit: idempotency key",
  "crash after commit: payload link",
  "crash after commit: resend",
  "crash after commit: secret",
  "crash after commit: token",
  "crash: between a queue's commit and its acknowledgement",
  "crash: between an acknowledgement of a consumer and its settlement",
  "crash: between a lease and its acknowledgement",
  "crash: between the receipt of a queue's message and its commit",
  "crash: during a stop",
  "crash: with a full disk",
  "crash: with frames at consumers",
  "cron: only the latest of the missed runs",
  "cron: run",
  "delete meets attempt",
  "delete meets busy lane",
  "disable meets busy lane",
  "door: URL refused after its end",
  "door: URL refused without its source",
  "door: earlier URL accepted",
  "door: handshake",
  "door: key unavailable",
  "door: second secret refused",
  "door: secret captured",
  "door: source changed during a request",
  "door: source deleted during a request",
  "door: stored although it failed its check",
  "enable meets settlement",
  "endpoint: disabled as failing",
  "expunge meets attempt",
  "expunge meets busy lane",
  "group: acknowledgement refused",
  "group: leased again when given back",
  "key: first call failed, next one tried",
  "lane: enabled while being buried",
  "lane: passed over after the clock was set back",
  "lane: payload deleted before the attempt",
  "operational: stored after a full disk",
  "pause meets busy lane",
  "purge meets busy lane",
  "purge meets settlement",
  "queue: connection refused",
  "queue: messages released at once",
  "queue: source deleted with unsettled messages",
  "queue: stored again after its window",
  "queue: stored again without an id",
  "queue: visibility timeout passed",
  "redrive meets attempt",
  "redrive meets busy lane",
  "redrive meets settlement",
  "reorder meets busy lane",
  "replay meets attempt",
  "replay meets busy lane",
  "replay meets settlement",
  "resend meets busy lane",
  "restart: with deliveries held",
  "restart: with deliveries paused",
  "resume meets attempt",
  "resume meets busy lane",
  "resume meets parked lane",
  "resume meets settlement",
  "retention: message kept",
  "retry: 410 of a changed endpoint",
  "retry: fifo head while its lane was busy",
  "retry: ordering changed during the attempt",
  "retry: while the lane was busy",
  "retune meets busy lane",
  "rotate meets busy lane",
  "settlement: revived to delivered",
  "settlement: stale, cancelled",
  "socket: acknowledged late",
  "socket: connection refused",
  "socket: disconnected with frames",
  "socket: not acknowledged in time",
  "socket: refused",
  "socket: terminated",
  "stop: cut attempts off",
  "stop: waited for attempts",
  "stop: with a full disk",
  "task: cancelled",
  "thin: downgrade threw",
  "thin: sandbox busy",
  "throttle meets attempt",
  "throttle meets busy lane",
  "throttle meets settlement",
  "token: in memory, then revoked",
  "token: looked up during its revocation",
  "token: refused after its expiry",
  "token: refused after its revocation",
  "token: refused without its application",
  "version: deleted",
  "version: several downgrades",
]);

export const RELIABLE_MARKS: readonly Mark[] = MARKS.filter((mark) => !RARE.has(mark));

/** Counts how often each mark was reached. */
export class Marks {
  readonly #counts = new Map<Mark, number>();

  hit(mark: Mark): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1);
  }

  get counts(): ReadonlyMap<Mark, number> {
    return this.#counts;
  }

  of(mark: Mark): number {
    return this.#counts.get(mark) ?? 0;
  }

  add(other: Marks): void {
    for (const [mark, count] of other.counts) this.#counts.set(mark, this.of(mark) + count);
  }

  /** Returns the marks that were never reached. */
  missing(among: readonly Mark[] = MARKS): readonly Mark[] {
    return among.filter((mark) => this.of(mark) === 0);
  }
}
