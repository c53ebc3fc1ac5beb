import { ResponseParser } from "../../core/http-response/response-parser.ts";
import type { Answer, OutgoingRequest } from "../../ports.ts";
import { Connection, type ConnectionUser } from "./connection.ts";
import { type ConnectionEnd, failureOf, notHttp, timedOut } from "./failure.ts";
import type { Pool } from "./pool.ts";
import type { ConnectionTarget } from "./target.ts";

/** One request and its response. Ends once: with a response, a failure, or the signal. */
export class Exchange implements ConnectionUser, EventListenerObject {
  readonly #parser: ResponseParser;
  #connection: Connection | null;
  /** The connection has served another request before. */
  readonly #isReused: boolean;
  #isRepeated = false;

  constructor(
    private readonly pool: Pool,
    private readonly target: ConnectionTarget,
    private readonly head: string,
    private readonly request: OutgoingRequest,
    private readonly signal: AbortSignal,
    private readonly resolve: (answer: Answer) => void,
  ) {
    this.#parser = new ResponseParser(request.responseBytesMax);
    this.signal.addEventListener("abort", this);
    const idle = pool.take(target);
    this.#isReused = idle !== null;
    this.#connection = idle ?? new Connection(target, this);
    if (idle === null) return;
    idle.user = this;
    idle.send(head, request.body);
  }

  opened(connection: Connection): void {
    connection.send(this.head, this.request.body);
  }

  received(connection: Connection, bytes: Uint8Array): void {
    const parser = this.#parser;
    parser.push(bytes);
    if (!parser.isDone) return;
    this.#release(connection);
    this.#finish(this.#answer());
  }

  /**
   * A receiver closes a kept-alive connection when it likes, also while the next request is on its way. That is no
   * failure of the receiver: the request goes once more, over a new connection that nobody else uses. Where the
   * connection was new, or a response has begun, the receiver has had the request, and it is not sent again.
   */
  ended(_connection: Connection, end: ConnectionEnd): void {
    const parser = this.#parser;
    if (this.#isReused && !this.#isRepeated && !parser.hasBegun) {
      this.#isRepeated = true;
      this.#connection = new Connection(this.target, this);
      return;
    }
    const hasBegun = parser.hasBegun;
    parser.end(end.code !== "");
    // A response that ends before the end that it declared counts as a failed attempt, whatever its status.
    this.#finish(parser.isCutOff ? failureOf(end, hasBegun) : this.#answer());
  }

  /** The signal has been aborted. */
  handleEvent(): void {
    this.#connection?.abort();
    this.#finish(timedOut);
  }

  #answer(): Answer {
    const { status, retryAfter, body, note } = this.#parser;
    return status === null ? notHttp : { kind: "response", status, retryAfter, body, note };
  }

  #release(connection: Connection): void {
    if (connection.isSending) connection.abort();
    else if (this.#parser.mayBeReused && !this.#isRepeated) this.pool.give(connection);
    else connection.close();
  }

  #finish(answer: Answer): void {
    this.#connection = null;
    this.signal.removeEventListener("abort", this);
    this.resolve(answer);
  }
}
