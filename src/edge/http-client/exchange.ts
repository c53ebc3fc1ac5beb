import { connectShareMs } from "../../core/connect-order.ts";
import { ResponseParser } from "../../core/http-response/response-parser.ts";
import { isSuccess } from "../../core/outcome.ts";
import type { Answer, OutgoingRequest, Shortage } from "../../ports.ts";
import { connectShortage } from "../connect-error.ts";
import { decodeBody, isEncoded } from "./body-decoder.ts";
import { Connection, type ConnectionUser } from "./connection.ts";
import type { FailedTargets } from "./failed-targets.ts";
import { type ConnectionEnd, failureOf, notHttp, proxyTooSlow, timedOut, tooSlow } from "./failure.ts";
import type { Pool } from "./pool.ts";
import type { ConnectionTarget } from "./target.ts";

/** The parts of a client that its exchanges share. */
interface Shared {
  readonly pool: Pool;
  readonly failed: FailedTargets;
}

/**
 * One request and its response. The constructor starts the request; `resolve` is called once, when
 * the exchange ends. The request is sent to the first target in `route` to which a connection can
 * be opened.
 */
export class Exchange implements ConnectionUser, EventListenerObject {
  #parser: ResponseParser;
  #connection: Connection | null = null;
  /** Index in `route` of the target in use. */
  #at = 0;
  /**
   * Whether the connection in use has been opened. If so, the request may have been sent over it.
   */
  #isOpen = false;
  /** Limits the time for opening the connection if another target is left to try. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Whether the connection in use came from the pool. */
  #isReused = false;
  /** Whether the request has already been sent again over a second connection. */
  #isRepeated = false;

  constructor(
    private readonly shared: Shared,
    private readonly route: readonly ConnectionTarget[],
    private readonly head: string,
    private readonly request: OutgoingRequest,
    private readonly signal: AbortSignal,
    private readonly resolve: (answer: Answer | Shortage) => void,
  ) {
    this.#parser = new ResponseParser(request.responseBytesMax, request.keepsHeaders);
    this.signal.addEventListener("abort", this);
    this.#start();
  }

