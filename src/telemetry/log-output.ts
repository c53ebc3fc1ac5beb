import { write } from "node:fs";

/** Maximum size of the lines that wait to be written, in bytes. Further lines are dropped. */
const QUEUE_BYTES_MAX = 1024 * 1024;
/**
 * Maximum size of one write, in bytes. It is larger than any usual line and smaller than the buffer
 * of a pipe.
 */
const WRITE_BYTES_MAX = 16 * 1024;
/** Delay before a failed write is retried, in ms. */
const RETRY_MS = 200;

/**
 * Writes lines to a file descriptor without ever blocking or throwing. The descriptor may belong to
 * a file on a full disk or to a pipe that nobody reads. The system calls run on a thread of the
 * runtime, one at a time.
 */
export class LogOutput {
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isWriting = false;
  #dropped = 0;
  /** Number of dropped lines that have been reported. */
  #reported = 0;
  #isClosed = false;
  #onEmpty: (() => void)[] = [];

  /** `onRecovered` is called with the number of dropped lines when lines can be written again. */
  constructor(
    private readonly fd: number,
    private readonly onRecovered: (dropped: number) => void = () => {},
  ) {}

  /** Number of lines that have been dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues a text of whole lines. Drops the text if too much is waiting. */
  write(text: string): void {
    if (this.#isClosed) return;
    const bytes = Buffer.from(text);
    if (this.#queuedBytes + bytes.length > QUEUE_BYTES_MAX) {
      this.#dropped += text.split("\n").length - 1;
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (!this.#isWriting) this.#writeNext();
  }

  /** Resolves when all queued lines are written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void> {
    if (!this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onEmpty.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Discards the queue and all later lines. Afterwards the descriptor may be closed. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
  }

  #writeNext(): void {
    const chunk = this.#nextChunk();
    if (chunk === null) {
      this.#isWriting = false;
      for (const resolve of this.#onEmpty.splice(0)) resolve();
      return;
    }
    this.#isWriting = true;
    this.#send(chunk);
  }

  /** Takes at least one line from the queue. */
  #nextChunk(): Buffer | null {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && (count === 0 || bytes + this.#queue[count]!.length <= WRITE_BYTES_MAX))
      bytes += this.#queue[count++]!.length;
    return count === 0 ? null : Buffer.concat(this.#queue.splice(0, count));
  }

  #send(chunk: Buffer): void {
    write(this.fd, chunk, (error, written) => {
      if (error !== null) {
        if (!this.#isClosed) setTimeout(() => this.#retry(chunk), RETRY_MS).unref();
        return;
      }
      this.#queuedBytes -= written;
      if (written < chunk.length) {
        this.#send(chunk.subarray(written));
        return;
      }
      this.#reportDropped();
      this.#writeNext();
    });
  }

  #retry(chunk: Buffer): void {
    if (!this.#isClosed) this.#send(chunk);
  }

  #reportDropped(): void {
    const dropped = this.#dropped - this.#reported;
    if (dropped === 0 || this.#queuedBytes > QUEUE_BYTES_MAX / 2) return;
    this.#reported = this.#dropped;
    this.onRecovered(dropped);
  }
}
