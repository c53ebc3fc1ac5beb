import { failure, NoConnection } from "../broker/failure.ts";

const LENGTH_BYTES = 4;
/** Every response begins with the number of its request. */
const FRAME_BYTES_MIN = 4;
/** Maximum size that a broker may announce. The text of other protocols is read as a larger size. */
const PLAUSIBLE_BYTES_MAX = 512 * 1024 * 1024;
/** The first two bytes of a TLS alert: its type, and the major version. */
const TLS_ALERT = 0x1503;

/** The reason if the bytes of a server cannot be responses of a broker. */
export const NOT_KAFKA = "The server does not respond as a Kafka broker does.";

/**
 * Follows the frames of a broker's responses, so that a server that announces an enormous response, or
 * speaks another protocol, cannot fill the memory. The client itself has no limit.
 */
export class FrameReader {
  /** The bytes of the length of the next frame that have arrived. */
  #length = 0;
  #lengthBytes = 0;
  /** Bytes of the current frame that have not arrived. */
  #missing = 0;

  constructor(private readonly frameBytesMax: number) {}

  /** Throws a `NoConnection` if the bytes cannot be responses of a broker. */
  add(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, bytes.length - at);
        this.#missing -= taken;
        at += taken;
        continue;
      }
      this.#length = this.#length * 256 + bytes[at++]!;
      if (++this.#lengthBytes === LENGTH_BYTES) this.#begin();
    }
  }

  #begin(): void {
    const length = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    if (length >= FRAME_BYTES_MIN && length <= this.frameBytesMax) {
      this.#missing = length;
      return;
    }
    if (length >> 16 === TLS_ALERT) {
      throw new NoConnection({ status: 400, text: "The broker requires TLS. Add `tls=true` to the URL." });
    }
    throw new NoConnection(failure("connection", this.#problem(length)));
  }

  #problem(length: number): string {
    const isPlausible = length > this.frameBytesMax && length <= PLAUSIBLE_BYTES_MAX;
    if (!isPlausible) return NOT_KAFKA;
    return `The broker sends a response of ${length} bytes. At most ${this.frameBytesMax} bytes are read.`;
  }
}
