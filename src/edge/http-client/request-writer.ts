/** The write side of a socket. */
export interface ByteSink {
  /**
   * Writes bytes. Returns the number of accepted bytes, possibly 0, or -1 if the socket is closed.
   */
  write(bytes: Uint8Array, from: number, length: number): number;
}

/** Maximum size of a request that is written in one call, in bytes. */
const SCRATCH_BYTES = 64 * 1024;
/**
 * A buffer that all requests share. Bytes that a socket does not accept immediately are copied out
 * of it.
 */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/**
 * Writes as much of a request as the socket accepts. Returns the unsent bytes, or null if there are
 * none.
 */
export function writeRequest(socket: ByteSink, head: string, body: Uint8Array): UnsentBytes | null {
  const bytes = head.length + body.byteLength;
  if (bytes > SCRATCH_BYTES) return new UnsentBytes([Buffer.from(head, "latin1"), body]).writeTo(socket);
  scratch.write(head, 0, "latin1");
  scratch.set(body, head.length);
  const written = socket.write(scratch, 0, bytes);
  if (written === bytes || written < 0) return null;
  return new UnsentBytes([Uint8Array.prototype.slice.call(scratch, written, bytes)]);
}

/** Bytes of a request that a socket has not accepted yet. */
export class UnsentBytes {
  #at = 0;

  constructor(private readonly parts: Uint8Array[]) {}

  /**
   * Continues writing when the socket has room. Returns null if all bytes have been written or the
   * socket is closed.
   */
  writeTo(socket: ByteSink): this | null {
    while (this.parts.length > 0) {
      const part = this.parts[0]!;
      const written = socket.write(part, this.#at, part.byteLength - this.#at);
      if (written < 0) return null;
      this.#at += written;
      if (this.#at < part.byteLength) return this;
      this.parts.shift();
      this.#at = 0;
    }
    return null;
  }
}
