import { ROOT_TOKEN } from "./server.ts";

/** One server-sent event. */
export interface SentEvent {
  readonly id: string | null;
  readonly event: string | null;
  readonly data: string;
}

/** Reads the events of a stream as they come. */
export class EventReader implements AsyncDisposable {
  readonly events: SentEvent[] = [];
  readonly comments: string[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";
  hasEnded = false;

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {
    this.#reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  }

  /** Opens a stream. Throws if the response is not 200. */
  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    return new EventReader(response, abort);
  }

  get ids(): string[] {
    return this.events.map(({ id }) => id ?? "");
  }

  /** Reads until `isDone` returns true or the stream ends. Throws at the deadline. */
  async until(isDone: () => boolean, deadlineMs = 20_000): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    const late = new Promise<never>((_, reject) => {
      deadline.addEventListener("abort", () => {
        reject(
          new Error(
            `${this.events.length} events after ${deadlineMs} ms; the last: ${JSON.stringify(this.events.at(-1))}`,
          ),
        );
      });
    });
    while (!isDone() && !this.hasEnded) await Promise.race([this.#read(), late]);
    late.catch(() => {});
  }

  async #read(): Promise<void> {
    const { done, value } = await this.#reader.read().catch(() => ({ done: true, value: undefined }));
    if (done) this.hasEnded = true;
    this.#rest += this.#decoder.decode(value, { stream: true });
    const blocks = this.#rest.split("\n\n");
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#add(block);
  }

  #add(block: string): void {
    if (block.startsWith(":")) {
      this.comments.push(block);
      return;
    }
    const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    this.events.push({ id: fields.id ?? null, event: fields.event ?? null, data: fields.data ?? "" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort();
    await this.#reader.cancel().catch(() => {});
  }
}

/** Many streams of an application's messages, on sockets of their own: `fetch` limits its connections. */
export class RawStreams implements AsyncDisposable {
  readonly #texts: string[] = [];
  readonly #sockets: Bun.Socket[] = [];
  #changed = Promise.withResolvers<void>();

  static async open(url: string, app: string, count: number): Promise<RawStreams> {
    const streams = new RawStreams();
    const { hostname, port } = new URL(url);
    for (let i = 0; i < count; i++) await streams.#connect(hostname, Number(port), app, i);
    await streams.#untilAll((text) => text.includes(": connected\n\n"));
    return streams;
  }

  /** The ids of the events of each stream. */
  get ids(): string[][] {
    return this.#texts.map(idsIn);
  }

  /** Waits until `isDone` returns true for the ids of each stream. Throws at the deadline. */
  async until(isDone: (ids: readonly string[]) => boolean): Promise<void> {
    await this.#untilAll((text) => isDone(idsIn(text)));
  }

  async #connect(hostname: string, port: number, app: string, index: number): Promise<void> {
    this.#texts[index] = "";
    const head = `GET /api/v1/app/${app}/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ROOT_TOKEN}\r\n\r\n`;
    const data = (_: unknown, bytes: Buffer) => {
      this.#texts[index] += bytes.toString("latin1");
      this.#changed.resolve();
    };
    this.#sockets[index] = await Bun.connect({
      hostname,
      port,
      socket: { open: (socket) => void socket.write(head), data },
    });
  }

  async #untilAll(isDone: (text: string) => boolean, deadlineMs = 30_000): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    const late = new Promise<void>((resolve) => deadline.addEventListener("abort", () => resolve()));
    for (;;) {
      const open = this.#texts.findIndex((text) => !isDone(text));
      if (open < 0) return;
      if (deadline.aborted) throw new Error(`Stream ${open} has only: ${this.#texts[open]}`);
      this.#changed = Promise.withResolvers();
      await Promise.race([this.#changed.promise, late]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
  }
}

function idsIn(text: string): string[] {
  return [...text.matchAll(/^id: (msg_\w+)$/gm)].map(([, id]) => id!);
}
