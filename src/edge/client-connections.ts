import { closeSync, openSync } from "node:fs";
import { excessMax } from "../core/connection-limit.ts";
import { OneLife } from "../core/service.ts";
import type { Cancel, Clock } from "../ports.ts";
import { AcceptedSockets, type DescriptorTable } from "./accepted-sockets.ts";
import { limitAccepted } from "./kept-descriptors.ts";

const CHECK_MS = 100;
/**
 * The interval while few descriptors are in use. A check costs about 150 µs with all that the runtime
 * does around it, so ten per second were a third of the CPU time of an idle server.
 */
const QUIET_CHECK_MS = 400;
/** Share of the limit below which so few descriptors are in use. */
const QUIET_SHARE = 0.125;
/**
 * The interval while clients use up even the connections beyond the limit. Those that wait to be
 * accepted get the places of the ones that each check closes.
 */
const FULL_CHECK_MS = 25;
/** Share of the limit below which the connections are no longer counted at each check. */
const UNWATCHED_SHARE = 0.5;

const BODY = JSON.stringify({ code: "overloaded", detail: "Too many connections are open. Try again later." });
const REFUSAL = Buffer.from(
  [
    "HTTP/1.1 503 Service Unavailable",
    "content-type: application/json",
    `content-length: ${BODY.length}`,
    "retry-after: 1",
    "connection: close",
    "",
    BODY,
  ].join("\r\n"),
);

export interface ConnectionLimits {
  /** The maximum number of open files, or null if it is not known. */
  readonly filesMax: number | null;
  readonly connectionsMax: number;
}

/** The part of the HTTP server that this service needs. */
interface HttpServer {
  /** The ports and the path of the Unix socket on which it listens. */
  entries(): ReadonlyArray<number | string>;
  /** Whether clients expect TLS. Default: false. */
  readonly isEncrypted?: boolean;
  /** Closes the connections without a request. */
  closeIdle(): void;
}

/**
 * Limits the connections of clients, so that they leave file descriptors to deliveries. If there
 * are too many, idle ones are closed first, because their clients open new ones when they need them.
 * Then the newest are refused with 503. A new connection is spared for one interval, in which most
 * requests are answered. Without Linux or the C library, the service does nothing.
 */
export class ClientConnections extends OneLife {
  readonly #sockets = AcceptedSockets.open();
  /** Ports of the peers, by descriptor, when the connections were last above the limit. */
  #known = new Map<number, number>();
  #isOver = false;
  /**
   * Whether the last count was near the limit. Then each check counts, because a file that is closed
   * makes a low descriptor free although most connections are still open.
   */
  #isWatched = true;
  #cancel: Cancel = () => {};

  constructor(
    private readonly clock: Clock,
    private readonly limits: ConnectionLimits,
    private readonly server: HttpServer,
    /** Called when the connections begin to exceed the limit, and when they are far below it again. */
    private readonly onOver: (isOver: boolean) => void,
  ) {
    super();
  }

  /** Counts the open connections. Returns null where they cannot be counted. */
  count(): number | null {
    return this.#sockets?.read(this.server.entries()).accepted.length ?? null;
  }

  protected begin(): void {
    if (this.limits.filesMax !== null && this.#sockets !== null) this.#checkLater(this.#sockets, CHECK_MS);
  }

  protected end(): void {
    this.#cancel();
    limitAccepted(null);
  }

  #checkLater(sockets: AcceptedSockets, delayMs: number): void {
    this.#cancel = this.clock.after(delayMs, () => this.#checkLater(sockets, this.#check(sockets)));
  }

  /** Returns the delay until the next check, in ms. */
  #check(sockets: AcceptedSockets): number {
    const { connectionsMax } = this.limits;
    const lowestFree = this.#isWatched ? Number.POSITIVE_INFINITY : lowestFreeDescriptor();
    if (lowestFree >= connectionsMax * UNWATCHED_SHARE) return this.#closeExcess(sockets) ? FULL_CHECK_MS : CHECK_MS;
    this.#relax();
    return lowestFree < connectionsMax * QUIET_SHARE ? QUIET_CHECK_MS : CHECK_MS;
  }

  /**
   * Counts the connections and closes those beyond the limit. Returns whether clients had used up even
   * the connections beyond it, so that others waited.
   */
  #closeExcess(sockets: AcceptedSockets): boolean {
    const { connectionsMax } = this.limits;
    const entries = this.server.entries();
    let table = sockets.read(entries);
    const wasFull = table.accepted.length >= connectionsMax + excessMax(connectionsMax);
    if (table.accepted.length > connectionsMax) {
      this.server.closeIdle();
      table = sockets.read(entries);
    }
    const { accepted } = table;
    this.#isWatched = accepted.length >= connectionsMax * UNWATCHED_SHARE;
    if (!this.#isWatched) {
      this.#relax();
      return wasFull;
    }
    limitAccepted(this.#descriptorsMax(table));
    if (wasFull) this.#letOthersIn(sockets, table);
    const excess = accepted.length - connectionsMax;
    if (excess <= 0) return wasFull;
    if (!this.#isOver) this.onOver(true);
    this.#isOver = true;
    const isBusy = excess >= excessMax(connectionsMax);
    // The lowest free descriptor is used first, so the highest connections are the newest.
    for (const socket of accepted.slice(-excess)) {
      const isKnown = this.#known.get(socket.descriptor) === socket.peerPort;
      if (isKnown || isBusy) sockets.refuse(socket, this.#refusal);
    }
    this.#known = new Map(accepted.slice(-excess).map(({ descriptor, peerPort }) => [descriptor, peerPort]));
    return wasFull;
  }

  /**
   * Refuses the connections that wait at an entry whose clients have most connections, if others wait
   * at another entry. The runtime gives all free descriptors to the listener that comes first, and
   * that one remains the first until nobody waits for it.
   */
  #letOthersIn(sockets: AcceptedSockets, { accepted, listening }: DescriptorTable): void {
    for (const crowded of listening) {
      const held = accepted.filter(({ entry }) => entry === crowded.entry).length;
      const doOthersWait = listening.some(({ entry, waiting }) => entry !== crowded.entry && waiting > 0);
      if (doOthersWait && held > accepted.length / 2) sockets.refuseWaiting(crowded, this.#refusal);
    }
  }

  /** The response to connections that are refused; null if clients expect TLS. */
  get #refusal(): Uint8Array | null {
    return this.server.isEncrypted ? null : REFUSAL;
  }

  #relax(): void {
    limitAccepted(null);
    if (this.#isOver) this.onOver(false);
    this.#isOver = false;
    this.#known.clear();
  }

  /** Returns the limit of open files with which clients can exceed their maximum only for a moment. */
  #descriptorsMax({ accepted, isUsed }: DescriptorTable): number {
    const { connectionsMax, filesMax } = this.limits;
    let free = connectionsMax + excessMax(connectionsMax) - accepted.length;
    let descriptor = 0;
    for (; descriptor < filesMax! - 1; descriptor++) {
      if (!isUsed[descriptor] && --free < 0) break;
    }
    return descriptor;
  }
}

/**
 * Returns the lowest free file descriptor, or infinity if none is free. All lower ones are in use,
 * so this number shows how many are in use without listing them.
 */
function lowestFreeDescriptor(): number {
  try {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
