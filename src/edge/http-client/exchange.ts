import { ResponseParser } from "../../core/http-response/response-parser.ts";
import type { Answer, OutgoingRequest } from "../../ports.ts";
import { Connection, type ConnectionUser } from "./connection.ts";
import { type ConnectionEnd, failureOf, notHttp, timedOut } from "./failure.ts";
import type { Pool } from "./pool.ts";
import type { ConnectionTarget } from "./target.ts";

/**
 * One request and its response. The constructor starts the request; `resolve` is called once, when
 * it ends.
 */
export class Exchange implements ConnectionUser, EventListenerObject {
  #parser: ResponseParser;
  #connection: Connection | null;
  /** True if the first connection came from the pool. */
  readonly #isReused: boolean;
  /** True once the request has been sent again over a second connection. */
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
    if (this.#isStale) {
      connection.abort();
      this.#repeat();
    } else {
      this.#release(connection);
      this.#finish(this.#answer());
    }
  }

  ended(_connection: Connection, end: ConnectionEnd): void {
    const parser = this.#parser;
    parser.end(end.code !== "");
    if (this.#isStale) this.#repeat();
    // A truncated response is a failure, whatever its status.
    else this.#finish(parser.isCutOff ? failureOf(end, parser.hasBegun) : this.#answer());
  }

  /**
   * True if the connection was reused and the bytes received are not a response to this request. A
   * receiver may close an idle connection at any time, also while a request is on its way, and may
   * announce this with a 408 (RFC 9110, 15.5.9). Bytes that are not HTTP are left over from the
   * previous response. If the connection was new or a response has begun, the receiver got the
   * request.
   */
  get #isStale(): boolean {
    if (!this.#isReused || this.#isRepeated) return false;
    const { hasBegun, status, isCutOff, mayBeReused } = this.#parser;
    if (!hasBegun || (status === null && !isCutOff)) return true;
    return status === 408 && !mayBeReused;
  }

  /** Sends the request again, over a new connection that is not kept alive. */
  #repeat(): void {
    this.#isRepeated = true;
    this.#parser = new ResponseParser(this.request.responseBytesMax);
    this.#connection = new Connection(this.target, this);
  }

  /** Called when the signal is aborted. */
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
