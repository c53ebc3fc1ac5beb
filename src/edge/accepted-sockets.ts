import { readFileSync } from "node:fs";
import { softLimit, withKeptDescriptor } from "./kept-descriptors.ts";
import { type SystemCalls, systemCalls } from "./system-calls.ts";

/** Values of Linux. */
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** The state of a socket that listens, in the first byte of `struct tcp_info`. */
const TCP_LISTEN = 10;
/** The offset of `tcpi_unacked`, which is the length of the queue if the socket listens. */
const QUEUE_LENGTH_AT = 24;
/** The offset of `tcpi_data_segs_out` in `struct tcp_info`. */
const SEGMENTS_SENT_AT = 156;
const MSG_DONTWAIT_NOSIGNAL = 0x4040;
const NONBLOCK_CLOEXEC = 0x80800;
const SHUT_RDWR = 2;
/** The size of `sockaddr_un`, which is larger than the other addresses. */
const ADDRESS_BYTES = 110;
/** The offset of the path in `sockaddr_un`. */
const PATH_AT = 2;
const EBADF = 9;

/** A connection that the HTTP server has accepted. */
export interface AcceptedSocket {
  readonly descriptor: number;
  /** The port or path on which the client has connected. */
  readonly entry: number | string;
  /** 0 for a Unix socket. */
  readonly peerPort: number;
}

/** A TCP socket on which a server listens. */
export interface ListeningSocket {
  readonly descriptor: number;
  readonly entry: number | string;
  /** Number of connections that have not been accepted. */
  readonly waiting: number;
}

export interface DescriptorTable {
  /** Connections in the order of their descriptors. */
  readonly accepted: readonly AcceptedSocket[];
  readonly listening: readonly ListeningSocket[];
  /** Whether a descriptor is in use, by its number. Higher descriptors are not in use. */
  readonly isUsed: readonly boolean[];
}

/**
 * Finds the connections that the HTTP server has accepted, and closes them. The runtime can only
 * close connections without a request (Bun 1.4.5). Linux only.
 */
export class AcceptedSockets {
  readonly #address = new Uint8Array(ADDRESS_BYTES);
  readonly #view = new DataView(this.#address.buffer);
  readonly #length = new Uint32Array(1);
  readonly #info = new Uint8Array(SEGMENTS_SENT_AT + 4);

  private constructor(private readonly calls: SystemCalls) {}

  /** Returns null on other systems. */
  static open(): AcceptedSockets | null {
    const calls = process.platform === "linux" ? systemCalls() : null;
    return calls === null ? null : new AcceptedSockets(calls);
  }

  /**
   * Reads the table of descriptors. `entries` are the ports and the path of the Unix socket on which the
   * server listens.
   */
  read(entries: ReadonlyArray<number | string>): DescriptorTable {
    const accepted: AcceptedSocket[] = [];
    const listening: ListeningSocket[] = [];
    const isUsed: boolean[] = [];
    const end = tableSize();
    for (let descriptor = 0; descriptor < end; descriptor++) {
      const local = this.#entryOf("getsockname", descriptor);
      isUsed.push(local !== null || this.calls.errorNumber() !== EBADF);
      if (local === null || !entries.includes(local)) continue;
      const peer = this.#entryOf("getpeername", descriptor);
      if (peer !== null) accepted.push({ descriptor, entry: local, peerPort: typeof peer === "number" ? peer : 0 });
      else if (this.#isListening(descriptor))
        listening.push({ descriptor, entry: local, waiting: this.#queueLength() });
    }
    return { accepted, listening, isUsed };
  }

  /**
   * Closes a connection. If nothing was ever sent on it, sends `response` first, unless it is null.
   * The runtime notices the end and releases the descriptor.
   */
  refuse({ descriptor }: Pick<AcceptedSocket, "descriptor">, response: Uint8Array | null): void {
    if (response !== null && !this.#hasSent(descriptor))
      this.calls.send(descriptor, response, response.length, MSG_DONTWAIT_NOSIGNAL);
    this.calls.shutdown(descriptor, SHUT_RDWR);
  }

  /** Accepts and closes the connections that wait. Sends `response` on each first, unless it is null. */
  refuseWaiting({ descriptor, waiting }: ListeningSocket, response: Uint8Array | null): void {
    withKeptDescriptor(() => {
      for (let i = 0; i < waiting; i++) {
        const accepted = this.calls.accept4!(descriptor, null, null, NONBLOCK_CLOEXEC);
        if (accepted < 0) return;
        this.refuse({ descriptor: accepted }, response);
        this.calls.close(accepted);
      }
    });
  }

  /**
   * Returns the TCP port or the path of a socket, which is empty if it has none. Returns null if the
   * descriptor is no socket or has no peer.
   */
  #entryOf(call: "getsockname" | "getpeername", descriptor: number): number | string | null {
    this.#length[0] = ADDRESS_BYTES;
    if (this.calls[call](descriptor, this.#address, this.#length) !== 0) return null;
    const family = this.#view.getUint16(0, true);
    if (family === AF_UNIX) return this.#path();
    return family === AF_INET || family === AF_INET6 ? this.#view.getUint16(2, false) : 0;
  }

  #path(): string {
    const bytes = this.#address.subarray(PATH_AT, Math.min(this.#length[0]!, ADDRESS_BYTES));
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString();
  }

  /** Returns whether anything was sent on the connection. True if the system does not say. */
  #hasSent(descriptor: number): boolean {
    if (!this.#readInfo(descriptor)) return true;
    return new DataView(this.#info.buffer).getUint32(SEGMENTS_SENT_AT, true) > 0;
  }

  #isListening(descriptor: number): boolean {
    return this.#readInfo(descriptor) && this.#info[0] === TCP_LISTEN;
  }

  /** Returns the length of the queue of the socket whose state was read last. */
  #queueLength(): number {
    return new DataView(this.#info.buffer).getUint32(QUEUE_LENGTH_AT, true);
  }

  /** Reads the state of a TCP socket. Returns false if the system does not say it. */
  #readInfo(descriptor: number): boolean {
    this.#length[0] = this.#info.length;
    const failed = this.calls.getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, this.#info, this.#length) !== 0;
    return !failed && this.#length[0] === this.#info.length;
  }
}

/** The size to which the table of descriptors has grown. It never shrinks. */
let knownTableSize = 1024;

function tableSize(): number {
  try {
    const status = withKeptDescriptor(() => readFileSync("/proc/self/status", "utf8"));
    const size = Number(/^FDSize:\s+(?<size>\d+)/m.exec(status)?.groups?.size);
    if (size > 0) knownTableSize = size;
  } catch {
    // No descriptor is free, so the table has grown to the limit since it was read last.
    knownTableSize = Math.max(knownTableSize, Number(softLimit() ?? 0n));
  }
  return knownTableSize;
}
