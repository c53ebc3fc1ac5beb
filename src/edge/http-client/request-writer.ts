/** The part of a socket that is written to. Writes what fits; returns how much that was, or -1 if the socket is closed. */
export interface ByteSink {
  write(bytes: Uint8Array, from: number, length: number): number;
}

/** Requests up to this size go out in one piece. */
const SCRATCH_BYTES = 64 * 1024;
/** Every request is assembled here; what the socket does not take at once is copied. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** Writes a request as far as the socket takes it. Returns the rest, or null if there is none. */
export function writeRequest(socket: ByteSink, head: string, body: Uint8Array): UnsentBytes | null {
  const bytes = head.length + body.byteLength;
  if (bytes > SCRATCH_BYTES) return new UnsentBytes([Buffer.from(head, "latin1"), body]).writeTo(socket);
  scratch.write(head, 0, "latin1");
  scratch.set(body, head.length);
  const written = socket.write(scratch, 0, bytes);
  if (written === bytes || written < 0) return null;
  return new UnsentBytes([Uint8Array.prototype.slice.call(scratch, written, bytes)]);
}

/** Bytes that a socket has not taken yet. */
export class UnsentBytes {
  #at = 0;

  constructor(private readonly parts: Uint8Array[]) {}

  /** Writes on, when the socket has room. Returns null when nothing is left, and when the socket is closed. */
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
