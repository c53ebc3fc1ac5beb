import type { Frame } from "./fake-consumer.ts";
import { ROOT_TOKEN } from "./server.ts";

/** The WebSocket of the runtime, which has more than that of browsers. */
type Socket = WebSocket & { terminate(): void };
const Socket = WebSocket as unknown as new (url: string, options: object) => Socket;

interface Options {
  readonly token?: string | null;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  /** Trusted certificates. */
  readonly tls?: object | undefined;
}

/** A consumer of a `websocket:` endpoint. It keeps what it gets and acknowledges it unless told otherwise. */
export class SocketConsumer implements Disposable {
  readonly frames: Frame[] = [];
  /** How the connection has ended; null while it is open. */
  closed: { readonly code: number; readonly reason: string } | null = null;
  /** Called for each frame. Returns the reply, or null for none. */
  onFrame: (frame: Frame) => object | null = ({ deliveryId }) => ({ type: "ack", deliveryId });
  #changed = Promise.withResolvers<void>();

  private constructor(readonly socket: Socket) {
    socket.addEventListener("message", ({ data }) => this.#received(JSON.parse(String(data)) as Frame));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#changed.resolve();
    });
  }

  /** Connects to an endpoint. Throws if the server refuses it. */
  static async connect(url: string, path: string, options: Options = {}): Promise<SocketConsumer> {
    const { token = ROOT_TOKEN, protocols = [], headers = {}, query = "", tls } = options;
    const address = `${url.replace(/^http/, "ws")}${path}/connect${query}`;
    const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const consumer = new SocketConsumer(
      new Socket(address, { headers: { ...authorization, ...headers }, protocols, ...(tls && { tls }) }),
    );
    await consumer.until(() => consumer.socket.readyState !== WebSocket.CONNECTING);
    if (consumer.socket.readyState !== WebSocket.OPEN) throw new Error(`No connection to ${address}.`);
    return consumer;
  }

  get messageIds(): string[] {
    return this.frames.map(({ messageId }) => messageId);
  }

  reply(reply: object | string): void {
    this.socket.send(typeof reply === "string" ? reply : JSON.stringify(reply));
  }

  ack({ deliveryId }: Frame): void {
    this.reply({ type: "ack", deliveryId });
  }

  #received(frame: Frame): void {
    this.frames.push(frame);
    const reply = this.onFrame(frame);
    if (reply !== null) this.reply(reply);
    this.#changed.resolve();
  }

  /** Waits until `isDone` returns true. Throws at the deadline with what was seen last. */
  async until(isDone: () => boolean, deadlineMs = 20_000): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    const opened = () => this.#changed.resolve();
    this.socket.addEventListener("open", opened);
    while (!isDone()) {
      if (Date.now() > deadline) {
        throw new Error(
          `After ${deadlineMs} ms: ${this.frames.length} frames, closed: ${JSON.stringify(this.closed)}, last: ${JSON.stringify(this.frames.at(-1))}`,
        );
      }
      this.#changed = Promise.withResolvers();
      await Promise.race([this.#changed.promise, Bun.sleep(50)]);
    }
    this.socket.removeEventListener("open", opened);
  }

  /** Waits until the connection has ended. Returns the close code. */
  async end(): Promise<number> {
    await this.until(() => this.closed !== null);
    return this.closed!.code;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
