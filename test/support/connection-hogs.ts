/**
 * Clients that open as many connections as they can and keep them. A connection that the server
 * closes is opened again immediately.
 */

const HEAD = "GET /api/v1/health/ping HTTP/1.1\r\nhost: a\r\n";
const BODY = "POST /inbox/inbox_of_nobody HTTP/1.1\r\nhost: a\r\ncontent-length: 10000\r\n\r\n";

/** What clients send first, by what they do. They continue with one byte at a time. */
const BEGINNINGS = {
  "sends nothing": null,
  "drips a head": `${HEAD}x: `,
  "drips a body": BODY,
  "is idle after a request": `${HEAD}\r\n`,
  "drips a second head": `${HEAD}\r\n${HEAD}x: `,
} as const;
const DRIP_MS = 200;

export class ConnectionHogs {
  /** The text of the latest response that refused a connection. */
  refusal = "";
  readonly #sockets = new Set<Bun.Socket>();
  readonly #drip: ReturnType<typeof setInterval>;
  #isActive = true;

  constructor(
    private readonly url: URL,
    count: number,
  ) {
    const beginnings = Object.values(BEGINNINGS);
    for (let i = 0; i < count; i++) void this.#open(beginnings[i % beginnings.length]!);
    this.#drip = setInterval(() => this.#sendBytes(), DRIP_MS);
  }

  /** Number of open connections. */
  get count(): number {
    return this.#sockets.size;
  }

  leave(): void {
    this.#isActive = false;
    clearInterval(this.#drip);
    for (const socket of this.#sockets) socket.terminate();
  }

  async #open(beginning: string | null): Promise<void> {
    const again = () => {
      if (this.#isActive) setTimeout(() => void this.#open(beginning), 5);
    };
    try {
      await Bun.connect({
        hostname: this.url.hostname,
        port: Number(this.url.port),
        socket: {
          open: (socket) => {
            if (!this.#isActive) return void socket.terminate();
            this.#sockets.add(socket);
            if (beginning !== null) socket.write(beginning);
          },
          data: (_, data) => {
            const text = data.toString("latin1");
            if (text.startsWith("HTTP/1.1 503")) this.refusal = text;
          },
          close: (socket) => {
            this.#sockets.delete(socket);
            again();
          },
          error() {},
        },
      });
    } catch {
      again();
    }
  }

  #sendBytes(): void {
    for (const socket of this.#sockets) if (Math.random() < 0.5) socket.write("x");
  }
}