  opened(connection: Connection): void {
    this.#stopTimer();
    this.#isOpen = true;
    if (this.route.length > 1) this.shared.failed.addWorking(connection.target);
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
      this.#respond();
    }
  }

  ended(_connection: Connection, end: ConnectionEnd): void {
    if (!this.#isOpen) {
      // Connections to other addresses would fail for the same reason.
      const address = end.proxyAddress ?? this.route[this.#at]!.address;
      const shortage = end.isTls ? null : connectShortage(end.code, address);
      if (shortage !== null) this.#lack(shortage);
      else if (end.isProxyDown) this.#finish(failureOf(end, false));
      else this.#unopened(failureOf(end, false));
      return;
    }
    const parser = this.#parser;
    parser.end(end.code !== "");
    if (this.#isStale) this.#repeat();
    // Once its status has been received, a truncated response counts: the receiver has got the
    // message, and sending it again would repeat it.
    else if (parser.isCutOff && parser.status === null) this.#finish(failureOf(end, parser.hasBegun));
    else this.#respond();
  }

  /**
   * True if the connection was reused and the bytes received are not a response to this request. A
   * receiver may close an idle connection at any time, even while a request is on its way, and may
   * announce this with a 408 (RFC 9110, 15.5.9). Bytes that are not HTTP are left over from the
   * previous response. If the connection is new or a response has begun, the receiver has got the
   * request.
   */
  get #isStale(): boolean {
    if (!this.#isReused || this.#isRepeated) return false;
    const { hasBegun, status, isCutOff, mayBeReused } = this.#parser;
    if (!hasBegun || (status === null && !isCutOff)) return true;
    return status === 408 && !mayBeReused;
  }

  /** Sends the request again over a new connection that is not kept alive. */
  #repeat(): void {
    this.#isRepeated = true;
    this.#parser = new ResponseParser(this.request.responseBytesMax, this.request.keepsHeaders);
    this.#connect();
  }

  /** Sends the request to the target in use, over an idle connection if one is available. */
  #start(): void {
    const idle = this.#isRepeated ? null : this.shared.pool.take(this.route[this.#at]!);
    this.#isReused = idle !== null;
    if (idle === null) {
      this.#connect();
      return;
    }
    this.#isOpen = true;
    this.#connection = idle;
    idle.user = this;
    idle.send(this.head, this.request.body);
  }

  /**
   * Opens a connection to the target in use. Opening has a time limit unless this is the last
   * target.
   */
  #connect(): void {
    this.#isOpen = false;
    if (this.#at < this.route.length - 1) {
      const shareMs = connectShareMs(this.request.timeoutMs, this.route.length);
      this.#timer = setTimeout(() => {
        const { timeout } = this.#connection!;
        this.#connection!.abort();
        if (timeout === proxyTooSlow) this.#finish(timeout);
        else this.#unopened(timeout === timedOut ? tooSlow : timeout);
      }, shareMs);
    }
    this.#connection = new Connection(this.route[this.#at]!, this);
  }

  /**
   * Handles a failure to open a connection to the target in use, including a failed TLS handshake.
   * No part of the request has been sent to this target, so it is safe to try the next one.
   */
  #unopened(failure: Answer): void {
    this.#stopTimer();
    const { route, shared } = this;
    if (route.length > 1) shared.failed.addFailed(route[this.#at]!);
    if (this.#at === route.length - 1) {
      this.#finish(failure);
      return;
    }
    this.#at += 1;
    this.#start();
  }

  /**
   * Handles a shortage of this machine. Closes idle connections to other targets, because they use
   * descriptors and ports.
   */
  #lack(shortage: Shortage): void {
    this.shared.pool.shed();
    this.#finish(shortage);
  }

  /** Called when the signal is aborted. */
  handleEvent(): void {
    // The target used up the time, so the next request tries it last.
    const timeout = this.#isOpen ? timedOut : (this.#connection?.timeout ?? timedOut);
    if (!this.#isOpen && this.route.length > 1) this.shared.failed.addFailed(this.route[this.#at]!);
    this.#connection?.abort();
    this.#finish(timeout);
  }

  /** Handles the complete response. */
  #respond(): void {
    const { status, retryAfter, cacheControl, allowedOrigin, body: bytes, note } = this.#parser;
    const { contentEncoding, contentType, isBodyCut: isCut } = this.#parser;
    if (status === null) {
      this.#finish(notHttp);
      return;
    }
    const isKept = !isSuccess(status) || this.request.keepsHeaders;
    const headers = !isKept ? undefined : { request: this.head, response: this.#parser.headerText };
    const fields = { retryAfter, cacheControl, allowedOrigin };
    const encoded = { bytes, contentEncoding, contentType, isCut };
    if (!isEncoded(encoded)) {
      this.#finish({ kind: "response", status, ...fields, body: bytes, note, headers });
      return;
    }
    // The response has been received, so the time limit no longer applies.
    this.signal.removeEventListener("abort", this);
    void decodeBody(encoded, this.request.responseBytesMax).then((decoded) => {
      const notes = [note, decoded.note].filter((one) => one !== null);
      const joined = notes.length > 0 ? notes.join(" ") : null;
      this.#finish({ kind: "response", status, ...fields, body: decoded.bytes, note: joined, headers });
    });
  }

  #release(connection: Connection): void {
    if (connection.isSending) connection.abort();
    else if (this.#parser.mayBeReused && !this.#isRepeated) this.shared.pool.give(connection);
    else connection.close();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #finish(answer: Answer | Shortage): void {
    this.#stopTimer();
    this.#connection = null;
    this.signal.removeEventListener("abort", this);
    const wasSent = answer.kind === "failure" && this.#isOpen;
    this.resolve(wasSent ? { ...answer, headers: { request: this.head, response: "" } } : answer);
  }
}
