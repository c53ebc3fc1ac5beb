import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { CallRefused, type MessageSender, type SendRequest, type SendResult } from "../../core/grpc-sender.ts";

/** Maximum number of messages that are stored together. */
const BATCH_MAX = 1_000;

/**
 * A call of `Send`. Messages that arrive while others are being stored wait and are stored together
 * afterwards. While as many wait as a batch may have, or their size exceeds a limit, or the client does
 * not read the responses, nothing more is read from the client.
 */
export class SendCall {
  readonly #headers: Headers;
  #waiting: SendRequest[] = [];
  #waitingBytes = 0;
  #isSending = false;
  /** Whether the client has sent everything. */
  #isComplete = false;
  #isOver = false;
  #isRefused = false;
  /** Continues with the responses when the client has read enough, or is gone. */
  #wake: () => void = () => {};

  constructor(
    readonly stream: ServerDuplexStream<SendRequest, SendResult>,
    private readonly sender: MessageSender,
    private readonly limits: { readonly bytesMax: number },
    /** Called when the call is over. */
    private readonly onOver: () => void,
  ) {
    this.#headers = headersOf(stream);
    stream.on("cancelled", () => this.#over());
    stream.on("close", () => this.#over());
    // The library reports errors of the connection as the end of the call too.
    stream.on("error", () => this.#over());
    stream.on("drain", () => this.#wake());
    void this.#begin();
  }

  /** Ends the call because the server stops. The responses to messages that are being stored come first. */
  refuse(): void {
    this.#isRefused = true;
    if (!this.#isSending) this.#end(stopping());
  }

  async #begin(): Promise<void> {
    try {
      await this.sender.check(this.#headers);
    } catch (error) {
      this.#end(error);
      return;
    }
    if (this.#isOver) return;
    this.stream.on("data", (message: SendRequest) => this.#arrived(message));
    this.stream.on("end", () => {
      this.#isComplete = true;
      this.#send();
    });
  }

  #arrived(message: SendRequest): void {
    this.#waiting.push(message);
    this.#waitingBytes += message.payload.byteLength;
    if (this.#isFull) this.stream.pause();
    this.#send();
  }

  get #isFull(): boolean {
    return this.#waiting.length >= BATCH_MAX || this.#waitingBytes >= this.limits.bytesMax;
  }

  #send(): void {
    if (this.#isSending || this.#isOver) return;
    this.#isSending = true;
    // The messages that have arrived with this one join its batch.
    setImmediate(() => {
      this.#sendWaiting().catch((error: unknown) => this.#end(error));
    });
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isOver) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      if (this.stream.isPaused()) this.stream.resume();
      const results = await this.sender.send(this.#headers, batch);
      await this.#respond(results);
    }
    this.#isSending = false;
    if (this.#isRefused) this.#end(stopping());
    if (!this.#isComplete || this.#isOver) return;
    this.stream.end();
    this.#over();
  }

  async #respond(results: readonly SendResult[]): Promise<void> {
    let hasRoom = true;
    for (const result of results) {
      if (this.#isOver) return;
      hasRoom = this.stream.write(result);
    }
    if (hasRoom || this.#isOver) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    const { code, detail } =
      error instanceof CallRefused
        ? error
        : { code: status.INTERNAL, detail: "server_error: Internal error. Please report it." };
    this.#over();
    this.stream.emit("error", { code, details: detail });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = [];
    this.#wake();
    this.onOver();
  }
}

function stopping(): CallRefused {
  return new CallRefused(status.UNAVAILABLE, "unavailable: The server is stopping. Try again later.");
}

/** Returns the metadata of a call whose values are texts. */
function headersOf({ metadata }: SendCall["stream"]): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}
